/**
 * Which of several runs came out best: a function of their figures alone, by the rules of docs/report.md.
 *
 * @module
 */
import { percent, points } from "../phrases.ts";
import { clearDifference } from "../verdict.ts";

/** What is compared of a run. */
export interface RunOutcome {
  name: string;
  /** The last student's; null: it has none. */
  value: number | null;
  /** Images that it is a share of; null: not recorded. */
  queries: number | null;
}

/**
 * The outcome in a sentence.
 *
 * @param figure What they are compared by, for people; null: they share no figure.
 * @param otherwise What is known to differ in how the figure was measured, as `on other pictures`; null: nothing.
 */
export function outcomeOf(
  figure: string | null,
  runs: readonly RunOutcome[],
  otherwise: string | null,
): string {
  if (figure === null) return "These runs have no figure in common.";
  if (otherwise !== null) {
    return `These runs were evaluated ${otherwise}: their figures cannot be compared.`;
  }
  const known = runs.filter((run): run is RunOutcome & { value: number } => run.value !== null);
  const sorted = [...known].sort((a, b) => b.value - a.value), [best, second] = sorted;
  if (!best || !second) return `No two of these runs have a student's ${figure}.`;
  const clear = clearDifference(best.value, second.value, best.queries);
  const level = sorted.filter(({ value }) => best.value - value <= clear);
  if (level.length === 1) {
    return `${best.name} is best by ${figure}, ${percent(best.value)}: ${
      points(best.value - second.value)
    } before ${second.name}.`;
  }
  const names = level.map(({ name }) => name), last = names.pop();
  return `${names.join(", ")} and ${last} are level by ${figure}, at ${percent(best.value)} to ${
    percent(level.at(-1)!.value)
  }: differences of ${points(clear)} are within chance.`;
}
