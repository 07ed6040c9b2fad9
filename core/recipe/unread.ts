/**
 * What a recipe says and nothing reads. An option that is passed over in silence is a run that is not the one that was
 * asked for, so it is an error, as a misspelt one is.
 *
 * @module
 */
import type { OptionProblem } from "../interfaces/plugin.ts";
import type { Needs } from "./objective_needs.ts";
import type { Problem } from "./recipe_document.ts";
import type { Path } from "./recipe_file.ts";

type Values = Readonly<Record<string, unknown>>;

/** A recipe as far as it could be read; what is missing is null. */
export interface Said {
  readonly objectives: readonly { readonly needs: Needs; readonly queue: unknown; readonly at: Path }[];
  readonly smallPatches: readonly { readonly queue: unknown; readonly at: Path }[];
  readonly queue: unknown;
  readonly teacher: { readonly cache: unknown } | null;
  /** How many evaluators it names. */
  readonly evaluators: number;
  readonly evaluate: { readonly teacher: unknown; readonly every_epochs: unknown };
}

/** Sections, and keys of the core's own, that nothing reads in this recipe. */
export function unreadSections({ objectives, smallPatches, evaluate, ...said }: Said): Problem[] {
  const problems: Problem[] = [], needy = objectives.filter(({ needs }) => needs.queue);
  const unread = (path: Path, why: string, how = "take it out") =>
    problems.push({ path, atKey: true, message: `Nothing reads "${path.join(".")}": ${why}; ${how}` });
  if (said.queue !== null && needy.every(({ queue }) => queue !== null)) {
    const why = needy.length
      ? "each objective has a queue of its own"
      : "no objective measures against a queue";
    unread(["queue"], why, "take it out, by null where it is inherited");
  }
  for (const { needs, queue, at } of objectives) {
    if (queue !== null && !needs.queue) unread([...at, "queue"], "the objective measures against no queue");
  }
  for (const { queue, at } of smallPatches) {
    if (queue !== null && !needy.length) unread([...at, "queue"], "no objective measures against a queue");
  }
  const taught = objectives.some(({ needs }) => needs.teacherViews.length > 0);
  const searched = objectives.some(({ needs }) => needs.neighbours);
  if (said.teacher && !taught && !searched && !said.evaluators) {
    unread(
      ["teacher"],
      "no objective learns from it, and nothing is evaluated",
      "take it out, by null where it is inherited",
    );
  } else if (said.teacher?.cache && !taught) {
    unread(["teacher", "cache"], "no objective looks at the teacher's embeddings of views");
  }
  if (!said.evaluators) {
    for (const key of ["teacher", "every_epochs"] as const) {
      if ((evaluate[key] ?? null) !== null) unread(["evaluate", key], "the recipe has no evaluator");
    }
  }
  return problems;
}

/** Which of a plugin's unread options a recipe gives. */
export function unreadOptions(unread: readonly OptionProblem[], given: Values, at: Path): Problem[] {
  return unread.filter(({ key }) => has(given, key.split("."))).map(({ key, message }) => ({
    path: [...at, ...key.split(".")],
    atKey: true,
    message: `Nothing reads "${key}": ${message}; take it out`,
  }));
}

function has(values: unknown, [key, ...rest]: string[]): boolean {
  if (typeof values !== "object" || values === null || !Object.hasOwn(values, key)) return false;
  return rest.length === 0 || has((values as Values)[key], rest);
}

/** Options without those that nothing reads. */
export function withoutUnread(options: Values, unread: readonly OptionProblem[]): Values {
  return unread.reduce((kept, { key }) => without(kept, key.split(".")), options);
}

function without(values: Values, [key, ...rest]: string[]): Values {
  const { [key]: value, ...others } = values;
  if (!rest.length || typeof value !== "object" || value === null) return rest.length ? values : others;
  return { ...values, [key]: without(value as Values, rest) };
}
