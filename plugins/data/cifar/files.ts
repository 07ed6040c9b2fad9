/**
 * The files of a data set, in a folder or in the archive that they are published in.
 *
 * @module
 */
import { basename, join } from "node:path";
import { openRegular, type PluginContext, readTar, RunError, statIfThere, unpackPublished } from "@seed/core";
import type { Variant } from "./variants.ts";

/** A file, or a part of an archive. */
export interface Part {
  readonly path: string;
  readonly offset: number;
  readonly size: number;
}

/** By their names. */
export type Parts = ReadonlyMap<string, Part>;

/**
 * Finds the files: in `root`, in the folder of their archive below it, or in the archive.
 *
 * @param fetch Whether to fetch the archive into `root` if nothing of that is there.
 * @throws {RunError} If it is not, or some files are missing.
 */
export async function findFiles(
  root: string,
  variant: Variant,
  fetch: boolean,
  context: PluginContext,
): Promise<Parts> {
  for (const folder of [root, join(root, variant.folder)]) {
    const parts = await filesIn(folder, variant);
    if (parts.size > 0) return complete(parts, variant, folder);
  }
  const archive = await unpackPublished(variant.archive, root, fetch, context);
  if (archive !== null) return complete(await membersOf(archive), variant, archive);
  throw new RunError(
    `"${root}" holds neither ${
      variant.train[0]
    } nor ${variant.archive.name}; set data.root to the folder of one of ` +
      "them, or data.download to true to fetch the latter",
  );
}

async function filesIn(folder: string, variant: Variant): Promise<Parts> {
  const parts = new Map<string, Part>();
  for (const name of filesOf(variant)) {
    const path = join(folder, name), info = await statIfThere(path);
    if (info?.isFile) parts.set(name, { path, offset: 0, size: info.size });
  }
  return parts;
}

async function membersOf(archive: string): Promise<Parts> {
  using file = await openRegular(archive);
  const members = readTar(file, archive).map(({ name, start, size }): [string, Part] => [
    basename(name),
    { path: archive, offset: start, size },
  ]);
  return new Map(members);
}

function complete(parts: Parts, variant: Variant, place: string): Parts {
  const missing = filesOf(variant).filter((name) => !parts.has(name));
  if (missing.length === 0) return parts;
  throw new RunError(`"${place}" has no ${missing.join(", ")}; they belong to ${variant.archive.name}`);
}

function filesOf({ train, test, classNames }: Variant): string[] {
  return [...train, ...test, classNames];
}
