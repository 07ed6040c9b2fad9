/**
 * What a run writes about itself: `run.json` at its start, `summary.json` at its end.
 *
 * @module
 */
import { hostname } from "node:os";
import { resolve } from "node:path";
import { parse } from "yaml";
import type { Learner } from "../parts/learner.ts";
import type { ProcessParts } from "../parts/process_parts.ts";
import type { RunDescription } from "../interfaces/logger.ts";
import { threadsOf } from "../processes/threads.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { mappingIn } from "./mapping_in.ts";
import type { RunDirectory } from "./run_directory.ts";
import type { RunFolder } from "./run_folder.ts";
import type { InitialWeightsRecord, Parameter, Student } from "../interfaces/student.ts";
import type { WeightsRecord } from "../interfaces/teacher.ts";
import { shortPath } from "../text/short_path.ts";
import { tf } from "../tf.ts";
import { labelHash, listingHash } from "../images/listing_hash.ts";
import { RunError } from "../errors.ts";
import { missingSteps } from "./metrics_file.ts";
import { SEED_VERSION } from "../version.ts";
import type { SkippedImages } from "../parts/without_broken.ts";

/** The first screen. */
export function describeRun(
  recipe: Recipe,
  { parts: { engine, teacher, data }, learner, directory, facts }: {
    parts: ProcessParts;
    learner: Pick<Learner, "student" | "initialWeights">;
    directory: RunFolder;
    facts: Record<string, unknown>;
  },
  steps: Pick<RunDescription, "stepsPerEpoch" | "steps" | "startStep">,
): RunDescription {
  const { weights = null } = teacher ?? {};
  const taken = weights ? `, ${weights.tensors} tensors of ${fileText(weights)}` : "";
  const precision = engine.arithmetic(recipe.train.precision, { training: true });
  return {
    recipe: recipe.path,
    directory: directory.path,
    engine: `${engine.name} ${engine.version}`,
    device: shownDevice(engine),
    teacher: teacher && `${recipe.teacher!.plugin.name}, ${teacher.embeddingDim} dimensions${taken}`,
    student: studentText(learner, precision),
    studentName: recipe.studentName,
    images: data.train.length,
    ...{ ...steps, settings: parse(recipe.resolved), facts },
  };
}

/** Versions, device, processes, seed, weights and counts. */
export function runFacts(
  recipe: Recipe,
  { engine, teacher, data, listed, processes }: ProcessParts,
  { student, initialWeights }: Pick<Learner, "student" | "initialWeights">,
): Record<string, unknown> {
  return {
    started: new Date().toISOString(),
    recipe: resolve(recipe.path),
    seed: recipe.seed,
    versions: {
      seed: SEED_VERSION,
      deno: Deno.version.deno,
      tfjs: tf.version_core,
      [engine.name]: engine.version,
    },
    device: engine.device,
    devices: {
      count: engine.deviceCount ?? 1,
      batch_norm_images: batchNormImages(recipe.train, processes?.size ?? 1),
    },
    cores: navigator.hardwareConcurrency,
    processes: {
      count: processes?.size ?? 1,
      threads: threadsOf(), // of each
      carrier: processes?.carrier ?? null,
      hosts: processes?.hosts ?? [hostname()],
    },
    teacher: teacher?.weights ?? null,
    student: {
      network: student.network,
      ...parameterCounts(student),
      trained_in: engine.arithmetic(recipe.train.precision, { training: true }),
      weights: initialWeights,
    },
    images: {
      train: data.train.length,
      // Of the names in their order: a resume with others would be another run.
      listing_sha256: listingHash(data.train),
      // Of those that its figures are of, with their classes; one that cannot be read any more counts.
      labels_sha256: recipe.evaluate.evaluators.length && listed.evaluation
        ? [listed.evaluation.gallery, listed.evaluation.queries].map(labelHash)
        : null,
      gallery: data.evaluation?.gallery.length ?? 0,
      queries: data.evaluation?.queries.length ?? 0,
    },
  };
}

function shownDevice({ device, deviceCount = 1 }: ProcessParts["engine"]): string {
  return deviceCount === 1 ? device : `${device}, ${deviceCount} devices`;
}

/** How many images batch norm sees at a time: of one view, on all devices of a process. */
export function batchNormImages(
  { batch_size: batch, accumulate, bn_splits: splits }: Recipe["train"],
  processes: number,
): number {
  return batch / (processes * accumulate * splits);
}

/**
 * Makes sure that a run goes on with the images and in the precision that it began with. What earlier versions did not
 * take down is not compared.
 *
 * @param past What `run.json` says.
 * @param now What it would say today.
 * @throws {RunError} If they are others, or in another order.
 */
export function requireSameFacts(directory: RunFolder, past: Facts, now: Facts): void {
  const then = mappingIn(past, "images"), today = mappingIn(now, "images");
  const differs = (was: unknown, is: unknown) =>
    was !== undefined && was !== null && is !== null && JSON.stringify(was) !== JSON.stringify(is);
  const begun = `the run "${directory.path}" began with`;
  if (differs(then.listing_sha256, today.listing_sha256) || differs(then.train, today.train)) {
    const counts = then.train === today.train
      ? `${then.train} then and now, but other ones or in another order`
      : `${then.train} then, ${today.train} now`;
    throw new RunError(
      `The images are not those that ${begun}: ${counts}. Every step's batch would be of others; bring the images ` +
        "back, or start another run with --out",
    );
  }
  if (differs(then.labels_sha256, today.labels_sha256)) {
    throw new RunError(
      `The images to evaluate on, or their classes, are not those that ${begun}. Its figures could not be compared with ` +
        "those before; bring them back, take evaluate out, or start another run with --out",
    );
  }
  // Convolutions in TF32, as fp32's are on NVIDIA's cards, are fp32 here: a run may go on on another device in it.
  const precision = mappingIn(past, "student").trained_in, present = mappingIn(now, "student").trained_in;
  if (differs(precision, present)) {
    throw new RunError(
      `The student was trained in ${precision}, but would go on in ${present} on this device, ${now.device}; resume it ` +
        "on a device like the one before, or start another run with --out",
    );
  }
}

type Facts = Readonly<Record<string, unknown>>;

/**
 * The outcome, from the metrics that the run has written.
 *
 * @param end Steps that it has done: lines of metrics may be damaged or gone.
 */
export async function writeSummary(
  directory: RunDirectory,
  recipe: Recipe,
  end: number,
  measured: { imagesPerSecond: number | null; waitedMs: number; skipped: SkippedImages },
): Promise<void> {
  const { lines: metrics, problem } = await directory.metrics();
  const last = metrics.find((line) => "loss" in line && line.step === end);
  const missing = missingSteps(metrics, end);
  // Who only looks at a finished run again has measured nothing: what was measured stays.
  const before = measured.imagesPerSecond === null ? await directory.summary() : null;
  const kept = before?.steps === end ? before : null;
  await directory.writeJson("summary", {
    recipe: recipe.name,
    steps: end,
    images_seen: end * recipe.train.batch_size,
    final_loss: last?.loss ?? kept?.final_loss ?? null,
    images_per_second: kept?.images_per_second ?? measured.imagesPerSecond,
    data_wait_seconds: kept?.data_wait_seconds ?? measured.waitedMs / 1000,
    skipped_images: measured.skipped,
    ...missing !== null && { steps_without_metrics: missing },
    ...problem !== null && { metrics_problem: problem },
    evaluations: metrics.filter((line) => "evaluation" in line),
  });
}

/** How many weights a student has, and how many of them training leaves as they are. */
export function parameterCounts({ parameters }: Student): { parameters: number; frozen_parameters: number } {
  const weights = parameters.filter(({ trainable }) => trainable);
  const count = (of: readonly Parameter[]) => of.reduce((sum, { variable }) => sum + variable.size, 0);
  return { parameters: count(weights), frozen_parameters: count(weights.filter(({ frozen }) => frozen)) };
}

function studentText(
  { student, initialWeights }: Pick<Learner, "student" | "initialWeights">,
  precision: string,
): string {
  const { parameters, frozen_parameters: frozen } = parameterCounts(student);
  const millions = (count: number) => `${(count / 1e6).toFixed(2)} M`;
  return [
    `${student.network}, ${millions(parameters)} parameters`,
    ...frozen ? [`${millions(frozen)} of them frozen`] : [],
    ...precision === "fp32" ? [] : [`trained in ${precision}`],
    ...initialWeights ? [`begins from ${beginningText(initialWeights)}`] : [],
  ].join(", ");
}

function beginningText({ tensors, left, fresh, ...weights }: InitialWeightsRecord): string {
  return `${tensors} tensors of ${fileText(weights)}, ${left} left there, ${fresh} from noise`;
}

/** A file of weights, and how it was recognised. */
function fileText({ file, sha256, layout }: Pick<WeightsRecord, "file" | "sha256" | "layout">): string {
  return `${shortPath(file)} (layout ${layout}, SHA-256 ${sha256.slice(0, 12)}...)`;
}
