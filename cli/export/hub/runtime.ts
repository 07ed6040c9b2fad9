import { join } from "node:path";
import { cacheDirectory, type Host } from "@seed/core/host";
import { encodeModel, HUB_INPUT, type OnnxModel } from "@seed/nn/host";
import { loadOnnxRuntime, type OnnxRuntime, type Session } from "@seed/teacher-onnx/runtime";

/** Pictures that a model is given at a time. */
export const BATCH = 8;

/** onnxruntime, which the teacher `@seed/teacher-onnx` has in the cache too; fetched if need be. */
export async function openRuntime(host: Host): Promise<OnnxRuntime> {
  return await loadOnnxRuntime({ cacheDir: join(cacheDirectory(), "seed_teacher-onnx"), ...host });
}

/** A model that is ready to run; it is released at the end. */
export class RunningModel implements AsyncDisposable {
  private constructor(private readonly runtime: OnnxRuntime, private readonly session: Session) {}

  static async open(runtime: OnnxRuntime, model: OnnxModel): Promise<RunningModel> {
    return new RunningModel(runtime, await runtime.InferenceSession.create(encodeModel(model)));
  }

  /**
   * @param images `[batch, 3, size, size]`, normalised.
   * @returns row-major values by the outputs' names.
   */
  async run(images: Float32Array, size: number): Promise<Record<string, Float32Array>> {
    const batch = images.length / (3 * size * size);
    const tensor = new this.runtime.Tensor("float32", images, [batch, 3, size, size]);
    const outputs = await this.session.run({ [HUB_INPUT]: tensor });
    return Object.fromEntries(
      Object.entries(outputs).map(([name, { data }]) => [name, data as Float32Array]),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.session.release();
  }
}

/**
 * Views as the model takes them.
 *
 * @param views `[size, size, 3]` uint8 RGB each.
 * @returns `[views, 3, size, size]`, normalised.
 */
export function batchOf(
  views: readonly Uint8Array[],
  { mean, std }: { mean: readonly number[]; std: readonly number[] },
): Float32Array {
  const each = views[0].length, plane = each / 3, batch = new Float32Array(views.length * each);
  views.forEach((view, image) => {
    for (let at = 0; at < each; at++) {
      const channel = at % 3, pixel = (at - channel) / 3;
      batch[image * each + channel * plane + pixel] = (view[at] / 255 - mean[channel]) / std[channel];
    }
  });
  return batch;
}

/** Consecutive parts of a list, of a batch each. */
export function* inBatches<T>(all: readonly T[]): Generator<readonly T[]> {
  for (let first = 0; first < all.length; first += BATCH) yield all.slice(first, first + BATCH);
}
