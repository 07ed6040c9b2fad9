import assert from "node:assert/strict";
import { type EmbeddedSet, type Engine, Random, RunError } from "@seed/core";
import { testContext } from "../../../tests/support/engine.ts";
import plugin from "./mod.ts";

const DIM = 6;

interface Row {
  features: number[];
  label: number;
  identity: number;
}

function randomRows(random: Random, count: number): Row[] {
  return Array.from({ length: count }, () => ({
    features: Array.from({ length: DIM }, () => Math.fround(random.normal())),
    label: random.below(4),
    identity: random.below(10),
  }));
}

function embedded(rows: Row[], known: ("label" | "identity")[]): EmbeddedSet {
  const keys = known.map((key) => [key, (i: number) => rows[i][key]]);
  const images = { length: rows.length, image: () => ({ name: "", file: "" }), ...Object.fromEntries(keys) };
  return { features: Float32Array.from(rows.flatMap(({ features }) => features)), featureDim: DIM, images };
}

async function top1(gallery: EmbeddedSet, queries: EmbeddedSet, k: number): Promise<number> {
  const context = { ...testContext, engine: null as unknown as Engine }; // it asks nothing of the engine
  const evaluator = await plugin.create(plugin.options.parse({ k, temperature: 0.1 }), context);
  return (await evaluator.evaluate({ subject: { gallery, queries }, teacher: null })).top1;
}

/** The same by sorting and loops. */
function naiveTop1(gallery: Row[], queries: Row[], k: number, sameIdentityCounts: boolean): number {
  const dot = (a: number[], b: number[]) => a.reduce((sum, x, i) => sum + x * b[i], 0);
  const right = queries.filter((query) => {
    const near = gallery
      .filter(({ identity }) => sameIdentityCounts || identity !== query.identity)
      .map(({ features: f, label }) => {
        const similarity = dot(f, query.features) /
          Math.sqrt(dot(f, f) * dot(query.features, query.features));
        return { label, similarity };
      })
      .sort((a, b) => b.similarity - a.similarity).slice(0, k);
    const votes = [0, 1, 2, 3].map((label) =>
      near.filter((n) => n.label === label).reduce((sum, n) => sum + Math.exp(n.similarity / 0.1), 0)
    );
    return votes.indexOf(Math.max(...votes)) === query.label;
  });
  return right.length / queries.length;
}

Deno.test("knn counts what sorting and loops count, with identities and without", async () => {
  for (let trial = 0; trial < 20; trial++) {
    const random = new Random(trial, "knn"), k = 1 + random.below(15);
    const gallery = randomRows(random, 20 + random.below(30)), queries = randomRows(random, 25);
    for (const known of [["label"], ["label", "identity"]] as ("label" | "identity")[][]) {
      const actual = await top1(embedded(gallery, known), embedded(queries, known), k);
      const expected = naiveTop1(gallery, queries, k, !known.includes("identity"));
      assert.equal(actual, expected, `trial ${trial}, ${known}`);
    }
  }
});

Deno.test("knn of images without classes, or with as many neighbours as images, is an error", async () => {
  const rows = randomRows(new Random(0, "few"), 5);
  await assert.rejects(() => top1(embedded(rows, []), embedded(rows, []), 1), RunError);
  await assert.rejects(
    () => top1(embedded(rows, ["label"]), embedded(rows, ["label"]), 5),
    /set evaluate.knn.k lower/,
  );
});
