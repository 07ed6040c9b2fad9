import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

const HEAD =
  `// Where SEED lies, for types and tests of the plugin: "deno test --allow-all" here. A run finds SEED by itself. If SEED
// moves, have another such file written by "new plugin".
`;

/** Text of a `deno.jsonc` by which a folder elsewhere finds what this repository's own configuration names. */
export async function importMap(root: string): Promise<string> {
  const { imports, workspace, compilerOptions, fmt: { lineWidth } } = await configuration(root);
  const members: Record<string, string> = {};
  for (const folder of await foldersOf(root, workspace)) {
    const { name, exports = {} } = await configuration(folder); // without: nobody else imports it
    const files: Record<string, string> = typeof exports === "string" ? { ".": exports } : exports;
    for (const [entry, file] of Object.entries(files)) {
      members[name + entry.slice(1)] = pathToFileURL(join(folder, file)).href;
    }
  }
  const written = { imports: { ...members, ...imports }, lock: false, compilerOptions, fmt: { lineWidth } };
  return `${HEAD}${JSON.stringify(written, null, 2)}\n`;
}

/** A `deno.json`; only of this repository. */
async function configuration(folder: string) {
  return JSON.parse(await Deno.readTextFile(join(folder, "deno.json")));
}

/** Folders of the workspace's members: a name, or all two folders below one. */
async function foldersOf(root: string, members: readonly string[]): Promise<string[]> {
  const folders: string[] = [];
  for (const member of members) {
    if (!member.endsWith("/*/*")) folders.push(join(root, member));
    else {
      const above = join(root, dirname(dirname(member)));
      for (const first of await namesIn(above)) {
        for (const second of await namesIn(join(above, first))) folders.push(join(above, first, second));
      }
    }
  }
  return folders;
}

async function namesIn(folder: string): Promise<string[]> {
  const entries = await Array.fromAsync(Deno.readDir(folder));
  return entries.filter(({ isDirectory }) => isDirectory).map(({ name }) => name).sort();
}
