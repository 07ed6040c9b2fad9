import { RunError, type Teacher, tf, unitRows, type WeightsRecord } from "@seed/core";
import type { Normalization } from "@seed/nn";
import { pool, type Rows, type TokenPooling } from "./pooling.ts";
import type { OnnxRuntime, Session } from "./runtime.ts";
import type { ImageInput } from "./signature.ts";

/** A loaded model, and what of it is the embedding. */
export interface OnnxTeacherOptions {
  runtime: OnnxRuntime;
  session: Session;
  input: ImageInput;
  /** Name of the output. */
  output: string;
  tokens: TokenPooling | null;
  normalization: Normalization;
  weights: WeightsRecord;
}

/** A teacher that onnxruntime computes. */
export class OnnxTeacher implements Teacher {
  readonly inputSize: number | null;
  readonly weights: WeightsRecord;

  private constructor(private readonly options: OnnxTeacherOptions, readonly embeddingDim: number) {
    this.inputSize = options.input.side;
    this.weights = options.weights;
  }

  /** Runs the model once, on black images, to see how wide its embedding is. */
  static async create(options: OnnxTeacherOptions, side: number): Promise<OnnxTeacher> {
    // Two: of a single image an output whose first axis is another than the images' may look right.
    const { dim } = await run(options, new Float32Array(2 * side * side * 3), { batch: 2, side });
    return new OnnxTeacher(options, dim);
  }

  async embed(images: tf.Tensor4D): Promise<tf.Tensor2D> {
    const [batch, side] = images.shape, pixels = await images.data() as Float32Array;
    const { dim, values } = await run(this.options, pixels, { batch, side });
    return tf.tidy(() => unitRows(tf.tensor2d(values, [batch, dim])));
  }

  [Symbol.dispose](): void {
    this.options.session.release().catch(reportError);
  }
}

/** Embeds `[batch, side, side, 3]` pixels in 0..255; in parts where the model takes so many images at once. */
async function run(
  options: OnnxTeacherOptions,
  pixels: Float32Array,
  { batch, side }: { batch: number; side: number },
): Promise<Rows> {
  const { runtime, session, input, output, tokens, normalization } = options;
  const part = input.batch ?? batch, size = side * side * 3;
  let values: Float32Array | null = null, dim = 0;
  for (let first = 0; first < batch; first += part) {
    const given = pixels.subarray(first * size, (first + part) * size);
    const shape = input.order === "nchw" ? [part, 3, side, side] : [part, side, side, 3];
    const data = normalized(given, part * size, { side, order: input.order, normalization });
    const outputs = await running(
      session,
      { [input.name]: new runtime.Tensor("float32", data, shape) },
      output,
    );
    const { dims } = outputs[output];
    if (dims[0] !== part) {
      throw new RunError(
        `The output "${output}" of the ONNX model is [${
          dims.join(", ")
        }] for ${part} images: its first axis must be theirs`,
      );
    }
    const rows = pool(outputs[output], { name: output, order: input.order, tokens });
    ({ dim } = rows);
    values ??= new Float32Array(batch * dim);
    values.set(rows.values.subarray(0, (Math.min(batch, first + part) - first) * dim), first * dim);
  }
  return { dim, values: values! };
}

async function running(session: Session, feeds: Parameters<Session["run"]>[0], output: string) {
  try {
    return await session.run(feeds, [output]);
  } catch (error) {
    const [{ dims }] = Object.values(feeds);
    throw new RunError(`The ONNX model fails on images [${dims}]: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** `(pixels / 255 - mean) / std` in the model's order of axes, with zeros after the last image. */
function normalized(
  pixels: Float32Array,
  length: number,
  { side, order, normalization: { mean, std } }: {
    side: number;
    order: ImageInput["order"];
    normalization: Normalization;
  },
): Float32Array {
  const area = side * side, result = new Float32Array(length);
  const [perPixel, perChannel] = order === "nchw" ? [1, area] : [3, 1];
  for (let channel = 0; channel < 3; channel++) {
    const scale = 1 / (255 * std[channel]), shift = -mean[channel] / std[channel];
    for (let pixel = 0; pixel < pixels.length / 3; pixel++) {
      const image = Math.floor(pixel / area), at = pixel - image * area;
      result[image * area * 3 + at * perPixel + channel * perChannel] = pixels[pixel * 3 + channel] * scale +
        shift;
    }
  }
  return result;
}
