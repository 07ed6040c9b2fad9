import { type CacheSummary, formatBytes, listCaches } from "@seed/core/host";
import type { Listing } from "./listing.ts";

const FOLDER = "caches";

/** Caches of teachers' embeddings below `caches/` where the command is given. */
export const caches: Listing<CacheSummary> = {
  items: () => Promise.resolve(listCaches(FOLDER)),
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
