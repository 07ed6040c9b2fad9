import { setIn } from "@seed/core";
import { RecipeError } from "@seed/core/host";

/**
 * The message of an error of the user's, as people are shown it: its further lines are set in, since names in it may
 * have newlines. Each problem of a recipe has lines of its own.
 */
export function errorMessage(error: Error): string {
  return error instanceof RecipeError ? error.message : setIn(error.message);
}
