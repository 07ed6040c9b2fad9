import type { RecipeDefaults } from "@seed/core/host";

/** What a recipe means by silence: the plugins that come with SEED. */
export const DEFAULTS: RecipeDefaults = {
  engine: "@seed/engine-tensorflow",
  loggers: ["@seed/logger-terminal", "@seed/logger-jsonl"],
  evaluatorPackage: (key) => `@seed/evaluator-${key}`,
};
