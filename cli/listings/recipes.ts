import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { Listing } from "./listing.ts";

interface RecipeItem {
  path: string;
  /** First line of the header. */
  title: string;
  /** What the header says to expect; null if nothing. */
  expect: string | null;
}

/** Recipes that come with SEED, with what their header comments say. */
export const recipes: Listing<RecipeItem> = {
  async items() {
    const root = fileURLToPath(new URL("../../recipes", import.meta.url));
    const paths = await yamlFiles(root);
    return await Promise.all(paths.map(async (path) => {
      const comments = headerOf(await Deno.readTextFile(path));
      return { path: shortest(path), title: comments[0] ?? "", expect: field(comments, "Expect") };
    }));
  },
  header: ["recipe", "what it is", "expected"],
  // What is said in brackets is in the recipe, and in --json.
  cells: ({ path, title, expect }) => [path, brief(title, 70), brief(expect ?? "", 36)],
  none: "No recipes",
};

/** As much of a text as fits a line with the others. */
function brief(text: string, length: number): string {
  const short = text.replace(/ \([^()]*\)/g, "");
  return short.length > length ? `${short.slice(0, length - 3).trimEnd()}...` : short;
}

async function yamlFiles(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) found.push(...await yamlFiles(`${folder}/${name}`));
    else if (/\.ya?ml$/.test(name)) found.push(`${folder}/${name}`);
  }
  return found.sort();
}

/** The comment lines at the top, without their marks. */
function headerOf(text: string): string[] {
  const lines = text.split("\n"), end = lines.findIndex((line) => !line.startsWith("#"));
  return lines.slice(0, end < 0 ? lines.length : end).map((line) => line.replace(/^#\s*/, ""));
}

function field(comments: string[], name: string): string | null {
  const line = comments.find((comment) => comment.startsWith(`${name}:`));
  return line ? line.slice(name.length + 1).trim() : null;
}

/** As one would type it here. */
function shortest(path: string): string {
  const fromHere = relative(Deno.cwd(), path);
  return fromHere.startsWith("..") ? path : fromHere;
}
