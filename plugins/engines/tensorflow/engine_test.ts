import assert from "node:assert/strict";
import { Snapshot, tf } from "@seed/core";
import { EagerFunction } from "./traced_function.ts";
import { testEngine } from "../../../tests/support/engine.ts";

const close = (actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number) => {
  assert.equal(actual.length, expected.length);
  for (let i = 0; i < expected.length; i++) {
    const scale = Math.max(1, Math.abs(expected[i]));
    assert.ok(
      Math.abs(actual[i] - expected[i]) <= tolerance * scale,
      `[${i}]: ${actual[i]}, expected ${expected[i]}`,
    );
  }
};

/** A small training step: a linear layer before a frozen one, with momentum. */
function smallStep() {
  const w = tf.variable(tf.tensor2d([[1, 2], [3, 4]]));
  const m = tf.variable(tf.zeros([2, 2]), false);
  const frozen = tf.tensor2d([[0.5, 0.25], [1, -1]]);
  const step = (x: tf.Tensor, lr: tf.Tensor) => {
    const loss = () =>
      tf.mean(tf.square(tf.matMul(tf.matMul(x as tf.Tensor2D, w as tf.Tensor2D), frozen))) as tf.Scalar;
    const { value, grads } = tf.variableGrads(loss, [w]);
    m.assign(tf.add(tf.mul(m, 0.9), grads[w.name]));
    w.assign(tf.sub(w, tf.mul(lr, m)));
    return [value];
  };
  return { w, m, step, dispose: () => tf.dispose([w, m, frozen]) };
}

Deno.test("trace() repeats a training step with the values of the eager one, and keeps memory flat", async () => {
  const engine = await testEngine();
  const traced = smallStep(), eager = smallStep();
  using step = engine.trace(traced.step, { name: "small step" });
  const x = tf.tensor2d([[1, 2], [3, 5], [-1, 0]]), lr = tf.scalar(0.01);
  const tensors: number[] = [];
  for (let i = 0; i < 6; i++) {
    const [loss] = await step.call(x, lr);
    const expected = tf.tidy(() => eager.step(x, lr)[0].dataSync());
    close(loss.dataSync(), expected, 1e-6);
    close(traced.w.dataSync(), eager.w.dataSync(), 1e-6);
    loss.dispose();
    tensors.push(tf.memory().numTensors);
  }
  assert.equal(tensors.at(-1), tensors[0]);
  traced.dispose();
  eager.dispose();
  tf.dispose([x, lr]);
});

Deno.test("a snapshot gives variables back what they were before a traced call", async () => {
  const engine = await testEngine();
  const traced = smallStep(), x = tf.tensor2d([[1, 2], [3, 5], [-1, 0]]), lr = tf.scalar(0.01);
  using step = engine.trace(traced.step, { name: "step to undo" });
  const values = () => [traced.w, traced.m].map((variable) => [...variable.dataSync()]);
  tf.dispose(await step.call(x, lr));
  const before = values(), tensors = tf.memory().numTensors;
  {
    using snapshot = new Snapshot([traced.w, traced.m]);
    tf.dispose(await step.call(x, lr));
    assert.notDeepEqual(values(), before);
    snapshot.restore();
  }
  assert.deepEqual(values(), before);
  assert.equal(tf.memory().numTensors, tensors);
  traced.dispose();
  tf.dispose([x, lr]);
});

Deno.test("trace() takes tensors as constants and reads variables anew", async () => {
  const engine = await testEngine();
  const variable = tf.variable(tf.scalar(2)), constant = tf.scalar(10);
  using f = engine.trace((x) => [tf.add(tf.mul(x, variable), constant)], { name: "affine" });
  const x = tf.scalar(3);
  const value = async () => {
    const [y] = await f.call(x);
    const [result] = y.dataSync();
    y.dispose();
    return result;
  };
  assert.equal(await value(), 16);
  const other = tf.scalar(5);
  variable.assign(other);
  constant.dispose(); // it lives on in the graph
  assert.equal(await value(), 25);
  tf.dispose([variable, other, x]);
});

Deno.test("a call with another shape names the function and both shapes, traced or not", async () => {
  const engine = await testEngine(), negative = (x: tf.Tensor) => [tf.neg(x)];
  const x = tf.zeros([2, 3]), wrong = tf.zeros([4, 3]);
  for (const f of [engine.trace(negative, { name: "negative" }), new EagerFunction("negative", negative)]) {
    tf.dispose(await f.call(x));
    await assert.rejects(
      () => f.call(wrong),
      /"negative" was called with float32\[4,3\], but it was traced for float32\[2,3\]/,
    );
    f[Symbol.dispose]();
  }
  tf.dispose([x, wrong]);
});

Deno.test("reading data inside a trace names the function", async () => {
  const engine = await testEngine();
  using f = engine.trace((x) => [tf.scalar(tf.sum(x).dataSync()[0])], { name: "peeking" });
  const x = tf.ones([2]);
  await assert.rejects(() => f.call(x), /read while tracing "peeking"/);
  x.dispose();
});

Deno.test("an operation that fails names itself, its shapes and TensorFlow's reason", async () => {
  await testEngine();
  const { context } =
    (tf.backend() as unknown as { binding: { context: import("./eager_context.ts").EagerContext } }).binding;
  const a = context.createTensor([2, 3], 1, new Float32Array(6)),
    b = context.createTensor([2, 3], 1, new Float32Array(6));
  const attributes = [{ name: "T", type: 4, value: 1 }];
  assert.throws(
    () => context.execute("MatMul", attributes, [a, b], 1),
    /cannot run "MatMul" on \[2,3\], \[2,3\]: .*(incompatible|mismatch)/i,
  );
  context.deleteTensor(a);
  context.deleteTensor(b);
});

Deno.test("upload() gives pixels as float32", async () => {
  const engine = await testEngine();
  const tensor = engine.upload(Uint8Array.of(0, 1, 254, 255, 7, 8), [1, 1, 2, 3]);
  assert.deepEqual([...tensor.dataSync()], [0, 1, 254, 255, 7, 8]);
  assert.equal(tensor.dtype, "float32");
  tensor.dispose();
});

Deno.test("a traced call leaves the event loop free", async () => {
  const engine = await testEngine();
  using f = engine.trace((x) => {
    let y = x as tf.Tensor2D;
    for (let i = 0; i < 20; i++) y = tf.matMul(y, x as tf.Tensor2D);
    return [y];
  }, { name: "long" });
  const x = tf.tidy(() => tf.mul(tf.eye(1024), 0.99) as tf.Tensor2D);
  tf.dispose(await f.call(x));
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  tf.dispose(await f.call(x));
  clearInterval(timer);
  assert.ok(ticks > 0, "no timer fired during the call");
  x.dispose();
});

Deno.test("a constant that a traced function makes can be returned and assigned", async () => {
  const engine = await testEngine();
  const variable = tf.variable(tf.scalar(1));
  using f = engine.trace((x) => {
    variable.assign(tf.scalar(7));
    return [tf.scalar(3), x];
  }, { name: "constants" });
  const x = tf.scalar(5);
  for (let i = 0; i < 2; i++) {
    const [three, same] = await f.call(x);
    assert.deepEqual([three.dataSync()[0], same.dataSync()[0], variable.dataSync()[0]], [3, 5, 7]);
    tf.dispose([three, same]);
  }
  tf.dispose([variable, x]);
});

Deno.test("a process that has used the engine ends in peace", async () => {
  const program = `
    import { testEngine } from ${JSON.stringify(import.meta.resolve("../../../tests/support/engine.ts"))};
    await testEngine();
  `;
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/open.ts`, program);
    const config = new URL(import.meta.resolve("../../../deno.json")).pathname;
    const args = ["run", "--allow-all", "--no-check", "--config", config, `${folder}/open.ts`];
    const { code, signal, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
    assert.deepEqual({ code, signal, stderr: new TextDecoder().decode(stderr) }, {
      code: 0,
      signal: null,
      stderr: "",
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("exactProducts keeps matrix products in fp32, and what follows from them, where convolutions are not", async () => {
  const engine = await testEngine();
  const random = (shape: number[], seed: number) => tf.randomUniform(shape, -1, 1, "float32", seed);
  const images = random([4, 1, 1, 16], 1), weights = random([16, 16], 2) as tf.Tensor2D;
  const filter = tf.reshape(weights, [1, 1, 16, 16]) as tf.Tensor4D;
  const convolve = (x: tf.Tensor) =>
    tf.conv2d(tf.reshape(x, [4, 1, 1, 16]) as tf.Tensor4D, filter, 1, "same");
  const product = (x: tf.Tensor) => tf.mul(tf.matMul(tf.reshape(x, [4, 16]), weights), 3);
  // Convolutions before and after the product, as a step has them for its gradients.
  const body = (images: tf.Tensor) => {
    const maps = convolve(images), result = product(maps);
    return [maps, result, convolve(result)];
  };
  const run = async (options: { precision: "bf16" | "fp32"; exactProducts?: boolean }) => {
    using traced = engine.trace(body, { name: "products", ...options });
    const [maps, result, last] = await traced.call(images), expected = product(maps);
    const read = { maps: maps.dataSync(), result: result.dataSync(), expected: expected.dataSync() };
    tf.dispose([maps, result, last, expected]);
    return read;
  };
  const distance = (a: ArrayLike<number>, b: ArrayLike<number>) =>
    Math.max(...Array.from(a, (value, i) => Math.abs(value - b[i])));
  const fp32 = await run({ precision: "fp32" }), all = await run({ precision: "bf16" });
  const exact = await run({ precision: "bf16", exactProducts: true });
  tf.dispose([images, weights, filter]);
  if (distance(all.maps, fp32.maps) === 0) {
    console.log("TensorFlow computes bf16 in fp32 on this processor: there is nothing to tell apart");
    return;
  }
  assert.ok(distance(all.result, all.expected) > 1e-3, "without the option products are in bf16");
  assert.ok(distance(exact.maps, fp32.maps) > 1e-3, "with it convolutions are in bf16");
  assert.ok(distance(exact.result, exact.expected) < 1e-5, "with it products are in fp32");
});
