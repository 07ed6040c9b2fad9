import { MathBackendCPU } from "@tensorflow/tfjs-backend-cpu";
import type { EngineBackend, tf } from "@seed/core";
import { PjrtError } from "../pjrt/api.ts";
import type { Client } from "../pjrt/client.ts";
import type { ElementType, HostArray } from "../pjrt/buffer.ts";
import { explainMemory } from "../pjrt/out_of_memory.ts";
import { dtypeOf, elementTypeOf, type LoweringOptions } from "../stablehlo/lowering.ts";
import type { Placement } from "../stablehlo/module_builder.ts";
import { sizeOf, type Value } from "../stablehlo/value.ts";
import { DeviceArray } from "./device_array.ts";
import { OneOperationPrograms } from "./one_operation_programs.ts";
import type { ProgramStore } from "./program_store.ts";
import type { Recorder } from "./recorder.ts";

/** Name that the kernels are registered under. */
export const BACKEND = "xla";

/** From so many elements on, values that were copied to the devices are not kept on the host too. */
const LARGE = 100_000;

/** What a tensor's data is: of values on the host, an array on the devices and a symbol there is one at least. */
interface Entry {
  values: tf.BackendValues | null;
  dtype: tf.DataType;
  /** How many tensors have this data. */
  refCount: number;
  array?: DeviceArray;
  /** In the program that is being recorded. */
  symbol?: Value;
}

/**
 * tfjs's backend on the processor, whose tensors may also lie on XLA's devices, or stand for values of a program that is
 * being recorded.
 */
export class XlaBackend extends MathBackendCPU implements EngineBackend {
  /** Convolutions are given their padding as it is. */
  readonly explicitPadding = true;
  readonly groupedConvolution = true;
  /** The trace that kernels are recorded by, if one runs. */
  recorder: Recorder | null = null;
  readonly oneOperationPrograms = new OneOperationPrograms(this);
  /** Programs that run. */
  readonly #running = new Set<Promise<unknown>>();

  constructor(readonly client: Client, readonly programs: ProgramStore, readonly options: LoweringOptions) {
    super();
    // Not to advise another backend.
    Object.assign(this, { firstUse: false });
  }

  get deviceCount(): number {
    return this.client.devices.length;
  }

  entry(dataId: tf.DataId): Entry {
    return this.data.get(dataId as never) as unknown as Entry;
  }

  override readSync(dataId: tf.DataId): tf.BackendValues {
    const entry = this.entry(dataId);
    if (entry.symbol) throw new Error(this.#unreadable());
    if (entry.array && !entry.values) {
      const { array } = entry;
      try {
        entry.values = joined(partsOf(array).map((buffer) => buffer.readNow()));
      } catch (error) {
        throw failureOf(array.maker, error, this.client);
      }
    }
    return super.readSync(dataId as never);
  }

  override async read(dataId: tf.DataId): Promise<tf.BackendValues> {
    const entry = this.entry(dataId);
    if (entry.array && !entry.values) {
      const array = entry.array.hold(); // the tensor may be disposed of meanwhile
      try {
        const values = joined(await Promise.all(partsOf(array).map((buffer) => buffer.read())));
        entry.values ??= values;
        return values;
      } catch (error) {
        throw failureOf(array.maker, error, this.client);
      } finally {
        array.release();
      }
    }
    return this.readSync(dataId);
  }

  override disposeData(dataId: tf.DataId, force = false): boolean {
    const entry = this.data.has(dataId as never) ? this.entry(dataId) : null;
    const gone = super.disposeData(dataId as never, force);
    if (gone) entry?.array?.release();
    return gone;
  }

  /** Inputs are split by rows where that comes out even; that changes where values lie, and none of them. */
  placementOf(shape: readonly number[]): Placement {
    const { deviceCount } = this;
    return deviceCount > 1 && shape.length > 0 && shape[0] > 0 && shape[0] % deviceCount === 0
      ? "rows"
      : "whole";
  }

  /** Where a tensor lies already, or would be put. */
  placementNow({ dataId }: tf.TensorInfo): Placement {
    return this.entry(dataId).array?.placement ?? "whole";
  }

  /** A tensor on the devices, as a program wants it there; it stays the tensor's. */
  arrayOf({ dataId, shape, dtype }: tf.TensorInfo, placement: Placement): DeviceArray {
    const entry = this.entry(dataId);
    if (entry.symbol) throw new Error(this.#unreadable());
    const { array } = entry, type = elementTypeOf(dtype);
    if (array?.placement === placement) return array;
    if (array) {
      entry.array = this.oneOperationPrograms.moved({ shape, type, array }, placement);
      array.release();
    } else {
      const values = this.readSync(dataId) as ArrayLike<number>;
      entry.array = this.place(hostArray(values, dtype), shape, type, placement);
      if (values.length > LARGE) entry.values = null;
    }
    return entry.array;
  }

  /** Copies values to the devices. */
  place(
    values: HostArray,
    shape: readonly number[],
    type: ElementType,
    placement: Placement,
  ): DeviceArray {
    const { devices } = this.client,
      size = values.length / devices.length,
      partShape = this.partOf(shape, placement);
    const upload = (device: bigint, i: number) =>
      this.client.upload(
        placement === "whole" ? values : values.subarray(i * size, (i + 1) * size) as HostArray,
        ...[partShape, type, device] as const,
      );
    return this.#withMemory(
      `hold values of shape [${shape}]`,
      () => new DeviceArray(devices.map(upload), placement),
    );
  }

  /** Shape of what one device has. */
  partOf(shape: readonly number[], placement: Placement): readonly number[] {
    return placement === "whole" ? shape : [shape[0] / this.deviceCount, ...shape.slice(1)];
  }

  /** A tensor of what is on the devices, which it takes over. */
  fromArray(array: DeviceArray, shape: readonly number[], dtype: tf.DataType): tf.TensorInfo {
    return this.#holding({ array }, shape, dtype);
  }

  /** A tensor that stands for a value of the program that is being recorded. */
  fromSymbol(symbol: Value): tf.TensorInfo {
    return this.#holding({ symbol }, symbol.shape, dtypeOf(symbol.type));
  }

  /** Waits for a program when the engine is disposed of. */
  track(ended: Promise<unknown>): void {
    const settled = ended.then(() => {}, () => {}).then(() => void this.#running.delete(settled));
    this.#running.add(settled);
  }

  /** Resolves when no program runs, nor is about to. */
  async whenIdle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  #holding(data: Partial<Entry>, shape: readonly number[], dtype: tf.DataType): tf.TensorInfo {
    const info = this.makeTensorInfo([...shape], dtype as "float32", []) as tf.TensorInfo;
    Object.assign(this.entry(info.dataId), { values: null, ...data });
    return info;
  }

  #withMemory<T>(doing: string, work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw explainMemory(error, this.client, doing);
    }
  }

  #unreadable(): string {
    return this.recorder
      ? `Data of a tensor was read while tracing "${this.recorder.name}": return the tensor, and read it outside of the traced function`
      : "Data of a tensor was read that a traced function has made and not returned: it stood for a value while the function was traced";
  }
}

/** Values as an array of their type: tfjs leaves bits as they are when it casts them to numbers. */
function hostArray(values: ArrayLike<number>, dtype: string): HostArray {
  const Expected = dtype === "int32" ? Int32Array : dtype === "bool" ? Uint8Array : Float32Array;
  return values instanceof Expected ? values as HostArray : Expected.from(values) as HostArray;
}

/** The buffers that have each value once. */
function partsOf({ buffers, placement }: DeviceArray) {
  return placement === "rows" ? buffers : buffers.slice(0, 1);
}

/**
 * What is told of a failure: whoever reads an array may be the first to learn of it, since a call ends when its program
 * has begun.
 *
 * @param maker The traced function that was to make the values; null: an operation.
 */
export function failureOf(maker: string | null, error: unknown, client: Client): unknown {
  const explained = explainMemory(error, client, maker === null ? "compute a tensor" : `run "${maker}"`);
  if (maker === null || !(explained instanceof PjrtError)) return explained;
  return new Error(`The traced function "${maker}" failed: ${explained.message}`, { cause: error });
}

function joined(parts: readonly HostArray[]): tf.BackendValues {
  if (parts.length === 1) return parts[0] as tf.BackendValues;
  const all = new (parts[0].constructor as typeof Float32Array)(sizeOf([parts.length, parts[0].length]));
  parts.forEach((part, i) => all.set(part, i * part.length));
  return all;
}
