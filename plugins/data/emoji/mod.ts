/**
 * Emoji drawn by five hands: the same concepts under the same names in five icon sets of npm. One set is held out;
 * finding the same concept as another hand drew it, or its category, tells how good an embedding is.
 *
 * @module
 */
import { type DataSource, definePlugin, type ImageSet, z } from "@seed/core";
import { type DrawnSet, drawSet, EMOJI_SETS, loadCategories, versionOf } from "./pictures.ts";

const set = z.enum(EMOJI_SETS);

export default definePlugin({
  kind: "data",
  name: "@seed/data-emoji",
  apiVersion: 1,
  about: {
    summary: "About 7,600 emoji of 1,700 concepts, drawn by five hands; fetched from npm",
    source: "@iconify-json packages; licences in docs/data_attributions.md",
  },
  options: z.strictObject({
    /** Side of a picture in pixels. */
    size: z.int().min(16).max(512).default(128),
    /** Sets to train on, without their names. */
    train: z.array(set).min(1).default(["noto", "twemoji", "openmoji", "emojione"]),
    /** Set that neighbours are searched in. */
    gallery: set.default("noto"),
    /** Set that is searched for. */
    queries: set.default("fluent-emoji-flat"),
  }).refine(({ train, queries }) => !train.includes(queries), {
    path: ["train"],
    message: "The set of the queries must be held out of training",
  }).refine(({ train }) => new Set(train).size === train.length, {
    path: ["train"],
    message: "A set is trained on once",
  }).refine(({ gallery, queries }) => gallery !== queries, {
    path: ["gallery"],
    message: "The queries are searched for in another set: in their own each finds itself",
  }),
  async diagnose() {
    const versions = await Promise.all(EMOJI_SETS.map(async (set) => `${set} ${await versionOf(set)}`));
    return [{ subject: "Emoji", ok: true, message: `Icon sets ${versions.join(", ")}` }];
  },
  async create({ size, train, gallery, queries }, { cacheDir, log }) {
    const categories = await loadCategories();
    const draw = async (name: typeof gallery) =>
      await drawSet(name, { size, wanted: new Set(categories.keys()), cacheDir, log });
    const trained = [];
    for (const name of train) trained.push(await draw(name));
    const drawnGallery = await draw(gallery), drawnQueries = await draw(queries);
    const source: DataSource = {
      train: unlabelled(trained),
      evaluation: {
        gallery: labelled(drawnGallery, categories),
        queries: labelled(restricted(drawnQueries, new Set(drawnGallery.concepts)), categories),
      },
      [Symbol.dispose]() {},
    };
    return source;
  },
});

/** Several sets one after the other. */
function unlabelled(sets: DrawnSet[]): ImageSet {
  const places = sets.flatMap((drawn) => drawn.concepts.map((_, index) => ({ drawn, index })));
  return { length: places.length, image: (i) => places[i].drawn.image(places[i].index) };
}

/** Labels are categories, identities are concepts. */
function labelled(drawn: DrawnSet, categories: Map<string, string>): ImageSet {
  const classNames = [...new Set(categories.values())].sort();
  const conceptIds = new Map([...categories.keys()].map((concept, id) => [concept, id]));
  return {
    length: drawn.concepts.length,
    image: drawn.image,
    label: (i) => classNames.indexOf(categories.get(drawn.concepts[i])!),
    classNames,
    identity: (i) => conceptIds.get(drawn.concepts[i])!,
  };
}

/** Only concepts that the gallery has too: others could not be found. */
function restricted(drawn: DrawnSet, known: Set<string>): DrawnSet {
  const kept = drawn.concepts.flatMap((concept, index) => known.has(concept) ? [index] : []);
  return { concepts: kept.map((index) => drawn.concepts[index]), image: (i) => drawn.image(kept[i]) };
}
