import assert from "node:assert/strict";
import { tf } from "@seed/core";
import { openXla } from "../../../../tests/support/xla_engine.ts";
import { OneOperationPrograms } from "./one_operation_programs.ts";
import type { DeviceArray } from "./device_array.ts";
import { testWithXla } from "../../../../tests/support/xla_plugin.ts";

testWithXla("small operations run on the host, large ones as programs that are kept", async () => {
  await using engine = await openXla();
  const { oneOperationPrograms: programs } = engine.backend;
  const small = tf.tidy(() => tf.add(tf.ones([10, 10]), 1));
  assert.equal(programs.count, 0);
  const large = tf.randomUniform([400, 300], -1, 1, "float32", 1), values = large.dataSync();
  const sums = [1, 2, 3].map(() => tf.add(large, large));
  assert.equal(programs.count, 1, "one program for all of a shape");
  assert.deepEqual(sums[2].dataSync(), values.map((value) => value + value));
  const product = tf.matMul(tf.ones([200, 150]), tf.ones([150, 200]));
  assert.equal(programs.count, 2, "a product of small matrices is many multiplications");
  assert.ok(product.dataSync().every((value) => value === 150));
  // Whether it is on the devices or on the host does not matter.
  const rows = tf.slice(sums[0], [0, 0], [100, 300]), before = programs.count, neg = tf.neg(rows);
  assert.equal(programs.count, before);
  assert.deepEqual(neg.dataSync(), values.slice(0, 30000).map((value) => -2 * value));
  tf.dispose([small, large, ...sums, product, rows, neg]);
});

testWithXla("programs that differ in an infinity alone are apart", async () => {
  await using _engine = await openXla();
  const large = tf.zeros([400, 300]),
    padded = [1 / 0, -1 / 0].map((value) => tf.pad(large, [[1, 0], [0, 0]], value));
  assert.deepEqual(padded.map((tensor) => tensor.dataSync()[0]), [Infinity, -Infinity]);
  tf.dispose([large, ...padded]);
});

testWithXla("programs of many shapes do not pile up, and those used last stay", async () => {
  await using engine = await openXla();
  const { backend } = engine, programs = new OneOperationPrograms(backend, 2);
  const negate = (size: number) => {
    using array = disposable(backend.place(new Float32Array(size), [size], "f32", "whole"));
    const operands = [["x", { shape: [size], type: "f32", array: array.held }]] as const;
    let isNew = false;
    const [made] = programs.run("Neg", "Neg", operands, (b, { x }) => (isNew = true, b.unary("negate", x)));
    backend.disposeData(made.dataId);
    return isNew;
  };
  assert.deepEqual([1, 2, 1, 3, 1, 2].map(negate), [true, true, false, true, false, true]);
  assert.equal(programs.count, 2);
});

function disposable(held: DeviceArray) {
  return { held, [Symbol.dispose]: () => held.release() };
}

testWithXla("bits that tfjs has cast without a change reach the device as numbers", async () => {
  await using engine = await openXla();
  using sum = engine.trace((x) => [tf.add(x, 0.5)], { name: "sum" });
  const cast = tf.cast(tf.tensor1d([true, false, true], "bool"), "float32"), [y] = await sum.call(cast);
  assert.deepEqual([...y.dataSync()], [1.5, 0.5, 1.5]);
  tf.dispose([cast, y]);
});

testWithXla("tensors come from another backend, and go back to it", async () => {
  await tf.setBackend("cpu");
  const x = tf.tensor1d([1, 2]);
  await using engine = await openXla();
  using double = engine.trace((x) => [tf.mul(x, 2)], { name: "double" });
  const [y] = await double.call(x);
  await tf.setBackend("cpu");
  assert.deepEqual([...tf.tidy(() => tf.add(x, y).dataSync())], [3, 6]);
  using later = engine.trace((x) => [tf.neg(x)], { name: "later" });
  await assert.rejects(
    later.call(x),
    /Cannot trace "later" by the engine xla: tfjs's active backend is "cpu"/,
  );
  await tf.setBackend("xla");
  tf.dispose([x, y]);
});

for (const devices of [1, 2]) {
  testWithXla(`large batches of pixels are cast on ${devices} devices, each its part`, async () => {
    await using engine = await openXla({ devices });
    const pixels = Uint8Array.from({ length: 4 * 100 * 100 * 3 }, (_, i) => i * 7),
      values = Float32Array.from(pixels);
    const images = engine.upload(pixels, [4, 100, 100, 3]);
    pixels.fill(0); // the pipeline uses its buffers again
    const { array } = engine.backend.entry(images.dataId);
    assert.deepEqual(array!.buffers.map(({ shape }) => shape[0]), devices === 1 ? [4] : [2, 2]);
    assert.equal(images.dtype, "float32");
    using mean = engine.trace((x) => [tf.mean(x, [1, 2])], { name: "mean" });
    const [means] = await mean.call(images);
    assert.equal(engine.backend.entry(images.dataId).array, array, "the function took it where it lay");
    assert.deepEqual(await images.data(), values);
    tf.dispose([images, means]);
  });
}
