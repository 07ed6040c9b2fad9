import { RunError, UsageError } from "../errors.ts";
import type { Host } from "../interfaces/host.ts";
import {
  disposeLogger,
  type EvaluationRecord,
  type Logger,
  type PicturesRecord,
  type RunDescription,
  type StepRecord,
  type StepTiming,
} from "../interfaces/logger.ts";
import { createPlugin, pluginContext } from "../parts/create_plugin.ts";
import { placeOf } from "../recipe/error_place.ts";
import type { Recipe } from "../recipe/recipe.ts";

/** A logger of the recipe. */
interface Named {
  name: string;
  logger: Logger;
}

/**
 * The loggers of a run. One that cannot start keeps the run from beginning: its options are wrong, say. One that fails
 * later is told of once and put aside, for it only watches: hours of training are worth more than a line about them.
 */
export class Loggers implements AsyncDisposable {
  readonly #named = new Set<Named>();
  readonly #stack = new AsyncDisposableStack();
  #isTelling = false;

  private constructor(private readonly host: Host) {}

  /**
   * Makes and starts those that a recipe names.
   *
   * @throws {Error} If one does, of the same kind and with its name; those made before are disposed of.
   */
  static async start(
    { loggers: uses, seed }: Pick<Recipe, "loggers" | "seed">,
    run: RunDescription,
    host: Host,
  ): Promise<Loggers> {
    await using stack = new AsyncDisposableStack();
    const loggers = stack.use(new Loggers(host));
    for (const use of uses) {
      const context = { ...pluginContext(use, seed, host), runDirectory: run.directory };
      await loggers.#add(use.plugin.name, async () => await createPlugin(use, context));
    }
    for (const { name, logger } of loggers.#named) {
      await loggers.#naming(name, async () => await logger.start?.(run));
    }
    stack.move();
    return loggers;
  }

  /** Whether anybody looks at pictures: nobody makes them otherwise. */
  get wantsPictures(): boolean {
    return this.#named.values().some(({ logger }) => logger.pictures);
  }

  step(record: StepRecord, timing: StepTiming): void {
    this.#eachNow((logger) => logger.step?.(record, timing));
  }

  evaluation(record: EvaluationRecord): void {
    this.#eachNow((logger) => logger.evaluation?.(record));
  }

  async pictures(record: PicturesRecord): Promise<void> {
    await this.#each((logger) => logger.pictures?.(record));
  }

  /** Returns whether anybody listens. What a logger prints while it is told goes elsewhere, or it would go in circles. */
  message(text: string): boolean {
    if (this.#isTelling || !this.#named.values().some(({ logger }) => logger.message)) return false;
    this.#isTelling = true;
    try {
      this.#eachNow((logger) => logger.message?.(text));
    } finally {
      this.#isTelling = false;
    }
    return true;
  }

  async end(): Promise<void> {
    await this.#each((logger) => logger.end?.());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }

  async #add(name: string, make: () => Promise<Logger>): Promise<void> {
    const one = { name, logger: await this.#naming(name, make) };
    this.#named.add(one);
    this.#stack.defer(() => this.#watching(one, disposeLogger));
  }

  async #each(act: (logger: Logger) => unknown): Promise<void> {
    for (const one of [...this.#named]) await this.#watching(one, act);
  }

  async #watching(one: Named, act: (logger: Logger) => unknown): Promise<void> {
    try {
      await act(one.logger);
    } catch (error) {
      this.#putAside(one, error);
    }
  }

  #eachNow(act: (logger: Logger) => unknown): void {
    for (const one of [...this.#named]) {
      try {
        const told = act(one.logger);
        // One that is written as an async function is not waited for, but fails like the others.
        if (told instanceof Promise) {
          told.catch((error) => {
            if (!this.#isInterruption(error)) this.#putAside(one, error);
          });
        }
      } catch (error) {
        this.#putAside(one, error);
      }
    }
  }

  /** From here on the logger is told nothing. What happens to it after that, when it is let go, is no news. */
  #putAside(one: Named, error: unknown): void {
    if (this.#isInterruption(error)) throw error;
    if (!this.#named.delete(one)) return;
    this.host.log(
      `Warning: ${
        failure(one.name, error)
      }. It is told no more; the run goes on, and metrics.jsonl has all figures`,
    );
  }

  /** Of one that is made or started: the same kind of error, so that a defect keeps its trace. */
  async #naming<T>(name: string, act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (error) {
      if (this.#isInterruption(error)) throw error;
      const Kind = [RunError, UsageError].find((kind) => error instanceof kind) ?? Error;
      const message = `The logger "${name}" failed: ${error instanceof Error ? error.message : error}`;
      throw new Kind(message, { cause: error });
    }
  }

  /** An interruption is nobody's failure. */
  #isInterruption(error: unknown): boolean {
    const { aborted, reason } = this.host.signal;
    return aborted && error === reason;
  }
}

/** Of a defect, which has no trace in a message, the line in the logger is told. */
function failure(name: string, error: unknown): string {
  const isDefect = !(error instanceof RunError || error instanceof UsageError);
  const reason = error instanceof Error ? error.message : `${error}`;
  return `The logger "${name}" failed${isDefect ? placeOf(error) : ""}: ${reason.replace(/\.$/, "")}`;
}
