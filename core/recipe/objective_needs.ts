import type { ObjectiveNeeds } from "../interfaces/objective.ts";
import type { Plugin } from "../interfaces/plugin.ts";

/** An objective's needs with what it left out filled in. */
export type Needs = Required<Omit<ObjectiveNeeds, "neighbours">> & Pick<ObjectiveNeeds, "neighbours">;

/** Fills in the defaults of what an objective says it needs. */
export function fillNeeds(needs: ObjectiveNeeds): Needs {
  const { views = 1 } = needs;
  return {
    views,
    studentViews: needs.studentViews ?? Array.from({ length: views }, (_, view) => view),
    teacherViews: needs.teacherViews ?? [],
    queue: needs.queue ?? false,
    rowsPerImage: needs.rowsPerImage ?? 1,
    noise: needs.noise ?? false,
    neighbours: needs.neighbours,
  };
}

/**
 * What an objective needs with these options.
 *
 * @throws {Error} If it contradicts itself: a view that is not there, no view at all.
 */
export function needsOf(plugin: Plugin<"objective">, options: unknown): Needs {
  const needs = fillNeeds(plugin.needs!(options as never));
  const { views, studentViews, teacherViews, neighbours, rowsPerImage } = needs;
  const wrong = (problem: string) =>
    new Error(`The plugin "${plugin.name}" ${problem}; its needs() is wrong`);
  for (const [what, count] of Object.entries({ views, rowsPerImage })) {
    if (!Number.isInteger(count) || count < 1) throw wrong(`asks for ${count} ${what}, expected 1 or more`);
  }
  for (const [who, numbers] of Object.entries({ student: studentViews, teacher: teacherViews })) {
    checkNumbers(numbers, (problem) => wrong(`shows the ${who} ${problem}`));
  }
  if (neighbours) checkNumbers(neighbours.views, (problem) => wrong(`draws from neighbours ${problem}`));
  return needs;

  function checkNumbers(numbers: readonly number[], error: (problem: string) => Error): void {
    const stray = numbers.find((view) => !Number.isInteger(view) || view < 0 || view >= views);
    if (stray !== undefined) throw error(`view ${stray}, but there are ${views}, numbered from 0`);
    if (new Set(numbers).size < numbers.length) throw error(`a view twice: ${numbers.join(", ")}`);
  }
}
