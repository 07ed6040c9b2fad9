import type { Components, Host } from "../components.ts";
import { NeighbourBags } from "../views/neighbour_bags.ts";
import type { Batch, BatchRequest } from "../images/pipeline/view_pipeline.ts";
import type { Recipe } from "../recipe/load_recipe.ts";
import type { StepPlan } from "../views/sampler.ts";
import { embedCentreViews } from "../teacher_cache/centre_views.ts";
import type { ViewId } from "../teacher_cache/embedding_store.ts";
import { openTeacherCaches, type TeacherCaches } from "../teacher_cache/open_caches.ts";
import { tf } from "../tf.ts";
import type { StepBatch, Views } from "../training/training_step.ts";
import { viewRequest, type ViewSource, viewSources } from "../views/view_source.ts";

/** One view of the images of a step, and whether the teacher has to see it. */
interface PlannedView {
  source: ViewSource;
  ids: ViewId[];
  requests: BatchRequest[];
  /** Whether the objective wants the teacher's embedding of it. */
  embedded: boolean;
  needsTeacher: boolean;
}

/**
 * The batches of a run, made ahead by the pipeline. Teacher and student see the same views: where the teacher wants
 * another size, a view is rendered from the same random choices at both.
 */
export class TrainingBatches implements Disposable {
  readonly #sources: ViewSource[];
  /** Milliseconds that steps have waited for views, the teacher's work left out. */
  waited = 0;

  /**
   * @param caches Of the teacher's embeddings; null: it sees every view anew.
   * @param bags What neighbours are drawn from; null if no view is of one.
   */
  constructor(
    private readonly parts: Components,
    private readonly recipe: Recipe,
    private readonly caches: TeacherCaches | null = null,
    private readonly bags: NeighbourBags | null = null,
  ) {
    this.#sources = viewSources(parts, recipe);
  }

  /**
   * Makes them for a run: the teacher's cache is opened, and neighbours are looked for, if an objective looks at them.
   *
   * @throws {RunError} If the cache is of other views.
   */
  static async open(parts: Components, recipe: Recipe, host: Host): Promise<TrainingBatches> {
    const caches = await openTeacherCaches(parts, recipe, host);
    try {
      return new TrainingBatches(parts, recipe, caches, await findBags(parts, recipe, host));
    } catch (error) {
      caches?.[Symbol.dispose]();
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.caches?.[Symbol.dispose]();
  }

  /**
   * Delivers the batches of the planned steps in order. While the caller trains on one the teacher sees the next:
   * neither of the two keeps all cores busy alone.
   */
  async *deliver(plans: Iterable<StepPlan>): AsyncGenerator<StepBatch> {
    const batches = this.#make(plans),
      begin = () => {
        const batch = batches.next();
        batch.catch(() => {}); // reported when its turn comes
        return batch;
      };
    let next = begin();
    try {
      for (let batch = await this.#waitFor(next); !batch.done; batch = await this.#waitFor(next)) {
        next = begin();
        yield batch.value;
      }
    } finally {
      // Left off before the end: one more batch is there, or on its way.
      const rest = await next.catch(() => null);
      if (rest?.value) disposeBatch(rest.value);
      await batches.return(undefined);
    }
  }

  /** While a step trains, a wait for views costs nothing: what counts are those while it waits itself. */
  async #waitFor<T>(batch: Promise<T>): Promise<T> {
    const { pipeline } = this.parts, before = pipeline.waited;
    const result = await batch;
    this.waited += pipeline.waited - before;
    return result;
  }

  async *#make(plans: Iterable<StepPlan>): AsyncGenerator<StepBatch> {
    // The pipeline asks ahead of the steps: what each step asked for waits here for its turn.
    const planned: PlannedView[][] = [];
    const batches = this.parts.pipeline.batches(this.#requests(plans, planned));
    try {
      for (let first = await batches.next(); !first.done; first = await batches.next()) {
        const streams: Views[] = this.#sources.map(() => ({ views: [], teacher: [] }));
        let batch: Batch | undefined = first.value;
        for (const view of planned.shift()!) {
          batch ??= (await batches.next()).value as Batch;
          const made = streams[view.source.stream];
          const images = this.#upload(batch);
          made.views.push(images);
          // A batch's pixels are valid until the next is asked for: they are on the device by now.
          const larger = view.requests.length > 1
            ? this.#upload((await batches.next()).value as Batch)
            : null;
          if (view.embedded) made.teacher.push(await this.#embed(view, larger ?? images));
          larger?.dispose();
          batch = undefined;
        }
        const [views, ...patches] = streams;
        yield { ...views, patches };
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

  /** What the steps ask the teacher for, at the size it wants, if the cache is in memory. */
  *#uncached(plans: Iterable<StepPlan>, planned: PlannedView[]): Generator<BatchRequest> {
    if (!this.caches || this.caches.persistent) return;
    for (const plan of plans) {
      if (this.caches.complete) return;
      for (const view of this.#planAll(plan)) {
        if (!view.needsTeacher) continue;
        planned.push(view);
        yield view.requests.at(-1)!;
      }
    }
  }

  *#requests(plans: Iterable<StepPlan>, planned: PlannedView[][]): Generator<BatchRequest> {
    for (const plan of plans) {
      const views = [...this.#planAll(plan)];
      planned.push(views);
      for (const { requests } of views) yield* requests;
    }
  }

  *#planAll(plan: StepPlan): Generator<PlannedView> {
    for (const source of this.#sources) {
      for (let view = 0; view < source.views; view++) yield this.#plan(plan, source, view);
    }
  }

  #plan({ epoch, images }: StepPlan, source: ViewSource, view: number): PlannedView {
    const { parts: { data }, recipe: { seed }, caches } = this, { size, teacherSize } = source;
    const round = caches ? epoch % caches.views : epoch, number = round * source.views + view;
    // One neighbour a step: several views of it go together.
    const shown = source.neighbourViews.includes(view)
      ? images.map((image) => this.bags!.draw(image, { seed, number: round }))
      : images;
    const ids = shown.map((image) => ({ image, view: number }));
    const embedded = source.teacherViews.includes(view);
    const needsTeacher = embedded && (caches?.of(source).claim(ids) ?? true);
    const sizes = needsTeacher && teacherSize !== size ? [size, teacherSize] : [size];
    const requests = sizes.map((size) => viewRequest(source, { data, seed, images: shown, number, size }));
    return { source, ids, requests, embedded, needsTeacher };
  }

  #upload({ pixels, size }: Batch): tf.Tensor4D {
    return this.parts.engine.upload(pixels, [pixels.length / (size * size * 3), size, size, 3]);
  }

  async #embed({ source, ids, needsTeacher }: PlannedView, images: tf.Tensor4D): Promise<tf.Tensor2D> {
    if (!this.caches) return await this.parts.teacher!.embed(images);
    return await this.caches.of(source).embed(ids, needsTeacher ? images : null);
  }
}

/** Frees what a step has learnt from. */
export function disposeBatch({ views, teacher, patches = [] }: StepBatch): void {
  tf.dispose([views, teacher, patches.map(({ views, teacher }) => [...views, ...teacher])]);
}

async function findBags(parts: Components, recipe: Recipe, host: Host): Promise<NeighbourBags | null> {
  const { data: { train }, teacher, needs: { bag } } = parts;
  if (!teacher || bag === 0) return null;
  host.log(`Looking for the ${bag} nearest neighbours of each of ${train.length} images`);
  const embeddings = await embedCentreViews(parts, recipe, host);
  try {
    return await NeighbourBags.of(embeddings, bag);
  } finally {
    embeddings.dispose();
  }
}
