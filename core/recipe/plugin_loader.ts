/**
 * Turns a module specifier of a recipe into a plugin. Workers import augmenters by the URL that it finds. Which
 * modules may be imported is decided by who asks (`load_recipe.ts`).
 *
 * @module
 */
import { isAbsolute, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Plugin, PluginKind } from "../interfaces/plugin.ts";
import { placeOf } from "./error_place.ts";
import { commandLine } from "../text/command_line.ts";
import { quoted } from "../text/printable.ts";

const API_VERSION = 1;

/** A plugin and how another thread can import it. */
export interface LoadedPlugin<K extends PluginKind> {
  plugin: Plugin<K>;
  /** URL of its module. */
  module: string;
  exportName: string;
}

/** Names of the plugins that come with SEED: members of its workspace. */
const SHIPPED = /^@seed\/[a-z0-9-]+$/;

/** Where a module may come from. What is written into a recipe itself, as `data:` has it, is no plugin. */
const SCHEMES = ["file:", "https:", "http:", "npm:", "jsr:"];

/** Whether a plugin comes with SEED. Importing any other runs code of whoever wrote it. */
export function isShipped(specifier: string): boolean {
  return SHIPPED.test(splitExport(specifier)[0]);
}

/**
 * Imports a plugin, which runs its module's code.
 *
 * @param specifier A workspace name, `npm:`, `jsr:`, a URL, or a path relative to the recipe; `#name` picks an
 *   export other than the default.
 * @param recipePath The recipe's file.
 * @throws {Error} With a message for the recipe's author, if there is no such plugin.
 */
export async function loadPlugin<K extends PluginKind>(
  specifier: string,
  kind: K,
  recipePath: string,
): Promise<LoadedPlugin<K>> {
  const [bare] = splitExport(specifier);
  const imported = await importExports(specifier, { as: "plugin", from: recipePath });
  const { module, exports, exportName = "default" } = imported;
  const plugin = exports[exportName] as Plugin<K> | undefined;
  if (plugin === undefined) {
    const others = Object.keys(exports).join(", ") || "nothing";
    throw new Error(
      `The module "${bare}" has no export "${exportName}" (it exports ${others}); export a plugin made with definePlugin`,
    );
  }
  checkShape(plugin as Partial<Plugin>, specifier, kind);
  return { plugin, module, exportName };
}

/**
 * Imports a module that somebody names, which runs its code.
 *
 * @param options.as What it is to be, for messages: `plugin`.
 * @param options.from A file beside which its path is meant.
 * @returns its URL, what it exports, and the export that is named after `#`.
 * @throws {Error} With a message for whoever names it, if there is no such module or it fails.
 */
export async function importExports(
  specifier: string,
  { as, from }: { as: string; from: string },
): Promise<{ module: string; exports: Record<string, unknown>; exportName?: string }> {
  const [, exportName] = splitExport(specifier), module = pluginModule(specifier, from);
  return { module, exports: await importModule(module, specifier, as), exportName };
}

/**
 * URL of a plugin's module; nothing is imported.
 *
 * @throws {Error} As {@link absoluteSpecifier}.
 */
export function pluginModule(specifier: string, recipePath: string): string {
  return absoluteSpecifier(splitExport(specifier)[0], recipePath);
}

/**
 * The specifier as it works from anywhere: paths relative to the recipe become URLs.
 *
 * @throws {Error} If it is a name that nothing has, or code of its own (`data:`, `blob:`).
 */
export function absoluteSpecifier(specifier: string, recipePath: string): string {
  const isPath = specifier.startsWith("./") || specifier.startsWith("../") || isAbsolute(specifier);
  if (isPath) return pathToFileURL(resolve(resolve(recipePath), "..", specifier)).href;
  // As an import reads it: without blanks around it, and in small letters.
  const url = URL.parse(specifier);
  if (url && SCHEMES.includes(url.protocol)) return url.href;
  if (url || specifier.includes(":")) {
    throw new Error(
      `A plugin cannot come from ${
        quoted(specifier, 60)
      }; it is a name, a path that begins with "./", or a URL of ${SCHEMES.join(", ")}`,
    );
  }
  try {
    return import.meta.resolve(specifier);
  } catch {
    throw new Error(
      `There is no plugin "${specifier}"; \`${
        commandLine("ls", ["plugins"])
      }\` lists those of SEED, and the path of a file begins with "./"`,
    );
  }
}

/** A specifier without the export that it names, and that; `#` in a folder's or a file's own name names none. */
export function splitExport(specifier: string): [module: string, exportName?: string] {
  const [, module, exportName] = specifier.match(/^(.*)#([^#/\\.]*)$/s) ?? [];
  return module === undefined ? [specifier] : [module, exportName];
}

async function importModule(
  module: string,
  specifier: string,
  as: string,
): Promise<Record<string, unknown>> {
  try {
    return await import(module);
  } catch (error) {
    const [reason] = `${(error as Error)?.message ?? error}`.split("\n"), place = placeOf(error, reason);
    throw new Error(`Cannot load the ${as} "${specifier}": ${reason}${place}`);
  }
}

function checkShape(plugin: Partial<Plugin> | null, specifier: string, kind: PluginKind): void {
  const found = plugin?.kind;
  if (
    !plugin?.name || typeof plugin.create !== "function" || typeof plugin.options?.safeParse !== "function"
  ) {
    throw new Error(
      `"${specifier}" is no plugin: it must have kind, name, apiVersion, about, options and create (see definePlugin)`,
    );
  }
  if (found !== kind) throw new Error(`"${specifier}" is a plugin of kind "${found}", expected "${kind}"`);
  if (kind === "objective" && typeof plugin.needs !== "function") {
    throw new Error(
      `The objective "${specifier}" lacks \`needs\`, a function of its options that tells views, teacher and queue`,
    );
  }
  if (plugin.apiVersion !== API_VERSION) {
    throw new Error(
      `"${specifier}" is written for plugin API version ${plugin.apiVersion}, this is version ${API_VERSION}`,
    );
  }
}
