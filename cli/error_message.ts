import { setIn } from "@seed/core/text";

/**
 * The message of an error of the user's, as people are shown it: its further lines are set in, since names in it may
 * have newlines. Each problem of a recipe has lines of its own.
 */
export function errorMessage(error: Error): string {
  // By its name: its class comes with the reader of recipes, which `--help` need not wait for.
  return error.name === "RecipeError" ? error.message : setIn(error.message);
}
