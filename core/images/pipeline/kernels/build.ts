/**
 * Compiles `assembly/` to `kernels.wasm`: `deno task build-kernels`. The compiler is fetched from npm, and not a
 * dependency of anything that runs.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { sourcesHash } from "./sources.ts";

const COMPILER = "npm:assemblyscript@0.28.20/asc";
const FLAGS = ["--runtime", "stub", "--use", "abort=", "--enable", "simd", "-O3", "--converge", "--noAssert"];

const at = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const target = at("kernels.wasm"), compiled = await Deno.makeTempFile({ suffix: ".wasm" });
const { success } = await new Deno.Command(Deno.execPath(), {
  args: ["run", "--allow-all", "--no-lock", "--no-config", COMPILER, at("assembly/index.ts")]
    .concat("--outFile", compiled, FLAGS),
  stderr: "inherit",
}).output();
if (!success) throw new Error("The kernels do not compile; what is wrong is said above");
await Deno.writeFile(target, withSection(await Deno.readFile(compiled), "sources", await sourcesHash()));
await Deno.remove(compiled);

/** Adds a custom section, of less than 128 bytes, to a WebAssembly module. */
function withSection(module: Uint8Array, name: string, text: string): Uint8Array {
  const content = new TextEncoder().encode(String.fromCharCode(name.length) + name + text);
  return Uint8Array.from([...module, 0, content.length, ...content]);
}
