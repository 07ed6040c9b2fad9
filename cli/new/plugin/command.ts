/**
 * `new plugin KIND NAME`: a plugin with its test, and what types and tests need outside of this repository.
 *
 * @module
 */
import { basename, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { nearest, type PluginKind, quoted, shellQuoted } from "@seed/core";
import { CommandLineError, parseArguments } from "../../arguments.ts";
import { inNewFolder, refuseFilled } from "../../new_folder.ts";
import { importMap } from "./import_map.ts";

/** Sections that recipes name plugins in; an evaluator has a key of its own, a logger stands in a list. */
const USES: Readonly<Record<PluginKind, (path: string) => string>> = {
  data: (path) => `data: { plugin: ${path}, list: photos.json }`,
  augmenter: (path) => `augmenter: { plugin: ${path}, size: 128 }`,
  teacher: (path) => `teacher: { plugin: ${path} }`,
  student: (path) => `student: { plugin: ${path} }`,
  queue: (path) => `queue: { plugin: ${path}, size: 4096 }`,
  objective: (path) => `objective: { plugin: ${path} }`,
  evaluator: (path) => `evaluate: { mine: { plugin: ${path} } }`,
  logger: (path) => `loggers: [{ plugin: ${path} }]`,
  engine: (path) => `engine: { plugin: ${path} }`,
};

/** A module and its test, whose names and texts hold a name for the plugin. */
interface Template {
  /** Path from the repository's folder, without `.ts` and `_test.ts`. */
  readonly path: string;
  /** What stands for the plugin's name. */
  readonly name: RegExp;
}

/** Kinds whose template is an example of the documentation. */
const EXAMPLES: Partial<Record<PluginKind, Template>> = {
  teacher: { path: "examples/my_teacher", name: /my[- ]teacher/g },
  logger: { path: "examples/csv_logger", name: /my-csv/g },
};

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/** Runs the command; returns the exit code. */
export async function newPlugin(args: string[]): Promise<number> {
  const parsed = parseArguments(args, { out: { type: "string" }, json: { type: "boolean" } });
  const [kind, name] = namesOf(parsed.positionals), out = parsed.text("out") ?? name;
  await refuseFilled(out);
  const file = name.replaceAll("-", "_"), isOutside = relative(ROOT, resolve(out)).startsWith("..");
  const template = EXAMPLES[kind] ??
    { path: `cli/new/plugin/templates/${kind}/my_plugin`, name: /my-plugin/g };
  await inNewFolder(out, { refuse: refuseFilled, signal: null }, async (folder) => {
    for (const ending of [".ts", "_test.ts"]) {
      const text = await Deno.readTextFile(`${ROOT}${template.path}${ending}`);
      const named = text.replaceAll(basename(template.path), file).replaceAll(template.name, name);
      await Deno.writeTextFile(join(folder, `${file}${ending}`), named);
    }
    // Within the repository its own deno.json counts.
    if (isOutside) await Deno.writeTextFile(join(folder, "deno.jsonc"), await importMap(ROOT));
  });
  const files = [`${file}.ts`, `${file}_test.ts`, ...isOutside ? ["deno.jsonc"] : []];
  if (parsed.has("json")) console.log(JSON.stringify({ kind, name, folder: out, files }));
  else console.error(told(kind, { out, file, files }));
  return 0;
}

function told(
  kind: PluginKind,
  { out, file, files }: { out: string; file: string; files: string[] },
): string {
  const deno = Deno.env.get("npm_lifecycle_event") === "npx" ? "npx -y deno" : "deno";
  const path = JSON.stringify(`./${basename(resolve(out))}/${file}.ts`);
  return [
    `Written: ${quoted(out, 300)} with ${files.join(", ")}. Next:`,
    `    cd ${shellQuoted(out)} && ${deno} test --allow-all`,
    "In a recipe beside the folder:",
    `    ${USES[kind](path)}`,
  ].join("\n");
}

/** @throws {CommandLineError} If they are not a kind and a name. */
function namesOf(given: readonly string[]): [PluginKind, string] {
  const kinds = Object.keys(USES), [kind, name] = given;
  if (given.length !== 2) {
    throw new CommandLineError(`Expected a kind and a name; kinds are ${kinds.join(", ")}`);
  }
  if (!kinds.includes(kind)) {
    const close = nearest(kind, kinds),
      hint = close ? `Did you mean "${close}"?` : `There are ${kinds.join(", ")}`;
    throw new CommandLineError(`There is no kind of plugin ${quoted(kind)}. ${hint}`);
  }
  if (/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name) && name.length <= 60) return [kind as PluginKind, name];
  throw new CommandLineError(
    `A plugin's name has small letters, digits and hyphens, got ${quoted(name)}`,
  );
}
