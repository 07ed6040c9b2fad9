import assert from "node:assert/strict";
import { BATCH_NORM_KERNEL, product, tf } from "@seed/core";
import { Snapshot } from "@seed/core/host";
import { openXla } from "../../../../tests/support/xla_engine.ts";
import { testWithXla } from "../../../../tests/support/xla_plugin.ts";
import type { XlaEngine } from "../engine.ts";
import { PjrtError } from "../pjrt/api.ts";

/** A variable that a step moves towards its input, by half the way. */
function moving() {
  const weight = tf.variable(tf.tensor1d([0, 0, 0, 0]));
  const body = (x: tf.Tensor) => {
    weight.assign(tf.div(tf.add(weight, x), 2) as tf.Tensor1D);
    return [tf.sum(weight)];
  };
  return { weight, body };
}

testWithXla(
  "a variable's memory is taken over by its new value, unless somebody else has the old one",
  async () => {
    await using engine = await openXla();
    const { weight, body } = moving(), x = tf.tensor1d([8, 8, 8, 8]);
    using step = engine.trace(body, { name: "move" });
    tf.dispose(await step.call(x));
    let wasDonated: boolean | null = null;
    const before = engine.backend.entry(weight.dataId).array!.buffers[0], dispose = before[Symbol.dispose];
    before[Symbol.dispose] = () => {
      wasDonated = before.isDonated;
      dispose.call(before);
    };
    tf.dispose(await step.call(x));
    assert.equal(wasDonated, true);
    {
      using snapshot = new Snapshot([weight]);
      tf.dispose(await step.call(x));
      assert.deepEqual([...weight.dataSync()], [7, 7, 7, 7]);
      snapshot.restore();
      assert.deepEqual([...weight.dataSync()], [6, 6, 6, 6]);
    }
    tf.dispose([weight, x]);
  },
);

testWithXla("an argument that is a variable's own value keeps it", async () => {
  await using engine = await openXla();
  const { weight, body } = moving();
  using step = engine.trace(body, { name: "move" });
  const one = tf.tensor1d([1, 2, 3, 4]);
  weight.assign(one);
  tf.dispose(await step.call(weight));
  assert.deepEqual([...weight.dataSync()], [1, 2, 3, 4]);
  tf.dispose(await step.call(one));
  assert.deepEqual([[...one.dataSync()], [...weight.dataSync()]], [[1, 2, 3, 4], [1, 2, 3, 4]]);
  tf.dispose([weight, one]);
});

testWithXla(
  "frozen weights are on the device once for all functions, and live on when they are disposed of",
  async () => {
    await using engine = await openXla();
    const side = 1024, weight = tf.eye(side), x = tf.randomUniform([2, side], -1, 1, "float32", 1);
    const body = (x: tf.Tensor) => [tf.matMul(x as tf.Tensor2D, weight)];
    using one = engine.trace(body, { name: "one" });
    using two = engine.trace(body, { name: "two" });
    const before = Deno.memoryUsage().rss, outputs = [];
    for (const traced of [one, two]) outputs.push(...await traced.call(x));
    const array = engine.backend.entry(weight.dataId).array;
    assert.ok(array?.isShared, "the functions hold the tensor's own copy");
    assert.equal(engine.backend.entry(weight.dataId).values, null, "the host has none");
    assert.ok(Deno.memoryUsage().rss - before < 60e6, "a copy has 4 MB");
    weight.dispose();
    const [again] = await one.call(x);
    assert.deepEqual(again.dataSync(), x.dataSync());
    tf.dispose([...outputs, again, x]);
  },
);

testWithXla(
  "a kernel that has no lowering is named with the function and the engine, and not before it is needed",
  async () => {
    await using engine = await openXla();
    using sorted = engine.trace((x) => [tf.topk(x, 2).values], { name: "best two" });
    const x = tf.tensor1d([3, 1, 2]);
    await assert.rejects(sorted.call(x), /engine xla cannot trace the kernel "TopK", which "best two" uses/);
    assert.deepEqual([...tf.tidy(() => tf.topk(x, 2).values.dataSync())], [3, 2]);
    // Of constants alone it is computed while the function is traced.
    using added = engine.trace((x) => [tf.add(x, tf.topk(tf.tensor1d([5, 7]), 1).values)], { name: "add" });
    const [y] = await added.call(x);
    assert.deepEqual([...y.dataSync()], [10, 8, 9]);
    tf.dispose([x, y]);
  },
);

testWithXla("a kernel that cannot be written is named with its shapes", async () => {
  await using engine = await openXla();
  using gathered = engine.trace((x) => [tf.gather(x, tf.tensor2d([[0], [1]], [2, 1], "int32"), 1, 1)], {
    name: "pick",
  });
  const x = tf.zeros([2, 3]);
  await assert.rejects(
    gathered.call(x),
    /kernel "GatherV2" of float32\[2,3\], int32\[2,1\] in "pick": .*batchDims 1/,
  );
  x.dispose();
});

testWithXla("a tensor of a trace that is kept is refused later, by what it was", async () => {
  await using engine = await openXla();
  let kept: tf.Tensor | null = null;
  using keeping = engine.trace((x) => [kept = tf.keep(tf.neg(x))], { name: "keeping" });
  const x = tf.scalar(1);
  tf.dispose(await keeping.call(x));
  assert.throws(() => kept!.dataSync(), /read that a traced function has made and not returned/);
  tf.dispose([x, kept!]);
});

testWithXla("functions do not nest, and what fails once can be called again", async () => {
  await using engine = await openXla();
  const x = tf.scalar(2);
  let isBroken = true;
  using inner = engine.trace((x) => [tf.neg(x)], { name: "inner" });
  const failures: Promise<unknown>[] = [];
  using outer = engine.trace((x) => {
    failures.push(assert.rejects(inner.call(x), /Cannot trace "inner" while tracing "outer"/));
    if (isBroken) throw new Error("not yet");
    return [tf.square(x)];
  }, { name: "outer" });
  await assert.rejects(outer.call(x), /not yet/);
  isBroken = false;
  const [y] = await outer.call(x), [negative] = await inner.call(x);
  assert.deepEqual([y.dataSync()[0], negative.dataSync()[0]], [4, -2]);
  await Promise.all(failures);
  tf.dispose([x, y, negative]);
});

testWithXla(
  "a function and an engine wait for what runs before they go, and compute nothing after",
  async () => {
    const engine = await openXla(), x = tf.mul(tf.eye(256), 0.5) as tf.Tensor2D;
    const traced = engine.trace((x) => [tf.matMul(x as tf.Tensor2D, x as tf.Tensor2D)], { name: "square" });
    const other = engine.trace((x) => [tf.neg(x)], { name: "negative" });
    const running = traced.call(x);
    traced[Symbol.dispose]();
    const [y] = await running;
    assert.equal(y.dataSync()[0], 0.25);
    await assert.rejects(traced.call(x), /"square" was called after it was disposed/);
    const last = other.call(x);
    await engine[Symbol.asyncDispose]();
    await last;
    await assert.rejects(other.call(x), /cannot run "negative": the engine was disposed/);
    other[Symbol.dispose](); // late, and no harm
    await engine[Symbol.asyncDispose]();
  },
);

/** A function that takes a while. */
function long(engine: XlaEngine, products = 20) {
  return engine.trace((x) => {
    let y = x as tf.Tensor2D;
    for (let i = 0; i < products; i++) y = tf.matMul(y, x as tf.Tensor2D);
    return [y];
  }, { name: "long" });
}

testWithXla("a traced call leaves the event loop free, and so does reading what comes of it", async () => {
  await using engine = await openXla();
  using traced = long(engine);
  const x = tf.mul(tf.eye(768), 0.99);
  tf.dispose(await traced.call(x));
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  const [y] = await traced.call(x);
  await y.data();
  clearInterval(timer);
  assert.ok(ticks > 0, "no timer fired during the call");
  tf.dispose([x, y]);
});

testWithXla("two calls are queued and a third waits, and inputs may be disposed of at once", async () => {
  await using engine = await openXla();
  using traced = long(engine, 3);
  const { api } = engine.backend.client, { ended } = api;
  const expected = 0.5 ** 4,
    call = async () => {
      const x = tf.mul(tf.eye(128), 0.5), [y] = await traced.call(x);
      x.dispose();
      return y;
    };
  tf.dispose(await call());
  await engine.backend.whenIdle();
  const held = Promise.withResolvers<void>();
  api.ended = async (event) => {
    await held.promise;
    await ended.call(api, event);
  };
  const results = [await call(), await call()];
  const third = call(), late = new Promise<null>((resolve) => setTimeout(resolve, 100, null));
  assert.equal(await Promise.race([third, late]), null, "the third call was queued too");
  held.resolve();
  for (const y of [...results, await third]) {
    assert.equal((await y.data())[0], expected);
    y.dispose();
  }
});

testWithXla("who reads what could not be computed is told which function failed", async () => {
  await using engine = await openXla();
  using negative = engine.trace((x) => [tf.neg(x)], { name: "negative" });
  const x = tf.scalar(1), [y] = await negative.call(x), { api } = engine.backend.client, { call } = api;
  api.call = (name, ...rest) => {
    if (name === "Buffer_ToHostBuffer") {
      throw new PjrtError("PJRT_Buffer_ToHostBuffer", "the link is down", 13);
    }
    return call.call(api, name, ...rest) as never;
  };
  const says =
    /^Error: The traced function "negative" failed: XLA says \(PJRT_Buffer_ToHostBuffer\): the link is down$/;
  await assert.rejects(y.data(), says);
  assert.throws(() => y.dataSync(), says);
  api.call = call;
  tf.dispose([x, y]);
});

const distance = (a: tf.Tensor, b: tf.Tensor) => tf.tidy(() => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0]);

testWithXla(
  "in bf16 convolutions and product() round, and what training keeps exact is in fp32",
  async () => {
    await using engine = await openXla();
    const draw = (shape: number[], seed: number) => tf.randomUniform(shape, -1, 1, "float32", seed);
    const images = draw([4, 6, 6, 8], 1),
      filter = draw([3, 3, 8, 8], 2) as tf.Tensor4D,
      matrix = draw([8, 8], 3) as tf.Tensor2D;
    const body = (x: tf.Tensor) => {
      const maps = tf.conv2d(x as tf.Tensor4D, filter, 1, "same");
      const rows = tf.reshape(maps, [-1, 8]) as tf.Tensor2D, input = tf.reshape(x, [-1, 8]) as tf.Tensor2D;
      return [maps, product(input, matrix), tf.matMul(input, matrix), tf.mean(rows, 0)];
    };
    const run = async (precision: "fp32" | "bf16", training: boolean) => {
      using traced = engine.trace(body, { name: "maps", precision, training });
      return await traced.call(images);
    };
    const exact = await run("fp32", true),
      training = await run("bf16", true),
      frozen = await run("bf16", false);
    const far = (some: tf.Tensor[]) => some.map((tensor, i) => distance(tensor, exact[i]));
    const [maps, products, matMul, mean] = far(training);
    assert.ok(maps > 1e-3 && maps < 0.1, `maps differ by ${maps}`);
    assert.ok(products > 1e-3 && products < 0.1, `products differ by ${products}`);
    assert.ok(matMul < 1e-6, `matMul differs by ${matMul}`);
    assert.ok(mean < 1e-2, `means differ by ${mean}`);
    assert.ok(far(frozen)[2] > 1e-3, "without training matMul is in bf16 too");
    for (const { dtype } of training) assert.equal(dtype, "float32");
    tf.dispose([...exact, ...training, ...frozen, images, filter, matrix]);
  },
);

testWithXla("in bf16 batch norm's statistics are those of what it is given, exactly", async () => {
  await using engine = await openXla();
  const x = tf.add(tf.randomNormal([64, 4, 4, 8], 0, 1, "float32", 1), 100) as tf.Tensor4D;
  const ones = tf.ones([8]), zeros = tf.zeros([8]), pass = tf.reshape(tf.eye(8), [1, 1, 8, 8]) as tf.Tensor4D;
  using norm = engine.trace((x) => {
    const maps = tf.conv2d(x as tf.Tensor4D, pass, 1, "same"); // in bf16
    const inputs = { x: maps, scale: ones, offset: zeros };
    const outputs = tf.engine().runKernel(BATCH_NORM_KERNEL, inputs, { epsilon: 1e-5 }) as tf.Tensor[];
    return [
      ...outputs.slice(0, 3),
      ...Object.values(tf.moments(tf.cast(maps, "float32"), [0, 1, 2])) as tf.Tensor[],
    ];
  }, { name: "norm", precision: "bf16", training: true });
  const [y, mean, variance, expectedMean, expectedVariance] = await norm.call(x);
  assert.ok(distance(mean, expectedMean) < 1e-4);
  assert.ok(distance(variance, tf.mul(expectedVariance, 1024 / 1023)) < 1e-4);
  assert.ok(Math.abs(tf.mean(y).dataSync()[0]) < 0.01);
  tf.dispose([x, ones, zeros, pass, y, mean, variance, expectedMean, expectedVariance]);
});

testWithXla("training steps keep memory and tensors flat", async () => {
  await using engine = await openXla();
  const weight = tf.variable(tf.randomNormal([256, 256], 0, 0.1, "float32", 1)), x = tf.ones([32, 256]);
  using step = engine.trace((x) => {
    const loss = () => tf.mean(tf.square(tf.matMul(x as tf.Tensor2D, weight as tf.Tensor2D))) as tf.Scalar;
    const { value, grads } = tf.variableGrads(loss, [weight]);
    weight.assign(tf.sub(weight, tf.mul(grads[weight.name], 0.01)));
    return [value];
  }, { name: "step", training: true });
  const run = async (times: number) => {
    for (let i = 0; i < times; i++) {
      const [loss] = await step.call(x);
      await loss.data();
      loss.dispose();
    }
    return { rss: Deno.memoryUsage().rss, tensors: tf.memory().numTensors, data: tf.memory().numDataBuffers };
  };
  const before = await run(300), after = await run(500);
  assert.deepEqual([after.tensors, after.data], [before.tensors, before.data]);
  const more = (after.rss - before.rss) / 1e6; // weights that were left at each step would be 131 MB
  assert.ok(more < 30, `500 steps took ${more.toFixed(0)} MB more`);
  tf.dispose([weight, x]);
});
