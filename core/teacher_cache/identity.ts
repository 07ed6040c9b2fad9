import { createHash } from "node:crypto";
import type { ProcessParts } from "../parts/process_parts.ts";
import type { ImageSet } from "../interfaces/data_source.ts";
import type { Precision } from "../interfaces/engine.ts";
import type { Recipe } from "../recipe/load_recipe.ts";
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
    augmenter: { plugin: from.plugin.name, ...optionsOf(from) },
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

function optionsOf({ options }: { options: unknown }): Record<string, unknown> {
  return { ...options as Record<string, unknown> };
}

/** Of listings that were read: every folder of a cache asks for the same one, and it may be of a million images. */
const LISTING_HASHES = new WeakMap<ImageSet, string>();

/** SHA-256 of the images' names and places in their order; of a reader, what it is told. */
function listingHash(images: ImageSet): string {
  const known = LISTING_HASHES.get(images);
  if (known !== undefined) return known;
  const hash = createHash("sha256");
  for (let i = 0; i < images.length; i++) {
    const { name, offset = 0, length = "", pixels, encoding, reader } = images.image(i);
    hash.update(`${name}\0${offset}\0${length}\0${pixels ? JSON.stringify(pixels) : encoding ?? ""}`);
    if (reader) hash.update(`\0${JSON.stringify([reader.exportName, reader.parameters])}`);
    hash.update("\n");
  }
  const digest = hash.digest("hex");
  LISTING_HASHES.set(images, digest);
  return digest;
}
