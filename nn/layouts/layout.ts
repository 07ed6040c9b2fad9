import type { Backbone } from "../backbones/backbone.ts";
import type { Normalization } from "../backbones/normalize.ts";
import type { JoinedTensor } from "./joined_tensors.ts";
import type { ParameterSource } from "../parameters/parameters.ts";

/** Builds a network from a source of values. */
export type Build = (source: ParameterSource, normalization: Normalization) => Backbone;

/**
 * One way in which published files name a network's values. A layout is found by the names in a file, never by the
 * file's own.
 */
export interface Layout {
  /** As logs and `run.json` say it. */
  readonly name: string;
  /** Tensors that are all there in a file of this layout, and not in one of those before it in a network's list. */
  readonly marks: readonly string[];
  /** The library, beside timm, whose state dicts of the network are in this layout: export writes it for that. */
  readonly library?: "torchvision";
  /** Stands before the network's names. */
  readonly prefix: string;
  /**
   * The file's name, after the prefix, of a value from timm's; default: the same name.
   *
   * @param has Whether the file has a name, after the prefix.
   */
  rename?(name: string, has: (name: string) => boolean): string;
  /** Tensors that are in parts in the file, or are parts of its: they have timm's names then, which are not renamed. */
  readonly joined?: readonly JoinedTensor[];
  /** Names, after the prefix, of linear layers' weights that are a convolution's of a single pixel in timm. */
  readonly matrices?: readonly string[];
  /** The network in the publisher's conventions (padding, epsilon, ...) where they are not timm's. */
  readonly build?: Build;
  /** Of `build`'s batch norms, where that is not timm's 1e-5; a student that begins from the file makes up for it. */
  readonly epsilon?: number;
  /**
   * What else `build` does otherwise than timm, which such a student does not: "pads as TensorFlow does". A function
   * where that depends on the shapes of the values; null: nothing.
   */
  readonly differs?: string | ((source: Pick<ParameterSource, "shapeOf">) => string | null);
  /** What its networks were trained with, where it is not the network's. */
  readonly normalization?: Normalization;
  /** Entries that an encoder has no use for: a classifier, a momentum encoder, an optimizer. */
  dropped(fileName: string): boolean;
  /** Name of the projection head after the prefix, a linear layer or a `Sequential` of PyTorch's; null without one. */
  readonly head: string | null;
  /** What one file has before the names that are published; default: nothing. */
  readonly wrapper?: string;
}

/** The first layout whose marks the file has; null if there is none. */
export function findLayout(
  tensors: ReadonlyMap<string, unknown>,
  layouts: readonly Layout[],
): Layout | null {
  return layouts.find(({ marks }) => marks.every((name) => tensors.has(name))) ?? null;
}

/**
 * A network's state dict as a library saves it: no prefix, no projection head, a classifier.
 *
 * @param classifier How the classifier's names begin.
 * @param more What is particular of it: renaming, conventions, library.
 */
export function plainLayout(
  name: string,
  marks: readonly string[],
  classifier: string,
  more: Pick<Layout, "rename" | "build" | "library" | "matrices" | "epsilon" | "differs"> = {},
): Layout {
  const dropped = (entry: string) => entry.startsWith(classifier);
  return { name, marks, prefix: "", dropped, head: null, ...more };
}
