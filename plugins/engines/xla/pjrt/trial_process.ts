/**
 * The process that tries a plugin out: loads the library that its argument names, and starts it. Whatever the library
 * does to its process, it does here.
 *
 * @module
 */
import { loadLibrary, SURVIVED } from "./load_library.ts";
import { FUNCTIONS, Struct } from "./structs.ts";

function tryOut(path: string): void {
  const table = loadLibrary(path);
  if (table === null) return;
  const view = new Deno.UnsafePointerView(table), at = FUNCTIONS.Plugin_Initialize;
  if (Number(view.getBigUint64(0)) < at + 8) return;
  const pointer = Deno.UnsafePointer.create<any>(view.getBigUint64(at));
  if (pointer === null) return;
  const initialize = new Deno.UnsafeFnPointer(pointer, { parameters: ["buffer"], result: "pointer" });
  initialize.call(new Struct("Plugin_Initialize").bytes);
}

try {
  tryOut(Deno.args[0]);
} catch (error) {
  // That a loader refuses, or a function is missing, ends no process: who loads the plugin next says it.
  if (error instanceof Deno.errors.NotCapable) throw error;
}
Deno.exit(SURVIVED);
