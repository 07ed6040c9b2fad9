import { type Student, tf } from "@seed/core";
import { bingoLoss } from "@seed/objective-bingo";
import { compressLoss } from "@seed/objective-compress";
import { anglesLoss, cosineLoss } from "@seed/objective-cospress";
import { discoLoss } from "@seed/objective-disco";
import moco, { infoNce } from "@seed/objective-moco";
import { seedLoss } from "@seed/objective-seed";
import { simRegLoss } from "@seed/objective-simreg";
import { resampled, tokenLoss } from "@seed/objective-token";
import { testContext, testEngine } from "../support/engine.ts";
import { objectiveContext, objectiveInputs } from "../support/objective_inputs.ts";
import { runners } from "../support/runners.ts";
import { assertFingerprint } from "./fingerprint.ts";
import { normalizeRows, uniform } from "./formula.ts";
import golden from "./losses.json" with { type: "json" };

const DIM = 8, QUEUE = 12;

Deno.test("SEED's loss and its gradient are PyTorch's", async (t) => {
  for (const [name, expected] of Object.entries(golden.seed)) {
    const [batch, tauT] = name.match(/[\d.]+(e-\d+)?/g)!.map(Number);
    await t.step(
      name,
      () => assertLoss(expected, batch, (zS, zT, D) => seedLoss(zS, zT, D, { tauS: 0.2, tauT })),
    );
  }
});

/** BINGO's second query and key, which are not differentiated by. */
function bingo(q: tf.Tensor2D, k: tf.Tensor2D, D: tf.Tensor2D): tf.Scalar {
  const [neighbour, neighbourKey] = ["neighbour", "neighbour key"].map((name) =>
    tf.tensor2d(unitRows(name, q.shape[0]), [q.shape[0], DIM])
  );
  return bingoLoss([q, neighbour], [k, neighbourKey], D, 0.2);
}

const LOSSES: Record<"moco" | "compress" | "simreg" | "disco" | "bingo", Loss> = {
  moco: (q, k, D) => infoNce(q, k, D, 0.2),
  compress: (zS, zT, D) => compressLoss(zS, zT, D, 0.04),
  simreg: simRegLoss,
  disco: discoLoss,
  bingo,
};

for (const [method, loss] of Object.entries(LOSSES)) {
  Deno.test(`the loss of ${method} and its gradient are PyTorch's`, async (t) => {
    for (const [name, expected] of Object.entries(golden[method as keyof typeof LOSSES])) {
      const batch = Number(name.match(/\d+/)![0]);
      await t.step(name, () => assertLoss(expected, batch, loss));
    }
  });
}

Deno.test("the token term's loss and its gradient are PyTorch's, on another grid than the student's", async (t) => {
  for (const [name, expected] of Object.entries(golden.token)) {
    const batch = Number(name.match(/\d+/)![0]), engine = await testEngine();
    const student = tf.tensor4d(uniform("student map", [batch, 2, 3, DIM]), [batch, 2, 3, DIM]);
    const teacher = tf.tensor4d(uniform("teacher map", [batch, 4, 3, DIM]), [batch, 4, 3, DIM]);
    const loss = (map: tf.Tensor) => tokenLoss(resampled(map as tf.Tensor4D, 4, 3), teacher, 0.07);
    for (const [how, run] of Object.entries(runners(engine))) {
      await t.step(`${name}, ${how}`, async () => {
        const [value, gradient] = await run((map) => {
          const { value, grad } = tf.valueAndGrad(loss)(map);
          return [value, grad];
        }, student);
        assertValues("loss", value, [expected.loss]);
        assertValues("gradient", gradient, expected.gradient);
      });
    }
    tf.dispose([student, teacher]);
  }
});

Deno.test("CosPress's losses and their gradients are PyTorch's", async (t) => {
  const engine = await testEngine();
  const check = (name: string, x: tf.Tensor2D, loss: Loss1, expected: { loss: number; gradient: number[] }) =>
    t.step(name, async () => {
      for (const [how, run] of Object.entries(runners(engine))) {
        const [value, gradient] = await run((x) => {
          const { value, grad } = tf.valueAndGrad((x) => loss(x as tf.Tensor2D))(x);
          return [value, grad];
        }, x);
        assertValues(`loss, ${how}`, value, [expected.loss]);
        assertValues(`gradient, ${how}`, gradient, expected.gradient);
      }
      x.dispose();
    });
  const rows = (batch: number) => tf.tensor2d(unitRows("teacher", batch), [batch, DIM]);
  const { angles, ...batches } = golden.cospress;
  await check(
    "angles",
    tf.tensor2d(uniform("mapped", [6, 3]), [6, 3]),
    (mapped) => anglesLoss(mapped, rows(6), [0.01, 0.05, 0.1]),
    angles,
  );
  for (const [name, expected] of Object.entries(batches)) {
    const batch = Number(name.match(/\d+/)![0]);
    const map = () => tf.tensor2d(uniform("map", [3, DIM]), [3, DIM]);
    await check(
      name,
      tf.tensor2d(uniform("student", [batch, 3]), [batch, 3]),
      (student) => cosineLoss(student, tf.matMul(rows(batch), map(), false, true)),
      expected,
    );
  }
});

Deno.test("MoCo's momentum encoder follows the student as PyTorch's does", async () => {
  const engine = await testEngine();
  const student = studentOf(uniform("query", [8])), key = studentOf(uniform("key", [8]));
  const context = { ...testContext, engine, ...objectiveContext(DIM, () => Promise.resolve(key)) };
  const objective = await moco.create(moco.options.parse({}), context);
  objective.prepare!({ student, progress: objectiveInputs({}).progress });
  assertValues("weight", await key.parameters[0].variable.data() as Float32Array, golden.momentum);
  tf.dispose([student, key].map(({ parameters }) => parameters[0].variable));
});

/** A student that is nothing but one weight. */
function studentOf(values: Float32Array): Student {
  const variable = tf.variable(tf.tensor1d(values));
  return {
    parameters: [{ name: "weight", kind: "vector", variable, trainable: true }],
  } as unknown as Student;
}

type Loss1 = (x: tf.Tensor2D) => tf.Scalar;
type Loss = (z: tf.Tensor2D, target: tf.Tensor2D, D: tf.Tensor2D) => tf.Scalar;

async function assertLoss(
  expected: { loss: number; gradient: number[] },
  batch: number,
  loss: Loss,
): Promise<void> {
  const engine = await testEngine();
  const student = unitRows("student", batch), teacher = unitRows("teacher", batch);
  const near = teacher.map((x, i) => x + 0.1 * unitRows("noise", batch)[i]);
  const queue = Float32Array.of(...normalizeRows(near, DIM), ...unitRows("queue", QUEUE - batch));
  const inputs = [student, teacher, queue].map((x) => tf.tensor2d(x, [x.length / DIM, DIM]));
  const withGradient = (...inputs: tf.Tensor[]) => {
    const [z, target, D] = inputs as tf.Tensor2D[];
    const { value, grad } = tf.valueAndGrad((z) => loss(z as tf.Tensor2D, target, D))(z);
    return [value, grad];
  };
  for (const [how, run] of Object.entries(runners(engine))) {
    const [value, gradient] = await run(withGradient, ...inputs);
    assertValues(`loss, ${how}`, value, [expected.loss]);
    assertValues(`gradient, ${how}`, gradient, expected.gradient);
  }
  tf.dispose(inputs);
}

function assertValues(name: string, actual: Float32Array, expected: number[]): void {
  const rms = Math.sqrt(expected.reduce((sum, x) => sum + x * x, 0) / expected.length);
  assertFingerprint(name, actual, { rms, projections: [], samples: expected }, { tolerance: 1e-5 });
}

function unitRows(name: string, rows: number): Float32Array {
  return normalizeRows(uniform(name, [rows, DIM]), DIM);
}
