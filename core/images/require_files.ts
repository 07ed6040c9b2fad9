import { RunError } from "../errors.ts";
import { requireRegularFile } from "../files/regular_file.ts";
import type { DataSource, ImageReference, ImageSet } from "../interfaces/data_source.ts";
import type { Host } from "../interfaces/host.ts";
import { quoted } from "../text/printable.ts";
import { ProgressLine } from "../text/progress_line.ts";

/** Files that are looked at together: on a disk in a network each look waits for an answer. */
const AT_ONCE = 64;
/** Missing files that are named. */
const NAMED = 3;

/**
 * Looks whether the files are there that a source names, but has not found on the disk itself: those of a list, say. A
 * look at a file costs microseconds, and a run is told at its start what it would else die of after hours. Files of
 * which images are parts are looked at once.
 *
 * @throws {RunError} If some are not there, with their number and the first of them.
 */
export async function requireFiles({ train, evaluation }: DataSource, host: Host): Promise<void> {
  for (const images of new Set([train, evaluation?.gallery, evaluation?.queries])) {
    if (images && !images.isFound) await requireFilesOf(images, host);
  }
}

async function requireFilesOf(images: ImageSet, { signal }: Pick<Host, "signal">): Promise<void> {
  const looks: Promise<void>[] = [],
    packed = new Set<string>(),
    missing: [place: number, text: string][] = [];
  using progress = new ProgressLine("Looking for files", { total: images.length, unit: "files" });
  const look = async ({ name, file }: ImageReference, place: number) => {
    const problem = await problemOf(file);
    if (problem) missing.push([place, `${quoted(name, Infinity)} (${problem})`]);
  };
  for (let i = 0; i < images.length; i++) {
    const image = images.image(i);
    if (image.reader || packed.has(image.file)) continue; // only a reader knows what its name means
    if (image.offset !== undefined) packed.add(image.file);
    if (looks.push(look(image, i)) < AT_ONCE) continue;
    await Promise.all(looks.splice(0));
    signal.throwIfAborted();
    progress.update(i + 1);
  }
  await Promise.all(looks);
  if (missing.length === 0) return;
  const more = missing.length > NAMED ? `, and ${missing.length - NAMED} more` : "";
  throw new RunError(
    `${missing.length} of the ${images.length} images cannot be opened: ${
      missing.sort(([a], [b]) => a - b).slice(0, NAMED).map(([, text]) => text).join(", ")
    }${more}; ` +
      "put them in their places, or set data.on_error: skip, which leaves out what cannot be read",
  );
}

/** Null: it is there, and a file. */
async function problemOf(path: string): Promise<string | null> {
  try {
    await requireRegularFile(path);
    return null;
  } catch (error) {
    if (!(error instanceof RunError)) throw error;
    return error.message[0].toLowerCase() + error.message.slice(1);
  }
}
