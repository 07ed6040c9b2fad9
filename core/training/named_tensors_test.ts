import assert from "node:assert/strict";
import type { Engine } from "../interfaces/engine.ts";
import { tf } from "../tf.ts";
import { mapTensors, NamedFunction, tensorsOf } from "./named_tensors.ts";

await tf.setBackend("cpu");

/** Calls the body each time; counts what it was asked to trace. */
function engine() {
  let traced = 0;
  return {
    traced: () => traced,
    trace: (body: (...inputs: tf.Tensor[]) => tf.Tensor[]) => {
      traced++;
      return { call: (...inputs: tf.Tensor[]) => Promise.resolve(body(...inputs)), [Symbol.dispose]() {} };
    },
  };
}

const value = (tensor: tf.Tensor) => tensor.dataSync()[0];
const scalars = (...values: number[]) => values.map((x) => tf.scalar(x));

Deno.test("inputs and outputs keep their names, however deep, lists and nothing at all among them", async () => {
  type In = { views: tf.Tensor[]; more: { [name: string]: tf.Tensor }; none: tf.Tensor[] };
  const named = new NamedFunction(engine() as unknown as Engine, ({ views, more, none }: In) => ({
    sums: { all: tf.addN([...views, ...Object.values(more)]) as tf.Tensor },
    list: [tf.clone(more.b), tf.clone(views[0])],
    none,
  }), { name: "test" });
  const [x, y, a, b] = scalars(1, 2, 4, 8);
  const { sums, list, none } = await named.call({ views: [x, y], more: { a, b }, none: [] });
  assert.deepEqual([value(sums.all), list.map(value), none], [15, [8, 1], []]);
});

Deno.test("inputs of other names are traced apart, of the same names once", async () => {
  const asked = engine();
  const named = new NamedFunction(
    asked as unknown as Engine,
    (inputs: Record<string, tf.Tensor>) => ({ first: tf.clone(Object.values(inputs)[0]) }),
    { name: "test" },
  );
  const [x, y] = scalars(1, 2);
  for (const inputs of [{ x }, { x: y }, { x, y }, { y: x }] as Record<string, tf.Tensor>[]) {
    await named.call(inputs);
  }
  assert.equal(asked.traced(), 3);
});

Deno.test("tensors are listed and changed without losing their names", () => {
  const [x, y] = scalars(1, 2), named = { rows: { queue: x }, list: [y] };
  assert.deepEqual(tensorsOf(named), [x, y]);
  const doubled = mapTensors(named, (tensor) => tf.mul(tensor, 2));
  assert.deepEqual([value(doubled.rows.queue), value(doubled.list[0])], [2, 4]);
});
