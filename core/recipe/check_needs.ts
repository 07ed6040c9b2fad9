import type { Needs } from "./objective_needs.ts";
import type { Problem } from "./recipe_document.ts";
import type { Path } from "./recipe_file.ts";

/** An objective of a recipe. */
interface Asking {
  readonly specifier: string;
  readonly needs: Needs;
  /** A queue of its own, if it has one. */
  readonly queue: unknown;
}

/** What a recipe has for its objectives. */
export interface Offered {
  readonly teacher: boolean;
  readonly queue: boolean;
  readonly smallPatches: boolean;
}

/**
 * What objectives need and a recipe does not have, and where they contradict each other.
 *
 * @param paths Where each objective stands.
 */
export function checkNeeds(
  objectives: readonly Asking[],
  offered: Offered,
  paths: readonly Path[],
): Problem[] {
  const problems: Problem[] = [];
  for (const [i, { specifier, needs, queue }] of objectives.entries()) {
    const say = (problem: string) =>
      problems.push({ path: [...paths[i], "plugin"], message: `The objective "${specifier}" ${problem}` });
    for (const problem of lackedBy(needs, { ...offered, queue: offered.queue || queue !== null })) {
      say(problem);
    }
    const conflict = objectives.slice(0, i).map((other) => contradiction(needs, other)).find(Boolean);
    if (conflict) say(conflict);
  }
  if (objectives.length && objectives.every(({ needs }) => needs.studentViews.length === 0)) {
    problems.push({
      path: [...paths[0], "plugin"],
      message:
        `The objective "${objectives[0].specifier}" shows the student no view, so nothing is trained; ` +
        "add one that does",
    });
  }
  return problems;
}

function lackedBy(needs: Needs, { teacher, queue, smallPatches }: Offered): string[] {
  const { teacherViews, neighbours, fit, views, rowsPerImage } = needs, problems: string[] = [];
  if (teacherViews.length && !teacher) problems.push('learns from a teacher; add the section "teacher"');
  else if (neighbours && !teacher) {
    problems.push('looks for neighbours by the teacher; add the section "teacher"');
  } else if (fit && !teacher) problems.push('is fitted to a teacher; add the section "teacher"');
  if (needs.queue && !queue) problems.push('needs a queue; add the section "queue"');
  if (!smallPatches) return problems;
  if (views > 1) {
    problems.push(`needs ${views} views, and small patches are one each; take small_patches out`);
  } else if (rowsPerImage > 1) {
    problems.push(
      `enqueues ${rowsPerImage} rows an image, and small patches enqueue one; take small_patches out`,
    );
  }
  return problems;
}

/** Views are the same for all objectives: one cannot have a neighbour where another has the image itself. */
function contradiction(needs: Needs, other: Asking): string | null {
  const [mine, theirs] = [needs, other.needs].map(({ views, neighbours }) =>
    Array.from({ length: views }, (_, view) => neighbours?.views.includes(view) ?? false)
  );
  const view = mine.findIndex((isNeighbour, i) => i < theirs.length && isNeighbour !== theirs[i]);
  if (view >= 0) {
    const [here, there] = mine[view]
      ? ["a neighbour", "the image itself"]
      : ["the image itself", "a neighbour"];
    return `takes view ${view} for ${here}, and "${other.specifier}" for ${there}; take one of them out`;
  }
  const [bag, otherBag] = [needs, other.needs].map(({ neighbours }) => neighbours?.bag);
  return bag === undefined || otherBag === undefined || bag === otherBag
    ? null
    : `draws neighbours from bags of ${bag} images, and "${other.specifier}" of ${otherBag}; make them the same`;
}
