import { type ImageReference, nearestNeighbours, ProgressLine } from "@seed/core";
import type { Host } from "@seed/core/host";
import { HUB_OUTPUTS, type OnnxModel } from "@seed/nn/host";
import type { OnnxRuntime } from "@seed/teacher-onnx/runtime";
import type { HubNetwork } from "./configs.ts";
import { type Pictures, viewOf } from "./pictures.ts";
import { batchOf, inBatches, RunningModel } from "./runtime.ts";
import { transformersJsView } from "./transformers_js_view.ts";

/** How far features are from those of the network in fp32 on the pixels of `embed`. */
export interface Loss {
  /** Cosine of the features of the same picture. */
  readonly cosine: { readonly mean: number; readonly least: number };
  /** Share of pictures whose nearest picture is the same one as in fp32. */
  readonly sameNeighbour: number;
  /** Share of pictures whose nearest picture is of their class; null without classes. */
  readonly nearestOfClass: number | null;
}

/**
 * What is compared: models on the pixels of `embed`, and `resize`, fp32 on transformers.js's pixels in Node and Deno.
 * `int8_weights` has 8-bit weights alone.
 */
export const COMPARED = ["fp32", "fp16", "int8", "int8_weights", "resize"] as const;
type Compared = typeof COMPARED[number];

/** Losses, and with how many pictures they were found. */
export interface Losses {
  readonly pictures: number;
  readonly calibrating: number;
  /** `fp32` against itself: for its figure of classes. Null: the model gives what is no number. */
  readonly by: Readonly<Record<Compared, Loss | null>>;
}

/** The models that are compared; `fp16` is null if the network has weights that float16 does not. */
export type Models =
  & Readonly<Record<Exclude<Compared, "resize" | "fp16">, OnnxModel>>
  & { readonly fp16: OnnxModel | null };

/** Features of each that is compared, `[pictures, featureDim]`. */
type Features = Readonly<Record<Compared, Float32Array>>;

/**
 * Runs every model on the pictures that measure.
 *
 * @throws {RunError} If the network itself gives what is no number.
 */
export async function measureLosses(
  models: Models,
  network: HubNetwork,
  pictures: Pictures,
  runtime: OnnxRuntime,
  host: Host,
): Promise<Losses> {
  const features = await featuresOf(models, network, pictures.measured, runtime, host);
  const { featureDim: dim } = network, { labels, measured, calibrating } = pictures, { signal } = host;
  const expected = features.fp32, nearest = await nearestOf(expected, dim, signal);
  const lossOf = async (data: Float32Array): Promise<Loss | null> => {
    if (!data.every(Number.isFinite)) return null;
    const found = await nearestOf(data, dim, signal);
    return {
      cosine: cosinesOf(data, expected, dim),
      sameNeighbour: shareOf(found, (row, i) => row === nearest[i]),
      nearestOfClass: labels && shareOf(found, (row, i) => labels[row] === labels[i]),
    };
  };
  const by: Partial<Record<Compared, Loss | null>> = {};
  for (const name of COMPARED) by[name] = await lossOf(features[name]);
  return { pictures: measured.length, calibrating: calibrating.length, by: by as Losses["by"] };
}

async function featuresOf(
  models: Models,
  network: HubNetwork,
  measured: readonly ImageReference[],
  runtime: OnnxRuntime,
  { signal }: Host,
): Promise<Features> {
  const { size, shortSide, featureDim } = network;
  await using fp32 = await RunningModel.open(runtime, models.fp32);
  await using fp16 = models.fp16 && await RunningModel.open(runtime, models.fp16);
  await using int8 = await RunningModel.open(runtime, models.int8);
  await using int8Weights = await RunningModel.open(runtime, models.int8_weights);
  const running = { fp32, fp16, int8, int8_weights: int8Weights, resize: fp32 };
  const rows = () => new Float32Array(measured.length * featureDim).fill(NaN);
  const features = { fp32: rows(), fp16: rows(), int8: rows(), int8_weights: rows(), resize: rows() };
  const progress = new ProgressLine("Measuring what is lost", {
    total: measured.length,
    unit: "images",
    stays: true,
  });
  let done = 0;
  for (const images of inBatches(measured)) {
    signal.throwIfAborted();
    const own = batchOf(await Promise.all(images.map((image) => viewOf(image, size))), network);
    const others = await Promise.all(images.map((image) => transformersJsView(image, size, shortSide)));
    const theirs = batchOf(others, network);
    for (const name of COMPARED) {
      const output = await running[name]?.run(name === "resize" ? theirs : own, size);
      if (output) features[name].set(output[HUB_OUTPUTS[0]], done * featureDim);
    }
    progress.update(done += images.length);
  }
  return features;
}

/** For each row the nearest other one. */
async function nearestOf(data: Float32Array, dim: number, signal: AbortSignal): Promise<number[]> {
  const rows = { data, dim }, excluded = (query: number, row: number) => query === row;
  return (await nearestNeighbours(rows, rows, { k: 1, excluded, signal })).map(({ indices: [first] }) =>
    first
  );
}

function shareOf<T>(all: readonly T[], counts: (one: T, i: number) => boolean): number {
  return all.filter(counts).length / all.length;
}

function cosinesOf(data: Float32Array, expected: Float32Array, dim: number): Loss["cosine"] {
  const cosines = Array.from({ length: data.length / dim }, (_, row) => {
    let product = 0, own = 0, other = 0;
    for (let i = row * dim; i < (row + 1) * dim; i++) {
      product += data[i] * expected[i];
      own += data[i] ** 2;
      other += expected[i] ** 2;
    }
    return product / (Math.sqrt(own * other) || 1);
  });
  return { mean: cosines.reduce((a, b) => a + b) / cosines.length, least: Math.min(...cosines) };
}
