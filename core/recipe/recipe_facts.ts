import type { Plugin, PluginKind, RecipeFacts, TellsOf } from "../interfaces/plugin.ts";
import type { Needs } from "./objective_needs.ts";
import type { Path } from "./recipe_file.ts";
import { teacherSides } from "./view_sides.ts";

/** A plugin of a recipe; options are null if they do not fit. */
interface Use<K extends PluginKind> {
  readonly plugin: Plugin<K>;
  readonly options: unknown;
}

/** A recipe as far as it could be read. */
export interface KnownRecipe {
  readonly train:
    | { readonly batch_size: number; readonly accumulate: number; readonly epochs: number }
    | null;
  readonly augmenter: Use<"augmenter"> | null;
  readonly smallPatches: readonly {
    readonly augmenter: Use<"augmenter">;
    readonly count: number;
    /** Where it stands. */
    readonly at: Path;
  }[];
  readonly teacher:
    | Use<"teacher"> & {
      readonly cache:
        | { readonly views: number; readonly dir: string | null; readonly precision: string }
        | null;
    }
    | null;
  readonly student: Use<"student"> | null;
  readonly objectives:
    | readonly {
      readonly needs: Needs;
    }[]
    | null;
  readonly evaluate: { readonly evaluators: readonly unknown[] } | null;
}

/** What plugins' checks are told of a recipe. */
export function factsOf(recipe: KnownRecipe): RecipeFacts {
  const { train, teacher, student, evaluate } = recipe,
    { batch_size: batchSize = 1, accumulate = 1 } = train ?? {};
  return {
    batchSize,
    passSize: batchSize % accumulate ? batchSize : batchSize / accumulate, // else that is the problem
    queueRows: batchSize,
    hasTeacher: teacher !== null,
    teacherDim: told(teacher)?.embeddingDim ?? null,
    teacherHead: told(teacher)?.head ?? false,
    embeddingDim: told(student)?.embeddingDim ?? told(teacher)?.embeddingDim ?? null,
    evaluates: !!evaluate?.evaluators.length,
    studentSides: sidesOf(recipe),
    teacherSides: teacher ? sidesSeenBy(teacher, recipe, { inTraining: true }) : [],
  };
}

/**
 * Sides of the views that a teacher sees; none if that is not known, or it sees none.
 *
 * @param options.inTraining False: it is only compared with.
 */
export function sidesSeenBy(
  teacher: Use<"teacher">,
  recipe: Pick<KnownRecipe, "augmenter" | "smallPatches" | "objectives" | "evaluate">,
  { inTraining }: { inTraining: boolean },
): number[] {
  const facts = told(teacher), sides = sidesOf(recipe), { objectives, evaluate } = recipe;
  if (!facts || !sides.length) return [];
  const seen = teacherSides(sides, facts.inputSize);
  if (inTraining && objectives?.some(({ needs }) => needs.teacherViews.length)) return seen;
  const embeds = evaluate?.evaluators.length ||
    inTraining && objectives?.some(({ needs }) => needs.neighbours);
  return embeds ? seen.slice(0, 1) : [];
}

/** Of the augmenters, the full views' first; none if one of them does not tell. */
function sidesOf({ augmenter, smallPatches }: Pick<KnownRecipe, "augmenter" | "smallPatches">): number[] {
  const sides = [augmenter, ...smallPatches.map((patches) => patches.augmenter)].map((use) =>
    told(use)?.size
  );
  return sides.every((side) => side !== undefined) ? sides : [];
}

function told<K extends PluginKind>(use: Use<K> | null): TellsOf<K> | null {
  return use && use.options !== null && use.plugin.tells?.(use.options as never) || null;
}
