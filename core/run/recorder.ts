import type { Host } from "../interfaces/host.ts";
import type {
  EvaluationRecord,
  PicturesRecord,
  RunDescription,
  StepRecord,
  StepTiming,
} from "../interfaces/logger.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { Loggers } from "./loggers.ts";
import { MetricsFile } from "./metrics_file.ts";
import type { RunDirectory } from "./run_directory.ts";
import { TimingsFile } from "./timings_file.ts";

/** Takes down what happens in a run: the core's own files first, then loggers, which only watch. */
export interface Recorder extends AsyncDisposable {
  /** Tells what is worth a line. Returns whether anybody listens. */
  message(text: string): boolean;
  step(record: StepRecord, timing: StepTiming): void;
  /** Tells how long evaluations and checkpoints after a step took, or what comes before the first step. */
  pause(step: number, seconds: number): void;
  evaluation(record: EvaluationRecord): void;
  /** Whether anybody looks at pictures. */
  readonly wantsPictures: boolean;
  pictures(record: PicturesRecord): Promise<void>;
  /** Sees to it that the metrics so far outlive a loss of power. */
  sync(): void;
  /** After the last step. */
  end(): Promise<void>;
}

/**
 * Opens the record of a run in its folder. `metrics.jsonl` is cut where the run goes on, after `run.startStep`.
 *
 * @param goOn Writes what else changes in its folder. Loggers start before: if one cannot, a run that was to go on stays
 *   as it was. Default: there is nothing.
 * @throws {RunError} If `metrics.jsonl` cannot be read or written.
 * @throws {Error} If a logger cannot start; of the same kind, and the message names the logger.
 */
export async function openRecorder(
  recipe: Recipe,
  directory: RunDirectory,
  run: RunDescription,
  host: Host,
  goOn: () => Promise<void> = () => Promise.resolve(),
): Promise<Recorder> {
  await using stack = new AsyncDisposableStack();
  const loggers = stack.use(await Loggers.start(recipe, run, host));
  await goOn();
  const { startStep } = run, isExtended = startStep < run.steps && await directory.hasSetAside(startStep);
  const metrics = stack.use(
    await MetricsFile.open(directory.file("metrics"), startStep, host.log, isExtended),
  );
  const timings = stack.use(await TimingsFile.open(directory.file("timings"), startStep));
  const owned = stack.move();
  return {
    message: (text) => loggers.message(text),
    step(record, timing) {
      metrics.write(record);
      timings.step(record.step, timing);
      loggers.step(record, timing);
    },
    pause: (step, seconds) => timings.pause(step, seconds),
    evaluation(record) {
      metrics.write(record);
      loggers.evaluation(record);
    },
    get wantsPictures() {
      return loggers.wantsPictures;
    },
    pictures: (record) => loggers.pictures(record),
    sync: () => metrics.sync(),
    end: () => loggers.end(),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
