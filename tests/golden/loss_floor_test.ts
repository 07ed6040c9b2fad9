import assert from "node:assert/strict";
import { tf } from "@seed/core";
import compress from "@seed/objective-compress";
import seed from "@seed/objective-seed";
import { testContext, testEngine } from "../support/engine.ts";
import { objectiveContext, objectiveInputs } from "../support/objective_inputs.ts";
import { runners } from "../support/runners.ts";
import { normalizeRows, uniform } from "./formula.ts";
import golden from "./loss_floor.json" with { type: "json" };

const DIM = 8, QUEUE = 12;

Deno.test("what SEED's loss is measured against is NumPy's entropy of the teacher, and ln(K + 1)", async (t) => {
  for (const [name, expected] of Object.entries(golden.seed)) {
    const [batch, tau] = name.match(/[\d.]+(e-\d+)?/g)!.map(Number);
    const objective = await seed.create(seed.options.parse({ teacher_temperature: tau }), await context());
    await t.step(name, () => assertBounds(objective, batch, expected));
  }
});

Deno.test("what CompRess's loss is measured against is NumPy's", async (t) => {
  for (const [name, expected] of Object.entries(golden.compress)) {
    const objective = await compress.create(compress.options.parse({}), await context());
    await t.step(name, () => assertBounds(objective, Number(name.match(/\d+/)![0]), expected));
  }
});

async function context() {
  return { ...testContext, engine: await testEngine(), ...objectiveContext(DIM) };
}

async function assertBounds(
  objective: Awaited<ReturnType<typeof seed.create>>,
  batch: number,
  expected: { floor: number; uniform: number },
): Promise<void> {
  const near = unitRows("teacher", batch).map((x, i) => x + 0.1 * unitRows("noise", batch)[i]);
  const queue = Float32Array.of(...normalizeRows(near, DIM), ...unitRows("queue", QUEUE - batch));
  const inputs = [unitRows("student", batch), unitRows("teacher", batch), queue].map((x) =>
    tf.tensor2d(x, [x.length / DIM, DIM])
  );
  const bounds = (...inputs: tf.Tensor[]) => {
    const [zS, zT, D] = inputs as tf.Tensor2D[];
    const { floor, uniform } = objective.loss(
      objectiveInputs({ studentEmbeddings: [zS], teacherEmbeddings: [zT], queue: D }),
    );
    return [tf.add(floor!, 0), tf.add(uniform!, 0)];
  };
  for (const [how, run] of Object.entries(runners(await testEngine()))) {
    const [[floor], [uniform]] = await run(bounds, ...inputs);
    for (
      const [name, found, right] of [["floor", floor, expected.floor], ["uniform", uniform, expected.uniform]]
    ) {
      assert.ok(
        Math.abs(Number(found) - Number(right)) < 1e-5,
        `${name}, ${how}: ${found}, expected ${right}`,
      );
    }
  }
  tf.dispose(inputs);
}

function unitRows(name: string, rows: number): Float32Array {
  return normalizeRows(uniform(name, [rows, DIM]), DIM);
}
