/**
 * What earlier versions wrote in the `recipe.yaml` of a run's folder, as this one writes it. Recipes that people give
 * are not read so: there an old key is an error that says where it stands now.
 *
 * @module
 */

type Values = Readonly<Record<string, unknown>>;

/** What wrote `metrics.jsonl` before the core did. */
const JSONL_LOGGER = "@seed/logger-jsonl";

/** What to do about a plugin that is no more; null: there never was one of the name. */
export function adviceOnEarlier(specifier: string): string | null {
  return specifier === JSONL_LOGGER
    ? `"${JSONL_LOGGER}" is not needed any more: every run writes metrics.jsonl; take it out of loggers`
    : null;
}

/**
 * The recipe of a run, as it is written now; values that are written so already are left as they are.
 *
 * @param recipe With every default filled in, as run folders have it.
 */
export function fromEarlier(recipe: Values): Values {
  return withoutJsonlLogger(withWholeDrops(withSplitsInTrain(recipe)));
}

/** `bn_splits` was an option of each objective that had it, the same for those of one run. */
function withSplitsInTrain(recipe: Values): Values {
  const { objective, train } = recipe;
  if (!isMapping(train) || "bn_splits" in train) return recipe;
  const terms = Array.isArray(objective) ? objective : [objective];
  const splits = terms.filter(isMapping).map(({ bn_splits = 1 }) => bn_splits);
  const kept = terms.map((term) => isMapping(term) ? without(term, "bn_splits") : term);
  return {
    ...recipe,
    objective: Array.isArray(objective) ? kept : kept[0],
    train: { ...train, bn_splits: splits.find((count) => count !== 1) ?? 1 },
  };
}

/** By epoch a drop could be in the midst of one: it came at the next, and in the last one never. */
function withWholeDrops(recipe: Values): Values {
  const { train } = recipe;
  if (!isMapping(train) || train.schedule_by !== "epoch" || !Array.isArray(train.drops)) return recipe;
  const { drops, drop_factor: _, ...rest } = train;
  if (drops.every(Number.isInteger)) return recipe;
  const whole = drops.map(Math.ceil).filter((drop) => drop < Number(train.epochs));
  return { ...recipe, train: whole.length ? { ...train, drops: whole } : { ...rest, schedule: "constant" } };
}

function withoutJsonlLogger(recipe: Values): Values {
  const { loggers } = recipe;
  if (!Array.isArray(loggers)) return recipe;
  return {
    ...recipe,
    loggers: loggers.filter((logger) => !isMapping(logger) || logger.plugin !== JSONL_LOGGER),
  };
}

function without(values: Values, key: string): Values {
  const { [key]: _, ...rest } = values;
  return rest;
}

function isMapping(value: unknown): value is Values {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
