import type { Recipe } from "@seed/core/host";
import { parse } from "yaml";
import { ROOT } from "./cli.ts";

/** The recipes that come with SEED: paths from the repository's folder, in order. */
export async function recipePaths(folder = "recipes"): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(`${ROOT}${folder}`)) {
    if (isDirectory) found.push(...await recipePaths(`${folder}/${name}`));
    else if (/\.ya?ml$/.test(name)) found.push(`${folder}/${name}`);
  }
  return found.sort();
}

/**
 * Some of the recipes that show all that the others do: each plugin of theirs, each way to train. The one that shows
 * most comes first, then whichever adds most. Which network of a plugin's it is makes no difference: tests of networks
 * have them all.
 */
export function covering<Named extends { recipe: Recipe }>(recipes: readonly Named[]): Named[] {
  const chosen: Named[] = [], shown = new Set<string>();
  const added = ({ recipe }: Named) => featuresOf(recipe).filter((feature) => !shown.has(feature));
  for (;;) {
    const [best] = recipes.toSorted((a, b) => added(b).length - added(a).length);
    if (!best || added(best).length === 0) return chosen;
    for (const feature of added(best)) shown.add(feature);
    chosen.push(best);
  }
}

/** What a recipe shows that a step of it tries out. */
function featuresOf({ resolved }: Recipe): string[] {
  const { teacher, student, objective, augmenter, train, small_patches, queue } = parse(resolved);
  const objectives = [objective].flat().map(({ plugin }) => plugin);
  return [
    ...[teacher?.plugin, student?.plugin, ...objectives, augmenter.plugin, queue?.plugin],
    ...[train.mixup && "mixup", student.head?.reuse_teacher && "the teacher's head"],
    ...[small_patches && "small patches", objectives.length > 1 && "several objectives"],
    ...[train.optimizer, train.schedule, train.bn_splits > 1 && "bn_splits", train.ema && "ema"],
  ].filter((feature) => typeof feature === "string");
}
