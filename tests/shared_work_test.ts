/**
 * What several processes share out besides the steps: rows are those of one process, to the bit; an error is one
 * process's, whoever met it; all stop together.
 *
 * @module
 */
import assert from "node:assert/strict";
import { embedImages, type Encoder, type ImageSet, RunError, tf } from "@seed/core";
import { BrokenImageError, Evaluation, type ViewPipeline, withoutBroken } from "@seed/core/host";
import { StoppedTogether } from "../core/processes/go_on_together.ts";
import type { Learner } from "../core/parts/learner.ts";
import type { ProcessParts } from "../core/parts/process_parts.ts";
import type { Processes } from "../core/processes/processes.ts";
import type { Recipe } from "../core/recipe/recipe.ts";
import { fitObjectives } from "../core/run/fit_objectives.ts";
import { RunEvaluation } from "../core/run/run_evaluation.ts";
import { embedCentreViews } from "../core/teacher_cache/centre_views.ts";
import { NeighbourBags } from "../core/views/neighbour_bags.ts";
import { eagerEngine } from "./support/eager_engine.ts";
import { runTogether } from "./support/local_processes.ts";

const engine = await eagerEngine(), SIZE = 2, BATCH = 3;

function imagesOf(length: number, first = 0): ImageSet {
  return { length, image: (i) => ({ name: `${first + i}.png`, file: `/${first + i}.png` }) };
}

/** Pixels have the image's number; an image that is broken fails. */
function pipelineWithout(broken: readonly number[] = []) {
  return {
    async *batches(requests: Iterable<{ images: readonly { name: string; file: string }[] }>) {
      for (const { images } of requests) {
        await Promise.resolve();
        const pixels = new Uint8Array(images.length * SIZE * SIZE * 3);
        images.forEach((image, i) => {
          const number = parseInt(image.name);
          if (broken.includes(number)) throw BrokenImageError.of(image, "it is damaged");
          pixels.fill(number, i * SIZE * SIZE * 3, (i + 1) * SIZE * SIZE * 3);
        });
        yield { pixels, size: SIZE };
      }
    },
  };
}

/** Two layers. Rows depend in their bits on what else is in the batch, as those of kernels may. */
function encoder(seen: number[][] = [], rowOf = (image: number) => Math.sin(image)): Encoder {
  return async (batch) => {
    const values = await batch.data(), rows = batch.shape[0], each = values.length / rows;
    const images = Array.from({ length: rows }, (_, i) => values[i * each]);
    seen.push(images);
    const sum = images.reduce((a, b) => a + b, 0);
    return [
      tf.tensor2d(images.map((image) => [rowOf(image), sum / 7, image])),
      tf.tensor2d(images.map((image) => [image / 3 + sum])),
    ];
  };
}

const options = { engine, network: "the student at step 7", batchSize: BATCH, size: SIZE };

Deno.test("rows that several processes embed are those of one, and no batch is embedded twice", async () => {
  for (const images of [0, 1, 3, 7, 20]) {
    const pipeline = pipelineWithout(), seen: number[][] = [];
    const set = imagesOf(images), alone = await embedImages(set, encoder(seen), { ...options, pipeline });
    for (const size of [2, 3, 5]) {
      const seenTogether: number[][] = [];
      const all = await runTogether(
        size,
        (processes) => embedImages(set, encoder(seenTogether), { ...options, pipeline, processes }),
      );
      for (const found of all) assert.deepEqual(found, alone);
      assert.deepEqual(sorted(seenTogether), sorted(seen), `${images} images in ${size} processes`);
    }
  }
});

function sorted(batches: readonly number[][]): number[][] {
  return batches.toSorted((a, b) => a[0] - b[0]);
}

/** What a call throws. */
async function errorOf(call: Promise<unknown>): Promise<Error> {
  return await call.then(() => assert.fail("it was to fail"), (error) => error);
}

Deno.test("a broken image of any process is the error of one process, of several the one that comes first", async () => {
  const set = imagesOf(30);
  for (const broken of [[4], [11, 8], [3, 10], [29]]) { // batches of 3: of the second, third or last process
    const pipeline = pipelineWithout(broken);
    const expected = await errorOf(embedImages(set, encoder(), { ...options, pipeline }));
    assert.ok(expected instanceof BrokenImageError);
    const thrown: unknown[] = [];
    const told = await errorOf(runTogether(3, async (processes) => {
      try {
        return await embedImages(set, encoder(), { ...options, pipeline, processes });
      } catch (error) {
        thrown[processes.rank] = error;
        throw error;
      }
    }));
    assert.ok(told instanceof BrokenImageError && thrown[0] === told, "it is the first process's");
    assert.deepEqual([told.message, told.file], [expected.message, expected.file]);
  }
});

Deno.test("the error of a process on another machine says where", async () => {
  const pipelines = [pipelineWithout(), pipelineWithout([4])];
  const told = await errorOf(runTogether(2, (processes) =>
    embedImages(imagesOf(9), encoder(), {
      ...{ ...options, pipeline: pipelines[processes.rank] },
      processes: { ...processes, hosts: ["host-a", "host-b"] } as Processes,
    })));
  assert.match(told.message, /^Cannot make a view of the image "4\.png": .* \(process 1 on host-b\)$/);
});

Deno.test("rows that are not finite are one error, which counts those of all processes", async () => {
  const set = imagesOf(20), pipeline = pipelineWithout();
  const rowOf = (image: number) => [5, 13, 14].includes(image) ? NaN : image;
  const expected = await errorOf(embedImages(set, encoder([], rowOf), { ...options, pipeline }));
  assert.match(expected.message, /^What the student at step 7 makes of 3 of 20 images .* "5\.png"/);
  const told = await errorOf(runTogether(
    3,
    (processes) => embedImages(set, encoder([], rowOf), { ...options, pipeline, processes }),
  ));
  assert.ok(told instanceof RunError);
  assert.equal(told.message, expected.message);
});

Deno.test("a defect is thrown where it happened", async () => {
  const defect = new TypeError("undefined is not a function");
  const thrown: unknown[] = [];
  const [settled] = await Promise.allSettled([runTogether(2, async (processes) => {
    const encode: Encoder = (batch) => processes.rank === 1 ? Promise.reject(defect) : encoder()(batch);
    try {
      return await embedImages(imagesOf(9), encode, { ...options, pipeline: pipelineWithout(), processes });
    } catch (error) {
      thrown[processes.rank] = error;
      throw error;
    }
  })]);
  assert.equal(settled.status, "rejected");
  assert.equal(thrown[1], defect);
});

Deno.test("all stop when one is interrupted while they embed, or the first while it evaluates", async () => {
  const data = { gallery: imagesOf(20), queries: imagesOf(5, 20) };
  for (const rank of [0, 1, 2]) {
    for (const when of ["embeds", "evaluates"]) {
      if (when === "evaluates" && rank > 0) continue;
      const thrown: unknown[] = [];
      await runTogether(3, async (processes) => {
        const abort = new AbortController(), { signal } = abort, isIt = processes.rank === rank;
        let batches = 0;
        const encode: Encoder = (images) => {
          if (when === "embeds" && isIt && ++batches === 2) abort.abort();
          return encoder()(images);
        };
        const evaluator = {
          name: "slow",
          evaluate() {
            abort.abort();
            signal.throwIfAborted();
            return Promise.resolve({});
          },
        };
        const evaluation = new Evaluation([{ evaluator, views: pipelineWithout() }], data, {
          ...{ engine, pipeline: pipelineWithout(), batchSize: BATCH, signal, processes },
        });
        await evaluation.network(encode, { name: "the student", size: SIZE }).catch((error) => {
          thrown[processes.rank] = error;
        });
      });
      assert.equal(thrown.length, 3);
      for (const error of thrown) assert.ok(error instanceof StoppedTogether, `${error} (${when}, ${rank})`);
    }
  }
});

Deno.test("the first process alone evaluates, what all have embedded", async () => {
  const data = { gallery: imagesOf(20), queries: imagesOf(5, 20) }, pipeline = pipelineWithout();
  const subjects: unknown[] = [];
  const evaluator = {
    name: "own",
    evaluate({ subject }: { subject: unknown }) {
      subjects.push(subject);
      return Promise.resolve({ top1: 0.5 });
    },
  };
  const evaluate = (processes: Processes | null) =>
    new Evaluation([{ evaluator, views: pipeline }], data, {
      ...{ engine, pipeline, batchSize: BATCH, processes },
    }).network(encoder(), { name: "the student", size: SIZE });
  const alone = await evaluate(null);
  const [first, second] = await runTogether(2, evaluate);
  assert.deepEqual(first, alone);
  assert.deepEqual(second, { evaluation: {}, details: {} });
  assert.equal(subjects.length, 2);
  assert.deepEqual(subjects[1], subjects[0]);
});

Deno.test("before training the teacher sees batches of the size that training gives each process", async () => {
  const seen: number[] = [], log = () => {}, signal = new AbortController().signal;
  const data = { train: imagesOf(24), evaluation: { gallery: imagesOf(20), queries: imagesOf(5, 20) } };
  const teacher = {
    ...{ embeddingDim: 1, inputSize: null },
    embed(images: tf.Tensor4D) {
      seen.push(images.shape[0]);
      return Promise.resolve(tf.ones([images.shape[0], 1]));
    },
  };
  const recipe = {
    ...{ seed: 0, train: { batch_size: 12 }, teacher: { cache: null } },
    objectives: [{ needs: { views: 1, teacherViews: [0], fit: { images: 16 } } }],
  } as unknown as Recipe;
  const terms = [{ needs: recipe.objectives[0].needs, objective: { fit: () => Promise.resolve() } }];
  const evaluators = [{ evaluator: { name: "own", evaluate: () => Promise.resolve({}) } }];
  await runTogether(3, async (processes) => {
    const parts = {
      ...{ engine, data, pipeline: pipelineWithout(), teacher, referenceTeacher: teacher, processes },
      ...{ augmenters: [{ size: SIZE }], standIns: { of: (image: number) => image } },
    } as unknown as ProcessParts;
    await fitObjectives(recipe, parts, [{ terms }] as never, { log, signal });
    const options = { recipe, signal, report() {}, course: { evaluatesAfter: () => false } };
    using _evaluation = await RunEvaluation.open(parts, { evaluators } as unknown as Learner, 1, options);
    (await embedCentreViews(parts, recipe, { log, signal })).dispose();
  });
  assert.equal(seen.length, 4 + 5 + 2 + 6); // images to fit to, gallery, queries, centre views
  assert.deepEqual(new Set(seen), new Set([4]));
});

Deno.test("bags of neighbours that are looked for together are those of one process", async () => {
  const images = 700, dim = 4, bag = 3; // three chunks
  const embeddings = tf.tidy(() => tf.randomNormal([images, dim], 0, 1, "float32", 3) as tf.Tensor2D);
  const bagsOf = async (processes: Processes | null) => {
    const bags = await NeighbourBags.of(embeddings, bag, { processes });
    return Array.from({ length: images }, (_, image) => [...bags.bagOf(image)]);
  };
  const alone = await bagsOf(null);
  for (const size of [2, 5]) {
    for (const found of await runTogether(size, bagsOf)) assert.deepEqual(found, alone);
  }
  embeddings.dispose();
});

Deno.test("bags that are looked for together are left off together, whichever process is asked to stop", async () => {
  const embeddings = tf.tidy(() => tf.randomNormal([700, 4], 0, 1, "float32", 3) as tf.Tensor2D);
  const ends = await runTogether(3, async (processes) => {
    const signal = processes.rank === 1 ? AbortSignal.abort() : undefined;
    return await NeighbourBags.of(embeddings, 3, { processes, signal }).catch((error) => error);
  });
  for (const end of ends) assert.ok(end instanceof StoppedTogether, `${end}`);
  embeddings.dispose();
});

Deno.test("each image is looked at by one process, and all know which are broken", async () => {
  const broken = [0, 6, 7, 18], looked: string[] = [];
  const pipeline = {
    check(images: ImageSet, { broken: tell }: Parameters<ViewPipeline["check"]>[1]) {
      for (let index = 0; index < images.length; index++) {
        const { name } = images.image(index);
        looked.push(name);
        if (broken.includes(parseInt(name))) tell({ index, name, message: `${name} is damaged` });
      }
      return Promise.resolve();
    },
  } as ViewPipeline;
  const train = imagesOf(15), queries = imagesOf(5, 15);
  const data = { train, evaluation: { gallery: train, queries }, [Symbol.dispose]() {} };
  const look = async (processes: Processes | null) => {
    const host = { log: () => {}, signal: new AbortController().signal };
    const { data: { evaluation }, standIns, skipped } = await withoutBroken(data, pipeline, host, processes);
    const names = [evaluation!.gallery, evaluation!.queries].map((set) =>
      Array.from({ length: set.length }, (_, i) => set.image(i).name)
    );
    return { names, broken: standIns.broken, skipped };
  };
  const alone = await look(null);
  assert.deepEqual([alone.broken, alone.skipped.count], [[0, 6, 7], 4]);
  assert.equal(looked.splice(0).length, 20);
  for (const found of await runTogether(3, look)) assert.deepEqual(found, alone);
  assert.deepEqual(looked.toSorted(), Array.from({ length: 20 }, (_, i) => `${i}.png`).toSorted());
});

Deno.test("images that are listed otherwise in another process are told before they are looked at", async () => {
  const looked: string[] = [];
  const pipeline = {
    check: (images: ImageSet) => Promise.resolve(void looked.push(`${images.length}`)),
  } as unknown as ViewPipeline;
  const look = async (processes: Processes) => {
    const host = { log: () => {}, signal: new AbortController().signal };
    const data = { train: imagesOf(15 + processes.rank), evaluation: null, [Symbol.dispose]() {} };
    await withoutBroken(data, pipeline, host, processes);
  };
  await assert.rejects(runTogether(2, look), {
    name: "ProcessesError",
    message: /^Process 1 on this machine has the listing of images "16 images, .*process 0 .* "15 images, /,
  });
  assert.deepEqual(looked, []);
});

Deno.test("a test's processes that meet in different calls are told, where real ones would wait for ever", async () => {
  const meet = async (processes: Processes) => {
    if (processes.rank === 0) await processes.exchange("");
    else await processes.sum(new Float32Array(1));
  };
  await assert.rejects(runTogether(2, meet), /Processes meet in different calls: exchange, sum/);
});
