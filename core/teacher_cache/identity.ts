import type { ProcessParts } from "../parts/process_parts.ts";
import { listingHash } from "../images/listing_hash.ts";
import type { Precision } from "../interfaces/engine.ts";
import type { Recipe } from "../recipe/recipe.ts";
import type { ViewSource } from "../views/view_source.ts";
import type { CacheIdentity } from "./cache_manifest.ts";
import type { StoredPrecision } from "./embedding_store.ts";

/**
 * Raised whenever views of the same recipe change, by the decoding, the resizing or an augmenter: embeddings of older
 * ones are then not taken for those of the new.
 */
const VIEWS_VERSION = 1;

type TaughtRecipe = Recipe & { teacher: NonNullable<Recipe["teacher"]> };

/** All that decides what the embeddings of a source of views are. */
export function identityOf(
  parts: Pick<ProcessParts, "engine" | "data" | "teacher">,
  recipe: TaughtRecipe,
  source: ViewSource,
  precision: StoredPrecision,
): CacheIdentity {
  const { augmenter, smallPatches, seed } = recipe;
  const from = [augmenter, ...smallPatches.map((patches) => patches.augmenter)][source.augmenter];
  return {
    seed,
    ...ofImages(parts, recipe, precision),
    views: { version: VIEWS_VERSION, stream: source.name, size: source.teacherSize },
    augmenter: { plugin: from.plugin.name, ...withoutLater(optionsOf(from)) },
  };
}

/** All that decides what the embeddings of the images' centre views are. */
export function centreIdentityOf(
  parts: Pick<ProcessParts, "engine" | "data" | "teacher">,
  recipe: TaughtRecipe,
  size: number,
  precision: StoredPrecision,
): CacheIdentity {
  return { ...ofImages(parts, recipe, precision), views: { version: VIEWS_VERSION, stream: "centre", size } };
}

/** Whatever the views: the images, the teacher, and how its embeddings are kept. */
function ofImages(
  { engine, data: { train }, teacher: made }: Pick<ProcessParts, "engine" | "data" | "teacher">,
  { data, teacher }: TaughtRecipe,
  precision: StoredPrecision,
): CacheIdentity {
  const { precision: computedIn = "fp32", ...options } = optionsOf(teacher);
  const weights = made!.weights?.sha256 ?? null;
  return {
    data: { plugin: data.plugin.name, images: train.length, listing_sha256: listingHash(train) },
    teacher: {
      plugin: teacher.plugin.name,
      weights_sha256: weights,
      dimensions: made!.embeddingDim,
      // Where the file lies is nothing that an embedding depends on, if its content is known.
      ...(weights === null ? options : { ...options, weights: undefined, sha256: undefined }),
      computed_in: engine.arithmetic(computedIn as Precision),
    },
    kept_in: precision,
  };
}

/** Options of augmenters that earlier versions had not, with the values by which views are as before. */
const LATER: Readonly<Record<string, unknown>> = { decode: "exact" };

/** Options as an earlier version had them, so that its caches are known: a later one is told where it changes views. */
function withoutLater(options: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(options).filter(([key, value]) => !(key in LATER) || LATER[key] !== value),
  );
}

function optionsOf({ options }: { options: unknown }): Record<string, unknown> {
  return { ...options as Record<string, unknown> };
}
