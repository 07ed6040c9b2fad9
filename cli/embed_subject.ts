/**
 * What `embed` can embed with: a known network with a file of weights, or the student of a run. Everything that can
 * be wrong with names and files is found before the engine opens.
 *
 * @module
 */
import { type Engine, type tf, UsageError, type WeightsFile } from "@seed/core";
import { type Host, loadTrainedStudent, openEngine, sha256OfFile } from "@seed/core/host";
import { FrozenNetwork, layoutOf, networkNamed, openWeights, publishedInput } from "@seed/nn";
import { openDefaultEngine } from "./default_engine.ts";
import { openRun } from "./run_folder.ts";

/** Which output. */
export type LayerName = "features" | "head";

/** A network whose weights are found but not read yet. */
export interface Subject extends Disposable {
  /** For the user and `--json`. */
  readonly facts: { network: string; weights: string; sha256: string; layout: string };
  /** Side in pixels of the pictures that it is meant for. */
  readonly inputSize: number;
  /** Side of a vision transformer's patches, which the pictures' sides are multiples of; 1 for other networks. */
  readonly patch: number;
  openEngine(host: Host): Promise<Engine>;
  /** The layer as a function of `[batch, height, width, 3]` float32 in 0..255. */
  load(engine: Engine, host: Host): Promise<Disposable & { forward(images: tf.Tensor4D): tf.Tensor2D }>;
}

/** A network by name with a file of weights. */
export async function fileSubject(name: string, path: string, layer: LayerName): Promise<Subject> {
  const network = networkNamed(name), file = await openWeights(path);
  const layout = layoutOf(file, network);
  if (layer === "head" && layout.head === null) {
    throw new UsageError(
      `Weights in the layout "${layout.name}" have no projection head; leave --layer head out`,
    );
  }
  return {
    facts: { network: name, ...await describe(file), layout: layout.name },
    inputSize: publishedInput(file, network, layout).inputSize,
    patch: network.patch ?? 1,
    openEngine: openDefaultEngine,
    // Asynchronous to be interchangeable with a run's.
    // deno-lint-ignore require-await
    async load() {
      const frozen = FrozenNetwork.load(file, network);
      return {
        forward: (images) => layer === "head" ? frozen.embedding(images) : frozen.features(images),
        [Symbol.dispose]: () => frozen[Symbol.dispose](),
      };
    },
    [Symbol.dispose]: () => file[Symbol.dispose](),
  };
}

/** The student of a finished run. */
export async function runSubject(
  folder: string,
  overrides: readonly string[],
  layer: LayerName,
): Promise<Subject> {
  const { recipe, weights, inputSize } = await openRun(folder, overrides);
  return {
    facts: { network: weights.metadata.network, ...await describe(weights), layout: "seed student" },
    inputSize,
    patch: 1,
    openEngine: async (host) => await openEngine(recipe, host),
    async load(engine, host) {
      const student = await loadTrainedStudent(recipe, weights, { engine, host });
      return {
        forward(images) {
          const { features, embedding } = student.forward(images, { training: false });
          return layer === "head" ? embedding : features;
        },
        [Symbol.dispose]: () => student[Symbol.dispose](),
      };
    },
    [Symbol.dispose]: () => weights[Symbol.dispose](),
  };
}

async function describe({ path }: WeightsFile): Promise<{ weights: string; sha256: string }> {
  return { weights: path, sha256: await sha256OfFile(path) };
}
