import assert from "node:assert/strict";
import { join } from "node:path";
import { type NamedArray, Random } from "@seed/core";
import { openWeights } from "./open_weights.ts";
import { writeTorch } from "./write_torch.ts";

const python = Deno.env.get("SEED_PEER_PYTHON");

async function withFile(
  tensors: readonly NamedArray[],
  test: (path: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "seed-pth-" }), path = join(folder, "weights.pth");
  try {
    await writeTorch(path, tensors);
    await test(path);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Tensors of every type that is written, of random shapes and values, down to scalars. */
function tensorsOf(trial: number): NamedArray[] {
  const random = new Random(trial, "write torch");
  return Array.from({ length: random.below(6) + 1 }, (_, i) => {
    const shape = Array.from({ length: random.below(5) }, () => 1 + random.below(4));
    const values = Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random.below(2001) - 1000);
    const data = [
      Float32Array.from(values, (value) => value / 7),
      Int32Array.from(values),
      BigInt64Array.from(values, BigInt),
    ][i % 3];
    return { name: `${"layer.".repeat(random.below(40))}${i}.weight`, shape, data };
  });
}

Deno.test("what is written in PyTorch's container reads the same", async () => {
  for (let trial = 0; trial < 25; trial++) {
    const tensors = tensorsOf(trial);
    await withFile(tensors, async (path) => {
      using file = await openWeights(path);
      assert.equal(file.format, "PyTorch");
      assert.deepEqual([...file.tensors.keys()], tensors.map(({ name }) => name));
      for (const { name, shape, data } of tensors) {
        assert.deepEqual(file.tensors.get(name)!.shape, shape);
        assert.deepEqual(file.read(name), Float32Array.from(data as Float32Array, Number), name);
      }
    });
  }
});

Deno.test("every member of the container begins at a multiple of 64 bytes, for memory maps", () =>
  withFile(tensorsOf(3), async (path) => {
    const bytes = await Deno.readFile(path), view = new DataView(bytes.buffer);
    let members = 0;
    for (let at = 0; view.getUint32(at, true) === 0x04034b50; members++) {
      const data = at + 30 + view.getUint16(at + 26, true) + view.getUint16(at + 28, true);
      assert.equal(data % 64, 0);
      at = data + view.getUint32(at + 18, true);
    }
    assert.ok(members > 3);
  }));

const SCRIPT = `
import json, sys, torch
for mapped in (False, True):
    state = torch.load(sys.argv[1], weights_only=True, mmap=mapped)
    print(json.dumps([[name, str(t.dtype), list(t.shape), t.flatten().tolist()] for name, t in state.items()]))
`;

Deno.test({
  name: "torch.load(weights_only=True) reads what is written" +
    (python ? "" : " (left out: SEED_PEER_PYTHON names no Python with torch)"),
  ignore: !python,
  fn: () => {
    const tensors = tensorsOf(5);
    return withFile(tensors, async (path) => {
      const { success, stdout, stderr } = await new Deno.Command(python!, { args: ["-c", SCRIPT, path] })
        .output();
      assert.ok(success, new TextDecoder().decode(stderr));
      const type = (data: NamedArray["data"]) =>
        data instanceof Float32Array
          ? "torch.float32"
          : data instanceof Int32Array
          ? "torch.int32"
          : "torch.int64";
      const expected = tensors.map((
        { name, shape, data },
      ) => [name, type(data), shape, Array.from(data as Float32Array, Number)]);
      const [read, mapped] = new TextDecoder().decode(stdout).trim().split("\n").map((line) =>
        JSON.parse(line)
      );
      assert.deepEqual(read, expected);
      assert.deepEqual(mapped, expected);
    });
  },
});
