import { separate, tf, type TracedFunction, TracedInputs } from "@seed/core";
import { type Attribute, AttributeType } from "./attributes.ts";
import type { Backend } from "./backend.ts";
import { GraphRecorder } from "./graph_recorder.ts";
import { trimMemory } from "./trim_memory.ts";

type Body = (...inputs: tf.Tensor[]) => tf.Tensor[];

/** What an input of the TensorFlow function is filled with at each call: an argument, or a variable or shared tensor. */
type Source = { argument: number } | { held: tf.Tensor };

interface Compiled {
  functionName: string;
  attributes: Attribute[];
  sources: Source[];
  /** Shapes and dtypes of everything that comes out: first what the body returned, then new values of `updated`. */
  outputs: { shape: number[]; dtype: number }[];
  updated: tf.Variable[];
  /** Its constants are so large that the memory they took is worth giving back. */
  isLarge: boolean;
}

/** From so many bytes of constants on, copies of them are given back to the operating system. */
const LARGE = 2 ** 23;

interface GraphFunctionOptions {
  /** Serialized `ConfigProto` that the function is called with. */
  config: Uint8Array;
  /** What it is recorded in; the configuration may rewrite it. */
  precision: "fp32" | "bf16";
  /** Tensors that are inputs rather than constants. */
  shared: readonly tf.Tensor[];
}

let functionCount = 0;

/** A body that is recorded at the first call and then runs as one TensorFlow function. */
export class GraphFunction implements TracedFunction {
  #compiled: Compiled | null = null;
  /** Calls under way. */
  #running = 0;
  #isDisposed = false;
  readonly #inputs: TracedInputs;

  constructor(
    private readonly name: string,
    private readonly body: Body,
    private readonly backend: Backend,
    private readonly options: GraphFunctionOptions,
  ) {
    this.#inputs = new TracedInputs(name);
  }

  async call(...inputs: tf.Tensor[]): Promise<tf.Tensor[]> {
    if (this.#isDisposed) {
      throw new Error(`The traced function "${this.name}" was called after it was disposed`);
    }
    const isFirst = this.#compiled === null, compiled = this.#compiled ??= this.#compile(inputs);
    this.#inputs.check(inputs);
    this.#running++;
    try {
      const results = await this.#run(compiled, inputs);
      if (isFirst && compiled.isLarge) trimMemory();
      return results;
    } finally {
      if (--this.#running === 0 && this.#isDisposed) this.#remove();
    }
  }

  async #run(compiled: Compiled, inputs: tf.Tensor[]): Promise<tf.Tensor[]> {
    const { backend } = this;
    const filled = compiled.sources.map((s) => "held" in s ? s.held : inputs[s.argument]);
    // By its own name, not by the operation PartitionedCall, which would keep all of the function when it is removed.
    const ids = await backend.binding.context.executeAsync(
      compiled.functionName,
      compiled.attributes,
      backend.getInputTensorIds(filled),
      compiled.outputs.length,
    );
    const tensors = ids.map((id, i) => backend.createOutputTensor({ id, ...compiled.outputs[i] }));
    const results = tensors.splice(0, tensors.length - compiled.updated.length);
    compiled.updated.forEach((variable, i) => {
      variable.assign(tensors[i]);
      tensors[i].dispose();
    });
    return results;
  }

  /** Frees the function with its graphs and constants; while calls run, when the last of them ends. */
  [Symbol.dispose](): void {
    this.#isDisposed = true;
    if (this.#running === 0) this.#remove();
  }

  #remove(): void {
    if (!this.#compiled) return;
    const { functionName, isLarge } = this.#compiled;
    this.#compiled = null;
    this.backend.binding.context.removeFunction(functionName);
    if (isLarge) trimMemory();
  }

  #compile(given: tf.Tensor[]): Compiled {
    const { backend } = this;
    const variables = Object.values(tf.engine().registeredVariables) as tf.Variable[];
    separate(variables);
    // Also uploads values that tfjs still holds in JavaScript: touched first inside the trace they would be constants.
    const held = [...variables, ...this.options.shared], heldIds = backend.getInputTensorIds(held);
    const sources = new Map<number, Source>();
    held.forEach((tensor, i) => sources.set(heldIds[i], { held: tensor }));
    // Stand-ins: an argument may be a variable too, another argument, or a constant of the body.
    using stack = new DisposableStack();
    const inputs = given.map(({ shape, dtype }) =>
      stack.adopt(tf.zeros(shape, dtype), (one) => one.dispose())
    );
    backend.getInputTensorIds(inputs).forEach((id, argument) => sources.set(id, { argument }));

    using recorder = new GraphRecorder(this.name, backend.binding.context, {
      isInput: (id) => sources.has(id),
      precision: this.options.precision,
    });
    const { outputIds, metadata, updated } = this.#record(recorder, variables, inputs);
    const functionName = `seed_${this.name.replaceAll(/\W/g, "_")}_${functionCount++}`;
    const made = recorder.toFunction(functionName, outputIds);
    return {
      functionName,
      attributes: [
        { name: "config_proto", type: AttributeType.BYTES, value: this.options.config },
      ],
      sources: made.inputs.map((id) => sources.get(id)!),
      outputs: metadata.map((shape, i) => ({ shape, dtype: made.outputTypes[i] })),
      updated,
      isLarge: recorder.constantBytes >= LARGE,
    };
  }

  /** Runs the body on the recorder; leaves every variable as it was. */
  #record(recorder: GraphRecorder, variables: tf.Variable[], inputs: tf.Tensor[]) {
    const { binding } = this.backend;
    if (binding.recorder) {
      throw new Error(`Cannot trace "${this.name}" while tracing "${binding.recorder.name}"`);
    }
    const before = variables.map((variable) =>
      tf.keep(tf.engine().runKernel("Identity", { x: variable }) as tf.Tensor)
    );
    binding.recorder = recorder;
    try {
      return tf.tidy(() => {
        const results = this.body(...inputs);
        const updated = variables.filter((variable, i) => variable.dataId !== before[i].dataId);
        const outputs: tf.Tensor[] = [...results, ...updated];
        const outputIds = this.backend.getInputTensorIds(outputs);
        recorder.take(outputIds);
        const recorded = {
          outputIds,
          metadata: outputs.map((tensor) => tensor.shape),
          updated,
        };
        return recorded as unknown as tf.TensorContainerObject;
      }) as unknown as { outputIds: number[]; metadata: number[][]; updated: tf.Variable[] };
    } finally {
      binding.recorder = null;
      variables.forEach((variable, i) => {
        if (variable.dataId !== before[i].dataId) variable.assign(before[i]);
        before[i].dispose();
      });
    }
  }
}
