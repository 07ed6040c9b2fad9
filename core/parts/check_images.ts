import { RunError } from "../errors.ts";
import type { DataSource } from "../interfaces/data_source.ts";
import type { Host } from "../interfaces/host.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { bagSize } from "../views/streams.ts";

/**
 * Looks whether the images that were found are enough for a recipe, and warns of what they are hardly enough for.
 *
 * @throws {RunError} If a run with them would stop.
 */
export function checkImages(recipe: Recipe, data: DataSource, { log }: Pick<Host, "log">): void {
  const { train: { batch_size: batchSize }, evaluate } = recipe, bag = bagSize(recipe);
  if (data.train.length < batchSize) {
    throw new RunError(
      `The data has ${data.train.length} images, fewer than train.batch_size ${batchSize}; lower it, or check data.root`,
    );
  }
  if (data.train.length <= bag) {
    throw new RunError(
      `The data has ${data.train.length} images, too few for ${bag} neighbours of each; lower the objective's bag, ` +
        "or check data.root",
    );
  }
  if (evaluate.evaluators.length > 0 && !data.evaluation) {
    throw new RunError(
      "The recipe evaluates, but the data has nothing to evaluate on; give it queries (a folder has them in val/, others by data.queries), or take evaluate out",
    );
  }
  if (data.evaluation) checkEvaluation(recipe, data.evaluation);
  for (const warning of warningsOf(recipe, data.train.length)) log(warning);
}

/** What an evaluator lacks is not told after the teacher has embedded the images, but now. */
function checkEvaluation({ evaluate }: Recipe, evaluation: NonNullable<DataSource["evaluation"]>): void {
  for (const { plugin, options } of evaluate.evaluators) {
    const needs = plugin.needs?.(options as never) ?? {}, name = plugin.name.replace(/^.*evaluator-/, "");
    for (const set of ["gallery", "queries"] as const) {
      const images = evaluation[set], least = needs[set] ?? 0;
      if (needs.labels && !images.label) {
        throw new RunError(
          `The evaluator ${name} needs labelled images; the data has no classes: its ${
            set === "gallery" ? "gallery has" : "queries have"
          } none. Give the images classes (a folder has them as folders), or take the evaluator out of evaluate`,
        );
      }
      if (images.length < least) {
        throw new RunError(
          `The evaluator ${name} needs ${least} images in the ${set} at least, with these options; the data has ` +
            `${images.length}. Ask for fewer neighbours, or give it more images`,
        );
      }
    }
  }
}

/** Epochs that a queue may be old; in SEED's and MoCo's own settings it holds less than one. */
const MOST_EPOCHS_IN_QUEUE = 5;

/** What is likely not meant, with so many images to train on. */
export function warningsOf(
  recipe: Pick<Recipe, "objectives" | "queue" | "train" | "teacher">,
  images: number,
): string[] {
  const { objectives, train } = recipe, warnings: string[] = [];
  for (const { needs, queue } of objectives) {
    const use = queue ?? recipe.queue,
      rows = needs.queue && use ? use.plugin.tells?.(use.options as never).rows : null;
    const epochs = (rows ?? 0) / (images * needs.rowsPerImage);
    if (epochs <= MOST_EPOCHS_IN_QUEUE) continue;
    warnings.push(
      `Warning: a queue of ${rows!.toLocaleString("en")} holds ${Math.floor(epochs)} epochs of your ` +
        `${
          images.toLocaleString("en")
        } images: its oldest rows are of that long ago, and for the first epochs random. ` +
        "Set queue.size to at most some epochs of images",
    );
  }
  const warmsUp = train.schedule_by === "step" || train.batch_size > 256;
  if (warmsUp && train.warmup_epochs >= train.epochs) {
    warnings.push(
      `Warning: train.warmup_epochs ${train.warmup_epochs} does not end within train.epochs ${train.epochs}: the rate ` +
        "never reaches train.lr",
    );
  }
  const cache = recipe.teacher?.cache;
  if (cache && cache.dir === null && cache.views >= train.epochs) {
    warnings.push(
      `Warning: with teacher.cache.views ${cache.views} in train.epochs ${train.epochs} no view is seen twice: the ` +
        "teacher's cache in memory saves nothing",
    );
  }
  return [...new Set(warnings)];
}
