import type { Host } from "../interfaces/host.ts";
import type { Batch, BatchRequest } from "../images/pipeline/view_pipeline.ts";
import type { ProcessParts } from "../parts/process_parts.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { embedCentreViews } from "../teacher_cache/centre_views.ts";
import type { ViewId } from "../teacher_cache/embedding_store.ts";
import { openTeacherCaches, type TeacherCaches } from "../teacher_cache/open_caches.ts";
import { tf } from "../tf.ts";
import { disposeBatch, type StepBatch, type StreamBatch } from "../training/step_batch.ts";
import { Mixup } from "../views/mixup.ts";
import { NeighbourBags } from "../views/neighbour_bags.ts";
import type { StepPlan } from "../views/sampler.ts";
import { bagSize, looksAtMaps, streamsOf } from "../views/streams.ts";
import { viewNumber, viewRequest, type ViewSource, viewSources } from "../views/view_source.ts";

/** One view of the images of a step, and whether the teacher has to see it. */
interface PlannedView {
  source: ViewSource;
  ids: ViewId[];
  /** Sides that it is made at: the student's, then the teacher's if that is another and the teacher has to see it. */
  sizes: readonly number[];
  request(size: number): BatchRequest;
  /** Whether an objective wants the teacher's embedding of it. */
  embedded: boolean;
  needsTeacher: boolean;
}

/** What a batch of pixels was asked for. */
interface Tag {
  plan: StepPlan;
  view: PlannedView;

  /** Whether no further batch of the view, or of the step, is to come. */
  completes: { view: boolean; step: boolean };
}

/** A batch, and which images of which step it is of. */
export interface PlannedBatch {
  plan: StepPlan;
  batch: StepBatch;
}

/** What the batches of a run are made by. */
type Makers = Pick<ProcessParts, "engine" | "data" | "teacher" | "pipeline">;

/** Where a run's batches come from. */
export interface BatchSource {
  /** Milliseconds that training has waited for views. */
  readonly waited: number;
  /** Milliseconds that a run has waited for others that it shares batches with, while they evaluated or wrote checkpoints. */
  readonly idle: number;
  /** Says that a run has evaluated or written a checkpoint for so many milliseconds since its last step. */
  paused(milliseconds: number): void;
  /** Delivers the batches of the planned steps in order; whoever gets one frees it. */
  deliver(plans: Iterable<StepPlan>, trained?: () => Promise<void>): AsyncGenerator<PlannedBatch>;
  /**
   * Fills what is remembered of the views of earlier steps, before any are delivered.
   *
   * @param signal Aborted: stops before the next batch, with the signal's reason as the error.
   */
  recall(plans: Iterable<StepPlan>, signal: AbortSignal): Promise<void>;
}

/**
 * The batches of a run, made ahead by the pipeline. Teacher and student see the same views: where the teacher wants
 * another size, a view is rendered from the same random choices at both.
 */
export class TrainingBatches implements BatchSource, Disposable {
  /** Milliseconds that steps have waited for views, the teacher's work left out. */
  waited = 0;
  readonly idle = 0;

  /**
   * @param given.sources Streams of views that a step looks at.
   * @param given.caches Of the teacher's embeddings; null: it sees every view anew.
   * @param given.bags What neighbours are drawn from; null if no view is of one.
   * @param given.maps Whether the teacher's maps are looked at; there are no caches then. Default: false.
   * @param given.mixup Mixes views, if they are to be mixed; there are no caches then. Default: null.
   */
  constructor(
    private readonly makers: Makers,
    private readonly given: {
      seed: number;
      sources: readonly ViewSource[];
      caches: TeacherCaches | null;
      bags: Pick<NeighbourBags, "draw"> | null;
      maps?: boolean;
      mixup?: Mixup | null;
    },
  ) {}

  /** There are no others that would have to know. */
  paused(): void {}

  /**
   * Makes them for a run: the teacher's cache is opened, and neighbours are looked for, if an objective looks at them.
   *
   * @throws {RunError} If the cache is of other views.
   */
  static async open(parts: ProcessParts, recipe: Recipe, host: Host): Promise<TrainingBatches> {
    const sources = viewSources(streamsOf(recipe), parts), { seed } = recipe;
    const caches = await openTeacherCaches(parts, recipe, host);
    try {
      const bags = await findBags(parts, recipe, host), maps = looksAtMaps(recipe);
      return new TrainingBatches(parts, { seed, sources, caches, bags, maps, mixup: mixupOf(parts, recipe) });
    } catch (error) {
      caches?.[Symbol.dispose]();
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.given.caches?.[Symbol.dispose]();
    this.given.mixup?.[Symbol.dispose]();
  }

  /**
   * Delivers the batches of the planned steps in order. While the caller trains on one the teacher sees the next:
   * neither of the two keeps all cores busy alone.
   *
   * @param trained Resolves when the devices have trained on all that was delivered. Default: they have, whenever another
   *   batch is asked for.
   */
  async *deliver(
    plans: Iterable<StepPlan>,
    trained: () => Promise<void> = () => Promise.resolve(),
  ): AsyncGenerator<PlannedBatch> {
    const batches = this.#make(plans),
      begin = () => {
        const batch = batches.next();
        batch.catch(() => {}); // reported when its turn comes
        return batch;
      };
    let next = begin();
    try {
      for (;;) {
        const batch = await this.#waitFor(next, trained());
        if (batch.done) break;
        next = begin();
        yield batch.value;
      }
    } finally {
      // Left off before the end: one more batch is there, or on its way.
      const rest = await next.catch(() => null);
      if (rest?.value) disposeBatch(rest.value.batch);
      await batches.return(undefined);
    }
  }

  /** While a step trains, a wait for views costs nothing: what counts are those while it waits itself. */
  async #waitFor<T>(batch: Promise<T>, trained: Promise<void>): Promise<T> {
    await Promise.race([batch, trained]);
    const { pipeline } = this.makers, before = pipeline.waited;
    const result = await batch;
    this.waited += pipeline.waited - before;
    return result;
  }

  async *#make(plans: Iterable<StepPlan>): AsyncGenerator<PlannedBatch> {
    let batch = this.#emptyBatch(), shown: tf.Tensor4D | null = null;
    try {
      for await (const pixels of this.makers.pipeline.batches(this.#requests(plans))) {
        const { plan, view, completes } = pixels.tag, made = batch[view.source.name];
        // A batch's pixels are valid until the next is asked for: they are on the device by then.
        const images = await this.#shown(this.#upload(pixels), plan);
        if (!shown) made.views.push(shown = images);
        if (completes.view) {
          if (view.embedded) await this.#teach(view, images, made);
          if (images !== shown) images.dispose();
          shown = null;
        }
        if (!completes.step) continue;
        const whole = batch;
        batch = this.#emptyBatch();
        yield { plan, batch: whole };
      }
    } finally {
      disposeBatch(batch); // left off within a step
    }
  }

  #emptyBatch(): StepBatch {
    return Object.fromEntries(
      this.given.sources.map(({ name }) => [name, { views: [], teacherEmbeddings: [], teacherMaps: [] }]),
    );
  }

  /**
   * Fills the teacher's cache as the steps before a resume did: a row of the teacher's may depend in its last bits
   * on the batch that it is computed in, so the same batches are embedded again.
   */
  async recall(plans: Iterable<StepPlan>, signal: AbortSignal): Promise<void> {
    for await (const batch of this.makers.pipeline.batches(this.#uncached(plans))) {
      signal.throwIfAborted();
      const images = this.#upload(batch), embedding = await this.#embed(batch.tag, images);
      tf.dispose([images, embedding]);
    }
  }

  /** What the steps ask the teacher for, at the size it wants, if the cache is in memory. */
  *#uncached(plans: Iterable<StepPlan>): Generator<BatchRequest<PlannedView>> {
    const { caches } = this.given;
    if (!caches || caches.persistent) return;
    for (const plan of plans) {
      if (caches.complete) return;
      for (const view of this.#planAll(plan)) {
        if (view.needsTeacher) yield { ...view.request(view.sizes.at(-1)!), tag: view };
      }
    }
  }

  *#requests(plans: Iterable<StepPlan>): Generator<BatchRequest<Tag>> {
    for (const plan of plans) {
      const asked = [...this.#planAll(plan)].flatMap((view) => view.sizes.map((size) => ({ view, size })));
      for (const [i, { view, size }] of asked.entries()) {
        const completes = { view: asked[i + 1]?.view !== view, step: i === asked.length - 1 };
        yield { ...view.request(size), tag: { plan, view, completes } };
      }
    }
  }

  *#planAll(plan: StepPlan): Generator<PlannedView> {
    for (const source of this.given.sources) {
      for (let view = 0; view < source.views; view++) yield this.#plan(plan, source, view);
    }
  }

  #plan({ epoch, images }: StepPlan, source: ViewSource, view: number): PlannedView {
    const { makers: { data: { train } }, given: { seed, caches, bags } } = this,
      { size, teacherSize } = source;
    const round = caches ? epoch % caches.views : epoch, number = viewNumber(source, round, view);
    // One neighbour a step: several views of it go together.
    const shown = source.neighbourViews.includes(view)
      ? images.map((image) => bags!.draw(image, { seed, number: round }))
      : images;
    const ids = shown.map((image) => ({ image, view: number }));
    const embedded = source.teacherViews.includes(view);
    const needsTeacher = embedded && (caches?.of(source).claim(ids) ?? true);
    return {
      ...{ source, ids, embedded, needsTeacher },
      sizes: needsTeacher && teacherSize !== size ? [size, teacherSize] : [size],
      request: (size) => viewRequest(source, { train, seed, images: shown, number, size }),
    };
  }

  /** What networks see of views: they themselves, or mixed with others. */
  async #shown(images: tf.Tensor4D, { step }: StepPlan): Promise<tf.Tensor4D> {
    return await this.given.mixup?.mix(images, step) ?? images;
  }

  #upload({ pixels, size }: Batch): tf.Tensor4D {
    return this.makers.engine.upload(pixels, [pixels.length / (size * size * 3), size, size, 3]);
  }

  /** Adds what the teacher makes of a view to a batch. */
  async #teach(view: PlannedView, images: tf.Tensor4D, made: StreamBatch): Promise<void> {
    if (!this.given.maps) return void made.teacherEmbeddings.push(await this.#embed(view, images));
    const { embedding, map } = await this.makers.teacher!.maps!(images);
    made.teacherEmbeddings.push(embedding);
    made.teacherMaps.push(map);
  }

  async #embed({ source, ids, needsTeacher }: PlannedView, images: tf.Tensor4D): Promise<tf.Tensor2D> {
    const { caches } = this.given;
    if (!caches) return await this.makers.teacher!.embed(images);
    return await caches.of(source).embed(ids, needsTeacher ? images : null);
  }
}

function mixupOf(
  { engine, processes }: ProcessParts,
  { seed, train: { mixup, accumulate } }: Recipe,
): Mixup | null {
  return mixup ? new Mixup(engine, { seed, parts: accumulate, rank: processes?.rank ?? 0 }) : null;
}

/** What is drawn can be read. */
async function findBags(parts: ProcessParts, recipe: Recipe, host: Host): Promise<NeighbourBags | null> {
  const { data: { train }, standIns, teacher } = parts, bag = bagSize(recipe);
  if (!teacher || bag === 0) return null;
  host.log(`Looking for the ${bag} nearest neighbours of each of ${train.length} images`);
  const embeddings = await embedCentreViews(parts, recipe, host);
  try {
    return await NeighbourBags.of(embeddings, bag, {
      ...{ standIns, processes: parts.processes, signal: host.signal },
    });
  } finally {
    embeddings.dispose();
  }
}
