import { IMAGE_EXTENSIONS, isImageName, type PackedTexts, PackedTextsBuilder, RunError } from "@seed/core";

/**
 * Every image below a folder: paths relative to it, in the order of their code units, with `/` between parts. Hidden
 * files and folders are passed over.
 *
 * @param option What named the folder, for errors.
 * @throws {RunError} If there is no such folder, or no image in it.
 */
export async function listImages(root: string, option = "data.root"): Promise<PackedTexts> {
  const found = new PackedTextsBuilder();
  let others = 0;
  // Depth first, in order: so nothing has to be sorted as a whole.
  const walk = async (folder: string, prefix: string) => {
    for (const name of await sortedNames(folder)) {
      if (name.endsWith("/")) await walk(`${folder}/${name.slice(0, -1)}`, prefix + name);
      else if (isImageName(name)) found.push(prefix + name);
      else others++;
    }
  };
  try {
    await walk(root, "");
  } catch (error) {
    throw explain(root, option, error as Error);
  }
  if (found.length > 0) return found.finish();
  throw new RunError(
    `The folder "${root}" holds no images (${
      [...IMAGE_EXTENSIONS].join(", ")
    }), only ${others} other files; check ${option}`,
  );
}

/**
 * Names of what is in a folder, those of folders with a `/` at the end: sorted like this, all paths below are sorted
 * (`a.jpg` comes before `a/1.jpg`). The order of code units is the same on every machine, whatever its language.
 */
async function sortedNames(folder: string): Promise<string[]> {
  const names: string[] = [];
  for await (const entry of Deno.readDir(folder)) {
    if (entry.name.startsWith(".")) continue;
    names.push(await isFolder(folder, entry) ? `${entry.name}/` : entry.name);
  }
  return names.sort();
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
