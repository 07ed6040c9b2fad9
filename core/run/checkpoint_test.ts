import assert from "node:assert/strict";
import { join } from "node:path";
import {
  loadCheckpoint,
  type Origin,
  saveCheckpoint,
  saveStudent,
  type TrainingState,
} from "./checkpoint.ts";
import { RunError } from "../errors.ts";
import type { Queue } from "../interfaces/queue.ts";
import { Random } from "../random.ts";
import { SafetensorsFile } from "../weights/safetensors.ts";
import type { Parameter, ParameterKind } from "../interfaces/student.ts";
import { tf } from "../tf.ts";

await tf.setBackend("cpu");

/** Values with all their bits in use; `seed` tells states apart. */
function randomTensor(shape: number[], ...key: (number | string)[]): tf.Tensor {
  const random = new Random(...key);
  return tf.tensor(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random.normal()),
    shape,
  );
}

function parameter(
  name: string,
  kind: ParameterKind,
  shape: number[],
  seed: number,
  trainable = true,
): Parameter {
  const values = randomTensor(shape, seed, name), isVariance = name.endsWith("running_var");
  return { name, kind, variable: tf.variable(isVariance ? tf.abs(values) : values, trainable), trainable };
}

interface Sizes {
  width?: number;
  queueSize?: number;
  momentumEncoder?: boolean;
}

/** The state of a small run: every kind of parameter, running statistics, momenta, a momentum encoder, a queue. */
function makeState(
  seed: number,
  { width = 4, queueSize = 6, momentumEncoder = true }: Sizes = {},
): TrainingState {
  const student = [
    parameter("conv1.weight", "conv", [3, 2, 3, width], seed),
    parameter("blocks.0.conv_dw.weight", "depthwise", [3, 3, width, 1], seed),
    parameter("bn1.running_var", "vector", [width], seed, false),
    parameter("head.0.weight", "linear", [width, 5], seed),
    parameter("head.0.bias", "vector", [5], seed),
  ];
  const copies = (prefix: string, list: Parameter[]) =>
    list.map(({ name, kind, variable }) => parameter(prefix + name, kind, variable.shape, seed + 100, false));
  return {
    student,
    more: [
      ...copies("optimizer.momentum.", student.filter(({ trainable }) => trainable)),
      ...momentumEncoder ? copies("momentum_encoder.", student) : [],
    ],
    queues: ["queue", "small_queue"].map((name) => {
      const queue = {
        size: queueSize,
        embeddingDim: 5,
        embeddings: tf.variable(randomTensor([queueSize, 5], seed, name), false),
        pointer: tf.variable(tf.scalar(seed, "int32"), false),
      };
      return { name, queue: queue as unknown as Queue };
    }),
  };
}

function variables({ student, more, queues }: TrainingState): tf.Variable[] {
  const parameters = [...student, ...more].map(({ variable }) => variable);
  const ofQueues = queues.flatMap((
    { queue },
  ) => [queue.embeddings as tf.Variable, queue.pointer as tf.Variable]);
  return [...parameters, ...ofQueues];
}

const values = (state: TrainingState) => variables(state).map((variable) => variable.dataSync());

const PROGRESS = { step: 12, epoch: 12 / 7 }, ORIGIN = { seed: 3, teacher: "a04e" };

async function withCheckpoint(test: (path: string, saved: TrainingState) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "seed-checkpoint-" });
  try {
    const saved = makeState(3), path = join(folder, "step-0000012.safetensors");
    await saveCheckpoint(path, saved, PROGRESS, ORIGIN);
    await test(path, saved);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("a state comes back from its checkpoint bit for bit", () =>
  withCheckpoint(async (path, saved) => {
    const other = makeState(4);
    assert.notDeepEqual(values(other), values(saved));
    assert.deepEqual(await loadCheckpoint(path, other, ORIGIN), PROGRESS);
    assert.deepEqual(values(other), values(saved));
  }));

Deno.test("a checkpoint has the promised names, with PyTorch's shapes", () =>
  withCheckpoint(async (path) => {
    using file = await SafetensorsFile.open(path);
    const shapes = Object.fromEntries([...file.tensors].map(([name, { shape }]) => [name, shape]));
    assert.deepEqual(shapes, {
      "student.conv1.weight": [4, 3, 3, 2],
      "student.blocks.0.conv_dw.weight": [4, 1, 3, 3],
      "student.bn1.running_var": [4],
      "student.head.0.weight": [5, 4],
      "student.head.0.bias": [5],
      "optimizer.momentum.conv1.weight": [4, 3, 3, 2],
      "optimizer.momentum.blocks.0.conv_dw.weight": [4, 1, 3, 3],
      "optimizer.momentum.head.0.weight": [5, 4],
      "optimizer.momentum.head.0.bias": [5],
      "momentum_encoder.conv1.weight": [4, 3, 3, 2],
      "momentum_encoder.blocks.0.conv_dw.weight": [4, 1, 3, 3],
      "momentum_encoder.bn1.running_var": [4],
      "momentum_encoder.head.0.weight": [5, 4],
      "momentum_encoder.head.0.bias": [5],
      "queue.embeddings": [6, 5],
      "queue.pointer": [],
      "small_queue.embeddings": [6, 5],
      "small_queue.pointer": [],
    });
    const { values_crc32, header_crc32, ...metadata } = file.metadata;
    assert.deepEqual(metadata, { step: "12", epoch: `${12 / 7}`, seed: "3", teacher: "a04e" });
    for (const sum of [values_crc32, header_crc32]) assert.match(sum, /^[0-9a-f]{8}$/);
  }));

Deno.test("saving and loading keep no tensors", () =>
  withCheckpoint(async (path, saved) => {
    const before = tf.memory().numTensors;
    await saveCheckpoint(path, saved, PROGRESS, ORIGIN);
    await loadCheckpoint(path, saved, ORIGIN);
    assert.equal(tf.memory().numTensors, before);
  }));

const MISFITS: Record<string, [state: () => TrainingState, origin: Origin, says: RegExp]> = {
  "another seed": [() => makeState(3), { ...ORIGIN, seed: 5 }, /is of seed 3, but the recipe says 5/],
  "another teacher": [
    () => makeState(3),
    { ...ORIGIN, teacher: "beef" },
    /is of a teacher whose weights have the SHA-256 "a04e", but the recipe's have "beef"/,
  ],
  "a teacher without a file": [
    () => makeState(3),
    { ...ORIGIN, teacher: null },
    /but the recipe's have "none"/,
  ],
  "a wider network": [
    () => makeState(3, { width: 8 }),
    ORIGIN,
    /do not fit:\n {2}"student\.conv1\.weight" has the shape \[4,3,3,2\], expected \[8,3,3,2\]\n {2}"student\.blocks/,
  ],
  "a longer queue": [
    () => makeState(3, { queueSize: 12 }),
    ORIGIN,
    /queue in ".*" is \[6,5\], but .* is \[12,5\]/,
  ],
  "an objective without a momentum encoder": [
    () => makeState(3, { momentumEncoder: false }),
    ORIGIN,
    /holds "momentum_encoder\.conv1\.weight" and 4 more tensors that the recipe's .* do not have/,
  ],
  "a network with another layer": [
    () => {
      const state = makeState(3);
      return { ...state, student: [...state.student, parameter("head.2.weight", "linear", [5, 5], 3)] };
    },
    ORIGIN,
    /missing "student\.head\.2\.weight" \(the nearest is "student\.head\.0\.weight"\)/,
  ],
};

for (const [what, [state, origin, says]] of Object.entries(MISFITS)) {
  Deno.test(`a checkpoint is refused for ${what}`, () =>
    withCheckpoint(async (path) => {
      await assert.rejects(loadCheckpoint(path, state(), origin), (error: Error) => {
        assert.ok(error instanceof RunError, `${error}`);
        assert.match(error.message, says);
        return true;
      });
    }));
}

Deno.test("a truncated checkpoint is refused", () =>
  withCheckpoint(async (path, saved) => {
    await Deno.truncate(path, (await Deno.stat(path)).size - 1);
    await assert.rejects(loadCheckpoint(path, saved, ORIGIN), RunError);
  }));

Deno.test("a file of weights is told from a checkpoint", () =>
  withCheckpoint(async (path, saved) => {
    await saveStudent(path, saved.student, { network: "small" }, 12);
    await assert.rejects(loadCheckpoint(path, saved, ORIGIN), /is no checkpoint: it names no step/);
  }));

Deno.test("a student's file counts the batches of its batch norms, as PyTorch's do", () =>
  withCheckpoint(async (path, saved) => {
    await saveStudent(path, saved.student, { network: "small" }, 12);
    using file = await SafetensorsFile.open(path);
    assert.deepEqual([...file.tensors.keys()], [
      "conv1.weight",
      "blocks.0.conv_dw.weight",
      "bn1.running_var",
      "bn1.num_batches_tracked",
      "head.0.weight",
      "head.0.bias",
    ]);
    assert.equal(file.tensors.get("bn1.num_batches_tracked")!.dtype, "I64");
    assert.deepEqual(file.read("bn1.num_batches_tracked"), Float32Array.of(12));
    assert.deepEqual(file.metadata, { network: "small" });
  }));

Deno.test("a state that is no longer numbers is not written: a run that diverged keeps the checkpoint before", () =>
  withCheckpoint(async (path, saved) => {
    const [, , variance] = saved.student, before = await Deno.readFile(path);
    for (const [value, says] of [[Infinity, "is not finite"], [-1, "holds variances"]] as const) {
      variance.variable.assign(tf.fill(variance.variable.shape, value));
      await assert.rejects(
        saveCheckpoint(path, saved, PROGRESS, ORIGIN),
        (error: Error) =>
          error instanceof RunError &&
          error.message.startsWith(`After step 12 "student.bn1.running_var" ${says}`),
      );
      assert.deepEqual(await Deno.readFile(path), before);
    }
  }));
