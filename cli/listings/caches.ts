import { join } from "node:path";
import { formatBytes, listCaches } from "@seed/core";
import type { Listing } from "./listing.ts";

interface CacheItem {
  path: string;
  teacher: string;
  data: string;
  /** Images of the training set. */
  images: number;
  /** Embeddings that are kept. */
  views: number;
  kept_in: string;
  bytes: number;
  /** The recipe that it was made for. */
  recipe: string;
}

const FOLDER = "caches";

/** Caches of teachers' embeddings below `caches/` where the command is given. */
export const caches: Listing<CacheItem> = {
  items: () => Promise.resolve(listCaches(FOLDER).map((cache) => ({ ...cache, path: join(cache.path) }))),
  header: ["cache", "teacher", "data", "views", "on disk", "made for"],
  cells: ({ path, teacher, data, images, views, kept_in, bytes, recipe }) => [
    path,
    teacher,
    data,
    `${views}, ${(views / images).toFixed(1)} an image, ${kept_in}`,
    formatBytes(bytes),
    recipe,
  ],
  none: `No caches in the folder "${FOLDER}" here`,
};
