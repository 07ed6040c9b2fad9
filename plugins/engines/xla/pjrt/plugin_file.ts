/**
 * Loading a plugin's file: what is wrong with it is said before the operating system's loader is given it, for which a
 * truncated library may be the end of the process.
 *
 * @module
 */
import { resolve } from "node:path";
import { requireRegularFileSync, RunError } from "@seed/core";
import { loadLibrary } from "./load_library.ts";

/** Variable that names the plugin's file. */
export const PLUGIN_VARIABLE = "SEED_PJRT_PLUGIN";

/** ELF's numbers for the machines that there are plugins for. */
const MACHINES: Readonly<Record<string, number>> = { x86_64: 62, aarch64: 183 };

/** The plugin's file, absolute: what the option names, else the variable; null: neither does. */
export function pluginFile(option: string | null): string | null {
  const named = option ?? Deno.env.get(PLUGIN_VARIABLE);
  return named ? resolve(named) : null;
}

/** A plugin that cannot be used, and what can be done. */
export function badPlugin(path: string, why: string, cause?: unknown): RunError {
  return new RunError(
    `The file "${path}" cannot be loaded as a PJRT plugin: ${why}; give the engine the shared library of a plugin (engine.plugin_file, or ${PLUGIN_VARIABLE})`,
    { cause },
  );
}

/**
 * What can be said of a plugin's file without loading it.
 *
 * @throws {RunError} If it is missing, truncated, or no library of this machine.
 */
export function checkPluginFile(path: string): void {
  requireRegularFileSync(path);
  const fault = Deno.build.os === "linux" ? elfFault(path) : null;
  if (fault) throw badPlugin(path, fault);
}

/**
 * Loads a plugin for good, and returns where its table of functions is. One that nobody has tried yet may end the
 * process: see {@link tryPlugin}.
 *
 * @throws {RunError} If the file is missing, truncated, no library, or no plugin.
 */
export function loadPlugin(path: string): Deno.PointerObject {
  checkPluginFile(path);
  let table: Deno.PointerValue;
  try {
    table = loadLibrary(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error; // nothing is wrong with the library
    const { message } = error as Error;
    throw badPlugin(path, /GetPjrtApi/.test(message) ? "it has no function GetPjrtApi" : message, error);
  }
  if (table === null) throw badPlugin(path, "its function GetPjrtApi gives nothing");
  return table;
}

/** What is wrong with a file as a library of this machine; null: nothing that can be seen. */
function elfFault(path: string): string | null {
  using file = Deno.openSync(path);
  const head = new DataView(new ArrayBuffer(64)), { size } = file.statSync();
  const count = file.readSync(new Uint8Array(head.buffer)) ?? 0;
  if (count < 4 || head.getUint32(0) !== 0x7f454c46) return "it is no shared library";
  if (count < 64) return `it is truncated: it has ${size} bytes`;
  if (head.getUint8(4) !== 2 || head.getUint16(18, true) !== MACHINES[Deno.build.arch]) {
    return `it is not for this machine, which is ${Deno.build.arch}`;
  }
  // The table of sections is the last that a linker writes.
  const end = Number(head.getBigUint64(40, true)) + head.getUint16(58, true) * head.getUint16(60, true);
  return end > size ? `it is truncated: it has ${size} bytes, and should have ${end}` : null;
}
