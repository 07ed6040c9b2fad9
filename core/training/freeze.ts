/**
 * Which of a student's parameters training leaves as they are (`train.freeze`).
 *
 * @module
 */
import { nearest } from "../text/nearest.ts";

/**
 * Whether a parameter of a student is its projection head's: its name begins with `head.`. timm's ConvNeXts have a norm
 * of such a name, `head.norm`, which is the network's.
 */
export function isHeadName(name: string): boolean {
  return name.startsWith("head.") && !name.startsWith("head.norm.");
}

/** The projection head as a whole; `head.norm` has to be named where it is meant. */
const WHOLE_HEAD = ["head", "head.*"];

/**
 * Whether a parameter's name, or a module that it is in, is one of those that are to be left as they are.
 *
 * @param patterns For example `conv_stem`, `blocks.0`, `blocks.*.bn1`; `*` stands for any characters, dots too. `head`
 *   and `head.*` are the projection head, without a network's `head.norm`.
 */
export function frozenBy(patterns: readonly string[]): (name: string) => boolean {
  const split = patterns.filter((pattern) => !WHOLE_HEAD.includes(pattern)).map((pattern) =>
    pattern.split("*")
  );
  const wholeHead = split.length < patterns.length;
  return (name) => {
    if (wholeHead && isHeadName(name)) return true;
    const modules = modulesOf(name);
    return split.some((parts) => modules.some((module) => matches(module, parts)));
  };
}

/** What is wrong with `train.freeze`, and with `train.head_lr` beside it. */
export function freezeProblems(
  { freeze, headLr }: { freeze: readonly string[]; headLr: number | null },
  names: readonly string[],
): { key: (string | number)[]; message: string }[] {
  const problems = freeze.flatMap((pattern, i) => {
    const matches = frozenBy([pattern]);
    if (names.some(matches)) return [];
    return [{
      key: ["freeze", i],
      message: `"${pattern}" names nothing of the student. ${closeTo(pattern, names)}`,
    }];
  });
  if (problems.length) return problems;
  const isFrozen = frozenBy(freeze);
  if (freeze.length && names.every(isFrozen)) {
    return [{ key: ["freeze"], message: "All of the student is frozen: nothing is trained" }];
  }
  if (headLr === null || !names.filter(isHeadName).every(isFrozen)) return [];
  return [{
    key: ["head_lr"],
    message: "The projection head is frozen, so that nothing has this rate; take it out",
  }];
}

/** `blocks`, `blocks.0`, `blocks.0.weight` of the last. */
function modulesOf(name: string): string[] {
  const parts = name.split(".");
  return parts.map((_, i) => parts.slice(0, i + 1).join("."));
}

/** Whether parts stand in a text in their order: the first at its start, the last at its end. In linear time. */
function matches(text: string, [first, ...rest]: readonly string[]): boolean {
  const last = rest.pop();
  if (last === undefined) return text === first;
  if (!text.startsWith(first)) return false;
  let at = first.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return text.length - last.length >= at && text.endsWith(last);
}

function closeTo(pattern: string, names: readonly string[]): string {
  const modules = new Set(names.flatMap(modulesOf)), close = nearest(pattern, modules);
  if (close) return `Did you mean "${close}"?`;
  const top = [...new Set(names.map((name) => name.split(".")[0]))];
  return `It is made of ${top.join(", ")}`;
}
