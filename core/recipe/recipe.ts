import type { z } from "zod";
import type { PluginKind } from "../interfaces/plugin.ts";
import type { Needs } from "./objective_needs.ts";
import type { LoadedPlugin } from "./plugin_loader.ts";
import type { Path, RecipeError } from "./recipe_file.ts";
import type { CHECKPOINT, EVALUATE, SECTION_KEYS, SMALL_PATCHES, TrainOptions } from "./schema.ts";

/** A plugin with the options that a recipe gives it, checked. */
export interface PluginUse<K extends PluginKind> extends LoadedPlugin<K> {
  /** As the recipe writes it. */
  specifier: string;
  options: unknown;
  /** `file:line:column`. */
  place: string;
}

/** An objective, alone or one of several whose losses are summed. */
export interface ObjectiveUse extends PluginUse<"objective"> {
  /** What it needs with its options. */
  needs: Needs;
  weight: number;
  /** A queue unlike the recipe's; null: like it. */
  queue: PluginUse<"queue"> | null;
}

/** A stream of small views; a queue that is null is like the views'. */
export type SmallPatches = z.output<typeof SMALL_PATCHES> & {
  augmenter: PluginUse<"augmenter">;
  queue: PluginUse<"queue"> | null;
  /** Where it stands in the recipe. */
  at: Path;
};

/** A recipe that is fit to run, with one student. */
export interface Recipe {
  path: string;
  /** File name without its ending. */
  name: string;
  /** What its student is called among those of the file; null: the file has one. */
  studentName: string | null;
  seed: number;
  engine: PluginUse<"engine"> & Omit<z.output<typeof SECTION_KEYS.engine>, "plugin">;
  data: PluginUse<"data"> & Omit<z.output<typeof SECTION_KEYS.data>, "plugin">;
  augmenter: PluginUse<"augmenter">;
  teacher: (PluginUse<"teacher"> & Pick<z.output<typeof SECTION_KEYS.teacher>, "cache">) | null;
  student: PluginUse<"student"> & Omit<z.output<typeof SECTION_KEYS.student>, "plugin"> & {
    /** An error that says what is wrong with one of its keys, and where that stands. */
    refusal(key: string, message: string): RecipeError;
  };
  /** Null: the objectives need none, or name their own. */
  queue: PluginUse<"queue"> | null;
  objectives: ObjectiveUse[];
  /** Further streams of views; none if there are no small patches. */
  smallPatches: SmallPatches[];
  train: TrainOptions;
  evaluate: z.output<typeof EVALUATE> & {
    evaluators: PluginUse<"evaluator">[];
    /** A teacher to compare with where training has none. */
    teacher: PluginUse<"teacher"> | null;
  };
  checkpoint: z.output<typeof CHECKPOINT>;
  loggers: PluginUse<"logger">[];
  /** YAML with every default filled in, which loads to the same. */
  resolved: string;
}
