import type { Components } from "./components.ts";
import type { Batch, BatchRequest } from "./pipeline/view_pipeline.ts";
import type { Recipe } from "./recipe/load_recipe.ts";
import type { StepPlan } from "./sampler.ts";
import type { Teacher } from "./teacher.ts";
import { TeacherCache, type ViewId } from "./teacher_cache.ts";
import { tf } from "./tf.ts";

/** What a step trains on; the tensors are the caller's to dispose of. */
export interface TrainingBatch {
  /** One a view, `[batch, size, size, 3]` float32 in 0..255. */
  views: tf.Tensor4D[];
  /** The teacher's embedding of each view, `[batch, dim]`; empty without a teacher. */
  teacher: tf.Tensor2D[];
}

/** One view of the images of a step, and whether the teacher has to see it. */
interface PlannedView {
  ids: ViewId[];
  requests: BatchRequest[];
  needsTeacher: boolean;
}

/**
 * The batches of a run, made ahead by the pipeline. Teacher and student see the same views: where the teacher wants
 * another size, a view is rendered from the same random choices at both.
 */
export class TrainingBatches {
  readonly #teacher: Teacher | null;
  readonly #cache: TeacherCache | null;
  readonly #teacherSize: number;
  /** Number of fixed views of each image; null: new ones every epoch. */
  readonly #fixedViews: number | null;

  constructor(private readonly parts: Components, private readonly recipe: Recipe) {
    const { objective, data, augmenter } = parts;
    this.#teacher = objective.usesTeacher ? parts.teacher : null;
    this.#fixedViews = this.#teacher && (recipe.teacher?.cache?.views ?? null);
    this.#teacherSize = this.#teacher?.inputSize ?? augmenter.size;
    this.#cache = this.#teacher && this.#fixedViews
      ? new TeacherCache(this.#teacher, data.train.length, this.#fixedViews * objective.views)
      : null;
  }

  /**
   * Delivers the batches of the planned steps in order. While the caller trains on one the teacher sees the next:
   * neither of the two keeps all cores busy alone.
   */
  async *deliver(plans: Iterable<StepPlan>): AsyncGenerator<TrainingBatch> {
    const batches = this.#make(plans),
      begin = () => {
        const batch = batches.next();
        batch.catch(() => {}); // reported when its turn comes
        return batch;
      };
    let next = begin();
    try {
      for (let batch = await next; !batch.done; batch = await next) {
        next = begin();
        yield batch.value;
      }
    } finally {
      // Left off before the end: one more batch is there, or on its way.
      const rest = await next.catch(() => null);
      if (rest?.value) tf.dispose([rest.value.views, rest.value.teacher]);
      await batches.return(undefined);
    }
  }

  async *#make(plans: Iterable<StepPlan>): AsyncGenerator<TrainingBatch> {
    // The pipeline asks ahead of the steps: what each step asked for waits here for its turn.
    const planned: PlannedView[][] = [];
    const batches = this.parts.pipeline.batches(this.#requests(plans, planned));
    try {
      for (let first = await batches.next(); !first.done; first = await batches.next()) {
        const result: TrainingBatch = { views: [], teacher: [] };
        let batch: Batch | undefined = first.value;
        for (const view of planned.shift()!) {
          batch ??= (await batches.next()).value as Batch;
          const images = this.#upload(batch);
          result.views.push(images);
          // A batch's pixels are valid until the next is asked for: they are on the device by now.
          const larger = view.requests.length > 1
            ? this.#upload((await batches.next()).value as Batch)
            : null;
          if (this.#teacher) result.teacher.push(await this.#embed(view, larger ?? images));
          larger?.dispose();
          batch = undefined;
        }
        yield result;
      }
    } finally {
      await batches.return(undefined);
    }
  }

  /**
   * Fills the teacher's cache as the steps before a resume did: a row of the teacher's may depend in its last bits
   * on the batch that it is computed in, so the same batches are embedded again.
   */
  async recall(plans: Iterable<StepPlan>): Promise<void> {
    const planned: PlannedView[] = [];
    for await (const batch of this.parts.pipeline.batches(this.#uncached(plans, planned))) {
      const images = this.#upload(batch);
      const embedding = await this.#embed(planned.shift()!, images);
      images.dispose();
      embedding.dispose();
    }
  }

  /** What the steps ask the teacher for, at the size it wants. */
  *#uncached(plans: Iterable<StepPlan>, planned: PlannedView[]): Generator<BatchRequest> {
    if (!this.#cache) return;
    for (const plan of plans) {
      if (this.#cache.complete) return;
      for (let number = 0; number < this.parts.objective.views; number++) {
        const view = this.#plan(plan, number);
        if (!view.needsTeacher) continue;
        planned.push(view);
        yield view.requests.at(-1)!;
      }
    }
  }

  *#requests(plans: Iterable<StepPlan>, planned: PlannedView[][]): Generator<BatchRequest> {
    for (const plan of plans) {
      const views = Array.from({ length: this.parts.objective.views }, (_, view) => this.#plan(plan, view));
      planned.push(views);
      for (const { requests } of views) yield* requests;
    }
  }

  #plan({ epoch, images }: StepPlan, view: number): PlannedView {
    const { objective, data, augmenter } = this.parts;
    const round = this.#fixedViews ? epoch % this.#fixedViews : epoch,
      number = round * objective.views + view;
    const ids = images.map((image) => ({ image, view: number }));
    const needsTeacher = this.#cache ? this.#cache.claim(ids) : this.#teacher !== null;
    const sizes = needsTeacher && this.#teacherSize !== augmenter.size
      ? [augmenter.size, this.#teacherSize]
      : [augmenter.size];
    const requests = sizes.map((size) => ({
      images: images.map((image) => data.train.image(image)),
      keys: images.map((image) => [this.recipe.seed, "view", image, number]),
      size,
    }));
    return { ids, requests, needsTeacher };
  }

  #upload({ pixels, size }: Batch): tf.Tensor4D {
    return this.parts.engine.upload(pixels, [pixels.length / (size * size * 3), size, size, 3]);
  }

  async #embed({ ids, needsTeacher }: PlannedView, images: tf.Tensor4D): Promise<tf.Tensor2D> {
    if (!this.#cache) return await this.#teacher!.embed(images);
    return await this.#cache.embed(ids, needsTeacher ? images : null);
  }
}
