import assert from "node:assert/strict";
import { sourcesHash } from "./sources.ts";

Deno.test("kernels.wasm is compiled from the sources beside it", async () => {
  const module = await WebAssembly.compile(await Deno.readFile(new URL("kernels.wasm", import.meta.url)));
  const [kept] = WebAssembly.Module.customSections(module, "sources");
  assert.equal(
    new TextDecoder().decode(kept),
    await sourcesHash(),
    "the sources have changed: npx -y deno task build-kernels",
  );
});

Deno.test("the kernels import nothing, so that every runtime can load them", async () => {
  const module = await WebAssembly.compile(await Deno.readFile(new URL("kernels.wasm", import.meta.url)));
  assert.deepEqual(WebAssembly.Module.imports(module), []);
});
