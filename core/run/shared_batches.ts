import { StoppedTogether } from "../processes/go_on_together.ts";
import { disposeBatch, type StepBatch } from "../training/step_batch.ts";
import type { StepPlan } from "../views/sampler.ts";
import type { BatchSource, PlannedBatch } from "./training_batches.ts";

/**
 * One source of batches for several runs with the same views and the same teacher. They take turns: a run has its turn
 * from when it is given a batch until it asks for the next, with all that it does meanwhile, so that none computes while
 * another does. Each sees the batches that it would see alone.
 *
 * Runs that go on after different steps are each given their own first batch. If one leaves before the last batch, or
 * before it has asked for any, the others are told to stop.
 */
export class SharedBatches implements AsyncDisposable {
  readonly #seats: readonly Seat[];
  #recalled = false;
  #driven: Promise<void> | null = null;

  /** @param count How many runs; each takes one of {@link BatchSource}s, by its number. */
  constructor(private readonly source: BatchSource, count: number) {
    this.#seats = Array.from({ length: count }, () => new Seat());
  }

  /** The source of one of the runs. */
  of(index: number): BatchSource {
    const { source } = this, seat = this.#seats[index];
    const pausesOfOthers = () => this.#pausesOfOthers(seat);
    return {
      get waited() {
        return source.waited - seat.waitedBefore;
      },
      get idle() {
        return seat.alone + pausesOfOthers();
      },
      paused(milliseconds) {
        seat.paused += milliseconds;
      },
      deliver: (plans, trained) => this.#deliver(seat, plans, trained),
      // Its turn comes first, so it is the one that has trained longest.
      recall: async (plans, signal) => {
        if (!this.#recalled) await source.recall(plans, signal);
        this.#recalled = true;
      },
    };
  }

  /** Resolves when a run asks for its first batch, until when it is alone with the devices; false: it has left before. */
  begun(index: number): Promise<boolean> {
    return this.#seats[index].taken;
  }

  /** Says that a run asks for nothing any more. */
  leave(index: number): void {
    this.#seats[index].leave();
    this.#driveIfComplete();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const seat of this.#seats) seat.leave();
    await this.#driven;
  }

  async *#deliver(
    seat: Seat,
    plans: Iterable<StepPlan>,
    trained: () => Promise<void> = () => Promise.resolve(),
  ): AsyncGenerator<PlannedBatch> {
    seat.take(plans, trained);
    this.#driveIfComplete();
    try {
      for (let batch = await seat.next(); batch; batch = await seat.next()) yield batch;
    } finally {
      seat.leave();
    }
  }

  #driveIfComplete(): void {
    if (this.#driven || !this.#seats.every((seat) => seat.isTaken)) return;
    for (const seat of this.#seats) this.#keepWaiting(seat);
    const leaves = this.#seats.some(({ hasAsked }) => !hasAsked);
    const driven = leaves ? Promise.reject(new StoppedTogether(STOPPED)) : this.#drive();
    this.#driven = driven.then(
      () => this.#seats.forEach((seat) => seat.give(null)),
      (error) => this.#seats.forEach((seat) => seat.fail(error)),
    );
  }

  /** Milliseconds. */
  #pausesOfOthers(seat: Seat): number {
    return this.#seats.reduce((sum, other) => other === seat ? sum : sum + other.paused, 0);
  }

  /** What passed until now is not of a run's first step. */
  #keepWaiting(seat: Seat): void {
    seat.alone = performance.now() - seat.takenAt - this.#pausesOfOthers(seat);
    seat.waitedBefore = this.source.waited;
  }

  /** Gives every batch to each in turn. */
  async #drive(): Promise<void> {
    const seats = this.#seats.filter(({ first }) => first !== null);
    if (seats.length === 0) return;
    const longest = seats.reduce((a, b) => b.first!.step < a.first!.step ? b : a);
    const trained = async () => void await Promise.all(seats.map((seat) => seat.trained()));
    for await (const { plan, batch } of this.source.deliver(longest.plans(), trained)) {
      try {
        for (const seat of seats) if (plan.step >= seat.first!.step) await serve(seat, { plan, batch });
        for (const seat of seats) if (plan.step < seat.first!.step) this.#keepWaiting(seat);
      } finally {
        disposeBatch(batch);
      }
    }
  }
}

/** Gives a run a batch of its own, and waits until it is done with it. */
async function serve(seat: Seat, { plan, batch }: PlannedBatch): Promise<void> {
  if (await seat.asks()) seat.give({ plan, batch: copyOf(batch) });
  if (!await seat.asks()) throw new StoppedTogether(STOPPED);
}

const STOPPED = "Another student's run has stopped";

/** The same tensors once more: whoever has a batch frees it. */
function copyOf(batch: StepBatch): StepBatch {
  const copies = Object.entries(batch).map(([name, { views, teacherEmbeddings, teacherMaps }]) =>
    [name, {
      views: views.map((view) => view.clone()),
      teacherEmbeddings: teacherEmbeddings.map((rows) => rows.clone()),
      teacherMaps: teacherMaps.map((map) => map.clone()),
    }] as const
  );
  return Object.fromEntries(copies);
}

/** Where one run asks, and is given. */
class Seat {
  /** The first step that it plans; null: there is none left, or it has left. */
  first: StepPlan | null = null;
  #rest: Iterator<StepPlan> = [][Symbol.iterator]();
  trained: () => Promise<void> = () => Promise.resolve();
  readonly #taken = Promise.withResolvers<boolean>();
  /** Whether it has asked for batches, or left. */
  isTaken = false;
  hasAsked = false;
  takenAt = 0;
  /** Milliseconds from its first question to when its first batch is made: others prepare meanwhile, or catch up. */
  alone = 0;
  /** Milliseconds that were waited for views until then. */
  waitedBefore = 0;
  /** Milliseconds of its evaluations and checkpoints since. */
  paused = 0;
  /** What it waits for; null: it does not wait. */
  #asked: PromiseWithResolvers<PlannedBatch | null> | null = null;
  /** Resolves with whether it waits for a batch: it has left otherwise. */
  #asking = Promise.withResolvers<boolean>();
  #end: { error: unknown } | "given" | null = null;

  get taken(): Promise<boolean> {
    return this.#taken.promise;
  }

  take(plans: Iterable<StepPlan>, trained: () => Promise<void>): void {
    this.#rest = plans[Symbol.iterator]();
    const { done, value } = this.#rest.next();
    this.first = done ? null : value;
    this.trained = trained;
    this.isTaken = this.hasAsked = true;
    this.takenAt = performance.now();
    this.#taken.resolve(true);
  }

  /** All steps that it plans. */
  *plans(): Generator<StepPlan> {
    if (this.first) yield this.first;
    for (let next = this.#rest.next(); !next.done; next = this.#rest.next()) yield next.value;
  }

  /** The next batch, when it is there; null at the end. */
  next(): Promise<PlannedBatch | null> {
    if (this.#end === "given") return Promise.resolve(null);
    if (this.#end) return Promise.reject(this.#end.error);
    this.#asked = Promise.withResolvers();
    this.#asking.resolve(true);
    return this.#asked.promise;
  }

  /** Whether it waits for a batch, as soon as that is known: it may be at work, or leave. */
  asks(): Promise<boolean> {
    return this.#asking.promise;
  }

  give(batch: PlannedBatch | null): void {
    if (batch === null) this.#end ??= "given";
    const asked = this.#asked;
    if (!asked) return;
    this.#asked = null;
    this.#asking = Promise.withResolvers();
    asked.resolve(batch);
  }

  fail(error: unknown): void {
    this.#end ??= { error };
    this.#asked?.reject(error);
    this.#asked = null;
  }

  leave(): void {
    this.isTaken = true;
    this.#taken.resolve(false); // known already if it asked before
    this.#end ??= "given";
    this.#asked?.resolve(null);
    this.#asked = null;
    this.#asking.resolve(false); // known already if it asked before
    this.#asking = Promise.withResolvers();
    this.#asking.resolve(false);
  }
}
