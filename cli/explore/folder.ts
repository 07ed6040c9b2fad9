/**
 * Writes the page's folder: the page itself, the networks that run in it, and what is known of the pictures.
 *
 * @module
 */
import { basename, join, resolve } from "node:path";
import { type Matrix, nearestNeighbours, type Neighbours } from "@seed/core";
import { folderSize, type Host, preprocessModule, SEED_VERSION, unitMatrix } from "@seed/core/host";
import { encodeGraphModel, type LoadedNetwork } from "@seed/nn/host";
import { type Library, shownName } from "./library.ts";
import { mapsOf, type NetworkMaps } from "./maps/maps.ts";
import type { PageNetwork } from "./networks.ts";
import { pageFiles, runtimeFiles } from "./page_files.ts";
import { SHEET_TILES, TILE, writeThumbnails } from "./thumbnails.ts";

/** What a page is made of. */
export interface PageContent {
  /** Folder of the run. */
  readonly run: string;
  readonly library: Library;
  /** The student first. */
  readonly networks: readonly PageNetwork[];
  /** Side in pixels of what the student sees. */
  readonly size: number;
  readonly normalization: LoadedNetwork["normalization"];
  readonly seed: number;
  readonly dtype: "fp32" | "fp16";
}

/** Neighbours of each picture that the page knows without a network. */
const NEIGHBOURS = 20;

/**
 * Fills a new folder.
 *
 * @returns how many bytes are in it.
 */
export async function writePage(folder: string, content: PageContent, host: Host): Promise<number> {
  const writer = new FolderWriter(folder),
    { library, networks, size, normalization: { mean, std }, seed } = content;
  for (const [name, bytes] of [...await pageFiles(), ...await runtimeFiles()]) {
    await writer.write(name, bytes);
  }
  const module = await preprocessModule({ size, mean, std, layout: "channels last" });
  await writer.write("preprocess.js", new TextEncoder().encode(module));
  const sheets = await writeThumbnails(library.pictures, folder, host.signal);
  const k = Math.min(NEIGHBOURS, library.pictures.length - 1), described: NetworkRecord[] = [];
  let first: NetworkMaps | null = null;
  for (const network of networks) {
    host.log(`Maps of the ${network.id} network`);
    const nearest = await nearestOf(network.embeddings, k, host.signal),
      unit = unitMatrix(network.embeddings);
    const maps = await mapsOf(unit, nearest, {
      seed,
      like: first,
      signal: host.signal,
    });
    first ??= maps;
    described.push(await writer.network(network, { nearest, maps, unit }, content.dtype));
  }
  await writer.write(
    "explore.json",
    new TextEncoder().encode(JSON.stringify(recordOf(content, described, k, sheets))),
  );
  return await folderSize(folder);
}

type NetworkRecord = Awaited<ReturnType<FolderWriter["network"]>>;

class FolderWriter {
  constructor(private readonly folder: string) {}

  async write(name: string, bytes: Uint8Array): Promise<void> {
    const path = join(this.folder, name);
    await Deno.mkdir(join(path, ".."), { recursive: true });
    await Deno.writeFile(path, bytes);
  }

  /** Its model, and what it makes of the pictures. */
  async network(
    { id, name, model }: PageNetwork,
    { nearest, maps, unit }: { nearest: readonly Neighbours[]; maps: NetworkMaps; unit: Matrix },
    dtype: "fp32" | "fp16",
  ) {
    const { umap, pca, components } = maps;
    await this.write(`networks/${id}/neighbours.bin`, neighbourBytes(nearest));
    await this.write(`networks/${id}/maps.bin`, joined([umap, pca]));
    if (model) {
      const files = encodeGraphModel(model, { producer: `SEED for Deno ${SEED_VERSION}`, dtype });
      for (const [file, bytes] of files) await this.write(`networks/${id}/${file}`, bytes);
      const half = Float16Array.from(unit.data);
      await this.write(`networks/${id}/embeddings.bin`, joined([half]));
      const projection = [components.mean, ...components.directions].map((values) =>
        Float32Array.from(values)
      );
      await this.write(`networks/${id}/projection.bin`, joined(projection));
    }
    return { id, name, dim: unit.dim, runs: model !== null, variance: components.shares };
  }
}

function recordOf(
  { run, library: { pictures, of, classes, groups }, size, seed }: PageContent,
  networks: readonly NetworkRecord[],
  neighbours: number,
  sheets: number,
) {
  return {
    version: 1,
    ...{ run: basename(resolve(run)), seed, size, of, networks, neighbours },
    sheets: { count: sheets, columns: Math.min(SHEET_TILES, pictures.length), tile: TILE },
    ...{ classes, groups },
    names: pictures.map(({ image }) => shownName(image)),
    labels: pictures.map(({ label }) => label),
    group: pictures.map(({ group }) => group),
  };
}

/** Of each picture the others that are nearest by cosine. */
async function nearestOf(embeddings: Matrix, k: number, signal: AbortSignal): Promise<Neighbours[]> {
  const excluded = (query: number, row: number) => query === row;
  return await nearestNeighbours(embeddings, embeddings, { k, excluded, signal });
}

/** `[n, k]` int32 row numbers, then `[n, k]` float32 cosines. */
function neighbourBytes(nearest: readonly Neighbours[]): Uint8Array {
  return joined([
    ...nearest.map(({ indices }) => indices),
    ...nearest.map(({ similarities }) => similarities),
  ]);
}

/** Bytes one after the other, little-endian as all machines are that this runs on. */
function joined(parts: readonly (Int32Array | Float32Array | Float16Array)[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let at = 0;
  for (const { buffer, byteOffset, byteLength } of parts) {
    all.set(new Uint8Array(buffer, byteOffset, byteLength), at);
    at += byteLength;
  }
  return all;
}
