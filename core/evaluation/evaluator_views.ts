import type { AugmenterUse } from "../images/pipeline/augmenter_module.ts";
import type { BatchRequest, ViewPipeline } from "../images/pipeline/view_pipeline.ts";
import type { ViewMaker, ViewRequest } from "../interfaces/evaluator.ts";
import type { Plugin } from "../interfaces/plugin.ts";

/** An evaluator's plugin with checked options. */
interface EvaluatorUse {
  plugin: Pick<Plugin<"evaluator">, "name" | "needs">;
  options: unknown;
}

/** The augmenters that evaluators ask for, one evaluator's after the other's. */
export function neededAugmenters(uses: readonly EvaluatorUse[]): AugmenterUse[] {
  return uses.flatMap((use) => Object.values(augmentersOf(use)).map(withOptions));
}

/**
 * What makes the views of each evaluator.
 *
 * @param first Where {@link neededAugmenters} of these evaluators begin in the pipeline's list of augmenters.
 */
export function viewMakers(
  uses: readonly EvaluatorUse[],
  pipeline: ViewPipeline,
  first: number,
): ViewMaker[] {
  let place = first;
  return uses.map((use) => {
    const places = new Map(Object.keys(augmentersOf(use)).map((name) => [name, place++]));
    return { batches: (requests) => pipeline.batches(placed(requests, places, use.plugin.name)) };
  });
}

function augmentersOf({ plugin, options }: EvaluatorUse) {
  return plugin.needs?.(options as never).augmenters ?? {};
}

function withOptions(
  { plugin, module, exportName = "default", options }: ReturnType<typeof augmentersOf>[string],
): AugmenterUse {
  return { plugin, module, exportName, options: plugin.options.parse(options) };
}

function* placed(
  requests: Iterable<ViewRequest>,
  places: ReadonlyMap<string, number>,
  evaluator: string,
): Generator<BatchRequest> {
  for (const { augmenter = "", keys = null, ...request } of requests) {
    const place = keys ? places.get(augmenter) : 0;
    if (place === undefined) {
      const names = [...places.keys()].map((name) => `"${name}"`).join(", ") || "none";
      throw new Error(
        `${evaluator} asks for views of the augmenter "${augmenter}", and its "needs" names ${names}; name it there`,
      );
    }
    yield { ...request, keys, augmenter: place };
  }
}
