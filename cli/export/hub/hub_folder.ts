/**
 * A folder for model hubs: what transformers.js, timm, `transformers` and onnxruntime load as it is.
 *
 * @module
 */
import { dirname, join } from "node:path";
import { RunError, shortSideFor, writeAtomically, writeSafetensors, writeTextAtomically } from "@seed/core";
import { type Host, preprocessModule } from "@seed/core/host";
import {
  encodeModel,
  halfPrecision,
  hubModel,
  type LoadedNetwork,
  type OnnxModel,
  quantize,
  stateDict,
  timmArchitecture,
} from "@seed/nn/host";
import { inNewFolder, refuseFilled } from "../../new_folder.ts";
import { calibrate } from "./calibrate.ts";
import { configOf, type HubNetwork, preprocessorConfigOf } from "./configs.ts";
import { type Losses, measureLosses, type Models } from "./losses.ts";
import { modelCard } from "./model_card.ts";
import type { Origin } from "./origin.ts";
import { openPictures } from "./pictures.ts";
import { openRuntime } from "./runtime.ts";

/** Files of the models, by what they compute in; transformers.js finds them by these names. */
const ONNX_FILES = {
  fp32: "onnx/model.onnx",
  fp16: "onnx/model_fp16.onnx",
  int8: "onnx/model_quantized.onnx",
} as const;

/** What of a folder there is to tell. */
export interface HubFacts {
  readonly tensors: number;
  /** Of all files of weights. */
  readonly bytes: number;
  /** As timm calls it; null: timm does not load it. */
  readonly architecture: string | null;
  readonly sizes: Readonly<Record<string, number>>;
  readonly losses: Losses | null;
}

/**
 * Writes the folder, whole or not at all.
 *
 * @param options.out A folder that is not there, or empty.
 * @param options.inputSize Side of the pictures.
 * @param options.images Folder of pictures to find ranges of 8-bit values and losses with; null: weights alone become
 *   8-bit, and nothing is measured.
 * @throws {UsageError} If the folder has something in it.
 */
export async function writeHubFolder(
  network: LoadedNetwork,
  origin: Origin,
  options: { out: string; inputSize: number; images: string | null },
  host: Host,
): Promise<HubFacts> {
  const { out, inputSize, images } = options;
  await refuseFilled(out);
  const fp32 = hubModel(network, inputSize), hub = hubNetwork(network, inputSize, fp32.outputs[0].shape!);
  const weights = quantize(fp32, null);
  const plain = { fp32, fp16: halfOrNone(fp32, host), int8: weights, int8_weights: weights };
  const { models, losses } = images === null
    ? { models: plain, losses: null }
    : await measured(plain, hub, images, host);
  return await inNewFolder(out, { refuse: refuseFilled, signal: host.signal }, async (folder) => {
    const tensors = await writeWeights(network, hub, join(folder, "model.safetensors"));
    const files = filesOf(models, losses);
    for (const { name, model } of files) await writeBytes(join(folder, name), encodeModel(model));
    await writeJson(join(folder, "config.json"), configOf(hub));
    await writeJson(join(folder, "preprocessor_config.json"), preprocessorConfigOf(hub));
    const { size, mean, std } = hub;
    const module = await preprocessModule({ size, mean, std, layout: "channels first" });
    await writeTextAtomically(join(folder, "preprocess.js"), module);
    const sizes = await sizesOf(folder, ["model.safetensors", ...files.map(({ name }) => name)]);
    await writeTextAtomically(join(folder, "README.md"), modelCard({ network: hub, origin, sizes, losses }));
    const bytes = Object.values(sizes).reduce((a, b) => a + b);
    return { tensors, bytes, architecture: hub.architecture, sizes, losses };
  });
}

/** Null: the network has weights that float16 does not. */
function halfOrNone(model: OnnxModel, { log }: Host): OnnxModel | null {
  try {
    return halfPrecision(model);
  } catch (error) {
    if (!(error instanceof RunError)) throw error;
    log(`${error.message}: ${ONNX_FILES.fp16} is left out`);
    return null;
  }
}

/** A model that was seen to give what is no number is left out. */
function filesOf(models: Models, losses: Losses | null): { name: string; model: OnnxModel }[] {
  const all = Object.entries(ONNX_FILES) as [keyof typeof ONNX_FILES, string][];
  return all.flatMap(([kind, name]) => {
    const model = models[kind];
    return model === null || losses?.by[kind] === null ? [] : [{ name, model }];
  });
}

function hubNetwork(
  network: LoadedNetwork,
  size: number,
  outputShape: readonly (number | string)[],
): HubNetwork {
  const { mean, std } = network.normalization;
  return {
    architecture: timmArchitecture(network, size),
    featureDim: outputShape[1] as number,
    ...{ size, shortSide: shortSideFor(size), mean, std },
  };
}

/** With 8-bit values too, and what is lost. */
async function measured(
  plain: Models,
  hub: HubNetwork,
  root: string,
  host: Host,
): Promise<{ models: Models; losses: Losses }> {
  const pictures = await openPictures(root, host), runtime = await openRuntime(host);
  const ranges = await calibrate(plain.fp32, hub, pictures, runtime, host);
  const models = { ...plain, int8: quantize(plain.fp32, ranges) };
  const losses = await measureLosses(models, hub, pictures, runtime, host);
  for (const kind of ["fp16", "int8"] as const) {
    if (losses.by[kind] || models[kind] === null) continue;
    host.log(
      `The network in ${kind} gives what is no number for some pictures: ${ONNX_FILES[kind]} is left out`,
    );
  }
  return { models, losses };
}

/** In timm's names; of a network that timm does not have, in its own. */
async function writeWeights(network: LoadedNetwork, hub: HubNetwork, path: string): Promise<number> {
  const names = hub.architecture === null ? null : "timm";
  const { arrays } = await stateDict(network, { names, head: false });
  const [mean, std] = [hub.mean, hub.std].map((values) => JSON.stringify(values));
  await writeSafetensors(path, arrays, {
    format: "pt",
    network: network.name,
    input_size: `${hub.size}`,
    mean,
    std,
  });
  return arrays.length;
}

async function writeBytes(path: string, bytes: Uint8Array): Promise<void> {
  await Deno.mkdir(dirname(path), { recursive: true });
  await writeAtomically(path, [bytes]);
}

async function writeJson(path: string, value: unknown): Promise<void> {
  await writeTextAtomically(path, `${JSON.stringify(value, null, 2)}\n`);
}

async function sizesOf(folder: string, names: readonly string[]): Promise<Record<string, number>> {
  const sizes = names.map(async (name) => [name, (await Deno.stat(join(folder, name))).size] as const);
  return Object.fromEntries(await Promise.all(sizes));
}
