/**
 * The emoji of an icon set as pixels: drawn once, then kept in the cache.
 *
 * @module
 */
import { join } from "node:path";
import { type ImageReference, RunError, writeAtomically, writingInCache } from "@seed/core";

/** Icon sets that draw the same concepts under the same names; versions are pinned in `deno.json`. */
export const EMOJI_SETS = ["noto", "twemoji", "openmoji", "fluent-emoji-flat", "emojione"] as const;
/** One of {@link EMOJI_SETS}. */
export type EmojiSet = typeof EMOJI_SETS[number];

interface Icons {
  icons: Record<string, { body: string; width?: number; height?: number }>;
  width?: number;
  height?: number;
}

/** Concepts by category: what noto draws, without flags and skin tones. */
export async function loadCategories(): Promise<Map<string, string>> {
  const { categories } = await loadJson("noto", "metadata.json") as { categories: Record<string, string[]> };
  const known = new Map<string, string>();
  for (const [category, names] of Object.entries(categories)) {
    if (category === "Flags") continue;
    for (const name of names) if (!name.includes("skin-tone")) known.set(name, category);
  }
  return known;
}

/** @throws {RunError} If the set's package cannot be had from npm. */
export async function versionOf(set: EmojiSet): Promise<string> {
  const { version } = await loadJson(set, "package.json") as { version: string };
  return version;
}

/** A set's pictures of the wanted concepts, in the order of their names. */
export interface DrawnSet {
  concepts: string[];
  image(index: number): ImageReference;
}

/**
 * Draws a set, or finds it drawn.
 *
 * @param size Side of a picture in pixels.
 * @param wanted Concepts to draw; others of the set are left out.
 */
export async function drawSet(
  set: EmojiSet,
  { size, wanted, cacheDir, log }: {
    size: number;
    wanted: ReadonlySet<string>;
    cacheDir: string;
    log(message: string): void;
  },
): Promise<DrawnSet> {
  const icons = await loadJson(set, "icons.json") as Icons;
  const version = await versionOf(set);
  const concepts = Object.keys(icons.icons).filter((name) => wanted.has(name)).sort();
  const file = join(cacheDir, `${set}-${version}-${concepts.length}x${size}px.rgb`);
  const bytes = size * size * 3;
  // The file is there whole or not at all, and its name says everything that it depends on.
  if (await sizeOf(file) !== concepts.length * bytes) {
    log(`Drawing ${concepts.length} emoji of ${set} at ${size} px (once)`);
    await writingInCache(cacheDir, () => writeAtomically(file, draw(icons, concepts, size)));
  }
  return {
    concepts,
    image: (index) => ({
      name: `${set}/${concepts[index]}`,
      file,
      offset: index * bytes,
      length: bytes,
      pixels: { width: size, height: size },
    }),
  };
}

/** Pictures drawn at the same time: sharp has a thread for each core. */
const TOGETHER = 32;

async function* draw(icons: Icons, concepts: string[], size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < concepts.length; at += TOGETHER) {
    yield* await Promise.all(concepts.slice(at, at + TOGETHER).map((name) => rasterise(icons, name, size)));
  }
}

/** `[size, size, 3]` uint8 RGB on white. */
async function rasterise(
  { icons, width = 16, height = 16 }: Icons,
  name: string,
  size: number,
): Promise<Uint8Array> {
  const icon = icons[name], w = icon.width ?? width, h = icon.height ?? height;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" ` +
    `viewBox="0 0 ${w} ${h}" width="${w}" height="${h}">${icon.body}</svg>`;
  const { default: sharp } = await import("sharp"); // native code, which is not always allowed
  // 72 dots an inch is one pixel a unit.
  const density = Math.max(1, 72 * size / Math.max(w, h));
  return await sharp(new TextEncoder().encode(svg), { density })
    .resize(size, size, { fit: "contain", background: "#fff" })
    .flatten({ background: "#fff" }).toColourspace("srgb").removeAlpha().raw().toBuffer();
}

/** Deno fetches, caches and pins the packages like code; only their JSON is read. */
async function loadJson(set: EmojiSet, file: string): Promise<unknown> {
  try {
    return (await import(`@iconify-json/${set}/${file}`, { with: { type: "json" } })).default;
  } catch (error) {
    throw new RunError(
      `Cannot load the icon set "@iconify-json/${set}" from npm: ${(error as Error).message}`,
    );
  }
}

async function sizeOf(file: string): Promise<number> {
  return await Deno.stat(file).then((info) => info.size, () => -1);
}
