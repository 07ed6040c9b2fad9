/** Each kernel as a program of XLA's CPU plugin, against tfjs's own kernel of the name on its `cpu` backend. */
import assert from "node:assert/strict";
import { PRODUCT_KERNEL, tf } from "@seed/core";
import { cpuPlugin, testWithXla } from "../../../../tests/support/xla_plugin.ts";
import { PjrtApi } from "../pjrt/api.ts";
import type { HostArray } from "../pjrt/buffer.ts";
import { Client } from "../pjrt/client.ts";
import { elementTypeOf } from "./lowering.ts";
import { type Case, convolution, FAMILIES, filter, type Input, map, pooling } from "./lowering_cases.ts";
import { LOWERINGS } from "./lowerings.ts";
import { ModuleBuilder } from "./module_builder.ts";
import { literal } from "./value.ts";

const ARRAYS: Record<string, unknown> = { float32: Float32Array, int32: Int32Array, bool: Uint8Array };

let client: Client;

async function asProgram({ kernel, inputs, attributes = {}, depthwise = "convolution" }: Case) {
  const b = new ModuleBuilder(kernel), entries = Object.entries(inputs) as [string, Input][];
  const values = entries.map(([name, { shape, dtype }]) =>
    [name, b.parameter(shape, elementTypeOf(dtype ?? "float32"))] as const
  );
  const results = [LOWERINGS[kernel](b, Object.fromEntries(values), attributes, { depthwise })].flat();
  using program = await client.compile(b.finish(results, 1));
  const buffers = entries.map(([, { values, shape, dtype }]) =>
    client.upload(values as Float32Array<ArrayBuffer>, shape, elementTypeOf(dtype ?? "float32"))
  );
  const { outputs: [made], ended } = program.execute([buffers], results);
  await ended;
  const read = made.map((buffer) => ({ shape: buffer.shape, values: buffer.readNow() }));
  for (const buffer of [...buffers, ...made]) buffer[Symbol.dispose]();
  return read;
}

function byTfjs({ kernel, inputs, attributes = {} }: Case) {
  const tensors = Object.entries(inputs).map(([name, { values, shape, dtype }]) =>
    [name, tf.tensor(values as Float32Array, shape, dtype)] as const
  );
  const given = Array.isArray(inputs) ? tensors.map(([, tensor]) => tensor) : Object.fromEntries(tensors);
  const outputs = [tf.engine().runKernel(kernel, given as tf.NamedTensorMap, attributes as tf.NamedAttrMap)]
    .flat() as tf.Tensor[];
  return outputs.map((tensor) => ({
    shape: tensor.shape,
    dtype: tensor.dtype,
    values: tensor.dataSync() as HostArray,
  }));
}

for (const [family, cases] of Object.entries(FAMILIES)) {
  testWithXla(`lowerings of ${family} compute what tfjs does`, async () => {
    await tf.setBackend("cpu");
    client ??= Client.open(PjrtApi.load(await cpuPlugin()), 1);
    for (const one of cases) {
      const actual = await asProgram(one), expected = byTfjs(one);
      const where = `${one.kernel} ${JSON.stringify(one.attributes ?? {})} ${one.depthwise ?? ""}`;
      assert.deepEqual(actual.map(({ shape }) => shape), expected.map(({ shape }) => shape), where);
      actual.forEach(({ values }, i) => {
        const right = expected[i].values,
          largest = Math.max(1, ...Array.from(right, (v) => Math.abs(v) || 0));
        assert.equal(values.constructor, ARRAYS[expected[i].dtype], where);
        values.forEach((value, j) => {
          const close = Math.abs(value - right[j]) <= 3e-6 * largest || Object.is(value, right[j]) ||
            value === right[j];
          assert.ok(close, `${where}: ${value} at ${j} of output ${i}, expected ${right[j]}`);
        });
      });
    }
  });
}

const dot = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((sum, value, i) => sum + value * b[i], 0);

// tfjs's kernels of these are wrong, or not used.
testWithXla(
  "gradients of dilated convolutions and of averages over a border are their adjoints",
  async () => {
    client ??= Client.open(PjrtApi.load(await cpuPlugin()), 1);
    const run = async (one: Case) => (await asProgram(one))[0].values;
    const passes = convolution(map, filter, { strides: 1, dilations: 2, pad: "same" });
    const averages = pooling({ filterSize: 3, strides: 2, pad: "same" });
    const [y, dx, dFilter] = [await run(passes[0]), await run(passes[1]), await run(passes[2])];
    const { dy } = passes[2].inputs as Record<string, Input>, product = dot(y, dy.values);
    assert.ok(Math.abs(dot(dx, map.values) - product) < 1e-4 * Math.abs(product));
    assert.ok(Math.abs(dot(dFilter, filter.values) - product) < 1e-4 * Math.abs(product));
    const [average, , averageBack] = averages,
      { dy: dAverage, input } = averageBack.inputs as Record<string, Input>;
    const expected = dot(await run(average), dAverage.values),
      got = dot(await run(averageBack), input.values);
    assert.ok(Math.abs(got - expected) < 1e-4 * Math.abs(expected), `${got}, expected ${expected}`);
  },
);

Deno.test("every lowering is compared with something", () => {
  const compared = new Set(Object.values(FAMILIES).flat().map(({ kernel }) => kernel));
  // The conformance suite compares these with what they stand for.
  const bySuite = (name: string) => name.startsWith("Seed");
  assert.deepEqual(Object.keys(LOWERINGS).filter((name) => !compared.has(name) && !bySuite(name)), []);
});

Deno.test("products of f32 are exact on every device, never TF32 or bf16", () => {
  for (const name of ["BatchMatMul", PRODUCT_KERNEL]) {
    const b = new ModuleBuilder(name), a = b.parameter([2, 3], "f32"), other = b.parameter([3, 4], "f32");
    const result = LOWERINGS[name](b, { a, b: other }, { transposeA: false, transposeB: false }, {
      depthwise: "taps",
    });
    assert.match(b.finish([result].flat(), 1), /dot_general .*precision = \[HIGHEST, HIGHEST\]/);
  }
});

Deno.test("numbers are written so that they are read back bit for bit", () => {
  assert.equal(literal(0.1, "f32"), "0x3DCCCCCD");
  assert.equal(literal(-Infinity, "f32"), "0xFF800000");
  assert.equal(literal(-Infinity, "bf16"), "0xFF80");
  assert.deepEqual([1, 1 + 2 ** -8, 1 + 3 * 2 ** -8].map((v) => literal(v, "bf16")), [
    "0x3F80",
    "0x3F80",
    "0x3F82",
  ]);
  assert.deepEqual([literal(-2, "i32"), literal(1, "i1"), literal(0, "i1")], ["-2", "true", "false"]);
});
