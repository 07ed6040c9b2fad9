import assert from "node:assert/strict";
import { neededAugmenters, viewMakers } from "../evaluation/evaluator_views.ts";
import { augmenterModule } from "../images/pipeline/augmenter_module.ts";
import { ViewPipeline } from "../images/pipeline/view_pipeline.ts";
import type { ImageSet } from "../interfaces/data_source.ts";
import type {
  Embedded,
  EmbeddedSet,
  Evaluator,
  Figures,
  TrainableNetwork,
  ViewMaker,
} from "../interfaces/evaluator.ts";
import type { EvaluatorNeeds } from "../interfaces/plugin.ts";
import { Random } from "../random.ts";
import { CLASSES, CONCEPTS, type LabelledPictures, labelledPictures } from "./labelled_pictures.ts";
import { assertFlat } from "./memory.ts";
import { sameValues } from "./numbers.ts";
import type { Steps } from "./steps.ts";

/** An evaluator to check. */
export interface EvaluatorSubject {
  make(): Promise<Evaluator> | Evaluator;
  /** What the plugin's `needs` says of the options that `make` gives; absent: nothing. */
  needs?: EvaluatorNeeds;
  /** A small network, for an evaluator that trains one further. */
  network?: TrainableNetwork;
}

const DIM = 8;

/** Embeddings where noise of a size covers the class and the concept: none is perfect, much is chance. */
function embed(noise: number, seed: string, { gallery, queries }: LabelledPictures["random"]): Embedded {
  const set = (name: string, images: ImageSet): EmbeddedSet => {
    const random = new Random(seed, name), features = new Float32Array(CONCEPTS * DIM);
    for (let row = 0; row < CONCEPTS; row++) {
      const own = new Random("concept", row), kind = new Random("class", row % CLASSES);
      for (let i = row * DIM; i < (row + 1) * DIM; i++) {
        features[i] = kind.normal() + 0.3 * own.normal() + noise * random.normal();
      }
    }
    return { features, featureDim: DIM, images };
  };
  return { gallery: set("gallery", gallery), queries: set("queries", queries) };
}

/** Checks what {@link Evaluator} promises: fractions, the same every time, that tell good embeddings from bad ones. */
export async function checkEvaluator(t: Steps, { make, needs, network }: EvaluatorSubject): Promise<void> {
  const evaluator = await make();
  await using images = await labelledPictures();
  await using pipeline = await startPipeline(evaluator.name, needs);
  const { views } = pipeline, teacher = embed(0, "teacher", images.byClass);
  const good = embed(0.01, "good", images.byClass), bad = embed(100, "bad", images.random);
  const evaluate = async (subject: Embedded, by = evaluator) =>
    await by.evaluate({ subject, teacher, network, views });
  let figures: Figures = {};

  await t.step("says the key of its figures", () => assert.match(evaluator.name, /^[a-z][a-z0-9_-]*$/));
  await t.step("is checked with a network if it trains one further", () => {
    if (evaluator.usesNetwork) assert.ok(network, "it has usesNetwork: give checkEvaluator() a network");
  });
  await t.step("gives figures that are fractions", async () => {
    figures = await evaluate(good);
    assert.ok(Object.keys(figures).length > 0);
    for (const [name, value] of Object.entries(figures)) {
      assert.ok(value >= 0 && value <= 1, `${name} is ${value}`);
    }
  });
  await t.step("gives the same figures every time, another instance too", async () => {
    assert.deepEqual(await evaluate(good), figures);
    assert.deepEqual(await evaluate(good, await make()), figures);
  });
  await t.step("tells good embeddings from noise, by every figure that depends on them", async () => {
    const noise = await evaluate(bad);
    assert.deepEqual(Object.keys(noise), Object.keys(figures));
    const told = Object.keys(figures).filter((name) => figures[name] !== noise[name]);
    assert.ok(told.length > 0);
    for (const name of told) {
      assert.ok(figures[name] > noise[name], `${name}: ${figures[name]}, ${noise[name]}`);
    }
  });
  await t.step("does not mind the length of embeddings", async () => {
    // A power of two, which rounds nothing.
    const longer = changed(good, (features) => features.map((value) => 8 * value));
    assert.deepEqual(await evaluate(longer), figures);
  });
  await t.step("leaves the embeddings as they are", async () => {
    const before = [good, teacher].flatMap(({ gallery, queries }) => [gallery.features, queries.features]);
    const copies = before.map((features) => features.slice());
    await evaluate(good);
    assert.ok(sameValues(before, copies), "embeddings changed");
  });
  await t.step("keeps no tensors, nor copies of the network", async () => {
    await assertFlat(async () => void await evaluate(good));
  });
}

/** The views that the evaluator asks for, as a run makes them. */
async function startPipeline(
  name: string,
  needs: EvaluatorNeeds = {},
): Promise<{ views: ViewMaker } & AsyncDisposable> {
  const uses = [{ plugin: { name, needs: () => needs }, options: {} }];
  const augmenters = neededAugmenters(uses).map(augmenterModule);
  const pipeline = await ViewPipeline.start({ augmenters, workers: 1, seed: 0 });
  return {
    views: viewMakers(uses, pipeline, 0)[0],
    [Symbol.asyncDispose]: () => pipeline[Symbol.asyncDispose](),
  };
}

function changed({ gallery, queries }: Embedded, change: (features: Float32Array) => Float32Array): Embedded {
  const set = (one: EmbeddedSet) => ({ ...one, features: change(one.features) });
  return { gallery: set(gallery), queries: set(queries) };
}
