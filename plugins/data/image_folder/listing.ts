import { basename } from "node:path";
import {
  IMAGE_EXTENSIONS,
  isImageName,
  type PackedTexts,
  PackedTextsBuilder,
  ProgressLine,
  quoted,
  RunError,
} from "@seed/core";
import { PassedOver } from "./passed_over.ts";
import { RealFolders } from "./real_folders.ts";

/** Folders that programs leave beside pictures: a NAS's previews, archives of a Mac, a disk's check. */
const NOT_OURS = new Set(["@eaDir", "__MACOSX", "lost+found", "$RECYCLE.BIN", "System Volume Information"]);

/** Whether a name in a folder is passed over whatever it is. */
export function isPassedOver(name: string): boolean {
  return name.startsWith(".") || NOT_OURS.has(name);
}

/** What stands for what is no UTF-8 in a name: no name leads to the file any more. */
const NOT_UTF8 = "\ufffd";

const FOLDER = { kind: "folder", isLink: false } as const, FILE = { kind: "file", isLink: false } as const;

/** How a folder is listed. */
export interface ListingOptions {
  /** What named the folder, for errors. Default: `data.root`. */
  option?: string;
  /** Takes what is to be known of the folder: what is passed over. */
  log?(message: string): void;
}

/** What lies below a folder. */
export interface Listing {
  /** Images, relative to the folder, with `/` between parts, in the order of their code units. */
  readonly paths: PackedTexts;
  /** Whether all of them are files. If not, some names lead to nothing, or to a pipe or the like. */
  readonly areFiles: boolean;
}

/** The paths alone of {@link listFolder}. */
export async function listImages(root: string, options: ListingOptions = {}): Promise<PackedTexts> {
  return (await listFolder(root, options)).paths;
}

/**
 * Lists every image below a folder. Hidden files and folders are passed over. Links are followed, but each folder on
 * the disk is listed once: at its own place if that is below the root. What else is passed over is told.
 *
 * A link to nothing, or a pipe, that is called as an image is one that cannot be read: it is listed.
 *
 * @throws {RunError} If there is no such folder, a folder in it cannot be listed, or there is no image.
 */
export async function listFolder(
  root: string,
  { option = "data.root", log }: ListingOptions = {},
): Promise<Listing> {
  const found = new PackedTextsBuilder(), passedOver = new PassedOver();
  using progress = new ProgressLine(`Listing ${basename(root)}`, { total: null, unit: "images" });
  let areFiles = true;
  // Depth first, in order: so nothing has to be sorted as a whole.
  const walk = async (folder: string, prefix: string, real: string, folders: RealFolders) => {
    progress.update(found.length);
    const { names, odd } = await entriesOf(folder).catch((error) => {
      throw folder === root ? error : folderError(folder, error);
    });
    for (const name of names) {
      const { kind, isLink } = odd.get(name) ?? (name.endsWith("/") ? FOLDER : FILE);
      if (kind === "folder") {
        const path = `${folder}/${name.slice(0, -1)}`;
        const place = await folders.enter(path, `${real}/${name.slice(0, -1)}`, isLink);
        if (place === null) passedOver.addLink(path);
        else await walk(path, prefix + name, place, folders);
        folders.leave(place);
      } else if (isImageName(name)) {
        found.push(prefix + name);
        areFiles &&= kind === "file" && !name.includes(NOT_UTF8);
      } else if (kind === "nothing") passedOver.addDangling(`${folder}/${name}`);
      else passedOver.addFile(name);
    }
  };
  try {
    const real = await Deno.realPath(root);
    await walk(root, "", real, new RealFolders(real, isPassedOver));
  } catch (error) {
    throw explain(root, option, error as Error);
  }
  if (found.length === 0) {
    throw new RunError(
      `The folder ${quoted(root, 300)} holds no images (${[...IMAGE_EXTENSIONS].join(", ")}), only ` +
        `${[passedOver.describeFiles(), ...passedOver.describeLinks()].join(", and ")}; check ${option}`,
    );
  }
  for (const message of passedOver.messages(root)) log?.(message);
  return { paths: found.finish(), areFiles };
}

/** What a name leads to. */
type Kind = "folder" | "file" | "nothing" | "other";

/** What is in a folder. */
interface Entries {
  /** Those of folders with a `/` at the end; sorted. */
  names: string[];
  /** Kinds of those that are links or neither file nor folder: most are plain, and a folder may hold a million. */
  odd: Map<string, { kind: Kind; isLink: boolean }>;
}

/**
 * Lists a folder. As the names of folders end in `/`, all paths below are sorted (`a.jpg` comes before `a/1.jpg`). The
 * order of code units is the same on every machine, whatever its language.
 */
async function entriesOf(folder: string): Promise<Entries> {
  const names: string[] = [], odd: Entries["odd"] = new Map();
  for await (const entry of Deno.readDir(folder)) {
    if (isPassedOver(entry.name)) continue;
    const kind = await kindOf(folder, entry), name = kind === "folder" ? `${entry.name}/` : entry.name;
    names.push(name);
    if (!entry.isFile && !entry.isDirectory) odd.set(name, { kind, isLink: entry.isSymlink });
  }
  return { names: names.sort(), odd };
}

/** Only links need a look at the disk. */
async function kindOf(folder: string, entry: Deno.DirEntry): Promise<Kind> {
  const info = entry.isSymlink ? await Deno.stat(`${folder}/${entry.name}`).catch(() => null) : entry;
  if (info === null) return "nothing";
  return info.isDirectory ? "folder" : info.isFile ? "file" : "other";
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

/** What is wrong with a folder below the root. */
function folderError(folder: string, error: Error): RunError {
  const named = quoted(folder, 300);
  const message = folder.includes(NOT_UTF8) && error instanceof Deno.errors.NotFound
    ? `The name of the folder ${named} is not UTF-8; rename it`
    : `Cannot list the folder ${named}: ${error.message}`;
  return new RunError(message, { cause: error });
}
