import assert from "node:assert/strict";
import { RunError } from "../errors.ts";
import type { Engine, Precision } from "../interfaces/engine.ts";
import { tf } from "../tf.ts";
import { assertFlat } from "./memory.ts";
import { assertClose, sameValues } from "./numbers.ts";
import { checkKernels } from "./kernels.ts";
import { ignoreStep, type Steps } from "./steps.ts";

/** An engine to check; it stays open. */
export interface EngineSubject {
  engine: Engine;
}

/** A step of training in small: a gradient, momentum, updates of variables. */
function smallStep() {
  const weight = tf.variable(tf.tensor2d([[1, 2], [3, 4]])), momentum = tf.variable(tf.zeros([2, 2]), false);
  const frozen = tf.tensor2d([[0.5, 0.25], [1, -1]]);
  const run = (x: tf.Tensor, lr: tf.Tensor): tf.Tensor[] => {
    const loss = () => {
      const hidden = tf.relu(tf.matMul(x as tf.Tensor2D, weight as tf.Tensor2D)) as tf.Tensor2D;
      return tf.mean(tf.square(tf.matMul(hidden, frozen))) as tf.Scalar;
    };
    const { value, grads } = tf.variableGrads(loss, [weight]);
    momentum.assign(tf.add(tf.mul(momentum, 0.9), grads[weight.name]));
    weight.assign(tf.sub(weight, tf.mul(lr, momentum)));
    return [value];
  };
  return { weight, run, [Symbol.dispose]: () => tf.dispose([weight, momentum, frozen]) };
}

/**
 * Sums of three whose terms are needed elsewhere too, many at the same time: an engine that adds into whichever
 * term's memory is free rounds them in another order from call to call.
 */
function sumsOfThree(x: tf.Tensor): tf.Tensor[] {
  return Array.from({ length: 40 }, (_, i) => {
    const a = tf.mul(tf.sin(tf.mul(x, 1 + i)), 1.1), b = tf.mul(tf.cos(tf.mul(x, 2 + i)), 2.3);
    const c = tf.mul(tf.tanh(tf.mul(x, i + 0.5)), 3.7);
    const elsewhere = [a, b].map((term) => tf.sum(tf.exp(tf.neg(tf.abs(term)))));
    return [tf.add(tf.add(a, b), c), ...elsewhere];
  }).flat();
}

const PRECISIONS: readonly Precision[] = ["fp32", "bf16", "auto"];

/** What is asked for; null: the engine does not have it, and says so. */
function unlessRefused<T>(ask: () => T): T | null {
  try {
    return ask();
  } catch (error) {
    assert.ok(error instanceof RunError, `expected a RunError, got ${error}`);
    return null;
  }
}

/**
 * Checks what {@link Engine} promises: a traced function does what its body does, reads variables anew, and takes
 * any other tensor as a constant; and that each optional kernel that the engine registers computes what it stands for.
 */
export async function checkEngine(t: Steps, { engine }: EngineSubject): Promise<void> {
  const first = async (tensors: tf.Tensor[] | Promise<tf.Tensor[]>) => {
    const [tensor] = await tensors, values = await tensor.data();
    tensor.dispose();
    return values as Float32Array;
  };

  await t.step("says what it is", () => {
    assert.match(engine.name, /^[a-z0-9_-]+$/);
    assert.ok(engine.version.length > 0);
    assert.ok(engine.device === "cpu" || engine.device === "gpu");
  });
  await t.step("repeats a training step with the values of the eager one", async () => {
    using traced = smallStep();
    using eager = smallStep();
    using step = engine.trace(traced.run, { name: "small step" });
    const lr = tf.scalar(0.01);
    for (let i = 0; i < 5; i++) {
      const x = tf.tensor2d([[1, 2 + i], [3, -5], [-1, i]]);
      const loss = await first(step.call(x, lr)), expected = tf.tidy(() => eager.run(x, lr)[0].dataSync());
      assertClose(loss, expected, 1e-6 * Math.abs(expected[0]), "loss");
      assertClose(traced.weight.dataSync(), eager.weight.dataSync(), 1e-6, "weight");
      x.dispose();
    }
    lr.dispose();
  });
  await t.step("reads variables anew at each call, and the arguments", async () => {
    const variable = tf.variable(tf.scalar(2)),
      constant = tf.scalar(10),
      x = tf.scalar(3),
      other = tf.scalar(5);
    using affine = engine.trace((x) => [tf.add(tf.mul(x, variable), constant)], { name: "affine" });
    assert.deepEqual([...await first(affine.call(x))], [16]);
    variable.assign(other);
    assert.deepEqual([...await first(affine.call(x))], [25]);
    assert.deepEqual([...await first(affine.call(other))], [35]);
    tf.dispose([variable, constant, x, other]);
  });
  await t.step("keeps variables apart that hold the same values, and arguments that do", async () => {
    const encoder = tf.variable(tf.scalar(8)), momentum = tf.variable(tf.scalar(0)), constant = tf.scalar(1);
    momentum.assign(encoder); // of tfjs: both hold the same data now
    using step = engine.trace((x, y) => {
      encoder.assign(tf.sub(encoder, x) as tf.Scalar);
      momentum.assign(tf.add(tf.mul(momentum, 0.5), tf.mul(encoder, 0.5)) as tf.Scalar);
      return [tf.add(tf.add(tf.mul(x, 10), y), constant)];
    }, { name: "apart" });
    const seen: number[][] = [];
    for (const [x, y] of [[constant, constant], [constant, tf.scalar(2)], [tf.scalar(3), constant]]) {
      const [sum] = await first(step.call(x, y));
      seen.push([sum, (await encoder.data())[0], (await momentum.data())[0]]);
      tf.dispose([x, y].filter((one) => one !== constant));
    }
    assert.deepEqual(seen, [[12, 7, 7.5], [13, 6, 6.75], [32, 3, 4.875]]);
    using shifted = engine.trace((x) => [tf.sub(x, momentum)], { name: "a variable as argument" });
    assert.deepEqual([...await first(shifted.call(momentum))], [0]);
    assert.deepEqual([...await first(shifted.call(encoder))], [3 - 4.875]);
    tf.dispose([encoder, momentum, constant]);
  });
  await t.step("computes with tensors that functions share as with constants", async () => {
    const weight = tf.tensor2d([[1, 2], [3, 4]]),
      x = tf.tensor2d([[5, 6]]),
      y = tf.tensor2d([[5, 6], [7, 8]]);
    const body = (x: tf.Tensor) => [tf.matMul(x as tf.Tensor2D, weight)], shared = [weight];
    using one = engine.trace(body, { name: "shared", shared });
    using two = engine.trace(body, { name: "shared again", shared });
    assert.deepEqual([...await first(one.call(x))], [23, 34]);
    assert.deepEqual([...await first(two.call(y))], [23, 34, 31, 46]);
    assert.deepEqual([...await first(one.call(x))], [23, 34]);
    tf.dispose([weight, x, y]);
  });
  await t.step("gives the same bits every time, of calls at the same time too", async () => {
    const x = tf.randomNormal([64, 64]), y = tf.randomNormal([64, 64]);
    using product = engine.trace((a, b) => [tf.softmax(tf.matMul(a as tf.Tensor2D, b as tf.Tensor2D))], {
      name: "product",
    });
    const expected = await first(product.call(x, y));
    for (const values of await Promise.all([1, 2, 3, 4].map(() => first(product.call(x, y))))) {
      assert.ok(sameValues([values], [expected]), "one of the calls gave another result");
    }
    tf.dispose([x, y]);
  });
  await t.step("gives results that are read later, when the inputs are gone", async () => {
    const sum = tf.variable(tf.scalar(0));
    using adding = engine.trace((x) => {
      sum.assign(tf.add(sum, x) as tf.Scalar);
      return [tf.mul(sum, 1)];
    }, { name: "adding" });
    const sums: tf.Tensor[] = [];
    for (const value of [1, 2, 3, 4]) {
      const x = tf.scalar(value);
      sums.push(...await adding.call(x));
      x.dispose();
    }
    assert.equal((await sum.data())[0], 10);
    for (const expected of [10, 6, 3, 1]) assert.deepEqual([...await first([sums.pop()!])], [expected]);
    sum.dispose();
  });
  await t.step("adds in the same order every time, however busy it is", async () => {
    const x = tf.linspace(-3, 3, 16384), seen: ArrayLike<number>[][] = [];
    using sums = engine.trace(sumsOfThree, { name: "sums of three" });
    const begin = performance.now(); // an engine that needs seconds a call has had its ten
    for (let i = 0; i < 60 && (i < 10 || performance.now() - begin < 2000); i++) {
      const tensors = await sums.call(x);
      seen.push(tensors.map((tensor) => tensor.dataSync()));
      tf.dispose(tensors);
      assert.ok(sameValues(seen[i], seen[0]), `call ${i} gave other sums than the first`);
    }
    x.dispose();
  });
  await t.step("refuses another shape or dtype, naming the function", async () => {
    using negative = engine.trace((x) => [tf.neg(x)], { name: "negative" });
    const x = tf.zeros([2, 3]), others = [tf.zeros([3, 2]), tf.zeros([2, 3], "int32")];
    tf.dispose(await negative.call(x));
    for (const other of others) await assert.rejects(negative.call(other), /negative/);
    tf.dispose([x, ...others]);
  });
  const matMul = (precision: Precision, training: boolean) =>
    engine.trace((x, y) => [tf.matMul(x as tf.Tensor2D, y as tf.Tensor2D)], {
      ...{ name: `product in ${precision}`, precision, training },
    });
  await t.step("says what it computes in at each precision, and traces it or refuses both", async () => {
    const x = tf.tensor2d([[2]]);
    for (const precision of PRECISIONS) {
      for (const training of [false, true]) {
        const arithmetic = unlessRefused(() => engine.arithmetic(precision, { training }));
        const allowed = precision === "fp32" ? ["fp32"] : ["fp32", "bf16", "fp16"];
        assert.ok(
          arithmetic === null ? precision === "bf16" : allowed.includes(arithmetic),
          `${precision} is ${arithmetic ?? "refused"}`,
        );
        using traced = unlessRefused(() => matMul(precision, training));
        assert.equal(traced === null, arithmetic === null, `${precision}: only one of the two refuses it`);
        if (traced) assert.deepEqual([...await first(traced.call(x, x))], [4]);
      }
    }
    x.dispose();
  });
  await t.step("multiplies matrices of what trains in fp32 whatever the precision", async () => {
    const x = tf.randomNormal([16, 64]), y = tf.randomNormal([64, 16]);
    using exact = matMul("fp32", true);
    const expected = await first(exact.call(x, y)), scale = Math.max(...expected.map(Math.abs));
    for (const precision of PRECISIONS) {
      using traced = unlessRefused(() => matMul(precision, true));
      if (traced) assertClose(await first(traced.call(x, y)), expected, 1e-6 * scale, precision);
    }
    tf.dispose([x, y]);
  });
  const ofTraces = async (name: string, check: () => Promise<void>) => {
    if (engine.traces) await t.step(name, check);
    else await ignoreStep(t, name, "the engine runs operation by operation");
  };
  await ofTraces("refuses to read data inside a trace, naming the function", async () => {
    using peeking = engine.trace((x) => [tf.scalar(tf.sum(x).dataSync()[0])], { name: "peeking" });
    const x = tf.ones([2]);
    await assert.rejects(peeking.call(x), /peeking/);
    x.dispose();
  });
  const failing = async (name: string, then: (variable: tf.Variable) => void) => {
    const variable = tf.variable(tf.scalar(2)), x = tf.scalar(1);
    using traced = engine.trace((x) => {
      variable.assign(tf.add(variable, x) as tf.Scalar);
      throw new Error("The body broke");
    }, { name });
    await assert.rejects(traced.call(x), /The body broke/);
    then(variable);
    tf.dispose([variable, x]);
  };
  await t.step("passes on what a body throws", () => failing("throwing", () => {}));
  await ofTraces(
    "leaves variables as they were when a trace fails",
    () => failing("failing", (variable) => assert.deepEqual([...variable.dataSync()], [2])),
  );
  await t.step("uploads pixels as they are", async () => {
    const pixels = Uint8Array.from({ length: 2 * 3 * 4 * 3 }, (_, i) => i * 7);
    const tensor = engine.upload(pixels, [2, 3, 4, 3]);
    assert.deepEqual([tensor.shape, tensor.dtype], [[2, 3, 4, 3], "float32"]);
    pixels.fill(0); // the pipeline uses its buffers again
    const values = await tensor.data();
    tensor.dispose();
    assert.deepEqual(values, Float32Array.from({ length: 72 }, (_, i) => i * 7 % 256));
  });
  await t.step("keeps no tensors", async () => {
    using small = smallStep();
    using step = engine.trace(small.run, { name: "small step" });
    const x = tf.ones([3, 2]), lr = tf.scalar(0.01);
    await assertFlat(async () => void await first(step.call(x, lr)));
    await assertFlat(() => engine.upload(new Uint8Array(3), [1, 1, 1, 3]).dispose());
    tf.dispose([x, lr]);
  });
  await checkKernels(t, engine);
}
