import { RunError } from "../../errors.ts";
import { nearestNeighbours } from "../../evaluation/neighbours.ts";
import type { ViewPipeline } from "../../images/pipeline/view_pipeline.ts";
import type { ImageSet } from "../../interfaces/data_source.ts";
import type { Embedded, EmbeddedSet } from "../../interfaces/evaluator.ts";
import type { PicturesRecord } from "../../interfaces/logger.ts";
import type { RunDirectory } from "../run_directory.ts";
import { chooseAsked, chooseForMap, nameOf } from "./choose.ts";
import { pixelsOf, smallPictures } from "./pictures.ts";
import { principalPlane } from "./principal_plane.ts";
import { type NetworkSample, readSamples, type Samples } from "./samples_file.ts";

/** Neighbours of a picture that are shown. */
const NEIGHBOURS = 5;

/** What a run's samples are made of and with. */
export interface SampleOptions {
  seed: number;
  pipeline: Pick<ViewPipeline, "batches">;
  signal: AbortSignal;
  /** Told what the user is to know. */
  log(message: string): void;
}

/** Keeps `samples.json` of a run: a little of each network that is evaluated, of students the newest alone. */
export class SampleKeeper {
  private constructor(
    private readonly directory: RunDirectory,
    private readonly options: SampleOptions,
    private samples: Samples | null,
  ) {}

  /** Goes on with those that the run has; a file that is damaged is made anew. */
  static async open(directory: RunDirectory, options: SampleOptions): Promise<SampleKeeper> {
    const samples = await readSamples(directory.file("samples")).catch((error) => {
      if (!(error instanceof RunError)) throw error;
      options.log(`${error.message}. It is made anew, as far as networks are evaluated again`);
      return null;
    });
    return new SampleKeeper(directory, options, samples);
  }

  /**
   * Takes what a report shows of a network.
   *
   * @param network `teacher`, `untrained`, `initial` or `student`.
   * @param step That it was trained for.
   */
  async add(network: string, step: number, { gallery, queries }: Embedded): Promise<void> {
    const samples = this.#samplesOf(queries.images, gallery.images);
    samples.networks[network] = await sampleOf(samples, step, { gallery, queries }, this.options.signal);
    await this.#addPictures(samples, queries.images, gallery.images);
    this.samples = samples;
    await this.directory.writeText("samples", JSON.stringify(samples) + "\n");
  }

  /** What loggers show of a network that was added: a row a picture, its nearest of the gallery after it. */
  async neighbours(network: string): Promise<PicturesRecord> {
    const { asked, networks, pictures } = this.samples!, { step, neighbours } = networks[network];
    const row = async (query: number, i: number) => {
      const keys = [`query ${query}`, ...neighbours[i].map(({ image }) => `gallery ${image}`)];
      return await Promise.all(keys.map((key) => pixelsOf(pictures[key].webp)));
    };
    return { step, name: `neighbours/${network}`, rows: await Promise.all(asked.map(row)) };
  }

  /** Those of the file, if they are of the same images. */
  #samplesOf(queries: ImageSet, gallery: ImageSet): Samples {
    const { samples: kept, options: { seed } } = this, map = chooseForMap(queries, seed);
    const asked = chooseAsked(queries, seed), counts = { queries: queries.length, gallery: gallery.length };
    const same = kept && JSON.stringify([kept.map, kept.asked, kept.queries, kept.gallery]) ===
        JSON.stringify([map, asked, counts.queries, counts.gallery]);
    return same ? { ...kept, networks: { ...kept.networks } } : {
      ...{ format: 1, ...counts, map, asked, networks: {}, pictures: {} },
    };
  }

  /** Of all networks' neighbours; those that are shown no more go. */
  async #addPictures(samples: Samples, queries: ImageSet, gallery: ImageSet): Promise<void> {
    const near = Object.values(samples.networks).flatMap(({ neighbours }) =>
      neighbours.flat().map(({ image }) => image)
    );
    const shown = new Map([
      ...samples.asked.map((image) => [`query ${image}`, { set: queries, image }] as const),
      ...near.map((image) => [`gallery ${image}`, { set: gallery, image }] as const),
    ]);
    const missing = [...shown].filter(([key]) => !Object.hasOwn(samples.pictures, key));
    const made = await smallPictures(
      missing.map(([, { set, image }]) => set.image(image)),
      this.options.pipeline,
    );
    const all = new Map(Object.entries(samples.pictures));
    missing.forEach(([key, { set, image }], i) => {
      const own = set.label ? nameOf(set, set.label(image)) : null;
      all.set(key, { name: set.image(image).name, class: own, webp: made[i] });
    });
    samples.pictures = Object.fromEntries([...shown.keys()].map((key) => [key, all.get(key)!]));
  }
}

/** The map and the neighbours of one network. */
async function sampleOf(
  { map, asked }: Pick<Samples, "map" | "asked">,
  step: number,
  { gallery, queries }: Embedded,
  signal: AbortSignal,
): Promise<NetworkSample> {
  const { points, shares } = await principalPlane(rowsOf(queries, map.images), queries.featureDim, signal);
  const neighbours = await nearestNeighbours(
    { data: rowsOf(queries, asked), dim: queries.featureDim },
    { data: gallery.features, dim: gallery.featureDim },
    { k: Math.min(NEIGHBOURS, gallery.images.length), signal },
  );
  return {
    step,
    points: points.map(([x, y]) => [rounded(x), rounded(y)]),
    shares: [rounded(shares[0]), rounded(shares[1])],
    neighbours: neighbours.map(({ indices, similarities }) =>
      Array.from(indices, (image, i) => ({ image, similarity: rounded(similarities[i]) }))
    ),
  };
}

function rowsOf({ features, featureDim: dim }: EmbeddedSet, images: readonly number[]): Float32Array {
  const rows = new Float32Array(images.length * dim);
  images.forEach((image, i) => rows.set(features.subarray(image * dim, (image + 1) * dim), i * dim));
  return rows;
}

/** More than a picture shows. */
function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
