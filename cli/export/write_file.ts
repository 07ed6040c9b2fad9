import { dirname, resolve } from "node:path";
import { quoted, UsageError, writeAtomically, writeSafetensors } from "@seed/core";
import { exists, writing } from "@seed/core/host";
import { exportOnnx, type LoadedNetwork, stateDict, writeTorch } from "@seed/nn/host";
import type { Wanted } from "./wanted.ts";

/**
 * Refuses to write over what the network is read from.
 *
 * @throws {UsageError} If `out` is one of the files, by whatever path.
 */
export async function refuseSource(out: string, sources: readonly string[]): Promise<void> {
  const real = await Deno.realPath(out).catch(() => null); // not there; why it cannot be reached is told by writing
  if (real === null) return;
  for (const source of sources) {
    if (await exists(source) && await Deno.realPath(source) === real) {
      throw new UsageError(`--out ${quoted(out, 300)} is what the network is read from; name another file`);
    }
  }
}

/** Writes one file: the network as ONNX, or a state dict. @returns what there is to tell of it. */
export async function writeFile(
  network: LoadedNetwork,
  wanted: Wanted,
  signal: AbortSignal,
): Promise<{ tensors: number; bytes: number }> {
  const { out, format } = wanted;
  await writing(out, () => Deno.mkdir(dirname(resolve(out)), { recursive: true }));
  const write = format === "onnx" ? writeOnnx : writeWeights, facts = await write(network, wanted, signal);
  const { size } = await Deno.stat(out);
  return { ...facts, bytes: size };
}

async function writeOnnx(
  network: LoadedNetwork,
  { out, layer, foldBatchNorm, inputSize }: Wanted,
  signal: AbortSignal,
) {
  const side = inputSize ?? network.inputSize;
  const { bytes, tensors } = exportOnnx(network, { outputs: layer, foldBatchNorm, inputSize: side });
  signal.throwIfAborted();
  await writing(out, () => writeAtomically(out, [bytes]));
  return { tensors, batch_norm: foldBatchNorm ? "fold" : "keep", input_size: side };
}

async function writeWeights(
  network: LoadedNetwork,
  { format, out, layer, names }: Wanted,
  signal: AbortSignal,
) {
  const { arrays, epsilons } = await stateDict(network, { names, head: layer === "both" });
  if (epsilons) {
    console.error(
      `Batch norm adds ${epsilons.to} to variances in ${names}, ${epsilons.from} in these weights: they were scaled ` +
        "so that the outputs in evaluation are the same",
    );
  }
  const { mean, std } = network.normalization;
  const metadata = {
    network: network.name,
    ...{ input_size: `${network.inputSize}`, mean: JSON.stringify(mean), std: JSON.stringify(std) },
  };
  signal.throwIfAborted();
  await writing(
    out,
    () => format === "pth" ? writeTorch(out, arrays) : writeSafetensors(out, arrays, metadata),
  );
  return { tensors: arrays.length, names };
}
