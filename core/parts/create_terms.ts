import type { Objective } from "../interfaces/objective.ts";
import type { Parameter } from "../interfaces/student.ts";
import type { Queue } from "../interfaces/queue.ts";
import type { ObjectiveUse, PluginUse, Recipe } from "../recipe/recipe.ts";
import type { LossTerm } from "../training/loss_terms.ts";
import { patchesName, VIEWS } from "../views/streams.ts";

/** Makes a queue that so many rows enter at a step. */
type MakeQueue = (use: PluginUse<"queue">, rows: number) => Promise<Queue>;

/**
 * The losses of a recipe: one an objective on the views, and one on each stream of small patches, each with a queue of
 * its own.
 */
export async function createTerms(
  recipe: Pick<Recipe, "objectives" | "smallPatches" | "queue" | "train">,
  objectives: readonly Objective[],
  makeQueue: MakeQueue,
): Promise<LossTerm[]> {
  const names = namesOf(recipe.objectives),
    states = statesOf(objectives, names),
    terms: LossTerm[] = [],
    { batch_size: batchSize } = recipe.train;
  for (const [i, use] of recipe.objectives.entries()) {
    const { needs, weight } = use,
      number = i ? `_${i + 1}` : "",
      objective = objectives[i],
      parameters = states[i];
    const queueOf = async (queue: PluginUse<"queue"> | null) =>
      needs.queue ? await makeQueue(queue!, batchSize * needs.rowsPerImage) : null;
    const queue = use.queue ?? recipe.queue;
    terms.push({
      ...{ name: names[i], objective, parameters, needs, stream: VIEWS, weight },
      ...{ queue: await queueOf(queue), queueName: `queue${number}` },
    });
    for (const [j, patches] of recipe.smallPatches.entries()) {
      const stream = patchesName(j);
      terms.push({
        ...{
          name: `${stream}.${names[i]}`,
          objective,
          parameters,
          needs,
          stream,
          weight: weight * patches.weight,
        },
        ...{
          queue: await queueOf(patches.queue ?? queue),
          queueName: `small${j ? `_${j + 1}` : ""}_queue${number}`,
        },
      });
    }
  }
  return terms;
}

/** What a record calls the losses: the plugin's last word, with a number from the second of a word on. */
function namesOf(uses: readonly ObjectiveUse[]): string[] {
  const words = uses.map(({ plugin }) => plugin.name.replace(/^.*\//, "").replace(/^objective-/, ""));
  return words.map((word, i) => {
    const before = words.slice(0, i).filter((other) => other === word).length;
    return before ? `${word}_${before + 1}` : word;
  });
}

/**
 * The state of each objective, under the names that checkpoints know it by: its own, with the loss's before it where
 * an objective before has state of that name.
 */
function statesOf(objectives: readonly Objective[], names: readonly string[]): Parameter[][] {
  const taken = new Set<string>();
  return objectives.map(({ parameters = [] }, i) => {
    const isFree = parameters.every(({ name }) => !taken.has(name));
    const own = parameters.map((parameter) => ({
      ...parameter,
      name: isFree ? parameter.name : `${names[i]}.${parameter.name}`,
    }));
    for (const { name } of own) taken.add(name);
    return own;
  });
}
