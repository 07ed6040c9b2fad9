/**
 * Bundles `preprocess.ts` with the kernels to `preprocess.js`: `deno task build-preprocess`. Deno fetches its bundler
 * from npm; nothing that runs needs it.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { sourcesHash, STAMP } from "./sources.ts";

const at = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const { success, stdout } = await new Deno.Command(Deno.execPath(), {
  args: ["bundle", "--quiet", "--platform", "browser", "--no-lock", at("preprocess.ts")],
  stderr: "inherit",
}).output();
if (!success) throw new Error("preprocess.ts cannot be bundled; what is wrong is said above");

const SYNCHRONOUS = "new WebAssembly.Instance(new WebAssembly.Module(__deno_wasm_bytes__)).exports";
/** Browsers compile little on their main thread unless they may do it beside. */
const BESIDE = "(await WebAssembly.instantiate(__deno_wasm_bytes__)).instance.exports";
const bundle = new TextDecoder().decode(stdout);
if (!bundle.includes(SYNCHRONOUS)) {
  throw new Error("The bundler loads WebAssembly in another way than expected");
}
const notice = `// The pixels that SEED for Deno shows a network; made from its sources, MIT licence.\n`;
const text = notice + STAMP + await sourcesHash() + "\n" + bundle.replace(SYNCHRONOUS, BESIDE);
await Deno.writeTextFile(at("preprocess.js"), text);
