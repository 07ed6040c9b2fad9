import { RunError } from "../errors.ts";
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
import { MetricsFile } from "./metrics_file.ts";
import type { RunDirectory } from "./run_directory.ts";

/** Takes down what happens in a run: the core's `metrics.jsonl` first, then loggers, which only watch. */
export interface Recorder extends AsyncDisposable {
  readonly loggers: readonly Logger[];
  step(record: StepRecord, timing: StepTiming): void;
  evaluation(record: EvaluationRecord): void;
  /** After the last step. */
  end(): Promise<void>;
}

/**
 * Opens the record of a run in its folder.
 *
 * @throws {RunError} If a logger does; the message names it.
 */
export async function openRecorder(
  recipe: Recipe,
  directory: RunDirectory,
  run: RunDescription,
  host: Host,
): Promise<Recorder> {
  await using stack = new AsyncDisposableStack();
  const metrics = stack.use(await MetricsFile.open(directory.file("metrics"), run.startStep));
  const named: { name: string; logger: Logger }[] = [];
  for (const use of recipe.loggers) {
    const name = use.plugin.name;
    await of(name, async () => {
      const context = pluginContext(use, recipe.seed, host);
      const logger = await createPlugin(use, { ...context, runDirectory: directory.path });
      named.push({ name, logger });
      stack.defer(() => of(name, async () => await disposeLogger(logger)));
      await logger.start?.(run);
    });
  }
  const owned = stack.move();
  return {
    loggers: named.map(({ logger }) => logger),
    step(record, timing) {
      metrics.write(record);
      for (const { name, logger } of named) ofSync(name, () => logger.step?.(record, timing));
    },
    evaluation(record) {
      metrics.write(record);
      for (const { name, logger } of named) ofSync(name, () => logger.evaluation?.(record));
    },
    async end() {
      for (const { name, logger } of named) await of(name, async () => await logger.end?.());
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function of(name: string, act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    throw wrong(name, error);
  }
}

function ofSync(name: string, act: () => void): void {
  try {
    act();
  } catch (error) {
    throw wrong(name, error);
  }
}

function wrong(name: string, error: unknown): unknown {
  return error instanceof RunError
    ? error
    : new RunError(`The logger "${name}" failed: ${(error as Error).message}`, { cause: error });
}
