import { z } from "zod";
import type { ObjectiveNeeds } from "../interfaces/objective.ts";
import type { Plugin } from "../interfaces/plugin.ts";
import { checkOptions } from "./check_options.ts";

/** An objective's needs with what it left out filled in. */
export type Needs =
  & Required<Omit<ObjectiveNeeds, "neighbours" | "fit">>
  & Pick<ObjectiveNeeds, "neighbours" | "fit">;

/** Numbers of views that any of several objectives asks for, ascending. */
export function viewsOfAny(
  objectives: readonly { readonly needs: Needs }[],
  numbersOf: (needs: Needs) => readonly number[],
): number[] {
  return [...new Set(objectives.flatMap(({ needs }) => numbersOf(needs)))].sort((a, b) => a - b);
}

/** Fills in the defaults of what an objective says it needs. */
export function fillNeeds(needs: ObjectiveNeeds): Needs {
  const { views = 1 } = needs;
  return {
    views,
    studentViews: needs.studentViews ?? Array.from({ length: views }, (_, view) => view),
    teacherViews: needs.teacherViews ?? [],
    queue: needs.queue ?? false,
    rowsPerImage: needs.rowsPerImage ?? 1,
    embeddings: needs.embeddings ?? true,
    maps: needs.maps ?? false,
    noise: needs.noise ?? false,
    neighbours: needs.neighbours,
    fit: needs.fit,
  };
}

const numbers = z.array(z.int().min(0));

/** {@link ObjectiveNeeds} as a plugin must tell them: a misspelt one would be no need at all. */
const NEEDS = z.strictObject({
  views: z.int().min(1).optional(),
  studentViews: numbers.optional(),
  teacherViews: numbers.optional(),
  queue: z.boolean().optional(),
  rowsPerImage: z.int().min(1).optional(),
  neighbours: z.strictObject({ views: numbers.min(1), bag: z.int().min(1) }).optional(),
  embeddings: z.boolean().optional(),
  maps: z.boolean().optional(),
  fit: z.strictObject({ images: z.int().min(1) }).optional(),
  noise: z.boolean().optional(),
});

/**
 * What an objective needs with these options.
 *
 * @throws {Error} If `needs` throws, tells what is none, or contradicts itself: a view that is not there, say.
 */
export function needsOf(plugin: Plugin<"objective">, options: unknown): Needs {
  const wrong = (problem: string) =>
    new Error(`The plugin "${plugin.name}" ${problem}; its needs() is wrong`);
  const told = tell(() => plugin.needs!(options as never), wrong);
  const [problem] = checkOptions(NEEDS, told, [], "an objective's needs").problems;
  if (problem) throw wrong(`says of "${problem.path.join(".")}": ${problem.message}`);
  const needs = fillNeeds(told),
    { views, studentViews, teacherViews, neighbours, queue, rowsPerImage } = needs;
  for (const [who, numbers] of Object.entries({ student: studentViews, teacher: teacherViews })) {
    checkNumbers(numbers, (problem) => wrong(`shows the ${who} ${problem}`));
  }
  if (neighbours) checkNumbers(neighbours.views, (problem) => wrong(`draws from neighbours ${problem}`));
  if (rowsPerImage > 1 && !queue) {
    throw wrong(`enqueues ${rowsPerImage} rows an image, but does not say \`queue: true\``);
  }
  return needs;

  function checkNumbers(numbers: readonly number[], error: (problem: string) => Error): void {
    const stray = numbers.find((view) => view >= views);
    if (stray !== undefined) throw error(`view ${stray}, but there are ${views}, numbered from 0`);
    if (new Set(numbers).size < numbers.length) throw error(`a view twice: ${numbers.join(", ")}`);
  }
}

function tell(needs: () => ObjectiveNeeds, wrong: (problem: string) => Error): ObjectiveNeeds {
  let told: ObjectiveNeeds;
  try {
    told = needs();
  } catch (error) {
    throw wrong(`fails to say what it needs: ${(error as Error).message}`);
  }
  if (isPlainObject(told)) return told;
  throw wrong(
    `says that it needs ${told instanceof Promise ? "a promise" : JSON.stringify(told)}, expected a mapping`,
  );
}

function isPlainObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Promise);
}
