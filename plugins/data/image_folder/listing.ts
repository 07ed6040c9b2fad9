import { IMAGE_EXTENSIONS, isImageName, RunError } from "@seed/core";

/**
 * Every image below a folder: paths relative to it, in the order of their code units, with `/` between parts. Hidden
 * files and folders are passed over.
 *
 * @param option What named the folder, for errors.
 * @throws {RunError} If there is no such folder, or no image in it.
 */
export async function listImages(root: string, option = "data.root"): Promise<string[]> {
  const found: string[] = [];
  let others = 0;
  const walk = async (folder: string, prefix: string) => {
    for await (const entry of Deno.readDir(folder)) {
      if (entry.name.startsWith(".")) continue;
      if (await isFolder(folder, entry)) await walk(`${folder}/${entry.name}`, `${prefix}${entry.name}/`);
      else if (isImageName(entry.name)) found.push(prefix + entry.name);
      else others++;
    }
  };
  try {
    await walk(root, "");
  } catch (error) {
    throw explain(root, option, error as Error);
  }
  if (found.length === 0) {
    throw new RunError(
      `The folder "${root}" holds no images (${
        [...IMAGE_EXTENSIONS].join(", ")
      }), only ${others} other files; check ${option}`,
    );
  }
  return found.sort(byCodeUnits);
}

/** Follows links to folders; entries that are no link need no look at the disk. */
async function isFolder(folder: string, entry: Deno.DirEntry): Promise<boolean> {
  if (!entry.isSymlink) return entry.isDirectory;
  return (await Deno.stat(`${folder}/${entry.name}`)).isDirectory;
}

function explain(root: string, option: string, error: Error): Error {
  if (error instanceof Deno.errors.NotFound) {
    return new RunError(
      `There is no folder "${root}"; set ${option} to a folder of images` +
        (option === "data.root" ? ", for example --set data.root=DIR" : ""),
    );
  }
  if (error instanceof Deno.errors.NotADirectory) {
    return new RunError(`"${root}" is a file; ${option} must be a folder of images`);
  }
  return new RunError(`Cannot list the images in "${root}": ${error.message}`, { cause: error });
}

/** The order of code units: the same on every machine, whatever its language. */
function byCodeUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
