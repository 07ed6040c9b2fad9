import { type CacheSummary, type DamagedCache, formatBytes, listCaches } from "@seed/core/host";
import type { Listing } from "./listing.ts";

const FOLDER = "caches";

/** Caches of teachers' embeddings below `caches/` where the command is given. */
export const caches: Listing<CacheSummary | DamagedCache> = {
  items: () => Promise.resolve(listCaches(FOLDER)),
  header: ["cache", "teacher", "data", "views", "on disk", "made for"],
  cells(cache) {
    if (cache.problem !== null) return [cache.path, "damaged", cache.problem, "", "", ""];
    const { path, teacher, data, images, views, kept_in, bytes, recipe } = cache;
    const perImage = `${views}, ${(views / images).toFixed(1)} an image, ${kept_in}`;
    return [path, teacher, data, perImage, formatBytes(bytes), recipe];
  },
  none: `No caches in the folder "${FOLDER}" here`,
};
