/** How files may depend on one another: what they import but for types has no circles, and packages point one way. */
import assert from "node:assert/strict";
import { dirname, join, normalize } from "node:path";
import { ROOT } from "./support/cli.ts";

const IMPORT = /^(?:import|export)\s+(type\s+)?([^;]*?)\s*from\s+"([^"]+)"/gm;

/** A file's imports that are there when it runs. */
function importsOf(text: string): string[] {
  return [...text.matchAll(IMPORT)].flatMap(([, type, names, from]) => {
    const listed = names.match(/^\{([^}]*)\}$/)?.[1].split(",").map((name) => name.trim()).filter(Boolean);
    return type || listed?.every((name) => name.startsWith("type ")) ? [] : [from];
  });
}

async function sourcesBelow(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(join(ROOT, folder))) {
    const path = `${folder}/${name}`;
    if (isDirectory) found.push(...await sourcesBelow(path));
    else if (name.endsWith(".ts") && !name.endsWith("_test.ts")) found.push(path);
  }
  return found;
}

const folders = ["core", "nn", "plugins", "cli"];
const imports = new Map<string, string[]>();
for (const path of (await Promise.all(folders.map(sourcesBelow))).flat()) {
  imports.set(path, importsOf(await Deno.readTextFile(join(ROOT, path))));
}

/** Of what a file imports, the files. */
const filesOf = (path: string) =>
  (imports.get(path) ?? []).filter((from) => from.startsWith("."))
    .map((from) => normalize(join(dirname(path), from)));

/** The first circle that is found, as a path from a file to itself. */
function circle(edges: (path: string) => string[], starts: Iterable<string>): string[] | null {
  const done = new Set<string>(), way: string[] = [];
  const visit = (path: string): string[] | null => {
    if (way.includes(path)) return [...way.slice(way.indexOf(path)), path];
    if (done.has(path)) return null;
    way.push(path);
    for (const next of edges(path)) {
      const found = visit(next);
      if (found) return found;
    }
    way.pop();
    done.add(path);
    return null;
  };
  for (const start of starts) {
    const found = visit(start);
    if (found) return found;
  }
  return null;
}

Deno.test("no file imports in a circle", () => {
  assert.ok(imports.size > 500 && [...imports.keys()].some((path) => filesOf(path).length > 5));
  assert.equal(circle(filesOf, imports.keys()), null);
  const edges: Record<string, string[]> = { a: ["b"], b: ["c"], c: ["b"] };
  assert.deepEqual(circle((path) => edges[path], ["a"]), ["b", "c", "b"]);
});

Deno.test("the core names no plugin and no network, and networks know no plugin", () => {
  // By name; by path none leaves its own folder.
  const forbidden: [below: string, pattern: RegExp][] = [
    ["core/", /^@seed\/(?!core)/],
    ["nn/", /^@seed\/(?!core|nn)/],
  ];
  for (const [path, all] of imports) {
    const [folder] = path.split("/");
    if (folder !== "cli") {
      assert.deepEqual(filesOf(path).filter((file) => !file.startsWith(`${folder}/`)), [], path);
    }
    for (const [below, pattern] of forbidden) {
      if (path.startsWith(below)) assert.deepEqual(all.filter((from) => pattern.test(from)), [], path);
    }
  }
});
