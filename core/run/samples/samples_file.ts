/**
 * `samples.json`: what a report shows of evaluations beside their figures, of a few images: a map of their features, and
 * the neighbours of some pictures with the pictures themselves, for the teacher, the beginning and the newest student.
 *
 * @module
 */
import { z } from "zod";
import { RunError } from "../../errors.ts";
import { readTextIfThere } from "../../files/text_file.ts";
import { oneLine } from "../../text/printable.ts";

const index = z.int().min(0), finite = z.number().finite();

const NETWORK = z.object({
  /** Steps that it had been trained for. */
  step: index,
  /** Features of the map's images, in the plane of their first two principal components. */
  points: z.array(z.tuple([finite, finite])),
  /** Shares of the features' variance that the two components have. */
  shares: z.tuple([finite, finite]),
  /** Of each of the pictures the nearest of the gallery, best first: their numbers, and the cosines. */
  neighbours: z.array(z.array(z.object({ image: index, similarity: finite }))),
});

const SAMPLES = z.object({
  format: z.literal(1),
  /** Images that are asked about, and searched in, in all. */
  queries: index,
  gallery: index,
  map: z.object({
    /** Numbers of the queries that are on it. */
    images: z.array(index),
    /** Their classes, indices into `classes`; null: there are none. */
    labels: z.array(index).nullable(),
    classes: z.array(z.string()),
    /** How many classes the queries have; more than `classes`: these were chosen. */
    classes_in_all: index,
  }),
  /** Numbers of the queries whose neighbours are told. */
  asked: z.array(index),
  networks: z.record(z.string(), NETWORK),
  /** By `query N` and `gallery N`. */
  pictures: z.record(
    z.string(),
    z.object({
      name: z.string(),
      /** Null: it has none. */
      class: z.string().nullable(),
      /** The centre crop as WebP, base64. */
      webp: z.string().regex(/^[A-Za-z0-9+/]*={0,2}$/),
    }),
  ),
});

/** Content of the file. */
export type Samples = z.output<typeof SAMPLES>;

/** What is kept of one network. */
export type NetworkSample = z.output<typeof NETWORK>;

/** Larger ones are none that a run has written. */
const MOST_BYTES = 64 << 20;

/**
 * Reads the file.
 *
 * @returns null if there is none.
 * @throws {RunError} If it is damaged.
 */
export async function readSamples(path: string): Promise<Samples | null> {
  const size = await Deno.stat(path).then(({ size }) => size, () => 0);
  if (size > MOST_BYTES) throw damaged(path, `it has ${size} bytes`);
  const text = await readTextIfThere(path);
  if (text === null) return null;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw damaged(path, (error as Error).message);
  }
  const { success, data, error } = SAMPLES.safeParse(value);
  if (!success) throw damaged(path, `${error.issues[0].path.join(".")}: ${error.issues[0].message}`);
  const problem = inconsistency(data);
  if (problem) throw damaged(path, problem);
  return data;
}

function damaged(path: string, why: string): RunError {
  return new RunError(
    `The file "${path}" is damaged: ${
      oneLine(why).slice(0, 200)
    }; bring it back, or delete it to go on without`,
  );
}

/** What does not fit together; null: all does. */
function inconsistency({ map, asked, networks }: Samples): string | null {
  const { images, labels, classes } = map;
  if (labels && labels.length !== images.length) return "map.labels are not as many as its images";
  if (labels?.some((label) => label >= classes.length)) return "map.labels has one that no class is of";
  for (const [name, { points, neighbours }] of Object.entries(networks)) {
    if (points.length !== images.length) return `networks.${name}.points are not as many as the map's images`;
    if (neighbours.length !== asked.length) return `networks.${name}.neighbours are not of all pictures`;
  }
  return null;
}
