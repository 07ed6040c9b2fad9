import { type Engine, UsageError } from "@seed/core";
import {
  checkOptions,
  createPlugin,
  type EvaluatorInUse,
  type Host,
  loadPlugin,
  pluginContext,
  type PluginUse,
  viewMakers,
  type ViewPipeline,
} from "@seed/core/host";
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

/** An evaluator's plugin with checked options. */
export type EvaluatorUse = Pick<PluginUse<"evaluator">, "plugin" | "options">;

/** The modules that they are of. */
export function modulesOf(named: NamedEvaluators): string[] {
  return [...named.keys()].map((name) => DEFAULTS.evaluatorPackage(name));
}

/**
 * The recipe's evaluators if none is named; else those, with the recipe's options where it has them.
 *
 * @param own The recipe's; at least those of {@link modulesOf}.
 * @throws {UsageError} If what the command line gives one does not go together.
 */
export async function evaluatorsOf(
  named: NamedEvaluators,
  own: readonly PluginUse<"evaluator">[],
): Promise<EvaluatorUse[]> {
  if (named.size === 0) return [...own];
  return await Promise.all([...named].map(async ([name, options]) => {
    const { plugin } = await loadPlugin(DEFAULTS.evaluatorPackage(name), "evaluator", "");
    const found = options === null ? own.find((use) => use.plugin.name === plugin.name) : undefined;
    return found ?? { plugin, options: checked(name, plugin, options ?? {}) };
  }));
}

function checked(
  flag: string,
  { name, options }: PluginUse<"evaluator">["plugin"],
  given: Record<string, unknown>,
): unknown {
  const { value, problems: [problem] } = checkOptions(options, given, [], name);
  if (problem) throw new UsageError(`--${flag}: ${problem.message}`);
  return value;
}

/** Makes them; `pipeline` has the augmenters that they need, and no others. */
export async function createEvaluators(
  uses: readonly EvaluatorUse[],
  { pipeline, seed, engine, host }: { pipeline: ViewPipeline; seed: number; engine: Engine; host: Host },
): Promise<EvaluatorInUse[]> {
  const views = viewMakers(uses, pipeline, 0);
  return await Promise.all(uses.map(async (use, i) => ({
    evaluator: await createPlugin(use, { ...pluginContext(use, seed, host), engine }),
    views: views[i],
  })));
}
