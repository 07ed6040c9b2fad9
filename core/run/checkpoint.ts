/**
 * Checkpoints: everything that a resume needs, in one safetensors file with PyTorch's names and layouts.
 *
 * @module
 */
import { RunError } from "../errors.ts";
import type { Queue } from "../interfaces/queue.ts";
import { type NamedArray, SafetensorsFile, writeSafetensors } from "../weights/safetensors.ts";
import { assignParameters, brokenWeights, readParameters } from "../weights/state_dict.ts";
import type { Parameter } from "../interfaces/student.ts";
import { tf } from "../tf.ts";
import { valueProblem } from "../weights/value_problem.ts";

/** What training changes. */
export interface TrainingState {
  student: readonly Parameter[];
  /** State of the optimizer's, of the objectives' and of the average of weights, under the names it is stored by. */
  more: readonly Parameter[];
  queues: readonly NamedQueue[];
}

/** A queue, and what its tensors' names begin with. */
export interface NamedQueue {
  name: string;
  queue: Queue;
}

/** How far a run is. */
export interface Progress {
  step: number;
  epoch: number;
}

/** What a run is of: a resume with another of these would be another run. */
export interface Origin {
  seed: number;
  /** SHA-256 of the teacher's weights; null without a teacher, or with one that has no file. */
  teacher: string | null;
}

const NO_FILE = "none";

const STUDENT = "student.";
const embeddingsOf = ({ name }: NamedQueue) => `${name}.embeddings`;
const pointerOf = ({ name }: NamedQueue) => `${name}.pointer`;

/**
 * Writes a checkpoint, whole or not at all.
 *
 * @throws {RunError} If a value is no number. Running statistics can be so while every loss is finite, since
 *   training does not look at them; nothing is written then.
 */
export async function saveCheckpoint(
  path: string,
  state: TrainingState,
  { step, epoch }: Progress,
  { seed, teacher }: Origin,
): Promise<void> {
  const tensors: NamedArray[] = [
    ...await readParameters(state.student, STUDENT),
    ...await readParameters(state.more),
  ];
  for (const named of state.queues) {
    const { embeddings, pointer } = named.queue;
    const data = await embeddings.data() as Float32Array;
    tensors.push({ name: embeddingsOf(named), shape: embeddings.shape, data });
    tensors.push({ name: pointerOf(named), shape: [], data: await pointer.data() as Int32Array });
  }
  const broken = tensors.flatMap(({ name, data }) => valueProblem(name, data as Float32Array) ?? []);
  if (broken.length) {
    throw new RunError(
      `After step ${step} ${
        broken[0]
      }: training has diverged, whatever the loss says. The checkpoints before are ` +
        "kept; lower train.lr or set train.clip_grad_norm in a new run",
    );
  }
  await writeSafetensors(path, tensors, {
    step: `${step}`,
    epoch: `${epoch}`,
    seed: `${seed}`,
    teacher: teacher ?? NO_FILE,
  }, { checksum: true });
}

/**
 * Sets the state to a checkpoint's.
 *
 * @throws {RunError} If the file is damaged, of another network, queue, objective, seed or teacher, or holds
 *   anything that has no place in the state.
 */
export async function loadCheckpoint(
  path: string,
  state: TrainingState,
  { seed, teacher }: Origin,
): Promise<Progress> {
  using file = await SafetensorsFile.open(path);
  const progress = { step: Number(file.metadata.step), epoch: Number(file.metadata.epoch) };
  if (!Number.isInteger(progress.step)) {
    throw new RunError(`The file "${path}" is no checkpoint: it names no step`);
  }
  if (Number(file.metadata.seed) !== seed) {
    throw new RunError(
      `The checkpoint "${path}" is of seed ${file.metadata.seed}, but the recipe says ${seed}`,
    );
  }
  // The run directory's contract promises step, epoch and seed; what others have written may lack the teacher.
  const { teacher: trainedWith = teacher ?? NO_FILE } = file.metadata;
  if (trainedWith !== (teacher ?? NO_FILE)) {
    throw new RunError(
      `The checkpoint "${path}" is of a teacher whose weights have the SHA-256 "${trainedWith}", ` +
        `but the recipe's have "${teacher ?? NO_FILE}"; resume with those that the run began with`,
    );
  }
  refuseUnread(file, state);
  assignParameters(state.student, file, STUDENT);
  assignParameters(state.more, file);
  for (const named of state.queues) assignQueue(named, file);
  return progress;
}

function refuseUnread(
  { path, tensors }: SafetensorsFile,
  { student, more, queues }: TrainingState,
): void {
  const read = new Set([
    ...student.map(({ name }) => STUDENT + name),
    ...more.map(({ name }) => name),
    ...queues.flatMap((queue) => [embeddingsOf(queue), pointerOf(queue)]),
  ]);
  const [first, ...others] = [...tensors.keys()].filter((name) => !read.has(name));
  if (first === undefined) return;
  throw new RunError(
    `The checkpoint "${path}" holds "${first}"${
      others.length ? ` and ${others.length} more tensors` : ""
    } that the ` +
      "recipe's student, optimizer and objective do not have; resume with those that the run began with",
  );
}

function assignQueue(named: NamedQueue, file: SafetensorsFile): void {
  const { name, queue } = named, stored = file.tensors.get(embeddingsOf(named))?.shape;
  if (stored?.join() !== queue.embeddings.shape.join()) {
    throw new RunError(
      `The ${name} in "${file.path}" is [${stored}], but the recipe's is [${queue.embeddings.shape}]`,
    );
  }
  const rows = file.read(embeddingsOf(named)), problem = valueProblem(embeddingsOf(named), rows);
  if (problem) throw brokenWeights(file.path, [problem]);
  const [slot] = file.read(pointerOf(named));
  if (!(Number.isInteger(slot) && slot >= 0 && slot < queue.embeddings.shape[0])) {
    throw new RunError(
      `The ${name} in "${file.path}" goes on at the slot ${slot}, but it has ${queue.embeddings.shape[0]}`,
    );
  }
  const embeddings = tf.tensor2d(rows, queue.embeddings.shape);
  const pointer = tf.scalar(slot, "int32");
  queue.embeddings.assign(embeddings);
  queue.pointer.assign(pointer);
  tf.dispose([embeddings, pointer]);
}

/** Writes the student alone, for other tools: timm's names, the head under `head.`. */
export async function saveStudent(
  path: string,
  student: readonly Parameter[],
  metadata: Record<string, string>,
  step: number,
): Promise<void> {
  const tensors: NamedArray[] = [];
  for (const array of await readParameters(student)) {
    tensors.push(array);
    // PyTorch's batch norms hold a count of their batches too, which strict loading asks for.
    if (array.name.endsWith(".running_var")) {
      const name = array.name.replace(/running_var$/, "num_batches_tracked");
      tensors.push({ name, shape: [], data: BigInt64Array.of(BigInt(step)) });
    }
  }
  await writeSafetensors(path, tensors, metadata);
}
