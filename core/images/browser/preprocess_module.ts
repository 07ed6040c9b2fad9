import type { Preprocessing } from "./preprocess.ts";

/**
 * An ES module without imports, for browsers and every other runtime of JavaScript with WebAssembly's SIMD, whose
 * `preprocess` gives the pixels that `embed` shows a network.
 *
 * @param preprocessing What the network wants.
 * @returns the module's text.
 */
export async function preprocessModule(preprocessing: Preprocessing): Promise<string> {
  const bundle = await Deno.readTextFile(new URL("preprocess.js", import.meta.url));
  const wanted = JSON.stringify(preprocessing, null, 2);
  return `${bundle}
// What this model takes: a function of ImageData to a Float32Array.
export const preprocess = preprocessor(${wanted});
`;
}
