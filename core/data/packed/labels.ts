/**
 * Labels of many images, as data sets give them: numbers of classes, or their names.
 *
 * @module
 */

import { RunError } from "../../errors.ts";
import { quoted } from "../../text/printable.ts";

/** Labels of images, in their order. */
export interface Labels {
  /** Class of each, an index into `classNames` or else a number of its own; -1: none. */
  readonly labels: Int32Array;
  /** Null: labels are numbers. */
  readonly classNames: readonly string[] | null;
}

/** There are not as many classes as this: a list of their names would be too long. */
const MAX_CLASSES = 1 << 20;

/** A label that is a whole number, written without leading zeros; null: it is another text. */
export function parseLabel(text: string): number | null {
  return /^(0|[1-9]\d{0,6})$/.test(text) && Number(text) < MAX_CLASSES ? Number(text) : null;
}

/** Whether every image has a label. */
export function haveLabels(sets: readonly Labels[]): boolean {
  return sets.every(({ labels }) => labels.every((label) => label >= 0));
}

/** Images with names, of one file. */
export interface NamedLabels extends Labels {
  readonly path: string;
  readonly names: { at(index: number): string };
}

/**
 * Makes sure that all images of some files have a label, or none.
 *
 * @throws {RunError} If some have one and others not: no figure would be true of the labels of some alone.
 */
export function requireLabelsOfAll(files: readonly NamedLabels[]): void {
  const total = files.reduce((sum, { labels }) => sum + labels.length, 0);
  const bare = files.reduce((sum, { labels }) => sum + labels.filter((label) => label < 0).length, 0);
  if (bare === 0 || bare === total) return;
  const { path, names, labels } = files.find(({ labels }) => labels.includes(-1))!;
  throw new RunError(
    `${bare} of ${total} images have no label, and the others have one; the first without is ${
      quoted(names.at(labels.indexOf(-1)))
    } in ${quoted(path, 300)}. Give all of them one, or none`,
  );
}

/** Names of the classes that labels are of: those that they bring, sorted, else numbers. */
export function classNamesOf(sets: readonly Labels[]): string[] {
  if (!sets.some(({ classNames }) => classNames)) return numbersUpTo(largest(sets));
  return [...new Set(sets.flatMap(({ classNames }) => classNames ?? []))].sort();
}

/** Gives names to the labels that are numbers, if others have names: then 1 is the class of the name "1". */
export function withSameKindOfLabels<T extends Labels>(sets: readonly T[]): T[] {
  const isNamed = sets.some(({ classNames }) => classNames);
  return sets.map((set) => ({
    ...set,
    classNames: set.classNames ?? (isNamed ? numbersUpTo(largest([set])) : null),
  }));
}

/** Reads a set's labels as indices into `classNames`, which has all its names. */
export function labelIn(
  { labels, classNames: own }: Labels,
  classNames: readonly string[],
): (at: number) => number {
  if (own === null) return (at) => labels[at];
  const ids = new Map(classNames.map((name, id) => [name, id])), meanings = own.map((name) => ids.get(name)!);
  return (at) => meanings[labels[at]];
}

/** Collects labels as texts: an empty one is none. */
export class LabelCollector {
  readonly #ids = new Map<string, number>();
  readonly #labels: number[] = [];

  /** Returns what is wrong with it; null: nothing. */
  push(text: string): string | null {
    const hasLabels = this.#labels.length > 0 && this.#labels[0] >= 0;
    if (this.#labels.length > 0 && hasLabels !== (text !== "")) {
      return hasLabels
        ? "has no label, but those before have one"
        : "has a label, but those before have none";
    }
    const id = text === "" ? -1 : this.#ids.get(text) ?? this.#ids.size;
    if (id === this.#ids.size) this.#ids.set(text, id);
    this.#labels.push(id);
    return this.#ids.size > MAX_CLASSES ? `begins class ${MAX_CLASSES + 1}, expected fewer` : null;
  }

  /** Numbers if all labels are, else indices into their sorted names. */
  finish(): Labels {
    const texts = [...this.#ids.keys()], numbers = texts.map(parseLabel);
    const isNumbers = numbers.every((number) => number !== null);
    const classNames = isNumbers ? null : texts.toSorted();
    const ids = new Map(classNames?.map((name, id) => [name, id]));
    const meanings = isNumbers ? numbers : texts.map((text) => ids.get(text)!);
    return { labels: Int32Array.from(this.#labels, (id) => id < 0 ? id : meanings[id]), classNames };
  }
}

function largest(sets: readonly Labels[]): number {
  return sets.reduce((most, { labels }) => labels.reduce((a, b) => Math.max(a, b), most), -1);
}

function numbersUpTo(last: number): string[] {
  return Array.from({ length: last + 1 }, (_, i) => `${i}`);
}
