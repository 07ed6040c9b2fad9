import type { RecipeFacts } from "../interfaces/plugin.ts";

/**
 * What a plugin's `check` may be told in a test: of a recipe of 4 images a step, which a student and a teacher of 128
 * dimensions see at 32 px. What is added to the facts later is here then too.
 *
 * @param facts What the recipe of the test has otherwise.
 *
 * @example
 * ```ts ignore
 * const problems = plugin.check!(plugin.options.parse({ cells: 8 }), recipeFacts({ teacherSides: [4] }));
 * ```
 */
export function recipeFacts(facts: Partial<RecipeFacts> = {}): RecipeFacts {
  return {
    ...{ batchSize: 4, passSize: 4, queueRows: 4 },
    ...{ hasTeacher: true, teacherDim: 128, teacherHead: false, embeddingDim: 128 },
    ...{ evaluates: false, studentSides: [32], teacherSides: [32] },
    ...facts,
  };
}
