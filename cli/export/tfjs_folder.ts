import { join } from "node:path";
import { writeAtomically, writeTextAtomically } from "@seed/core";
import { preprocessModule, SEED_VERSION } from "@seed/core/host";
import { encodeGraphModel, graphModel, type LoadedNetwork } from "@seed/nn/host";
import { inNewFolder, refuseFilled } from "../new_folder.ts";
import type { Wanted } from "./wanted.ts";

/**
 * Writes a folder that `tf.loadGraphModel` loads, with the pixels that it takes, whole or not at all.
 *
 * @param wanted Its `out` is a folder that is not there, or empty.
 * @returns what there is to tell of it.
 * @throws {UsageError} If the folder has something in it.
 */
export async function writeTfjsFolder(
  network: LoadedNetwork,
  { out, layer, inputSize, dtype }: Pick<Wanted, "out" | "layer" | "inputSize" | "dtype">,
  signal: AbortSignal,
): Promise<{ tensors: number; bytes: number; dtype: string; input_size: number }> {
  await refuseFilled(out);
  const size = inputSize ?? network.inputSize, { mean, std } = network.normalization;
  const model = graphModel(network, { outputs: layer, inputSize: size });
  const files = encodeGraphModel(model, { producer: `SEED for Deno ${SEED_VERSION}`, dtype });
  await inNewFolder(out, { refuse: refuseFilled, signal }, async (folder) => {
    for (const [name, bytes] of files) await writeAtomically(join(folder, name), [bytes]);
    const module = await preprocessModule({ size, mean, std, layout: "channels last" });
    await writeTextAtomically(join(folder, "preprocess.js"), module);
  });
  const bytes = [...files.values()].reduce((sum, { length }) => sum + length, 0);
  return { tensors: model.weights.length, bytes, dtype, input_size: size };
}
