import type { Step } from "./steps.ts";

/** A way to spend the machine's cores on a batch. */
export interface Way {
  name: string;
  /** Images that all its processes together take in a step. */
  images: number;
  /** Steps by process and block; blocks of the same number were run one after the other by all ways. */
  blocks: readonly Step[][][];
}

/** What the steps of a way come to; times are milliseconds. */
export interface Figures {
  /** Median over the blocks of their mean step. */
  step: number;
  imagesPerSecond: number;
  /** Of processor, all processes together, for an image: the median step. */
  processorPerImage: number;
  /** Means of a step: waits for the slowest process, the sum, what else is told. */
  wait: number;
  sum: number;
  small: number;
  /** Share of the machine that other programs took, of `cores`. */
  others: number;
}

export function figuresOf({ images, blocks }: Way, cores: number): Figures {
  const all = blocks.flat(2), mean = (of: (step: Step) => number) => meanOf(all.map(of));
  const step = medianOf(blockMeans(blocks));
  return {
    ...{ step, imagesPerSecond: 1000 * images / step },
    processorPerImage: blocks.reduce(
      (sum, own) => sum + medianOf(own.flat().map(({ processor }) => processor)),
      0,
    ) / images,
    ...{ wait: mean(({ wait }) => wait), sum: mean(({ sum }) => sum), small: mean(({ small }) => small) },
    others: mean(({ others, wall }) => others / wall) / cores,
  };
}

/** How many times as many images a second `way` makes as `other`: the median over the blocks, side by side. */
export function speedBeside(way: Way, other: Way): number {
  const [ours, theirs] = [way, other].map(({ blocks, images }) =>
    blockMeans(blocks).map((ms) => images / ms)
  );
  return medianOf(ours.map((speed, i) => speed / theirs[i]).filter(Number.isFinite));
}

/** The mean step of each block, of all processes. */
function blockMeans(blocks: readonly Step[][][]): number[] {
  return blocks[0].map((_, i) => meanOf(blocks.flatMap((own) => own[i].map(({ wall }) => wall))));
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

export function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b), middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** A table of ways. */
export function table(ways: readonly Way[], cores: number): string {
  const rows = ways.map((way) => {
    const figures = figuresOf(way, cores), ms = (value: number) => value.toFixed(1);
    const apart = ways.find(({ name }) => name === `${Number.parseInt(way.name)} runs apart`);
    return [
      ...[way.name, figures.step.toFixed(0), figures.imagesPerSecond.toFixed(1)],
      percent(speedBeside(way, ways[0])),
      apart ? percent(speedBeside(way, apart)) : "",
      ms(figures.processorPerImage),
      ...way.name.endsWith("processes")
        ? [ms(figures.wait), ms(figures.sum), ms(figures.small)]
        : ["", "", ""],
      percent(figures.others),
    ];
  });
  const header = [
    ...["", "ms a step", "images/s", "of 1 process", "of runs apart", "ms of processor an image"],
    ...["waits", "sum", "flag, rows", "others"],
  ];
  const widths = header.map((_, i) => Math.max(...[header, ...rows].map((row) => row[i].length)));
  return [header, ...rows].map((row) =>
    row.map((cell, i) => i ? cell.padStart(widths[i]) : cell.padEnd(widths[i])).join("  ")
  ).join("\n");
}

function percent(share: number): string {
  return `${(100 * share).toFixed(0)} %`;
}
