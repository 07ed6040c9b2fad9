/**
 * Weights in several files: an index beside them tells which tensor is in which (`model.safetensors.index.json`, as
 * Hugging Face's libraries write it).
 *
 * @module
 */
import { dirname, join, relative } from "node:path";
import { quoted, readRegular, RunError, type TensorInfo, type WeightsFile } from "@seed/core";

/** Indices have some hundred lines. */
const MAX_INDEX_BYTES = 2 << 20, MAX_SHARDS = 1000;

/** What a folder's weights may be called, the first that is there. */
const NAMES = [
  "model.safetensors.index.json",
  "model.safetensors",
  "pytorch_model.bin.index.json",
  "pytorch_model.bin",
];

/**
 * The file of weights, or of their index, in a folder of a model.
 *
 * @throws {RunError} If there is none.
 */
export async function weightsIn(folder: string): Promise<string> {
  for (const name of NAMES) {
    const path = join(folder, name);
    if (await Deno.stat(path).then(({ isFile }) => isFile, () => false)) return path;
  }
  throw new RunError(
    `"${folder}" is a folder without weights of a known name (${NAMES.join(", ")}); name the file itself`,
  );
}

/** The names of the shards by tensor; null if the text is no index. */
export async function readIndex(path: string): Promise<ReadonlyMap<string, string> | null> {
  let index: { weight_map?: unknown };
  try {
    index = JSON.parse(new TextDecoder().decode(await readRegular(path, MAX_INDEX_BYTES)));
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
  const map = index?.weight_map;
  if (typeof map !== "object" || map === null || Array.isArray(map)) return null;
  return new Map(Object.entries(map).map(([tensor, shard]) => [tensor, shardName(path, shard)]));
}

/** A name without a way to another folder: an index can come from anyone, and must not have other files read. */
function shardName(path: string, shard: unknown): string {
  if (typeof shard === "string" && /^[^/\\\0:]{1,255}$/.test(shard) && shard !== "." && shard !== "..") {
    return shard;
  }
  const found = typeof shard === "string" ? quoted(shard, 300) : JSON.stringify(shard)?.slice(0, 100);
  throw new RunError(
    `The index "${path}" asks for the file ${found}, expected the name of a file in the index's own folder`,
  );
}

/**
 * Opens the shards of an index.
 *
 * @param open Opens one of them.
 * @throws {RunError} If one is missing, lies elsewhere, or has other tensors than the index tells.
 */
export async function openShards(
  path: string,
  index: ReadonlyMap<string, string>,
  open: (path: string) => Promise<WeightsFile>,
): Promise<WeightsFile> {
  const names = [...new Set(index.values())].sort();
  if (names.length === 0 || names.length > MAX_SHARDS) {
    throw new RunError(`The index "${path}" names ${names.length} files, expected 1 to ${MAX_SHARDS}`);
  }
  const opened = new Map<string, WeightsFile>();
  const close = () => opened.forEach((shard) => shard[Symbol.dispose]());
  try {
    for (const name of names) opened.set(name, await open(await shardAt(path, name)));
    const shardOf = (tensor: string) => opened.get(index.get(tensor)!)!;
    const files = names.map((name) => opened.get(name)!);
    const tensors = new Map<string, TensorInfo>();
    for (const [tensor, name] of index) tensors.set(tensor, infoOf(path, shardOf(tensor), { tensor, name }));
    const more = names.flatMap((name) =>
      [...opened.get(name)!.tensors.keys()].filter((one) => index.get(one) !== name)
    );
    if (more.length) {
      throw new RunError(
        `The index "${path}" does not list ${more.length} tensors of its files, such as ${
          quoted(more[0])
        }; fetch the index and the files again`,
      );
    }
    return {
      ...{ path, tensors, files: [path, ...files.map((file) => file.path)] },
      format: `${files[0].format}, ${files.length} files`,
      metadata: Object.assign({}, ...files.toReversed().map(({ metadata }) => metadata)),
      read: (tensor) => {
        if (index.has(tensor)) return shardOf(tensor).read(tensor);
        throw new RunError(`The files of "${path}" hold no tensor ${quoted(tensor)}`);
      },
      [Symbol.dispose]: close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

function infoOf(
  path: string,
  shard: WeightsFile,
  { tensor, name }: { tensor: string; name: string },
): TensorInfo {
  const info = shard.tensors.get(tensor);
  if (info) return info;
  throw new RunError(
    `The index "${path}" says that ${quoted(tensor)} is in ${quoted(name)}, but it is not; fetch both again`,
  );
}

async function shardAt(path: string, name: string): Promise<string> {
  const file = join(dirname(path), name);
  let real;
  try {
    real = await Deno.realPath(file);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new RunError(
      `The index "${path}" names the file ${
        quoted(name)
      }, but there is none beside it; fetch it, or all of them again`,
    );
  }
  // Caches of models keep links to files that all lie in one other folder, the index among them.
  const folders = [await Deno.realPath(dirname(path) || "."), dirname(await Deno.realPath(path))];
  if (folders.includes(dirname(real))) return file;
  throw new RunError(
    `The index "${path}" names the file ${quoted(name)}, a link to ${
      quoted(relative(folders[0], real), 300)
    }, outside ` +
      "the index's own folder; only files beside an index are read for it",
  );
}
