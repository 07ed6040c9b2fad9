import { RunError } from "../errors.ts";
import type { Host } from "../interfaces/host.ts";
import type { Learner } from "../parts/learner.ts";
import type { ProcessParts } from "../parts/process_parts.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { writing } from "../files/writing.ts";
import { saveStudent } from "./checkpoint.ts";
import { Checkpoints } from "./checkpoints.ts";
import { openRecorder, type Recorder } from "./recorder.ts";
import { writeReport } from "./report/write_report.ts";
import type { RunDirectory } from "./run_directory.ts";
import { trainingStateOf } from "./training_state.ts";
import type { Resumed } from "./past_recipe.ts";
import { mappingIn } from "./mapping_in.ts";
import { describeRun, requireSameFacts, runFacts, writeSummary } from "./run_record.ts";

/** What a run works with. */
export interface Made {
  directory: RunDirectory;
  parts: ProcessParts;
  learner: Learner;
  host: Host;
  /** What the user has typed to run it; null: a program calls the library. */
  command: string | null;
}

/**
 * All that a run writes into its folder. Of several processes of one run the first alone would have one: whatever else
 * a run does, every process does.
 */
export class RunWriter {
  readonly checkpoints: Checkpoints;
  readonly #facts: Record<string, unknown>;

  constructor(
    private readonly recipe: Recipe,
    private readonly made: Made,
    private readonly steps: { stepsPerEpoch: number; steps: number },
  ) {
    const { seed, checkpoint: { keep } } = recipe, { directory, parts, learner, command } = made;
    const { stepsPerEpoch } = steps;
    this.#facts = { ...runFacts(recipe, parts, learner), command };
    const origin = { seed, teacher: parts.teacher?.weights?.sha256 ?? null };
    this.checkpoints = new Checkpoints(directory, trainingStateOf(learner), { origin, stepsPerEpoch, keep });
  }

  /** Makes the folder a run's, with its untrained state. */
  async begin(): Promise<void> {
    const { directory } = this.made;
    await directory.begin(this.recipe.resolved, this.#facts, () => this.checkpoints.save(0));
  }

  /**
   * Sets the state to the newest checkpoint's.
   *
   * @returns the step that the run goes on after.
   * @throws {RunError} If the run's images or weights are other ones now, or there is nothing left to do.
   */
  async load(): Promise<number> {
    const { made: { directory }, steps } = this;
    await directory.summary(); // what is damaged is told before anything changes
    requireSameFacts(directory, await directory.facts(), this.#facts);
    const step = await this.checkpoints.resume();
    if (step <= steps.steps) return step;
    throw new RunError(
      `The run "${directory.path}" is at step ${step} already, past its end at ${steps.steps}; leave --max-steps out`,
    );
  }

  /** Tells what this process changes of a run that goes on after `step`; nothing is written yet. */
  async compare(step: number, { changes, extendedFrom, processesBefore }: Resumed): Promise<void> {
    const past = await this.made.directory.facts();
    const { started, versions, device, processes, images, command } = this.#facts;
    const devices = this.#facts.devices as { count: number };
    const changed = Object.fromEntries(
      changes.map(({ key, was, now }) => [key, { was: was ?? null, now: now ?? null }]),
    );
    const resumed = {
      ...{ at_step: step, started, versions, device, devices, processes, command, changed },
      ...extendedFrom !== null && { extended_from_epochs: extendedFrom },
      ...processesBefore !== null && { extended_from_processes: processesBefore },
    };
    this.#tellChanges(resumed, past);
    const before = Array.isArray(past.resumed) ? past.resumed : [];
    // Of a beginning that was not taken down nothing is known: this process is not it.
    Object.assign(this.#facts, { started: null, command: null, devices: null, processes: null }, past, {
      images: imagesOf(past, images as Images),
      resumed: [...before, resumed],
    });
  }

  /** Takes that down. */
  async #goOn(step: number, { changes, extendedFrom }: Resumed): Promise<void> {
    const { recipe, made: { directory }, steps } = this;
    if (step < steps.steps) await directory.setResultsAside(step);
    await this.checkpoints.removeOld();
    await directory.writeJson("facts", this.#facts);
    // Only then: it is by its time that the newest run is known where run.json tells none.
    if (changes.length || extendedFrom !== null) await directory.writeText("recipe", recipe.resolved);
  }

  #tellChanges(
    { changed, device, devices }: {
      changed: Record<string, { was: unknown; now: unknown }>;
      device: unknown;
      devices: { count: number };
    },
    past: Record<string, unknown>,
  ): void {
    const told = Object.entries(changed).map(([key, { was, now }]) =>
      `${key} is ${JSON.stringify(now)}, no longer ${JSON.stringify(was)}`
    );
    if (past.device !== undefined && past.device !== device) {
      told.push(`the device is ${device}, no longer ${past.device}: the last bits may differ`);
    }
    const { count: now } = devices, { count: before = now } = mappingIn(past, "devices");
    if (now !== before) told.push(`${now} devices compute, no longer ${before}: the last bits may differ`);
    if (told.length) this.made.host.log(`Changed since the run began: ${told.join("; ")}`);
  }

  /** Opens what takes down each step, for a run that goes on after `startStep`, and takes down that it does. */
  async record(startStep: number, resumed: Resumed | null): Promise<Recorder> {
    const { recipe, made: { parts, learner, directory, host } } = this;
    const run = describeRun(recipe, { parts, learner, directory, facts: this.#facts }, {
      ...{ ...this.steps, startStep },
    });
    return await openRecorder(recipe, directory, run, host, async () => {
      if (resumed) await this.#goOn(startStep, resumed);
    });
  }

  /** Writes what came out. */
  async finish(measured: { imagesPerSecond: number | null; waitedMs: number }): Promise<void> {
    const { recipe, made: { parts, learner: { result: student }, directory } } = this;
    const metadata = {
      network: student.network,
      input_size: `${parts.augmenters[0].size}`,
      mean: JSON.stringify(student.mean),
      std: JSON.stringify(student.std),
    };
    const file = directory.file("student");
    await writing(file, () => saveStudent(file, student.parameters, metadata, this.steps.steps));
    await writeSummary(directory, recipe, this.steps.steps, { ...measured, skipped: parts.skipped });
    await writeReport(directory);
  }
}

/** The images of `run.json`. */
type Images = Readonly<Record<string, unknown>>;

/** Those that a run began with. What it did not take down of them, or had not when it evaluated nothing, is today's. */
function imagesOf(past: Readonly<Record<string, unknown>>, now: Images): Images {
  const { labels_sha256, gallery, queries } = now, then = mappingIn(past, "images");
  return { ...now, ...then, ...then.labels_sha256 === null && { labels_sha256, gallery, queries } };
}
