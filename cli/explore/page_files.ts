/**
 * The files of a page that are the same for all runs: the page itself, and TensorFlow.js with its WebAssembly.
 *
 * @module
 */
import { createRequire } from "node:module";

/** The page's files, as they lie in the folder beside this. */
const PAGE = [
  "index.html",
  ...["style.css", "icon.svg"],
  ...["main.js", "data.js", "half.js", "state.js", "student.js", "worker.js", "nearest.js"],
  ...["pick.js", "neighbours.js", "search.js", "figures.js", "elements.js"],
  ...["map.js", "map_view.js", "map_input.js", "map_points.js", "map_drawing.js", "colors.js"],
];

/**
 * TensorFlow.js as its packages have it, by the names that `worker.js` loads. WebAssembly computes in float32 on every
 * device, and is ready at once; WebGL compiles for seconds, and has float16 alone on many phones.
 */
const RUNTIME = {
  "tf.min.js": "@tensorflow/tfjs/dist/tf.es2017.min.js",
  "tf-backend-wasm.min.js": "@tensorflow/tfjs-backend-wasm/dist/tf-backend-wasm.es2017.min.js",
  "tfjs-backend-wasm-simd.wasm": "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm",
} as const;

/** By their names in the page's folder. */
type Files = [name: string, bytes: Uint8Array][];

/** Reads the page. */
export async function pageFiles(): Promise<Files> {
  const read = async (name: string) => await Deno.readFile(new URL(`page/${name}`, import.meta.url));
  return await Promise.all(PAGE.map(async (name): Promise<Files[number]> => [name, await read(name)]));
}

/** Reads TensorFlow.js from Deno's cache of npm. */
export async function runtimeFiles(): Promise<Files> {
  const { resolve } = createRequire(import.meta.url);
  const entries = Object.entries(RUNTIME);
  return await Promise.all(
    entries.map(async (
      [name, path],
    ): Promise<Files[number]> => [`runtime/${name}`, await Deno.readFile(resolve(path))]),
  );
}
