import assert from "node:assert/strict";
import { type Embedded, type Engine, Random, RunError } from "@seed/core";
import { testContext } from "../../../tests/support/engine.ts";
import plugin from "./mod.ts";

/** Embeds nothing but queries. */
function embedded(features: Float32Array, featureDim: number): Embedded {
  const length = features.length / featureDim;
  const queries = { features, featureDim, images: { length, image: () => ({ name: "", file: "" }) } };
  return { queries, gallery: queries };
}

async function agreement(subject: Embedded, teacher: Embedded | null, k: number) {
  const context = { ...testContext, engine: null as unknown as Engine }; // it asks nothing of the engine
  return await (await plugin.create(plugin.options.parse({ k }), context)).evaluate({ subject, teacher });
}

const normal = (name: string, length: number) => {
  const random = new Random(0, name);
  return Float32Array.from({ length }, () => random.normal());
};

Deno.test("a network agrees with itself, whatever the scale and the order of its features", async () => {
  const features = normal("features", 30 * 4);
  const changed = features.map((_, i) => 3 * features[i - i % 4 + 3 - i % 4]); // axes reversed
  const { overlap } = await agreement(embedded(changed, 4), embedded(features, 4), 5);
  assert.equal(overlap, 1);
});

Deno.test("agreement is the share of neighbours in common, without the query itself", async () => {
  // On a line of angles; the teacher's first three are close together, the student swaps the third for the fourth.
  const at = (...degrees: number[]) =>
    embedded(
      Float32Array.from(degrees.flatMap((d) => [Math.cos(d * Math.PI / 180), Math.sin(d * Math.PI / 180)])),
      2,
    );
  const teacher = at(0, 1, 2, 100, 101, 102), student = at(0, 1, 100, 2, 101, 102);
  // k 2: the teacher's neighbours are {1,2} {0,2} {0,1} {4,5} {3,5} {3,4},
  // the student's {1,3} {0,3} {4,5} {0,1} {2,5} {2,4}: in common 1, 1, 0, 0, 1, 1 of 2.
  const share = 4 / 12;
  assert.deepEqual(await agreement(student, teacher, 2), {
    overlap: share,
    features_overlap: share,
    chance: 2 / 5,
  });
});

Deno.test("features that have nothing to do with the teacher's agree by chance", async () => {
  const [a, b] = ["a", "b"].map((name) => embedded(normal(name, 200 * 8), 8));
  const { overlap, chance } = await agreement(a, b, 20);
  assert.ok(Math.abs(overlap - chance) < 0.02, `${overlap}, chance ${chance}`);
});

Deno.test("the projection head's embedding is compared where there is one, the features beside it", async () => {
  const teacher = embedded(normal("teacher", 30 * 4), 4), other = embedded(normal("other", 30 * 4), 4);
  const withEmbedding = (features: Embedded, embedding: Embedded): Embedded => {
    const { features: values, featureDim: dim } = embedding.queries;
    const queries = { ...features.queries, embedding: { values, dim } };
    return { queries, gallery: queries };
  };
  const learnt = await agreement(withEmbedding(other, teacher), teacher, 5);
  assert.equal(learnt.overlap, 1);
  assert.ok(learnt.features_overlap < 0.5);
});

Deno.test("agreement without a teacher, or with more neighbours than images, is an error", async () => {
  const few = embedded(normal("few", 12), 4);
  await assert.rejects(() => agreement(few, null, 1), RunError);
  await assert.rejects(() => agreement(few, few, 3), RunError);
});

Deno.test("agreement stops when it is asked to", async () => {
  const signal = AbortSignal.abort(new Error("stopped")), rows = embedded(normal("rows", 12), 4);
  const context = { ...testContext, engine: null as unknown as Engine, signal };
  const evaluator = await plugin.create(plugin.options.parse({ k: 1 }), context);
  await assert.rejects(evaluator.evaluate({ subject: rows, teacher: rows }), /^Error: stopped$/);
});
