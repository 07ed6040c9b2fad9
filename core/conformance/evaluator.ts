import assert from "node:assert/strict";
import type { ImageSet } from "../interfaces/data_source.ts";
import type { Embedded, EmbeddedSet, Evaluator, Figures } from "../interfaces/evaluator.ts";
import { Random } from "../random.ts";
import { assertFlat } from "./memory.ts";
import { sameValues } from "./numbers.ts";
import type { Steps } from "./steps.ts";

/** An evaluator to check. */
export interface EvaluatorSubject {
  make(): Promise<Evaluator> | Evaluator;
}

const DIM = 8, CLASSES = 4, CONCEPTS = 24;

/** Labelled images, several of each class, each of a concept of its own. */
const IMAGES: ImageSet = {
  length: CONCEPTS,
  image: (index) => ({ name: `image ${index}`, file: "" }),
  label: (index) => index % CLASSES,
  classNames: ["a", "b", "c", "d"],
  identity: (index) => index,
};

/** Embeddings where noise of a size covers the class and the concept: none is perfect, much is chance. */
function embed(noise: number, seed: string): Embedded {
  const set = (name: string): EmbeddedSet => {
    const random = new Random(seed, name), features = new Float32Array(CONCEPTS * DIM);
    for (let row = 0; row < CONCEPTS; row++) {
      const own = new Random("concept", row), kind = new Random("class", row % CLASSES);
      for (let i = row * DIM; i < (row + 1) * DIM; i++) {
        features[i] = kind.normal() + 0.3 * own.normal() + noise * random.normal();
      }
    }
    return { features, featureDim: DIM, images: IMAGES };
  };
  return { gallery: set("gallery"), queries: set("queries") };
}

/** Checks what {@link Evaluator} promises: fractions, the same every time, that tell good embeddings from bad ones. */
export async function checkEvaluator(t: Steps, { make }: EvaluatorSubject): Promise<void> {
  const evaluator = await make(), teacher = embed(0, "teacher");
  const good = embed(0.01, "good"), bad = embed(100, "bad");
  let figures: Figures = {};

  await t.step("says the key of its figures", () => assert.match(evaluator.name, /^[a-z][a-z0-9_-]*$/));
  await t.step("gives figures that are fractions", async () => {
    figures = await evaluator.evaluate({ subject: good, teacher });
    assert.ok(Object.keys(figures).length > 0);
    for (const [name, value] of Object.entries(figures)) {
      assert.ok(value >= 0 && value <= 1, `${name} is ${value}`);
    }
  });
  await t.step("gives the same figures every time, another instance too", async () => {
    assert.deepEqual(await evaluator.evaluate({ subject: good, teacher }), figures);
    assert.deepEqual(await (await make()).evaluate({ subject: good, teacher }), figures);
  });
  await t.step("tells good embeddings from noise, by every figure that depends on them", async () => {
    const noise = await evaluator.evaluate({ subject: bad, teacher });
    assert.deepEqual(Object.keys(noise), Object.keys(figures));
    const told = Object.keys(figures).filter((name) => figures[name] !== noise[name]);
    assert.ok(told.length > 0);
    for (const name of told) {
      assert.ok(figures[name] > noise[name], `${name}: ${figures[name]}, ${noise[name]}`);
    }
  });
  await t.step("does not mind the length of embeddings", async () => {
    const longer = changed(good, (features) => features.map((value) => 7 * value));
    assert.deepEqual(await evaluator.evaluate({ subject: longer, teacher }), figures);
  });
  await t.step("leaves the embeddings as they are", async () => {
    const before = [good, teacher].flatMap(({ gallery, queries }) => [gallery.features, queries.features]);
    const copies = before.map((features) => features.slice());
    await evaluator.evaluate({ subject: good, teacher });
    assert.ok(sameValues(before, copies), "embeddings changed");
  });
  await t.step("keeps no tensors", async () => {
    await assertFlat(async () => void await evaluator.evaluate({ subject: good, teacher }));
  });
}

function changed({ gallery, queries }: Embedded, change: (features: Float32Array) => Float32Array): Embedded {
  const set = (one: EmbeddedSet) => ({ ...one, features: change(one.features) });
  return { gallery: set(gallery), queries: set(queries) };
}
