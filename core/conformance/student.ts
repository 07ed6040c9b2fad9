import assert from "node:assert/strict";
import type { Engine } from "../interfaces/engine.ts";
import { NETWORK_NAME, type Student } from "../interfaces/student.ts";
import { isHeadName } from "../training/freeze.ts";
import { tf } from "../tf.ts";
import { assertFlat, variableCount } from "./memory.ts";
import { assertClose, assertFinite, sameValues } from "./numbers.ts";
import { pictures } from "./pictures.ts";
import { ignoreStep, type Steps } from "./steps.ts";

/** A student to check. */
export interface StudentSubject {
  engine: Engine;
  make(seed: number): Promise<Student> | Student;
  /** Side of the views in pixels; default 32. */
  size?: number;
}

const BATCH = 4, RANKS = { conv: 4, depthwise: 4, linear: 2 };

/**
 * Checks what {@link Student} promises: initial values from the seed alone, a gradient for everything that trains,
 * running statistics that move in training only, all state in `parameters`.
 */
export async function checkStudent(t: Steps, { engine, make, size = 32 }: StudentSubject): Promise<void> {
  const tensorsBefore = tf.memory().numTensors, variablesBefore = variableCount();
  const student = await make(0), { parameters, featureDim, embeddingDim } = student;
  const variables = variableCount() - variablesBefore, images = pictures([0, 1, 2, 3], size);
  const evaluate = engine.trace((x) => {
    const { features, embedding } = student.forward(x as tf.Tensor4D, { training: false });
    return [features, embedding];
  }, { name: "student, evaluating" });
  const train = engine.trace((x) => trainingGradients(student, x as tf.Tensor4D), {
    name: "student, training",
  });

  const outputs = async (x: tf.Tensor4D) => {
    const tensors = await evaluate.call(x), shapes = tensors.map(({ shape }) => shape);
    assert.deepEqual(shapes, [[x.shape[0], featureDim], [x.shape[0], embeddingDim]]);
    const values = await Promise.all(tensors.map((tensor) => tensor.data() as Promise<Float32Array>));
    tf.dispose(tensors);
    return values;
  };
  const state = (of = student) => of.parameters.map(({ variable }) => variable.dataSync());

  await t.step("says its network and its normalisation", () => {
    assert.match(student.network, NETWORK_NAME);
    assert.ok(student.mean.every((value) => value >= 0 && value <= 1), `the mean is ${student.mean}`);
    assert.ok(
      student.std.every((value) => value > 0 && value < Infinity),
      `the deviation is ${student.std}`,
    );
  });
  await t.step("names each parameter once, the head's with head., in the shape of its kind", () => {
    const names = parameters.map(({ name }) => name);
    assert.equal(new Set(names).size, names.length);
    assert.ok(names.some(isHeadName));
    for (const { name, kind, variable } of parameters) {
      if (kind !== "vector") assert.equal(variable.rank, RANKS[kind], name);
      if (kind === "depthwise") assert.equal(variable.shape[3], 1, name);
    }
  });
  await t.step("holds all its state in its parameters", () => {
    assert.equal(
      variables,
      parameters.length,
      "variables that are no parameters would not be in a checkpoint",
    );
  });
  await t.step("starts with values that depend on the seed alone", async () => {
    using again = await make(0);
    using other = await make(1);
    assert.ok(sameValues(state(again), state()), "the same seed gave other values");
    assert.ok(!sameValues(state(other), state()), "another seed gave the same values");
  });
  await t.step("gives finite features and embeddings, the same every time", async () => {
    const first = await outputs(images);
    for (const values of first) assertFinite(values, "output");
    assert.ok(sameValues(await outputs(images), first), "the second time was another");
  });
  await t.step("evaluates an image the same whatever else is in the batch, and changes nothing", async () => {
    const before = state(), [features] = await outputs(images), others = pictures([0, 7, 6, 5], size);
    const [among] = await outputs(others);
    others.dispose();
    const scale = Math.max(...features.map(Math.abs));
    assertClose(among.subarray(0, featureDim), features.subarray(0, featureDim), 1e-4 * scale, "features");
    assert.ok(sameValues(state(), before), "evaluation changed the state");
  });
  await t.step("has a gradient for everything that trains, and moves its running statistics", async () => {
    const before = state(), gradients = await train.call(images), after = state();
    const trained = parameters.filter(({ trainable }) => trainable);
    for (const [i, { name }] of trained.entries()) {
      const values = await gradients[i].data();
      assertFinite(values as Float32Array, `gradient of ${name}`);
      assert.ok(values.some((value) => value !== 0), `the gradient of ${name} is zero`);
    }
    tf.dispose(gradients);
    parameters.forEach(({ name, trainable }, i) => {
      const same = sameValues([after[i]], [before[i]]);
      assert.equal(same, trainable, `${name} ${same ? "did not move" : "moved by itself"}`);
    });
  });
  await t.step("takes batches of one image, and views of other sides", async () => {
    for (const [batch, side] of [[1, size], [3, size], [2, 2 * size]]) {
      const views = pictures(Array.from({ length: batch }, (_, i) => i), side);
      // As a run does: what is traced for one shape is traced anew for another.
      const traced = engine.trace((x) => {
        const { features, embedding } = student.forward(x as tf.Tensor4D, { training: false });
        return [features, embedding];
      }, { name: "student, another shape" });
      try {
        const tensors = await traced.call(views), shapes = tensors.map(({ shape }) => shape);
        assert.deepEqual(
          shapes,
          [[batch, featureDim], [batch, embeddingDim]],
          `of ${batch} views of ${side} px`,
        );
        for (const tensor of tensors) assertFinite(await tensor.data() as Float32Array, "output");
        tf.dispose(tensors);
      } finally {
        traced[Symbol.dispose]();
        views.dispose();
      }
    }
  });
  await checkMaps(t, student, { engine, images });
  await t.step("keeps no tensors", async () => {
    await assertFlat(async () => void await outputs(images));
    await assertFlat(async () => tf.dispose(await train.call(images)), 1);
  });
  await t.step("frees everything when it is disposed of", () => {
    evaluate[Symbol.dispose]();
    train[Symbol.dispose]();
    student[Symbol.dispose]();
    images.dispose();
    assert.equal(tf.memory().numTensors, tensorsBefore);
  });
}

/** Checks its maps: beside the same outputs as without, in training too. */
async function checkMaps(
  t: Steps,
  student: Student,
  { engine, images }: { engine: Engine; images: tf.Tensor4D },
): Promise<void> {
  const name = "gives maps beside the same features, of images of other sides too";
  const { mapDim } = student;
  if (mapDim === undefined) return await ignoreStep(t, name, "it has none");
  await t.step(name, async () => {
    assert.ok(Number.isInteger(mapDim) && mapDim > 0, `mapDim is ${mapDim}`);
    const large = tf.tidy(() =>
      tf.concat([tf.concat([images, images], 1), tf.concat([images, images], 1)], 2)
    );
    for (const views of [images, large as tf.Tensor4D]) {
      const [features, embedding, map, plainFeatures, plainEmbedding] = await outputsWithMap(
        engine,
        student,
        views,
      );
      assert.equal(map.shape.length, 4);
      assert.deepEqual([map.shape[0], map.shape[3]], [BATCH, mapDim]);
      assertFinite(map.values, "map");
      const scale = Math.max(...plainFeatures.values.map(Math.abs));
      assertClose(features.values, plainFeatures.values, 1e-4 * scale, "features beside a map");
      const size = Math.max(...plainEmbedding.values.map(Math.abs));
      assertClose(embedding.values, plainEmbedding.values, 1e-4 * size, "embedding beside a map");
    }
    large.dispose();
  });
}

async function outputsWithMap(engine: Engine, student: Student, images: tf.Tensor4D) {
  const traced = engine.trace((x) => {
    const [beside, alone] = [true, false].map((map) =>
      student.forward(x as tf.Tensor4D, { training: false, map })
    );
    return [beside.features, beside.embedding, beside.map!, alone.features, alone.embedding];
  }, { name: "student with its map" });
  try {
    const tensors = await traced.call(images);
    const values = await Promise.all(tensors.map((tensor) => tensor.data() as Promise<Float32Array>));
    const shapes = tensors.map(({ shape }) => shape);
    tf.dispose(tensors);
    return shapes.map((shape, i) => ({ shape, values: values[i] }));
  } finally {
    traced[Symbol.dispose]();
  }
}

/** Gradients of a loss that every output takes part in, in the order of the trainable parameters. */
function trainingGradients(student: Student, images: tf.Tensor4D): tf.Tensor[] {
  const variables = student.parameters.filter(({ trainable }) => trainable).map(({ variable }) => variable);
  const target = tf.tensor2d(
    Float32Array.from({ length: BATCH * student.embeddingDim }, (_, i) => Math.sin(i)),
    [BATCH, student.embeddingDim],
  );
  const loss = () => {
    const { embedding } = student.forward(images, { training: true });
    return tf.mean(tf.squaredDifference(embedding, target)) as tf.Scalar;
  };
  const { grads } = tf.variableGrads(loss, variables);
  return variables.map(({ name }) => grads[name]);
}
