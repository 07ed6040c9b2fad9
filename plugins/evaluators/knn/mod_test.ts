import assert from "node:assert/strict";
import { type EmbeddedSet, type Engine, type EvaluationDetails, Random, RunError } from "@seed/core";
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

Deno.test("several numbers of neighbours give what each gives alone, and so does the head's output", async () => {
  const random = new Random(5, "several"),
    [gallery, queries] = [40, 25].map((rows) => randomRows(random, rows));
  const swapped = (rows: Row[], known: EmbeddedSet): EmbeddedSet => ({
    ...embedded(rows.map((row) => ({ ...row, features: row.features.toReversed().map((x) => x * x) })), [
      "label",
    ]),
    embedding: { values: known.features, dim: DIM },
  });
  const plain = [gallery, queries].map((rows) => embedded(rows, ["label"]));
  const subject = { gallery: swapped(gallery, plain[0]), queries: swapped(queries, plain[1]) };
  const context = { ...testContext, engine: null as unknown as Engine };
  const evaluator = await plugin.create(
    plugin.options.parse({ k: [1, 5, 9], temperature: 0.1, on: "both" }),
    context,
  );
  const figures = await evaluator.evaluate({ subject, teacher: null });
  assert.deepEqual(Object.keys(figures), [
    ...["top1_k1", "top1_k5", "top1_k9"],
    ...["embedding_top1_k1", "embedding_top1_k5", "embedding_top1_k9"],
  ]);
  for (const k of [1, 5, 9]) {
    assert.equal(figures[`embedding_top1_k${k}`], await top1(plain[0], plain[1], k));
    assert.equal(figures[`top1_k${k}`], await top1(subject.gallery, subject.queries, k));
  }
});

Deno.test("knn reports accuracy by class and its confusions", async () => {
  const row = (x: number, label: number): Row => ({ features: [x, 1, 0, 0, 0, 0], label, identity: 0 });
  const gallery = embedded([row(-3, 0), row(-2.9, 0), row(3, 1), row(2.9, 1)], ["label"]);
  const queries = embedded([row(-3, 0), row(3, 0), row(3, 1), row(2, 1)], ["label"]);
  const context = { ...testContext, engine: null as unknown as Engine };
  const evaluator = await plugin.create(plugin.options.parse({ k: 2 }), context);
  let details: EvaluationDetails | undefined;
  const figures = await evaluator.evaluate({
    ...{ subject: { gallery, queries }, teacher: null },
    report: (found) => details = found,
  });
  assert.deepEqual(figures, { top1: 0.75 });
  const { protocol, ...rest } = details!;
  assert.match(protocol, /^2 nearest neighbours/);
  assert.deepEqual(rest, {
    ...{ gallery: 4, queries: 4, seed: null, classes: ["0", "1"] },
    ...{ per_class: [0.5, 1], confusion: [[1, 1], [0, 2]] },
  });
});

Deno.test("knn stops when it is asked to", async () => {
  const signal = AbortSignal.abort(new Error("stopped"));
  const rows = embedded(randomRows(new Random(0, "stopped"), 9), ["label"]);
  const context = { ...testContext, engine: null as unknown as Engine, signal };
  const evaluator = await plugin.create(plugin.options.parse({ k: 1 }), context);
  const subject = { gallery: rows, queries: rows };
  await assert.rejects(evaluator.evaluate({ subject, teacher: null }), /^Error: stopped$/);
});
