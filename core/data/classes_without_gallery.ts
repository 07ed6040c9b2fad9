import type { ImageSet } from "../interfaces/data_source.ts";
import { quoted } from "../text/printable.ts";

/** Classes that are named. */
const NAMED = 5;

/**
 * Tells if queries are of classes that no image of the gallery has: no evaluation can get them right, and its figures
 * are the lower for it.
 */
export function tellClassesWithoutGallery(
  { gallery, queries }: { gallery: ImageSet; queries: ImageSet },
  log: (message: string) => void,
): void {
  if (!gallery.label || !queries.label) return;
  const known = new Set<number>(), counts = new Map<number, number>();
  for (let i = 0; i < gallery.length; i++) known.add(gallery.label(i));
  for (let i = 0; i < queries.length; i++) {
    const label = queries.label(i);
    if (!known.has(label)) counts.set(label, (counts.get(label) ?? 0) + 1);
  }
  if (counts.size === 0) return;
  const named = [...counts].slice(0, NAMED)
    .map(([label, count]) => `${quoted(queries.classNames?.[label] ?? `${label}`)} (${count})`);
  if (counts.size > NAMED) named.push(`${counts.size - NAMED} more`);
  const images = counts.values().reduce((sum, count) => sum + count, 0);
  log(
    `${images} of ${queries.length} images that are searched for are of classes that no image of the gallery has: ` +
      `${named.join(", ")}. No evaluation can get them right`,
  );
}
