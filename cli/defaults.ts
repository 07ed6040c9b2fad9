import type { RecipeDefaults } from "@seed/core/host";

/** What a recipe means by silence: the plugins that come with SEED. */
export const DEFAULTS: RecipeDefaults = {
  engine: "@seed/engine-auto",
  loggers: ["@seed/logger-terminal"],
  evaluatorPackage: (key) => `@seed/evaluator-${key}`,
};
