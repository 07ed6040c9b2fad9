import { RunError, separate, tf, type TracedFunction, TracedInputs } from "@seed/core";
import type { Executable } from "../pjrt/executable.ts";
import { dtypeOf } from "../stablehlo/lowering.ts";
import type { Placement } from "../stablehlo/module_builder.ts";
import type { Value } from "../stablehlo/value.ts";
import { BACKEND, failureOf, XlaBackend } from "./backend.ts";
import { DeviceArray } from "./device_array.ts";
import { type Arithmetic, Recorder, type Source } from "./recorder.ts";

type Body = (...inputs: tf.Tensor[]) => tf.Tensor[];

/** What a body was recorded as. */
interface Recorded {
  text: string;
  sources: readonly Source[];
  /** First what the body returned, then new values of `updated`. */
  results: readonly Value[];
  updated: readonly tf.Variable[];
  /** Numbers of parameters whose memory results take over. */
  donated: ReadonlySet<number>;
}

interface Program extends Recorded {
  executable: Executable;
}

interface Options extends Arithmetic {
  training: boolean;
}

/** Calls of a function that the devices may have before them; another waits for the first of these. */
const MOST_CALLS = 2;

/**
 * A body that is recorded at the first call and then runs as one program. A call resolves when the devices have been
 * given it; if it fails there, whoever reads a result is told.
 */
export class XlaFunction implements TracedFunction {
  #program: Promise<Program> | null = null;
  /** Calls that were begun and have not run. */
  #running = 0;
  /** The ends of those that the devices have been given. */
  readonly #ends = new Set<Promise<void>>();
  #isDisposed = false;
  readonly #inputs: TracedInputs;

  constructor(
    private readonly name: string,
    private readonly body: Body,
    private readonly backend: XlaBackend,
    private readonly options: Options,
  ) {
    this.#inputs = new TracedInputs(name);
  }

  async call(...inputs: tf.Tensor[]): Promise<tf.Tensor[]> {
    if (this.#isDisposed) {
      throw new Error(`The traced function "${this.name}" was called after it was disposed`);
    }
    this.backend.client.requireOpen(`run "${this.name}"`);
    const call = this.#run(inputs);
    this.backend.track(call);
    return await call;
  }

  /** Frees the program with what it has captured; while calls run, when the last of them ends. */
  [Symbol.dispose](): void {
    this.#isDisposed = true;
    if (this.#running === 0) this.#remove();
  }

  async #run(inputs: tf.Tensor[]): Promise<tf.Tensor[]> {
    this.#running++;
    let ended = Promise.resolve();
    try {
      const program = await this.#made(inputs);
      this.#inputs.check(inputs);
      while (this.#ends.size >= MOST_CALLS) await Promise.race(this.#ends);
      const call = this.#execute(program, inputs);
      ended = call.ended;
      return call.results;
    } catch (error) {
      throw failureOf(this.name, error, this.backend.client);
    } finally {
      this.#countUntil(ended);
    }
  }

  /** Counts a call until the devices are done with it. */
  #countUntil(ended: Promise<void>): void {
    const end = ended.catch(() => {}).then(() => {
      this.#ends.delete(end);
      if (--this.#running === 0 && this.#isDisposed) this.#remove();
    });
    this.#ends.add(end);
    this.backend.track(end);
  }

  /** Starts the program. Variables have their new values, to come, when this returns: the old ones may be gone. */
  #execute({ executable, sources, results, updated, donated }: Program, inputs: tf.Tensor[]) {
    const { backend } = this, kept: number[] = [];
    const arrays = sources.map((source, i) => {
      if ("captured" in source) return source.captured.hold();
      const tensor = "variable" in source ? source.variable : inputs[source.argument];
      const array = backend.arrayOf(tensor, placementOf(backend, source, tensor));
      // Somebody else has these values too, a snapshot say: they outlive the step.
      const isHeld = array.isShared || backend.entry(tensor.dataId).refCount > 1;
      if (isHeld && donated.has(i)) kept.push(i);
      return array.hold();
    });
    try {
      const lists = backend.client.devices.map((_, device) => arrays.map(({ buffers }) => buffers[device]));
      const { outputs, ended } = executable.execute(lists, results, kept);
      const tensors = results.map(({ shape, type }, i) => {
        const array = new DeviceArray(outputs.map((list) => list[i]), "whole", this.name);
        return tf.engine().makeTensorFromTensorInfo(backend.fromArray(array, shape, dtypeOf(type)));
      });
      const values = tensors.splice(results.length - updated.length);
      updated.forEach((variable, i) => variable.assign(values[i]));
      tf.dispose(values);
      return { results: tensors, ended };
    } finally {
      for (const array of arrays) array.release();
    }
  }

  /** The program, which the first call makes; after a failure the next call tries again. */
  async #made(inputs: tf.Tensor[]): Promise<Program> {
    const made = this.#program ??= this.#make(inputs);
    try {
      return await made;
    } catch (error) {
      if (this.#program === made) this.#program = null;
      throw error;
    }
  }

  async #make(inputs: tf.Tensor[]): Promise<Program> {
    const recorded = this.#record(inputs);
    try {
      return { ...recorded, executable: await this.backend.programs.compile(this.name, recorded.text) };
    } catch (error) {
      letGo(recorded.sources);
      throw error;
    }
  }

  /** Runs the body on stand-ins; leaves every variable as it was. */
  #record(inputs: tf.Tensor[]): Recorded {
    const { backend } = this;
    if (backend.recorder) {
      throw new Error(`Cannot trace "${this.name}" while tracing "${backend.recorder.name}"`);
    }
    if (tf.getBackend() !== BACKEND) {
      throw new Error(
        `Cannot trace "${this.name}" by the engine xla: tfjs's active backend is "${tf.getBackend()}", another engine's`,
      );
    }
    if (this.options.training) {
      for (const { shape } of inputs) requireEvenBatch(this.name, shape, backend.deviceCount);
    }
    const variables = readableVariables();
    separate(variables);
    const recorder = new Recorder(this.name, backend, variables, this.options);
    const before = variables.map((variable) => tf.keep(variable.clone()));
    let recorded: Recorded | null = null;
    backend.recorder = recorder;
    try {
      tf.tidy(() => {
        const returned = this.body(...inputs.map((input, i) => recorder.argument(input, i)));
        const updated = variables.filter((variable, i) => variable.dataId !== before[i].dataId);
        recorded = finished(recorder, [...returned, ...updated], updated, backend.deviceCount);
      });
      return recorded!;
    } finally {
      backend.recorder = null;
      if (!recorded) letGo(recorder.sources);
      variables.forEach((variable, i) => {
        if (variable.dataId !== before[i].dataId) variable.assign(before[i]);
        before[i].dispose();
      });
    }
  }

  #remove(): void {
    const made = this.#program;
    this.#program = null;
    // One that could not be made has nothing to free.
    made?.then(({ executable, sources }) => {
      executable[Symbol.dispose]();
      letGo(sources);
    }, () => {});
  }
}

/** All variables but those of engines that were disposed of. */
function readableVariables(): tf.Variable[] {
  const { registeredVariables, tensorInfo } = tf.engine().state;
  return Object.values(registeredVariables).filter(({ dataId }) => {
    const backend: unknown = tensorInfo.get(dataId as never)?.backend;
    return !(backend instanceof XlaBackend && backend.client.isDisposed);
  }) as tf.Variable[];
}

/** Of what a program would have been given at each call. */
function letGo(sources: readonly Source[]): void {
  for (const source of sources) if ("captured" in source) source.captured.release();
}

function finished(
  recorder: Recorder,
  outputs: tf.Tensor[],
  updated: tf.Variable[],
  devices: number,
): Recorded {
  const { builder, sources } = recorder, donated = new Set<number>();
  const results = outputs.map((tensor) => {
    const value = recorder.valueOf(tensor);
    return value.type === "bf16" ? builder.convert(value, "f32") : value;
  });
  updated.forEach((variable, i) => {
    const parameter = recorder.parameterOf(variable);
    if (parameter < 0) return; // it is only written
    builder.donate(parameter, results.length - updated.length + i);
    donated.add(parameter);
  });
  return { text: builder.finish(results, devices), sources, results, updated, donated };
}

function placementOf(backend: XlaBackend, source: Source, { shape }: tf.Tensor): Placement {
  return "argument" in source ? backend.placementOf(shape) : "whole";
}

/** @throws {RunError} If the devices would have unequal parts of a batch of images: each would compute all of it. */
function requireEvenBatch(name: string, shape: readonly number[], devices: number): void {
  if (shape.length !== 4 || shape[0] % devices === 0) return;
  throw new RunError(
    `"${name}" is given ${
      shape[0]
    } images at once, which ${devices} devices cannot share evenly; set train.batch_size to a ` +
      `multiple of ${devices} for each pass (train.accumulate), or engine.devices to fewer`,
  );
}
