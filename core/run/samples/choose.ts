/**
 * Which images a report shows: a seeded choice, the same for every network of a run and however often it is resumed.
 *
 * @module
 */
import type { ImageSet } from "../../interfaces/data_source.ts";
import { Random } from "../../random.ts";
import type { Samples } from "./samples_file.ts";

/** Images on a map: more hide each other. */
const MOST_ON_MAP = 500;
/** Classes on a map: more colours and shapes are not told apart. */
const MOST_CLASSES = 12;
/** Pictures whose neighbours are shown. */
const MOST_ASKED = 8;

/** Images for the map: of more than twelve classes those of twelve of them. */
export function chooseForMap(queries: ImageSet, seed: number): Samples["map"] {
  const order = new Random(seed, "report's map").permutation(queries.length);
  if (!queries.label) {
    return { images: sorted(order.subarray(0, MOST_ON_MAP)), labels: null, classes: [], classes_in_all: 0 };
  }
  const there = new Set<number>();
  for (let i = 0; i < queries.length; i++) there.add(queries.label(i));
  const all = sorted([...there]), chosen = chooseOf(all, seed);
  const images = sorted(
    [...order].filter((image) => chosen.includes(queries.label!(image))).slice(0, MOST_ON_MAP),
  );
  return {
    images,
    labels: images.map((image) => chosen.indexOf(queries.label!(image))),
    classes: chosen.map((label) => nameOf(queries, label)),
    classes_in_all: all.length,
  };
}

function chooseOf(labels: readonly number[], seed: number): number[] {
  const order = new Random(seed, "report's classes").permutation(labels.length);
  return sorted([...order].slice(0, MOST_CLASSES).map((i) => labels[i]));
}

/** Pictures whose neighbours are shown: of other classes as far as there are some. */
export function chooseAsked(queries: ImageSet, seed: number): number[] {
  const order = [...new Random(seed, "report's pictures").permutation(queries.length)];
  const { label } = queries;
  if (!label) return order.slice(0, MOST_ASKED);
  const seen = new Set<number>();
  const isFirst = (image: number) => {
    const own = queries.label!(image), isNew = !seen.has(own);
    seen.add(own);
    return isNew;
  };
  const firsts = order.filter(isFirst), others = order.filter((image) => !firsts.includes(image));
  return [...firsts, ...firsts.length < MOST_ASKED ? others : []].slice(0, MOST_ASKED);
}

/** What a class is called. */
export function nameOf({ classNames }: ImageSet, label: number): string {
  return classNames?.[label] ?? `${label}`;
}

function sorted(numbers: Iterable<number>): number[] {
  return [...numbers].sort((a, b) => a - b);
}
