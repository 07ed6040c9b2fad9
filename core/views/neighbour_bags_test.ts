import assert from "node:assert/strict";
import { NeighbourBags } from "./neighbour_bags.ts";
import { StandIns } from "../images/stand_ins.ts";
import { Random } from "../random.ts";
import { tf } from "../tf.ts";

await tf.setBackend("cpu");

/** More rows than are compared at a time. */
const ROWS = 300, DIM = 4, BAG = 5;

const random = new Random(3, "rows");
const rows = Array.from({ length: ROWS }, () => Array.from({ length: DIM }, () => random.normal()));
const unit = rows.map((row) => row.map((value) => value / Math.hypot(...row)));
const cosine = (a: number[], b: number[]) => a.reduce((sum, value, i) => sum + value * b[i], 0);

async function bags(embeddings: number[][]): Promise<NeighbourBags> {
  const tensor = tf.tensor2d(embeddings);
  try {
    return await NeighbourBags.of(tensor, BAG);
  } finally {
    tensor.dispose();
  }
}

Deno.test("a bag holds the most similar other images, the nearest first", async () => {
  const found = await bags(unit);
  for (let image = 0; image < ROWS; image++) {
    const others = unit.map((row, i) => ({ i, similarity: cosine(unit[image], row) })).filter(({ i }) =>
      i !== image
    );
    const expected = others.sort((a, b) => b.similarity - a.similarity).slice(0, BAG).map(({ i }) => i);
    assert.deepEqual([...found.bagOf(image)], expected);
  }
});

Deno.test("an image is not in its own bag, even among copies of it", async () => {
  const found = await bags([...Array(20).fill(unit[0]), ...unit.slice(1, 30)]);
  for (let image = 0; image < 20; image++) {
    const bag = [...found.bagOf(image)];
    assert.equal(new Set(bag).size, BAG);
    assert.ok(!bag.includes(image) && bag.every((other) => other < 20), `${image}: ${bag}`);
  }
});

Deno.test("draws come from the bag, all of it, and go by seed, image and view alone", async () => {
  const found = await bags(unit);
  const draw = (image: number, number: number, seed = 0) => found.draw(image, { seed, number });
  const drawn = Array.from({ length: 200 }, (_, number) => draw(7, number));
  assert.deepEqual(new Set(drawn), new Set(found.bagOf(7)));
  assert.deepEqual(Array.from({ length: 200 }, (_, number) => draw(7, number)), drawn);
  assert.notDeepEqual(Array.from({ length: 200 }, (_, number) => draw(7, number, 1)), drawn);
});

Deno.test("images that cannot be read are in no bag, and have their stand-ins'", async () => {
  const broken = [10, 11, 12, 13, 14], standIns = new StandIns(ROWS, broken);
  // Each is embedded as its stand-in: a copy of image 15.
  const tensor = tf.tensor2d(unit.map((row, image) => broken.includes(image) ? unit[15] : row));
  const found = await NeighbourBags.of(tensor, BAG, { standIns });
  const { numTensors } = tf.memory();
  tensor.dispose();
  assert.equal(tf.memory().numTensors, numTensors - 1);
  for (let image = 0; image < ROWS; image++) {
    const shown = standIns.of(image);
    const expected = unit.map((row, i) => ({ i, similarity: cosine(unit[shown], row) }))
      .filter(({ i }) => i !== shown && !broken.includes(i))
      .sort((a, b) => b.similarity - a.similarity).slice(0, BAG).map(({ i }) => i);
    assert.deepEqual([...found.bagOf(image)], expected, `${image}`);
    assert.ok(expected.includes(found.draw(image, { seed: 0, number: 3 })));
  }
});

Deno.test("a search that is interrupted stops before the next images", async () => {
  const abort = new AbortController(), reason = new Error("enough"), tensor = tf.tensor2d(unit);
  const { numTensors } = tf.memory();
  setTimeout(() => abort.abort(reason)); // as a signal of the system comes: by the loop of events
  await assert.rejects(NeighbourBags.of(tensor, BAG, { signal: abort.signal }), reason);
  assert.equal(tf.memory().numTensors, numTensors);
  tensor.dispose();
});

Deno.test("too few images that can be read are an error", async () => {
  const tensor = tf.tensor2d(unit.slice(0, 8)), standIns = new StandIns(8, [0, 1, 2]);
  await assert.rejects(
    NeighbourBags.of(tensor, BAG, { standIns }),
    /^RunError: 5 images can be read, too few for 5 neighbours of each; lower the objective's bag, or look at data\.root$/,
  );
  tensor.dispose();
});
