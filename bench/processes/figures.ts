import type { Step } from "./steps.ts";

/** What the steps of a way to use the machine come to; times are milliseconds. */
export interface Figures {
  /** Median of a step. */
  step: number;
  imagesPerSecond: number;
  /** Of processor, all processes together, for an image. */
  processorPerImage: number;
  /** Means of a step: waits for the slowest process, the sum, what else is told. */
  wait: number;
  sum: number;
  small: number;
  /** Steps that count, and all. */
  counted: number;
  all: number;
}

/**
 * @param members Steps by process.
 * @param about.images That a step takes: of all processes together, or of each of the runs apart.
 * @param about.othersAtMost Processors that other programs may have used in a step that counts.
 */
export function figuresOf(
  members: readonly Step[][],
  { images, isApart, othersAtMost }: { images: number; isApart: boolean; othersAtMost: number },
): Figures {
  const quiet = members.map((steps) => steps.filter(({ others, wall }) => others <= othersAtMost * wall));
  const rates = quiet.map((steps) => 1000 * images / median(steps.map(({ wall }) => wall)));
  const costs = quiet.map((steps) => median(steps.map(({ processor }) => processor)) / images);
  const all = quiet.flat(),
    mean = (of: (step: Step) => number) => all.reduce((sum, step) => sum + of(step), 0) / all.length;
  return {
    step: median(all.map(({ wall }) => wall)),
    imagesPerSecond: isApart ? sum(rates) : mean1(rates),
    processorPerImage: isApart ? mean1(costs) : sum(costs),
    ...{ wait: mean(({ wait }) => wait), sum: mean(({ sum }) => sum), small: mean(({ small }) => small) },
    ...{ counted: all.length, all: members.flat().length },
  };
}

/** A table of them, and how each compares with the first and with the runs apart. */
export function table(ways: readonly (Figures & { name: string })[]): string {
  const [alone] = ways;
  const rows = ways.map(({ name, ...way }) => {
    const count = Number.parseInt(name), apart = ways.find(({ name }) => name === `${count} runs apart`);
    const ms = (value: number) => value.toFixed(1);
    return [
      ...[name, way.step.toFixed(0), way.imagesPerSecond.toFixed(1)],
      ratio(way.imagesPerSecond, alone.imagesPerSecond),
      apart ? ratio(way.imagesPerSecond, apart.imagesPerSecond) : "",
      ms(way.processorPerImage),
      ...name.endsWith("processes") ? [ms(way.wait), ms(way.sum), ms(way.small)] : ["", "", ""],
      `${way.counted} of ${way.all}`,
    ];
  });
  const header = [
    ...["", "ms a step", "images/s", "of 1 process", "of runs apart", "ms of processor an image"],
    ...["waits", "sum", "flag, rows", "quiet steps"],
  ];
  const widths = header.map((_, i) => Math.max(...[header, ...rows].map((row) => row[i].length)));
  return [header, ...rows].map((row) =>
    row.map((cell, i) => i ? cell.padStart(widths[i]) : cell.padEnd(widths[i])).join("  ")
  ).join("\n");
}

function ratio(a: number, b: number): string {
  return `${(100 * a / b).toFixed(0)} %`;
}

function sum(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

function mean1(values: readonly number[]): number {
  return sum(values) / values.length;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b), middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
