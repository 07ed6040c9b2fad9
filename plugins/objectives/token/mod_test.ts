import assert from "node:assert/strict";
import { Random, tf } from "@seed/core";
import { testContext } from "../../../tests/support/engine.ts";
import { objectiveContext, objectiveInputs } from "../../../tests/support/objective_inputs.ts";
import { assertNear, dot, mean, type Rows, softmax, unitRows } from "../../../tests/support/rows.ts";
import plugin, { resampled, tokenLoss } from "./mod.ts";

/** The divergence, place by place, of images that are lists of places. */
function naiveLoss(student: Rows[], teacher: Rows[], T: number): number {
  return mean(teacher.flatMap((places, image) =>
    places.map((own, i) => {
      const p = softmax(places.map((other) => dot(own, other) / T));
      const q = softmax(student[image].map((other) => dot(student[image][i], other) / T));
      return p.reduce((sum, value, j) => sum + (value === 0 ? 0 : value * Math.log(value / q[j])), 0);
    })
  ));
}

const scaled = (rows: Rows, factor: number) => rows.map((row) => row.map((x) => factor * x));
const mapOf = (images: Rows[], [rows, columns]: [number, number]) =>
  tf.tidy(() =>
    tf.reshape(tf.tensor3d(images), [images.length, rows, columns, images[0][0].length])
  ) as tf.Tensor4D;

Deno.test("tokenLoss() is the divergence of similarities within each image, whatever the maps' lengths", () => {
  for (let trial = 0; trial < 20; trial++) {
    const random = new Random(trial, "token"), T = random.uniform(0.05, 1), images = 1 + random.below(3);
    const [rows, columns] = [1 + random.below(3), 1 + random.below(4)], places = rows * columns;
    const maps = (dim: number) => Array.from({ length: images }, () => unitRows(random, places, dim));
    const student = maps(4), teacher = maps(6), expected = naiveLoss(student, teacher, T);
    const loss = tf.tidy(() =>
      tokenLoss(
        mapOf(student.map((image) => scaled(image, 3)), [rows, columns]),
        mapOf(teacher.map((image) => scaled(image, 0.1)), [rows, columns]),
        T,
      ).dataSync()[0]
    );
    assertNear(loss, expected, 2e-5, `trial ${trial}`);
  }
});

Deno.test("a student whose map is the teacher's turned has no loss", () => {
  const teacher = [unitRows(new Random(0, "turned"), 6, 3)];
  const student = teacher.map((places) => places.map(([x, y, z]) => [y, z, -x]));
  const loss = tf.tidy(() => tokenLoss(mapOf(student, [2, 3]), mapOf(teacher, [2, 3]), 0.07).dataSync()[0]);
  assertNear(loss, 0, 1e-6, "loss");
});

Deno.test("a map of a linear slope is a slope on every grid, and its own grid is left as it is", () => {
  tf.tidy(() => {
    const slope = tf.tensor4d(Array.from({ length: 4 * 4 }, (_, i) => i % 4 + 10 * Math.floor(i / 4)), [
      1,
      4,
      4,
      1,
    ]);
    assert.equal(resampled(slope, 4, 4), slope);
    const large = resampled(slope, 8, 2).arraySync()[0];
    assert.deepEqual(large.map((row) => row.map(([x]) => Math.round(100 * x) / 100)), [
      ...[[0.5, 2.5], [3, 5], [8, 10], [13, 15], [18, 20], [23, 25], [28, 30], [30.5, 32.5]],
    ]);
  });
});

Deno.test("places where all of a map's channels are zero have a finite gradient", async () => {
  const context = {
    ...testContext,
    ...objectiveContext(8),
    studentMapDim: 3,
    teacherMapDim: 5,
    engine: null!,
  };
  const objective = await plugin.create(plugin.options.parse({}), context);
  const teacher = mapOf([unitRows(new Random(1, "zeros"), 4, 5)], [2, 2]);
  const gradient = tf.tidy(() =>
    tf.grad((map) =>
      objective.loss(objectiveInputs({ studentMaps: [map as tf.Tensor4D], teacherMaps: [teacher] })).loss
    )(tf.tensor4d([0, 0, 0, 0, 0, 0, 1, 0, 2, 0, 1, 0], [1, 2, 2, 3])).dataSync()
  );
  assert.ok(gradient.every((value) => Number.isFinite(value) && Math.abs(value) < 100), `${gradient}`);
  objective[Symbol.dispose]!();
  teacher.dispose();
});
