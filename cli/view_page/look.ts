import {
  type Augmenter,
  type ImageSet,
  type Pixels,
  Random,
  RunError,
  type ViewDescription,
} from "@seed/core";
import {
  type BatchRequest,
  createPlugin,
  type Host,
  pipelineOptions,
  pluginContext,
  type PluginUse,
  type Recipe,
  streamsOf,
  viewKey,
  ViewPipeline,
  VIEWS,
  type ViewStream,
} from "@seed/core/host";
import { type ChannelFigures, ChannelSums, studentInput } from "./channels.ts";
import { chooseImages, membersOf, spread } from "./choose_images.ts";
import { readPicture, thumbnailOf, toPng } from "./pictures.ts";

/** What training would show of a recipe's data. */
export interface Look {
  /** Images of the training set. */
  images: number;
  /** Of those that were looked at, how many cannot be read; others are shown in their places, as in training. */
  skipped: number;
  /** Images of each class, in the order of the classes; null: there are no labels. */
  classes: { name: string; images: number }[] | null;
  /** Sizes of some images that are spread over the listing. */
  sizes: { width: number; height: number }[];
  shown: ShownImage[];
  /** Of the views that are shown. */
  channels: ChannelFigures;
}

/** An image beside its views. */
export interface ShownImage {
  name: string;
  /** Its class; null: there are no labels. */
  className: string | null;
  width: number;
  height: number;
  /** PNG. */
  thumbnail: Uint8Array;
  views: ShownView[];
  /** Small patches; empty if the recipe has none. */
  patches: ShownView[];
}

/** One view. */
export interface ShownView {
  number: number;
  /** Side in pixels. */
  size: number;
  /** PNG of its pixels as they are. */
  png: Uint8Array;
  /** How it was made; null: the augmenter does not tell. */
  choices: ViewDescription | null;
}

/** Images whose size is looked at: they are decoded, which takes milliseconds each. */
const MEASURED = 256;

/** A stream of views of an image, as training has it. */
interface Source {
  stream: ViewStream;
  augmenter: Augmenter;
  /** Views that are shown of each image, from number 0. */
  views: number;
}

/**
 * Makes the first views of some images, in the pipeline and with the keys of training. Needs no teacher, no weights
 * and no engine.
 *
 * @param count.views Views of each image; where the teacher's cache fixes fewer, there are no more.
 * @throws {RunError} If there are no images, or one of them does not decode.
 */
export async function lookAt(
  recipe: Recipe,
  count: { images: number; views: number },
  host: Host,
): Promise<Look> {
  using data = await make(recipe.data, recipe, host);
  const { train } = data, members = membersOf(train);
  const sources = await sourcesOf(
    recipe,
    Math.min(count.views, recipe.teacher?.cache?.views ?? Infinity),
    host,
  );
  await using pipeline = await ViewPipeline.start(pipelineOptions(recipe, host));
  const wanted = [chooseImages(train, count.images), spread(train.length, MEASURED)];
  const { images: [chosen, measured], skipped } = recipe.data.on_error === "skip"
    ? await readableOf(train, wanted, pipeline, host)
    : { images: wanted, skipped: 0 };
  const sums = new ChannelSums(), shown: ShownImage[] = [];
  for await (const made of makeViews(recipe, train, chosen, sources, pipeline)) {
    host.signal.throwIfAborted();
    for (const pixels of made.pixels[0]) sums.add(pixels);
    shown.push(await showImage(recipe, train, made, sources));
  }
  return {
    images: train.length,
    skipped,
    classes: members?.map(({ length }, i) => ({ name: train.classNames![i], images: length })) ?? null,
    sizes: await sizesOf(train, measured, host),
    shown,
    channels: sums.figures(await studentInput(recipe, host)),
  };
}

async function make<K extends "data" | "augmenter">(use: PluginUse<K>, { seed }: Recipe, host: Host) {
  return await createPlugin(use, pluginContext(use, seed, host) as never);
}

async function sourcesOf(recipe: Recipe, views: number, host: Host): Promise<Source[]> {
  const uses = [recipe.augmenter, ...recipe.smallPatches.map(({ augmenter }) => augmenter)];
  const sources: Source[] = [];
  for (const stream of streamsOf(recipe)) {
    const augmenter = await make(uses[stream.augmenter], recipe, host);
    sources.push({ stream, augmenter, views: stream.name === VIEWS ? views : stream.views });
  }
  return sources;
}

/** The views of an image. */
interface MadeViews {
  /** Index in the set. */
  image: number;
  /** `[size, size, 3]` uint8 each, by source. */
  pixels: Uint8Array[][];
}

async function* makeViews(
  recipe: Recipe,
  train: ImageSet,
  images: readonly number[],
  sources: readonly Source[],
  pipeline: ViewPipeline,
): AsyncGenerator<MadeViews> {
  const { seed } = recipe;
  const requests = images.flatMap((image) => sources.map((source) => requestOf(train, image, source, seed)));
  let made: Uint8Array[][] = [];
  for await (const { pixels, size, tag: image } of pipeline.batches(requests)) {
    const bytes = size ** 2 * 3, views = [];
    for (let at = 0; at < pixels.length; at += bytes) views.push(pixels.slice(at, at + bytes));
    made.push(views);
    if (made.length < sources.length) continue;
    yield { image, pixels: made };
    made = [];
  }
}

function requestOf(train: ImageSet, image: number, source: Source, seed: number): BatchRequest<number> {
  const { stream, augmenter: { size }, views } = source, numbers = Array.from({ length: views }, (_, i) => i);
  return {
    images: numbers.map(() => train.image(image)),
    keys: numbers.map((number) => viewKey(stream, { seed, image, number })),
    augmenter: stream.augmenter,
    ...{ size, tag: image },
  };
}

async function showImage(
  { seed }: Recipe,
  train: ImageSet,
  { image, pixels }: MadeViews,
  sources: readonly Source[],
): Promise<ShownImage> {
  const reference = train.image(image), picture = await readPicture(reference), { width, height } = picture;
  const show = async (source: Source, i: number): Promise<ShownView[]> =>
    await Promise.all(pixels[i].map(async (data, number) => ({
      number,
      size: source.augmenter.size,
      png: await toPng({ data, width: source.augmenter.size, height: source.augmenter.size }),
      choices: source.augmenter.describe?.(
        picture,
        new Random(...viewKey(source.stream, { seed, image, number })),
      ) ??
        null,
    })));
  const [views, ...patches] = await Promise.all(sources.map(show));
  return {
    name: reference.name,
    className: train.classNames?.[train.label!(image)] ?? null,
    width,
    height,
    thumbnail: await thumbnailOf(picture),
    views,
    patches: patches.flat(),
  };
}

async function sizesOf(train: ImageSet, measured: readonly number[], host: Host): Promise<Look["sizes"]> {
  const sizes = [];
  for (const index of measured) {
    host.signal.throwIfAborted();
    const reference = train.image(index);
    const { width, height }: Omit<Pixels, "data"> = reference.pixels ?? await readPicture(reference);
    sizes.push({ width, height });
  }
  return sizes;
}

/**
 * Images in the places of those that cannot be read: the next of the listing that can, each once.
 *
 * @throws {RunError} If none can be.
 */
async function readableOf(
  train: ImageSet,
  wanted: readonly number[][],
  pipeline: ViewPipeline,
  { signal }: Host,
): Promise<{ images: number[][]; skipped: number }> {
  const looked = new Set<number>(), broken = new Set<number>();
  const next = (image: number) => {
    while (broken.has(image)) image = (image + 1) % train.length;
    return image;
  };
  for (;;) {
    const open = [...new Set(wanted.flat().map(next))].filter((image) => !looked.has(image));
    if (open.length === 0) break;
    const messages: string[] = [];
    await pipeline.check({ length: open.length, image: (i) => train.image(open[i]) }, {
      signal,
      broken({ index, message }) {
        broken.add(open[index]);
        messages.push(message);
      },
    });
    for (const image of open) looked.add(image);
    if (broken.size === train.length) {
      throw new RunError(`None of the ${train.length} images can be read. One of them: ${messages[0]}`);
    }
  }
  return { images: wanted.map((images) => [...new Set(images.map(next))]), skipped: broken.size };
}
