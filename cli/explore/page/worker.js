/**
 * Networks, beside the page so that it stays quick: TensorFlow.js on WebAssembly.
 *
 * A message `{ job, id, file }` is answered by `{ job, found }` or `{ job, error }`; without `file` the network is only
 * made ready. Meanwhile `{ id, loaded }` tells which share of its weights is there.
 *
 * @module
 */
import { halves } from "./half.js";
import { nearest, project, unit } from "./nearest.js";

const here = (/** @type {string} */ path) => new URL(path, import.meta.url).href;

/** What a network needs to answer. */
const networks = new Map();
/** @type {Promise<any> | null} */
let runtime = null;

/** Opened once; another attempt may succeed. */
function opened() {
  return runtime ??= open().catch((error) => {
    runtime = null;
    throw error;
  });
}

/** TensorFlow.js; one thread, since several need headers that few servers send. */
async function open() {
  await import(here("runtime/tf.min.js"));
  await import(here("runtime/tf-backend-wasm.min.js"));
  const { tf } = /** @type {any} */ (globalThis);
  // Of its builds one will do: where there is no SIMD, preprocess.js cannot run either.
  const builds = ["", "-simd", "-threaded-simd"].map((kind) => `tfjs-backend-wasm${kind}.wasm`);
  const wasm = here("runtime/tfjs-backend-wasm-simd.wasm");
  tf.wasm.setWasmPaths(Object.fromEntries(builds.map((name) => [name, wasm])));
  tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", false);
  if (!await tf.setBackend("wasm")) throw new Error("This browser has no WebAssembly with SIMD");
  const { pixelsOf, preprocess } = await import(here("preprocess.js"));
  return { tf, pixelsOf, preprocess };
}

const bytes = async (/** @type {string} */ path) => {
  const response = await fetch(here(path));
  if (!response.ok) throw new Error(`The folder lacks ${path}`);
  return await response.arrayBuffer();
};

/** @param {string} id */
async function load(id) {
  const { tf } = await opened(), folder = `networks/${id}`;
  const onProgress = (/** @type {number} */ loaded) => postMessage({ id, loaded });
  const [model, embeddings, projection] = await Promise.all([
    tf.loadGraphModel(here(`${folder}/model.json`), { onProgress }),
    bytes(`${folder}/embeddings.bin`),
    bytes(`${folder}/projection.bin`),
  ]);
  const [, side] = model.inputs[0].shape;
  tf.tidy(() => model.predict(tf.zeros([1, side, side, 3])).dataSync()); // what is compiled, is by now
  return { model, side, rows: halves(embeddings), projection: new Float32Array(projection) };
}

/**
 * @param {string} id
 * @param {Blob} file
 * @param {number} k
 */
async function find(id, file, k) {
  const { tf, pixelsOf, preprocess } = await opened();
  const { model, side, rows, projection } = await ready(id), started = performance.now();
  const picture = await pixelsOf(file).catch((/** @type {Error} */ { message }) => {
    throw new Error(`This browser cannot read it as a picture (${message})`);
  });
  const pixels = preprocess(picture);
  const features = tf.tidy(() => model.predict(tf.tensor4d(pixels, [1, side, side, 3])).dataSync());
  const row = unit(Float32Array.from(features));
  if (!row.every(Number.isFinite)) throw new Error("The network makes of it what is no number");
  const found = nearest(row, rows, k);
  return { ...found, place: project(row, projection), milliseconds: performance.now() - started };
}

/** @param {string} id */
function ready(id) {
  if (!networks.has(id)) {
    const loading = load(id);
    loading.catch(() => networks.delete(id)); // another attempt may succeed
    networks.set(id, loading);
  }
  return networks.get(id);
}

addEventListener("message", async ({ data: { job, id, file, k } }) => {
  try {
    postMessage({ job, found: file ? await find(id, file, k) : (await ready(id), null) });
  } catch (error) {
    postMessage({ job, error: /** @type {Error} */ (error).message });
  }
});
