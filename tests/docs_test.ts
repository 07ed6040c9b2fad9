/**
 * The documentation says what is so: links, commands with their flags and recipes, outputs, keys with their defaults,
 * versions, the example.
 *
 * @module
 */
import assert from "node:assert/strict";
import { dirname, join } from "node:path/posix";
import {
  CHECKPOINT,
  EVALUATE,
  OPTIMIZERS,
  SCHEDULES,
  SECTION_KEYS,
  SMALL_PATCHES,
  TRAIN,
} from "../core/recipe/schema.ts";
import { type Plugin, z } from "@seed/core";
import { loadRecipe } from "@seed/distill";
import { shippedPlugins } from "../cli/listings/plugins.ts";
import deno from "../deno.json" with { type: "json" };
import { WHEELS } from "../plugins/engines/xla/install/wheels.ts";
import { ROOT, runCli } from "./support/cli.ts";
import {
  anchorsOf,
  type Command,
  commandOf,
  fencesOf,
  linksOf,
  type Page,
  readPages,
  rowsOf,
} from "./support/markdown.ts";

const pages = await readPages(ROOT, ["node_modules", "runs", "weights", "data"]);
const page = (path: string): Page => {
  const found = pages.find((one) => one.path === path);
  assert.ok(found, `there is no page "${path}"`);
  return found;
};

/** Verbs of the command line, with their help. */
const helps = new Map<string, string>();
for (const [verb, task] of Object.entries(deno.tasks)) {
  if (task.includes(`cli/task.ts ${verb}`)) helps.set(verb, (await import(`../cli/${verb}.ts`)).help);
}

const flagsOf = (text: string) => new Set(text.match(/(?<![\w-])--[a-z][a-z-]*/g));

Deno.test("links lead to files and headings that are there", async () => {
  for (const { path, text } of pages) {
    for (const link of linksOf({ path, text })) {
      if (/^[a-z]+:/.test(link)) continue;
      const [file, anchor] = link.split("#");
      const target = file ? join(dirname(path), file) : path;
      await assert.doesNotReject(Deno.stat(ROOT + target), `${path} links to "${link}"`);
      if (anchor) assert.ok(anchorsOf(page(target)).includes(anchor), `${path} links to "${link}"`);
    }
  }
});

Deno.test("commands name verbs, flags, recipes and keys that are there", async () => {
  let count = 0;
  for (const one of pages) {
    for (const { language, code } of fencesOf(one)) {
      if (language !== "sh") continue;
      for (const line of code.split("\n")) {
        const command = commandOf(line);
        if (command) await checkCommand(command, `${one.path}: ${line}`, writtenBefore(code, line));
        if (command) count++;
      }
    }
  }
  assert.ok(count > 15, `only ${count} commands were found`);
});

/** Recipes that commands above one in a block write: `new` calls them like the folder. */
function writtenBefore(code: string, line: string): string[] {
  const above = code.slice(0, code.indexOf(line));
  return [...above.matchAll(/ new --data (\w+)/g)].map(([, data]) => `${data}.yaml`);
}

async function checkCommand({ verb, args }: Command, where: string, written: string[]): Promise<void> {
  assert.ok(verb in deno.tasks, `${where}: there is no task "${verb}"`);
  const help = helps.get(verb);
  if (help === undefined) { // one of Deno's own, which takes files
    for (const file of args) await assert.doesNotReject(Deno.stat(ROOT + file), where);
    return;
  }
  for (const arg of args.filter((arg) => arg.startsWith("--"))) {
    assert.ok(flagsOf(help).has(arg), `${where}: ${verb} has no flag "${arg}"`);
  }
  const overrides = args.filter((_, i) => args[i - 1] === "--set");
  for (const recipe of args.filter((arg) => arg.endsWith(".yaml") && !written.includes(arg))) {
    await assert.doesNotReject(loadRecipe(ROOT + recipe, { overrides }), where);
  }
}

Deno.test("outputs that are shown are what the commands print", async () => {
  for (const one of pages) {
    for (const { language, code } of fencesOf(one)) {
      if (language !== "console") continue;
      const [first, ...shown] = code.trimEnd().split("\n"), command = commandOf(first.replace(/^\$ /, ""));
      assert.ok(command, `${one.path}: "${first}" is no task`);
      const { stdout, stderr } = await runCli([command.verb, ...command.args], { cwd: ROOT });
      assert.equal(stdout + stderr, shown.join("\n") + "\n", `${one.path}: ${first}`);
    }
  }
});

Deno.test("each verb's section tells its flags, and no others", () => {
  const sections = page("docs/command_line.md").text.split(/^## /m);
  for (const [verb, help] of helps) {
    const section = sections.find((text) => text.startsWith(`${verb}\n`)) ?? "";
    const told = rowsOf({ path: "", text: section }).map(([cell]) => cell).join(" ");
    assert.deepEqual([...flagsOf(told)].sort(), [...ownFlags(help)].sort(), verb);
  }
});

/** Flags that a verb's help explains or has in its usage: others are a part of an explanation or an example. */
function ownFlags(help: string): Set<string> {
  const lines = help.split("\n").filter((line) => /^(Usage: | {2,})/.test(line));
  return flagsOf(lines.map((line) => line.replace(/(?<=\S {2,}).*/, "")).join("\n"));
}

Deno.test("every key of a recipe is told with its default", async () => {
  const rows = rowsOf(page("docs/recipes.md"));
  const sections: Record<string, z.ZodObject> = {
    ...SECTION_KEYS,
    ...{ train: TRAIN, small_patches: SMALL_PATCHES, evaluate: EVALUATE, checkpoint: CHECKPOINT },
  };
  for (const [name, schema] of Object.entries(sections)) checkKeys(rows, schema, `${name}.`, name);
  for (const [name, schema] of Object.entries({ ...OPTIMIZERS, ...SCHEDULES })) {
    checkKeys(rows, schema, "train.", name);
  }
  for (const plugin of await shippedPlugins()) {
    checkKeys(rows, (plugin as Plugin).options as z.ZodObject, "", plugin.name);
  }
});

/** That each key of a schema has a row with its name and default; a mapping's keys have rows of their own. */
function checkKeys(rows: string[][], schema: z.ZodObject, prefix: string, owner: string): void {
  for (const [key, value] of Object.entries(schema.shape)) {
    const name = prefix + key, inner = mappingIn(value as z.ZodType);
    if (inner) checkKeys(rows, inner, `${name}.`, owner);
    if (inner && !value.safeParse(null).success) continue;
    const told = rows.flatMap((cells) =>
      cells.flatMap((cell, i) => cell === `\`${name}\`` ? [cells[i + 1]] : [])
    );
    const start = value.safeParse(undefined), isEngine = name === "engine.plugin";
    if (start.success && start.data === undefined || isEngine) {
      assert.ok(told.length > 0, `${owner}: ${name}`);
    } else {
      const expected = start.success ? `\`${asYaml(start.data)}\`` : "none";
      assert.ok(told.includes(expected), `${owner}: ${name} is told with ${told}, expected ${expected}`);
    }
  }
}

function mappingIn(schema: z.ZodType): z.ZodObject | null {
  let at = schema;
  while ("innerType" in at.def) at = at.def.innerType as z.ZodType;
  return at instanceof z.ZodObject ? at : null;
}

function asYaml(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(asYaml).join(", ")}]`;
  if (typeof value !== "object" || value === null) return String(value);
  return `{ ${Object.entries(value).map(([key, inner]) => `${key}: ${asYaml(inner)}`).join(", ")} }`;
}

Deno.test("dependencies are told with their versions", () => {
  const rows = rowsOf(page("docs/dependencies.md"));
  for (const [name, specifier] of Object.entries(deno.imports)) {
    const row = rows.find(([cell]) => cell === `\`${name}\``);
    assert.equal(`npm:${name}@${row?.[1]}`, specifier);
  }
  for (const { name, version } of WHEELS) {
    assert.equal(rows.find(([cell]) => cell === `\`${name}\``)?.[1], version, name);
  }
});

Deno.test("the plugin in docs/plugins.md is the example that is tested", async () => {
  const example = await Deno.readTextFile(`${ROOT}examples/my_objective.ts`);
  const code = example.slice(example.indexOf("*/\n") + 3); // without the comment on top
  assert.ok(
    fencesOf(page("docs/plugins.md")).some((fence) => fence.language === "ts" && fence.code === code),
  );
});
