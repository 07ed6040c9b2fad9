/**
 * What the networks of a run make of pictures: the student, the student before training, and the teacher.
 *
 * @module
 */
import { type Engine, type ImageSet, type Matrix, RunError, type tf } from "@seed/core";
import {
  createPlugin,
  embedImages,
  type Host,
  loadInitialStudent,
  pluginContext,
  RecipeError,
  RunFolder,
  type ViewPipeline,
} from "@seed/core/host";
import { graphModel, type LoadedNetwork, studentNetwork } from "@seed/nn/host";
import type { NetworkSubject } from "../network_subject.ts";

/** Networks that a page may have; the student is always there. */
export const NETWORK_IDS = ["student", "teacher", "initial"] as const;
export type NetworkId = typeof NETWORK_IDS[number];

/** A network of the page. */
export interface PageNetwork {
  readonly id: NetworkId;
  /** What it is, for example `efficientnet_b0`. */
  readonly name: string;
  /** `[pictures, dim]` float32: the features, as `embed` gives them. */
  readonly embeddings: Matrix;
  /** What runs in the visitor's browser; null: nothing. */
  readonly model: ReturnType<typeof graphModel> | null;
}

/** One that runs in browsers, and what it takes its pixels by. */
type RunningNetwork = PageNetwork & Pick<LoadedNetwork, "normalization">;

/** What networks are made with. */
interface Runtime {
  readonly engine: Engine;
  readonly pipeline: ViewPipeline;
  readonly host: Host;
}

/** A run, opened. */
export type RunSubject = NetworkSubject & { readonly run: NonNullable<NetworkSubject["run"]> };

/** At most so many pictures does a network see at a time. */
const BATCH = 64;

/** Embeds the pictures with the trained student. */
export async function embedStudent(
  subject: RunSubject,
  images: ImageSet,
  runtime: Runtime,
): Promise<RunningNetwork> {
  using network = await subject.load(runtime);
  return await ofNetwork("student", network, subject.inputSize, images, runtime);
}

/**
 * Embeds the pictures with the student as training began.
 *
 * @throws {RunError} If a file that it began from is not there any more, or is another.
 */
export async function embedInitial(
  subject: RunSubject,
  images: ImageSet,
  runtime: Runtime,
): Promise<PageNetwork> {
  const { recipe, weights: file, folder } = subject.run.finished;
  const { student, weights } = await tellingWithout(
    "initial",
    () => loadInitialStudent(recipe, file, runtime),
  );
  using network = studentNetwork(student, file, subject.inputSize);
  if (weights) await requireSame("initial", weights, folder, ["student", "weights"]);
  return await ofNetwork("initial", network, subject.inputSize, images, runtime);
}

/**
 * Embeds the pictures with the run's teacher; null: the run has none.
 *
 * @throws {RunError} If its weights are not there, or are others than the run's.
 */
export async function embedTeacher(
  { run: { finished: { parts, folder } }, inputSize }: RunSubject,
  images: ImageSet,
  runtime: Runtime,
): Promise<PageNetwork | null> {
  const { teacher: taught, evaluate, seed } = await parts({ parts: ["teacher", "evaluate"], evaluators: [] });
  const use = evaluate.teacher ?? taught;
  if (!use) return null;
  const { engine, host } = runtime, context = pluginContext(use, seed, host);
  using teacher = await tellingWithout("teacher", () => createPlugin(use, { ...context, engine }));
  if (use === taught && teacher.weights) await requireSame("teacher", teacher.weights, folder, ["teacher"]);
  const encode = async (pixels: tf.Tensor4D) => [await teacher.embed(pixels)];
  const size = teacher.inputSize ?? inputSize;
  return {
    id: "teacher",
    name: use.plugin.name.replace(/^.*\/teacher-/, ""),
    embeddings: await embed("teacher", encode, size, images, runtime),
    model: null,
  };
}

async function ofNetwork(
  id: NetworkId,
  network: LoadedNetwork,
  size: number,
  images: ImageSet,
  runtime: Runtime,
): Promise<RunningNetwork> {
  const model = graphModel(network, { outputs: "features", inputSize: size });
  using forward = runtime.engine.trace(
    (pixels) => [network.forward(pixels as tf.Tensor4D, false).features],
    { name: `the features of the ${id} network` },
  );
  const encode = async (pixels: tf.Tensor4D) => await forward.call(pixels) as tf.Tensor2D[];
  const embeddings = await embed(id, encode, size, images, runtime);
  return { id, name: network.name, normalization: network.normalization, embeddings, model };
}

async function embed(
  id: NetworkId,
  encode: (pixels: tf.Tensor4D) => Promise<tf.Tensor2D[]>,
  size: number,
  images: ImageSet,
  { engine, pipeline, host: { signal } }: Runtime,
): Promise<Matrix> {
  // Equal batches waste the least on filling up the last.
  const batchSize = Math.ceil(images.length / Math.ceil(images.length / BATCH));
  const options = { network: `the network "${id}"`, engine, pipeline, batchSize, size, signal };
  const { features, featureDim } = await embedImages(images, encode, options);
  return { data: features, dim: featureDim };
}

/** A file that is gone is no reason to have no page. */
async function tellingWithout<T>(id: NetworkId, make: () => Promise<T>): Promise<T> {
  try {
    return await make();
  } catch (error) {
    if (!(error instanceof RunError || error instanceof RecipeError)) throw error;
    const what = `${error.message.trimEnd()}\nOr write the page without it: --without ${id}`;
    throw new RunError(what, { cause: error });
  }
}

/** @throws {RunError} If the run began with a file of another hash. */
async function requireSame(
  id: NetworkId,
  { file, sha256 }: { readonly file: string; readonly sha256: string },
  folder: string,
  keys: readonly string[],
): Promise<void> {
  const facts: unknown = await new RunFolder(folder).facts();
  const past = keys.reduce<any>((value, key) => value?.[key], facts)?.sha256;
  if (typeof past !== "string" || past === sha256) return; // what earlier versions did not take down is not compared
  throw new RunError(
    `"${file}" is another file than this run began with: its SHA-256 is ${sha256}, it was ${past}. Bring that file ` +
      `back, or write the page without it: --without ${id}`,
  );
}
