import { RunError } from "../errors.ts";
import { embedImages } from "../evaluation/embed_images.ts";
import type { Host } from "../interfaces/host.ts";
import type { ImageSet } from "../interfaces/data_source.ts";
import type { Objective } from "../interfaces/objective.ts";
import type { Learner } from "../parts/learner.ts";
import type { ProcessParts } from "../parts/process_parts.ts";
import { Random } from "../random.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { centreSize } from "../teacher_cache/open_caches.ts";
import { tf } from "../tf.ts";
import { sliceSize } from "../views/sampler.ts";

/**
 * Fits the objectives that are to be fitted to the teacher, before a run's first step. Several students' have the same
 * images, which the teacher sees once; of several processes each sees a part of them, and has all embeddings.
 *
 * @param learners Of runs that begin; those of a resume have it from their checkpoints.
 * @throws {RunError} If an image cannot be read, or there are too few.
 */
export async function fitObjectives(
  recipe: Recipe,
  parts: ProcessParts,
  learners: readonly Pick<Learner, "terms">[],
  { log, signal }: Host,
): Promise<void> {
  for (const images of new Set(recipe.objectives.flatMap(({ needs: { fit } }) => fit ? [fit.images] : []))) {
    const objectives = learners.flatMap(({ terms }) => objectivesOf(terms, images));
    if (objectives.length === 0) continue;
    const teacherEmbeddings = await embedSome(images, recipe, parts, { log, signal });
    try {
      for (const objective of objectives) await fitOne(objective, { teacherEmbeddings, log, signal });
    } finally {
      teacherEmbeddings.dispose();
    }
  }
}

/** Those that ask for so many images, each once. */
function objectivesOf(terms: Learner["terms"], images: number): Objective[] {
  return [
    ...new Set(terms.flatMap(({ needs, objective }) => needs.fit?.images === images ? [objective] : [])),
  ];
}

async function fitOne(
  objective: Objective,
  inputs: Parameters<NonNullable<Objective["fit"]>>[0],
): Promise<void> {
  if (!objective.fit) throw new Error("An objective's needs() tell `fit`, but it has no such function");
  await objective.fit(inputs);
}

/** The teacher's embeddings of images drawn from the training set by the seed: `[images, dim]`, the caller's. */
async function embedSome(
  wanted: number,
  { seed, train }: Recipe,
  parts: ProcessParts,
  { log, signal }: Host,
): Promise<tf.Tensor2D> {
  const { data, standIns, engine, pipeline, processes } = parts, teacher = parts.teacher;
  if (!teacher) throw new RunError("An objective is fitted to a teacher, and the recipe has none");
  const length = Math.min(wanted, data.train.length);
  log(`The teacher embeds ${length} images that the objective is fitted to`);
  const order = new Random(seed, "fit").permutation(data.train.length);
  const images: ImageSet = { length, image: (i) => data.train.image(standIns.of(order[i])) };
  const batchSize = sliceSize(train.batch_size, processes); // as training gives it: another shape is another graph
  const { features } = await embedImages(images, async (batch) => [await teacher.embed(batch)], {
    ...{ network: "the teacher", engine, pipeline, batchSize, size: centreSize(parts), signal, processes },
  });
  return tf.tensor2d(features, [length, teacher.embeddingDim]);
}
