import { type Needs, viewsOfAny } from "../recipe/objective_needs.ts";

/** A stream of views: the full ones, or one of small patches. */
export interface ViewStream {
  /** `views`, `patches`, `patches_2`, ...: of the folder of its teacher's cache, too. */
  readonly name: string;
  /** First word of the keys of its random choices. */
  readonly purpose: string;
  /** Number of the pipeline's augmenter that makes it. */
  readonly augmenter: number;
  /** Views of an image in a step. */
  readonly views: number;
  /** Numbers of those that the teacher sees, ascending, and of those that are of a neighbour. */
  readonly teacherViews: readonly number[];
  readonly neighbourViews: readonly number[];
}

/** What decides which streams there are. */
export interface StreamFacts {
  readonly objectives: readonly { readonly needs: Needs }[];
  readonly smallPatches: readonly { readonly count: number }[];
}

/** Name of the stream of full views. */
export const VIEWS = "views";

/** The streams of a recipe: what its objectives look at, all together. */
export function streamsOf({ objectives, smallPatches }: StreamFacts): ViewStream[] {
  const teacherViews = viewsOfAny(objectives, (needs) => needs.teacherViews);
  const views: ViewStream = {
    ...{ name: VIEWS, purpose: "view", augmenter: 0 },
    views: Math.max(...objectives.map(({ needs }) => needs.views)),
    teacherViews,
    neighbourViews: viewsOfAny(objectives, ({ neighbours }) => neighbours?.views ?? []),
  };
  const patches = smallPatches.map(({ count }, i): ViewStream => ({
    ...{ name: patchesName(i), purpose: `small patch${numbered(i)}`, augmenter: i + 1 },
    views: count,
    teacherViews: teacherViews.length ? Array.from({ length: count }, (_, patch) => patch) : [],
    neighbourViews: [],
  }));
  return [views, ...patches];
}

/** Name of the stream of a recipe's small patches, which are counted from 0. */
export function patchesName(i: number): string {
  return `patches${numbered(i)}`;
}

/** Images of the bags that neighbours are drawn from, the most of any objective; 0: none looks at neighbours. */
export function bagSize({ objectives }: Pick<StreamFacts, "objectives">): number {
  return Math.max(0, ...objectives.map(({ needs: { neighbours } }) => neighbours?.bag ?? 0));
}

/** Whether an objective looks at the teacher. */
export function looksAtTeacher({ objectives }: Pick<StreamFacts, "objectives">): boolean {
  return objectives.some(({ needs: { teacherViews } }) => teacherViews.length > 0);
}

/** Whether an objective looks at maps, of the teacher's where it looks at the teacher. */
export function looksAtMaps({ objectives }: Pick<StreamFacts, "objectives">): boolean {
  return objectives.some(({ needs }) => needs.maps);
}

/** The second is `_2`. */
function numbered(i: number): string {
  return i ? `_${i + 1}` : "";
}
