import {
  IMAGE_EXTENSIONS,
  isImageName,
  type PackedTexts,
  PackedTextsBuilder,
  printable,
  quoted,
  RunError,
} from "@seed/core";

/** Folders that programs leave beside pictures: a NAS's previews, archives of a Mac, a disk's check. */
const NOT_OURS = new Set(["@eaDir", "__MACOSX", "lost+found", "$RECYCLE.BIN", "System Volume Information"]);

/** Whether a name in a folder is passed over whatever it is. */
export function isPassedOver(name: string): boolean {
  return name.startsWith(".") || NOT_OURS.has(name);
}

/** How often one folder is listed at most, by links to it. Links that lead to links double what there is at each. */
const MAX_VISITS = 16;

/** How a folder is listed. */
export interface ListingOptions {
  /** What named the folder, for errors. Default: `data.root`. */
  option?: string;
  /** Takes what is to be known of the folder: files that are passed over. */
  log?(message: string): void;
}

/**
 * Every image below a folder: paths relative to it, in the order of their code units, with `/` between parts. Hidden
 * files and folders are passed over. What a name leads to is looked at when the image is read: a link to nothing, or a
 * pipe, that is called as an image is one that cannot be read.
 *
 * @throws {RunError} If there is no such folder, no image in it, or if links lead round in it.
 */
export async function listImages(
  root: string,
  { option = "data.root", log }: ListingOptions = {},
): Promise<PackedTexts> {
  const found = new PackedTextsBuilder(), others = new OtherFiles(), folders = new Folders();
  // Depth first, in order: so nothing has to be sorted as a whole.
  const walk = async (folder: string, prefix: string) => {
    using _here = await folders.enter(folder);
    for (const name of await sortedNames(folder)) {
      if (name.endsWith("/")) await walk(`${folder}/${name.slice(0, -1)}`, prefix + name);
      else if (isImageName(name)) found.push(prefix + name);
      else others.add(name);
    }
  };
  try {
    await walk(root, "");
  } catch (error) {
    throw explain(root, option, error as Error);
  }
  if (found.length === 0) {
    throw new RunError(
      `The folder ${quoted(root, 300)} holds no images (${[...IMAGE_EXTENSIONS].join(", ")}), only ` +
        `${others.count} other files${others.count ? `: ${others}` : ""}; check ${option}`,
    );
  }
  if (others.count) log?.(`Passed over in ${quoted(root, 300)}: ${others}, which are not read as images`);
  return found.finish();
}

/** Files that are no images, by their endings. */
class OtherFiles {
  readonly #counts = new Map<string, number>();
  count = 0;

  add(name: string): void {
    const dot = name.lastIndexOf("."), ending = dot > 0 ? name.slice(dot).toLowerCase() : "no ending";
    this.#counts.set(ending, (this.#counts.get(ending) ?? 0) + 1);
    this.count++;
  }

  /** The most frequent first: `4990 .heic, 10 .txt`. */
  toString(): string {
    const sorted = [...this.#counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
    const shown = sorted.slice(0, 5).map(([ending, count]) => `${count} ${printable(ending.slice(0, 20))}`);
    const rest = sorted.slice(5).reduce((sum, [, count]) => sum + count, 0);
    return shown.join(", ") + (rest ? ` and ${rest} more` : "");
  }
}

/** The folders on the way to where a listing is, and how often each was there. */
class Folders {
  readonly #above = new Map<string, string>();
  readonly #visits = new Map<string, number>();

  async enter(folder: string): Promise<Disposable> {
    const { dev, ino } = await Deno.stat(folder), id = `${dev}:${ino ?? folder}`, above = this.#above.get(id);
    if (above !== undefined) {
      throw new RunError(
        `The link ${quoted(folder, 300)} leads round to ${
          quoted(above, 300)
        }, a folder that it lies in; take it out`,
      );
    }
    const visits = (this.#visits.get(id) ?? 0) + 1;
    if (visits > MAX_VISITS) {
      throw new RunError(
        `${
          quoted(folder, 300)
        } is reached by more than ${MAX_VISITS} ways, by links: its images would count as often; take the links out`,
      );
    }
    this.#visits.set(id, visits);
    this.#above.set(id, folder);
    return { [Symbol.dispose]: () => void this.#above.delete(id) };
  }
}

/**
 * Names of what is in a folder, those of folders with a `/` at the end: sorted like this, all paths below are sorted
 * (`a.jpg` comes before `a/1.jpg`). The order of code units is the same on every machine, whatever its language.
 */
async function sortedNames(folder: string): Promise<string[]> {
  const names: string[] = [];
  for await (const entry of Deno.readDir(folder)) {
    if (isPassedOver(entry.name)) continue;
    names.push(await isFolder(folder, entry) ? `${entry.name}/` : entry.name);
  }
  return names.sort();
}

/** Follows links to folders; entries that are no link need no look at the disk. */
async function isFolder(folder: string, entry: Deno.DirEntry): Promise<boolean> {
  if (!entry.isSymlink) return entry.isDirectory;
  // What leads nowhere is told when it is read, if it is called as an image.
  return await Deno.stat(`${folder}/${entry.name}`).then((info) => info.isDirectory, () => false);
}

function explain(root: string, option: string, error: Error): Error {
  if (error instanceof RunError) return error;
  const named = quoted(root, 300);
  if (error instanceof Deno.errors.NotFound) {
    return new RunError(
      `There is no folder ${named}; set ${option} to a folder of images` +
        (option === "data.root" ? ", for example --set data.root=DIR" : ""),
    );
  }
  if (error instanceof Deno.errors.NotADirectory) {
    return new RunError(`${named} is a file; ${option} must be a folder of images`);
  }
  return new RunError(`Cannot list the images in ${named}: ${error.message}`, { cause: error });
}
