import type { Reader } from "./reader.ts";
import { DATA } from "./readers/data.ts";
import { PICTURES } from "./readers/pictures.ts";
import { RECIPES } from "./readers/recipes.ts";
import { RUNS } from "./readers/runs.ts";
import { WEIGHTS } from "./readers/weights.ts";

/** Everything that reads what comes from outside. */
export const READERS: readonly Reader[] = [...WEIGHTS, ...DATA, ...PICTURES, ...RECIPES, ...RUNS];
