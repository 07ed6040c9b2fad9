import { RunError, UsageError } from "../errors.ts";
import type { Host } from "../interfaces/host.ts";
import {
  disposeLogger,
  type EvaluationRecord,
  type Logger,
  type RunDescription,
  type StepRecord,
  type StepTiming,
} from "../interfaces/logger.ts";
import { createPlugin, pluginContext } from "../parts/create_plugin.ts";
import type { Recipe } from "../recipe/load_recipe.ts";

/** The loggers of a run; whatever one of them throws names it. */
export class Loggers implements AsyncDisposable {
  readonly #named: { name: string; logger: Logger }[] = [];
  readonly #stack = new AsyncDisposableStack();
  #isTelling = false;

  private constructor(private readonly signal: AbortSignal) {}

  /**
   * Makes and starts those that a recipe names.
   *
   * @throws {Error} If one does; those made before are disposed of.
   */
  static async start(
    { loggers: uses, seed }: Pick<Recipe, "loggers" | "seed">,
    run: RunDescription,
    host: Host,
  ): Promise<Loggers> {
    await using stack = new AsyncDisposableStack();
    const loggers = stack.use(new Loggers(host.signal));
    for (const use of uses) {
      const context = { ...pluginContext(use, seed, host), runDirectory: run.directory };
      await loggers.#add(use.plugin.name, async () => await createPlugin(use, context));
    }
    await loggers.#each(async (logger) => await logger.start?.(run));
    stack.move();
    return loggers;
  }

  step(record: StepRecord, timing: StepTiming): void {
    this.#eachNow((logger) => logger.step?.(record, timing));
  }

  evaluation(record: EvaluationRecord): void {
    this.#eachNow((logger) => logger.evaluation?.(record));
  }

  /** Returns whether anybody listens. What a logger prints while it is told goes elsewhere, or it would go in circles. */
  message(text: string): boolean {
    if (this.#isTelling || !this.#named.some(({ logger }) => logger.message)) return false;
    this.#isTelling = true;
    try {
      this.#eachNow((logger) => logger.message?.(text));
    } finally {
      this.#isTelling = false;
    }
    return true;
  }

  async end(): Promise<void> {
    await this.#each(async (logger) => await logger.end?.());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }

  async #add(name: string, make: () => Promise<Logger>): Promise<void> {
    const logger = await this.#naming(name, make);
    this.#named.push({ name, logger });
    this.#stack.defer(() => this.#naming(name, () => disposeLogger(logger)));
  }

  async #each(act: (logger: Logger) => Promise<void>): Promise<void> {
    for (const { name, logger } of this.#named) await this.#naming(name, () => act(logger));
  }

  #eachNow(act: (logger: Logger) => void): void {
    for (const { name, logger } of this.#named) {
      try {
        act(logger);
      } catch (error) {
        throw this.#failed(name, error);
      }
    }
  }

  async #naming<T>(name: string, act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (error) {
      throw this.#failed(name, error);
    }
  }

  /** The same kind of error, so that a defect keeps its trace. An interruption is nobody's failure. */
  #failed(name: string, error: unknown): unknown {
    if (this.signal.aborted && error === this.signal.reason) return error;
    const message = `The logger "${name}" failed: ${error instanceof Error ? error.message : error}`;
    const Kind = [RunError, UsageError].find((kind) => error instanceof kind) ?? Error;
    return new Kind(message, { cause: error });
  }
}
