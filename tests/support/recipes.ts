import { ROOT } from "./cli.ts";

/** The recipes that come with SEED: paths from the repository's folder, in order. */
export async function recipePaths(folder = "recipes"): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(`${ROOT}${folder}`)) {
    if (isDirectory) found.push(...await recipePaths(`${folder}/${name}`));
    else if (/\.ya?ml$/.test(name)) found.push(`${folder}/${name}`);
  }
  return found.sort();
}
