import type { FusedBody } from "@seed/core";
import type { Attribute } from "./attributes.ts";
import { AttributeType } from "./attributes.ts";
import { DataType, readCString } from "./c_api.ts";
import type { EagerContext, TensorMetadata } from "./eager_context.ts";
import { type GraphRecorder, isGraphTensor, type RecordedCall } from "./graph_recorder.ts";

/**
 * What tfjs-node's kernels call in place of their native addon (`TFJSBinding`): operations run at once, or, while
 * `recorder` is set, are recorded.
 */
export class Binding {
  readonly TF_FLOAT = DataType.FLOAT;
  readonly TF_INT32 = DataType.INT32;
  readonly TF_INT64 = DataType.INT64;
  readonly TF_BOOL = DataType.BOOL;
  readonly TF_COMPLEX64 = DataType.COMPLEX64;
  readonly TF_STRING = DataType.STRING;
  readonly TF_RESOURCE = DataType.RESOURCE;
  readonly TF_UINT8 = DataType.UINT8;
  readonly TF_ATTR_STRING = AttributeType.STRING;
  readonly TF_ATTR_INT = AttributeType.INT;
  readonly TF_ATTR_FLOAT = AttributeType.FLOAT;
  readonly TF_ATTR_BOOL = AttributeType.BOOL;
  readonly TF_ATTR_TYPE = AttributeType.TYPE;
  readonly TF_ATTR_SHAPE = AttributeType.SHAPE;
  readonly TF_ATTR_RESOURCE = AttributeType.RESOURCE;
  readonly TF_Version: string;
  recorder: GraphRecorder | null = null;
  /** Functions of fused bodies, by body, then by the inputs' shapes and dtypes: they live as long as the context. */
  readonly fusedCalls = new WeakMap<FusedBody, Map<string, RecordedCall>>();
  /** Whether XLA compiles fused bodies: where it is known to work. A GPU's kernels are fast enough without. */
  readonly compiles: boolean;

  constructor(readonly context: EagerContext, private readonly usesGpu: boolean) {
    this.compiles = !usesGpu && Deno.build.os === "linux";
    this.TF_Version = readCString(context.api.TF_Version());
  }

  isUsingGpuDevice(): boolean {
    return this.usesGpu;
  }

  getNumOfTensors(): number {
    return this.context.tensorCount;
  }

  /** Always a real tensor, also while recording: the graph takes it as a constant when it meets it. */
  createTensor(shape: number[], dtype: number, data: ArrayLike<number>): number {
    return this.context.createTensor(shape, dtype, data);
  }

  deleteTensor(id: number): void {
    if (!isGraphTensor(id)) this.context.deleteTensor(id);
  }

  tensorDataSync(id: number): Float32Array | Int32Array | Uint8Array {
    if (!isGraphTensor(id)) return this.context.read(id);
    throw new Error(
      `Data of a tensor was read while tracing "${this.recorder?.name}": inside a traced function no values exist yet; return the tensor and read it outside`,
    );
  }

  executeOp(name: string, attributes: Attribute[], inputs: number[], outputCount: number): TensorMetadata[] {
    if (this.recorder) return this.recorder.record(name, attributes, inputs, outputCount);
    return this.context.execute(name, attributes, inputs, outputCount);
  }
}
