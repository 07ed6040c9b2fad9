import type { Host } from "../interfaces/host.ts";
import type { Learner } from "../parts/learner.ts";
import type { ProcessParts } from "../parts/process_parts.ts";
import type { Recipe } from "../recipe/load_recipe.ts";
import { stateOf } from "../training/loss_terms.ts";
import { saveStudent } from "./checkpoint.ts";
import { Checkpoints } from "./checkpoints.ts";
import { openRecorder, type Recorder } from "./recorder.ts";
import { writeReport } from "./report.ts";
import type { RunDirectory } from "./run_directory.ts";
import { describeRun, runFacts, writeSummary } from "./run_record.ts";

/** What a run works with. */
export interface Made {
  directory: RunDirectory;
  parts: ProcessParts;
  learner: Learner;
  host: Host;
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
    const { seed, checkpoint: { keep } } = recipe, { directory, parts, learner } = made;
    const { student, average, terms, step } = learner, { stepsPerEpoch } = steps;
    this.#facts = runFacts(recipe, parts, learner);
    const state = {
      student: student.parameters,
      more: [...step.optimizer.state, ...stateOf(terms), ...average?.parameters ?? []],
      queues: terms.flatMap(({ queue, queueName: name }) => queue ? [{ name, queue }] : []),
    };
    const origin = { seed, teacher: parts.teacher?.weights?.sha256 ?? null };
    this.checkpoints = new Checkpoints(directory, state, { origin, stepsPerEpoch, keep });
  }

  /** Makes the folder a run's. */
  async begin(): Promise<void> {
    await this.made.directory.begin(this.recipe.resolved);
    await this.made.directory.writeJson("facts", this.#facts);
  }

  /** Opens what takes down each step, for a run that goes on after `startStep`. */
  async record(startStep: number): Promise<Recorder> {
    const { recipe, made: { parts, learner, directory, host } } = this;
    const run = describeRun(recipe, { parts, learner, directory, facts: this.#facts }, {
      ...{ ...this.steps, startStep },
    });
    return await openRecorder(recipe, directory, run, host);
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
    await saveStudent(directory.file("student"), student.parameters, metadata, this.steps.steps);
    await writeSummary(directory, recipe, { ...measured, skipped: parts.skipped });
    await writeReport(directory, recipe.name);
  }
}
