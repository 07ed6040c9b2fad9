import assert from "node:assert/strict";
import golden from "../../tests/golden/npy.json" with { type: "json" };
import type { Rows } from "../evaluation/embed_images.ts";
import { writeNpy } from "./npy.ts";

async function* batches(rows: number[], dim: number): AsyncGenerator<Rows> {
  let next = 0;
  for (const count of rows) {
    await Promise.resolve();
    yield { values: Float32Array.from({ length: count * dim }, () => next++ / 8 - 1), dim };
  }
}

async function written(rows: number, from: AsyncIterable<Rows>): Promise<Uint8Array> {
  const folder = await Deno.makeTempDir();
  try {
    await writeNpy(`${folder}/x.npy`, rows, from);
    return await Deno.readFile(`${folder}/x.npy`);
  } finally {
    assert.ok([...Deno.readDirSync(folder)].every(({ name }) => name === "x.npy"), "leaves no other file");
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("writeNpy writes the bytes that NumPy does", async () => {
  assert.deepEqual(await written(5, batches([2, 2, 1], 3)), Uint8Array.fromBase64(golden["5x3"]));
  const large = await written(12345, batches([12000, 345], 2));
  const header = Uint8Array.fromBase64(golden["12345x2 header"]);
  assert.deepEqual(large.subarray(0, header.length), header);
  assert.equal(large.length, header.length + 12345 * 2 * 4);
});

Deno.test("writeNpy leaves no file if the rows are not those that were said, or reading them fails", async () => {
  await assert.rejects(written(5, batches([2, 2], 3)), /Got 4 rows, expected 5/);
  async function* mixed(): AsyncGenerator<Rows> {
    yield* batches([2], 3);
    yield* batches([2], 4);
  }
  await assert.rejects(written(4, mixed()), /Rows of 4 values after rows of 3/);
  async function* broken(): AsyncGenerator<Rows> {
    yield* batches([2], 3);
    throw new Error("broken");
  }
  await assert.rejects(written(4, broken()), /broken/);
});
