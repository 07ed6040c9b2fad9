import { type Engine, type Evaluator, UsageError } from "@seed/core";
import { createPlugin, type Host, loadPlugin, pluginContext, type Recipe } from "@seed/core/host";
import type { Arguments } from "../arguments.ts";
import { DEFAULTS } from "../defaults.ts";

/** Evaluators that have a flag. */
export const EVALUATOR_FLAGS = ["knn", "linear", "retrieval", "agreement"];

/** Evaluators that a command line names, with the options that it gives them; null: none of its own. */
export type NamedEvaluators = ReadonlyMap<string, Record<string, unknown> | null>;

/**
 * Those of the flags, and of `--semi 0.01,0.1`.
 *
 * @throws {UsageError} If a share of labels is none.
 */
export function namedEvaluators(parsed: Arguments): NamedEvaluators {
  const named = new Map<string, Record<string, unknown> | null>();
  for (const name of EVALUATOR_FLAGS) if (parsed.has(name)) named.set(name, null);
  const shares = parsed.text("semi");
  if (shares !== null) {
    named.set("semi", { splits: shares.split(",").map((share) => ({ labels: shareOf(share) })) });
  }
  return named;
}

function shareOf(text: string): number {
  const share = Number(text);
  if (share > 0 && share <= 1) return share;
  throw new UsageError(`--semi takes shares above 0, up to 1, such as 0.01,0.1; got "${text}"`);
}

/** The recipe's evaluators if none is named; else those, with the recipe's options where it has them. */
export async function createEvaluators(
  named: NamedEvaluators,
  recipe: Recipe | null,
  { engine, host }: { engine: Engine; host: Host },
): Promise<Evaluator[]> {
  const seed = recipe?.seed ?? 0;
  const own: Evaluator[] = [];
  for (const use of recipe?.evaluate.evaluators ?? []) {
    own.push(await createPlugin(use, { ...pluginContext(use, seed, host), engine }));
  }
  if (named.size === 0) return own;
  return await Promise.all([...named].map(async ([name, options]) => {
    const found = own.find((evaluator) => evaluator.name === name);
    if (found && options === null) return found;
    const { plugin } = await loadPlugin(DEFAULTS.evaluatorPackage(name), "evaluator", "");
    return await plugin.create(plugin.options.parse(options ?? {}) as never, {
      ...pluginContext({ plugin }, seed, host),
      engine,
    });
  }));
}
