import { quoted, RunError, type TeacherHead, type tf, type WeightsFile } from "@seed/core";
import type { Backbone, FeatureMaps, Pool } from "../backbones/backbone.ts";
import { FrozenParameters } from "./frozen_parameters.ts";
import { frozenHead, type Head } from "./frozen_head.ts";
import { type Network, NETWORKS } from "../networks/networks.ts";
import type { Normalization } from "../backbones/normalize.ts";
import { patchProblem } from "../layers/token_embedding.ts";
import { joinedTensors } from "../layouts/joined_tensors.ts";
import { findLayout, type Layout } from "../layouts/layout.ts";
import { wrappedLayouts } from "../layouts/wrapped.ts";
import { fileNames } from "../layouts/entries.ts";
import { fittingTensors } from "./fitting_tensors.ts";

/** A network with the weights of a file, as constants. */
export class FrozenNetwork implements Disposable {
  private constructor(
    readonly layout: Layout,
    /** What the backbone and the head were made of. */
    readonly parameters: FrozenParameters,
    private readonly backbone: Backbone,
    private readonly head: Head | null,
  ) {}

  /**
   * Reads the weights, of a file that is open until then.
   *
   * @param options.layouts Those that are accepted; default: all of the network's.
   * @param options.below What stands before the names of the network that is meant; null: that is found.
   * @param options.allowUnused True: entries that the network does not need are no error.
   * @param options.foldBatchNorm False: batch norms stay operations of their own; default true.
   * @throws {RunError} If the file is in none of the layouts, or does not fit the network.
   */
  static load(
    file: WeightsFile,
    network: Network,
    options: {
      layouts?: readonly Layout[];
      below?: string | null;
      allowUnused?: boolean;
      foldBatchNorm?: boolean;
    } = {},
  ): FrozenNetwork {
    const layout = layoutOf(file, network, options), seen = joinedTensors(file, layout);
    const parameters = new FrozenParameters(seen, {
      rename: fileNames(seen.tensors, layout),
      dropped: layout.dropped,
      allowUnused: options.allowUnused,
      foldBatchNorm: options.foldBatchNorm,
    });
    try {
      const build = layout.build ?? network.build;
      const backbone = build(parameters, publishedInput(file, network, layout).normalization);
      const head = layout.head === null ? null : frozenHead(parameters, file, layout, backbone.featureDim);
      parameters.finish(() => looksLike(file, network, { byNames: false }));
      return new FrozenNetwork(layout, parameters, backbone, head);
    } catch (error) {
      parameters[Symbol.dispose]();
      throw error;
    }
  }

  /** Width of the pooled features. */
  get featureDim(): number {
    return this.backbone.featureDim;
  }

  /** Its projection head, for another network to take over; null if the layout has none. */
  get teacherHead(): TeacherHead | null {
    const { layout: { head }, parameters: { values } } = this;
    if (head === null) return null;
    const own = values.filter(({ name }) => name.startsWith(`${head}.`)).map((value) => ({
      ...value,
      name: value.name.slice(head.length + 1).replace(/^(?=[a-z])/, "0."), // a single layer has no number
    }));
    return { inputDim: this.featureDim, values: own };
  }

  /** Width of the projection head's output; null if the layout has no head. */
  get headDim(): number | null {
    return this.head?.dim ?? null;
  }

  /**
   * @param images `[batch, height, width, 3]` float32 in 0..255.
   * @param pool One of those that the backbone offers; default: as its publisher does.
   * @returns `[batch, featureDim]`.
   * @throws {RunError} If it does not offer the pooling.
   */
  features(images: tf.Tensor4D, pool?: Pool): tf.Tensor2D {
    this.#requirePool(pool);
    return this.backbone.features(images, { training: false }, pool);
  }

  #requirePool(pool?: Pool): void {
    if (pool !== undefined && !this.pools.includes(pool)) {
      throw new RunError(`The network's features cannot be pooled by "${pool}"; leave the option pool out`);
    }
  }

  /** What {@link features} can be told to be. */
  get pools(): readonly Pool[] {
    return this.backbone.pools ?? [];
  }

  /** Channels of its map; null: {@link maps} cannot be asked for. */
  get mapDim(): number | null {
    return this.backbone.mapDim ?? null;
  }

  /**
   * Features with the map that they are made of.
   *
   * @param images `[batch, height, width, 3]` float32 in 0..255.
   * @param pool As of {@link features}.
   * @throws {RunError} If the network has no map to give, or does not offer the pooling.
   */
  maps(images: tf.Tensor4D, pool?: Pool): FeatureMaps {
    this.#requirePool(pool);
    if (this.backbone.maps) return this.backbone.maps(images, { training: false }, pool);
    throw new RunError(
      "The network gives pooled features alone, not the map of its patches; take another network",
    );
  }

  /**
   * The projection head's output, not normalised.
   *
   * @returns `[batch, headDim]`.
   * @throws {RunError} If the layout has no head.
   */
  embedding(images: tf.Tensor4D): tf.Tensor2D {
    return this.embeddingOf(this.features(images));
  }

  /** The projection head's output for features, `[batch, featureDim]` to `[batch, headDim]`. */
  embeddingOf(features: tf.Tensor2D): tf.Tensor2D {
    if (!this.head) throw new RunError(`Weights in the layout "${this.layout.name}" have no projection head`);
    return this.head.forward(features);
  }

  [Symbol.dispose](): void {
    this.parameters[Symbol.dispose]();
  }
}

/**
 * The layout that a file is in: one whose marks it has, else one below a wrapper, found by the shapes of the tensors.
 *
 * @param options.layouts Those that are accepted; default: all of the network's.
 * @param options.below What stands before the names of the network that is meant; null: that is found.
 * @throws {RunError} If it is none of them, with what was found and what is read, or holds the network several times.
 */
export function layoutOf(
  file: WeightsFile,
  network: Network,
  { layouts = network.layouts, below = null }: { layouts?: readonly Layout[]; below?: string | null } = {},
): Layout {
  const { path, tensors } = file;
  const exact = below === null ? findLayout(tensors, layouts) : null;
  if (exact) return exact;
  const [layout, ...more] = wrappedLayouts(tensors, layouts, { fits: fitsIn(file, network), below });
  if (layout && more.length === 0) return layout;
  if (layout) throw severalTimes(path, network, [layout, ...more]);
  const found = [...tensors.keys()].slice(0, 4).map((name) => quoted(name)).join(", ");
  const read = layouts.map(({ name, marks }) => `${name} (with "${marks.join('" and "')}")`).join(", ");
  const where = below === null ? "" : ` below ${quoted(below)}`;
  throw new RunError(
    `The weights in "${path}" are in no layout that is read for ${network.name}${where}${
      looksLike(file, network)
    }. ` +
      `The file holds ${tensors.size} tensors, such as ${found}; the layouts are ${read}`,
  );
}

function severalTimes(path: string, network: Network, layouts: readonly Layout[]): RunError {
  const places = layouts.map(({ wrapper }) => quoted(wrapper ?? "")).join(", ");
  return new RunError(
    `The weights in "${path}" hold ${network.name} ${layouts.length} times, below ${places}; name the one that is ` +
      `meant: the option "below" of what reads the file`,
  );
}

function fitsIn(file: WeightsFile, network: Network): (layout: Layout) => boolean {
  return (layout) => fittingTensors(file, network, layout) > 0;
}

/**
 * The other network that finds all its tensors in a file, and takes the most of them, more than the one that is meant;
 * for a message.
 *
 * @param options.byNames Whether one whose names the file has, but not all of its tensors, counts if none fits. Default:
 *   true.
 */
export function looksLike(
  file: WeightsFile,
  meant: Network,
  { byNames = true }: { byNames?: boolean } = {},
): string {
  const { most, networks } = mostFitting(
    file,
    [...NETWORKS.values()].filter(({ name }) => name !== meant.name),
  );
  const { most: ofMeant } = mostFitting(file, [meant]);
  if (most <= Math.max(ofMeant, byNames ? -1 : 0)) return "";
  return `; it looks like weights of ${networks.map(({ name }) => name).join(", ")}`;
}

/**
 * The networks that find all their tensors in a file, and take the most of them: one, as a rule.
 *
 * @returns none if no network that is known does.
 */
export function networksOf(file: WeightsFile): Network[] {
  const { most, networks } = mostFitting(file, [...NETWORKS.values()]);
  return most > 0 ? networks : [];
}

/** Tensors that a network takes of a file: 0 if the file has its names alone, -1 if it has not even those. */
function mostFitting(
  file: WeightsFile,
  candidates: readonly Network[],
): { most: number; networks: Network[] } {
  const counts = candidates.map((network) => {
    const exact = findLayout(file.tensors, network.layouts);
    const fits = fitsIn(file, network), any = { fits, below: null };
    const [layout] = exact && fits(exact) ? [exact] : wrappedLayouts(file.tensors, network.layouts, any);
    // A file of its names that lacks others, or has other shapes, is likelier of it than of nothing.
    return { network, count: layout ? fittingTensors(file, network, layout) : exact ? 0 : -1 };
  });
  const most = Math.max(...counts.map(({ count }) => count));
  return { most, networks: counts.filter(({ count }) => count === most).map(({ network }) => network) };
}

/** Longest side of a picture that a network is given: 200 MB of float32. Published networks take up to 1024 pixels. */
const MAX_INPUT_SIZE = 4096;

/**
 * The side in pixels that a file of weights says its network takes.
 *
 * @param usual If it says none; null: it must.
 * @throws {RunError} If that is no number of pixels.
 */
export function inputSizeOf(
  { path, metadata: { input_size: text } }: WeightsFile,
  usual: number | null,
): number {
  if (text === undefined && usual !== null) return usual;
  const size = /^[0-9]{1,5}$/.test(text ?? "") ? Number(text) : NaN;
  if (size >= 1 && size <= MAX_INPUT_SIZE) return size;
  const found = text === undefined ? "does not say its input_size" : `says input_size ${quoted(text)}`;
  throw new RunError(`The file "${path}" ${found}, expected a number of pixels from 1 to ${MAX_INPUT_SIZE}`);
}

/**
 * Input size and normalisation: a student's file says its own, others are made for the published ones.
 *
 * @throws {RunError} If what the file says is none.
 */
export function publishedInput(
  file: WeightsFile,
  network: Network,
  layout: Layout,
): { inputSize: number; normalization: Normalization } {
  const { path, metadata: { mean, std, network: named } } = file;
  if (named !== undefined && named !== network.name && (NETWORKS.has(named) || !NAME.test(named))) {
    throw new RunError(
      `The file "${path}" says network ${
        quoted(named)
      }, but it is read as ${network.name}; name the network that it is of`,
    );
  }
  const inputSize = inputSizeOf(file, network.inputSize),
    problem = patchProblem(inputSize, network.patch ?? 1);
  if (problem) throw new RunError(`The file "${path}" says input_size "${inputSize}". ${problem}`);
  const published = layout.normalization ?? network.normalization;
  const channels = (name: keyof typeof BOUNDS, text: string | undefined, usual: Normalization["mean"]) =>
    text === undefined ? usual : parseChannels(path, name, text);
  return {
    inputSize,
    normalization: {
      mean: channels("mean", mean, published.mean),
      std: channels("std", std, published.std),
    },
  };
}

/** How a network may be called, here or by others. */
const NAME = /^[A-Za-z0-9][\w./@:-]{0,99}$/;

/** Pixels count in 0..1 or in 0..255; beyond a thousand of either, no float32 is left of an image. */
const BOUNDS = { mean: [-1e3, 1e3], std: [1e-3, 1e3] } as const;

function parseChannels(path: string, name: keyof typeof BOUNDS, text: string): Normalization["mean"] {
  try {
    const value = JSON.parse(text);
    const [least, most] = BOUNDS[name];
    const fits = (channel: unknown) => typeof channel === "number" && channel >= least && channel <= most;
    if (Array.isArray(value) && value.length === 3 && value.every(fits)) {
      return value as [number, number, number];
    }
  } catch {
    // told below
  }
  throw new RunError(
    `The file "${path}" says ${name} ${quoted(text)}, expected three numbers${
      name === "std" ? " above 0," : ""
    } from ${BOUNDS[name].join(" to ")}, such as [0.5, 0.5, 0.5]`,
  );
}
