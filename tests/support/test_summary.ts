import { stripVTControlCharacters } from "node:util";

/** What `deno test` counts in its closing line. */
export interface TestSummary {
  passed: number;
  steps: number;
  failed: number;
  failedSteps: number;
  ignored: number;
}

/** Of no test at all. */
export const NOTHING: TestSummary = { passed: 0, steps: 0, failed: 0, failedSteps: 0, ignored: 0 };

const CLOSING_LINE =
  /^(?:ok|FAILED) \| (\d+) passed(?: \((\d+) steps?\))? \| (\d+) failed(?: \((\d+) steps?\))?(?: \| (\d+) ignored)?/gm;

/** The counts of a process, from what it has written; null if it did not come to its closing line. */
export function summaryOf(output: string): TestSummary | null {
  const found = [...stripVTControlCharacters(output).matchAll(CLOSING_LINE)].at(-1);
  if (!found) return null;
  const [passed, steps, failed, failedSteps, ignored] = found.slice(1).map((count) => Number(count ?? 0));
  return { passed, steps, failed, failedSteps, ignored };
}

/** Whether a process ended between two tests, none of which had failed: its last line is of a test, no step, that is over. */
export function endedBetweenTests(output: string): boolean {
  const text = stripVTControlCharacters(output).trimEnd();
  return summaryOf(text) === null && !/ \.\.\. FAILED/.test(text) &&
    /^\S.* \.\.\. (ok|ignored)( \(.*\))?$/.test(text.split("\n").at(-1)!);
}

/** The counts of several processes together. */
export function total(summaries: readonly TestSummary[]): TestSummary {
  const sum = { ...NOTHING };
  for (const summary of summaries) {
    for (const key of Object.keys(sum) as (keyof TestSummary)[]) sum[key] += summary[key];
  }
  return sum;
}

/** A closing line as `deno test` writes it. */
export function closingLine(
  { passed, steps, failed, failedSteps, ignored }: TestSummary,
  seconds: number,
): string {
  const inSteps = (count: number) => count ? ` (${count} step${count === 1 ? "" : "s"})` : "";
  const parts = [
    failed ? "FAILED" : "ok",
    `${passed} passed${inSteps(steps)}`,
    `${failed} failed${inSteps(failedSteps)}`,
    ...ignored ? [`${ignored} ignored`] : [],
  ];
  const minutes = Math.floor(seconds / 60), rest = Math.round(seconds % 60);
  return `${parts.join(" | ")} (${minutes ? `${minutes}m` : ""}${rest}s)`;
}
