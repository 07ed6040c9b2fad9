import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { createPlugin, pluginContext } from "../../parts/create_plugin.ts";
import { pipelineOptions } from "../../parts/process_parts.ts";
import { loadPlugin } from "../../recipe/plugin_loader.ts";
import type { Recipe } from "../../recipe/recipe.ts";
import type { ImageReference } from "../../interfaces/data_source.ts";
import { RunError } from "../../errors.ts";
import { withAdvice } from "../../run/state_keeper.ts";
import { BrokenImageError } from "../broken_image_error.ts";
import { type BatchRequest, type BrokenImage, ViewPipeline } from "./view_pipeline.ts";

const MODULE = new URL("./testdata/augmenters.ts", import.meta.url).href;

async function start(
  exportName = "default",
  options: {
    workers?: number;
    ahead?: number;
    stuckSeconds?: number;
    log?(message: string): void;
    signal?: AbortSignal;
  } = {},
) {
  return await ViewPipeline.start({
    augmenters: [{ module: MODULE, exportName, options: {}, cacheDir: "cache" }],
    workers: options.workers ?? 2,
    seed: 0,
    ...{ ahead: options.ahead, stuckSeconds: options.stuckSeconds, log: options.log, signal: options.signal },
  });
}

/** Images of one pixel each, one after the other in one file: image i is `[i, 0, 0]`. */
async function withImages(test: (image: (index: number) => ImageReference) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "seed-pipeline-" });
  try {
    const file = join(folder, "pixels");
    await Deno.writeFile(file, Uint8Array.from({ length: 256 * 3 }, (_, i) => i % 3 ? 0 : i / 3));
    await test((index) => ({
      name: `image ${index}`,
      file,
      offset: index * 3,
      length: 3,
      pixels: { width: 1, height: 1 },
    }));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

type Images = (index: number) => ImageReference;

/** Batches of consecutive images. */
function* requests(image: Images, batches: number, { batch = 4, size = 4, asked = [] as number[] } = {}) {
  for (let b = 0; b < batches; b++) {
    asked.push(b);
    const indices = Array.from({ length: batch }, (_, i) => b * batch + i);
    yield {
      images: indices.map(image),
      keys: indices.map((i) => [0, "view", i]),
      size,
    } satisfies BatchRequest;
  }
}

async function collect(pipeline: ViewPipeline, wanted: Iterable<BatchRequest>): Promise<Uint8Array[]> {
  const batches = [];
  for await (const { pixels } of pipeline.batches(wanted)) batches.push(pixels.slice());
  return batches;
}

Deno.test("batches are the same with one, two and three workers, in the order they were asked for", () =>
  withImages(async (image) => {
    const results = [];
    for (const workers of [1, 2, 3]) {
      await using pipeline = await start("default", { workers });
      results.push(await collect(pipeline, requests(image, 6)));
    }
    assert.deepEqual(results[1], results[0]);
    assert.deepEqual(results[2], results[0]);
    const firstBytes = results[0].map((pixels) => [0, 1, 2, 3].map((i) => pixels[i * 4 * 4 * 3]));
    assert.deepEqual(firstBytes, Array.from({ length: 6 }, (_, b) => [0, 1, 2, 3].map((i) => b * 4 + i)));
  }));

Deno.test("batches of different sizes and lengths, and evaluation views, may follow each other", () =>
  withImages(async (image) => {
    await using pipeline = await start();
    const shapes = [[4, 4], [2, 8], [4, 4], [1, 8], [4, 4]];
    const wanted = shapes.map(([batch, size], b) => ({
      images: Array.from({ length: batch }, (_, i) => image(b * 10 + i)),
      keys: b % 2 ? null : Array.from({ length: batch }, (_, i) => [b, i]),
      size,
    }));
    let b = 0;
    for await (const { pixels, size } of pipeline.batches(wanted)) {
      assert.equal(size, shapes[b][1]);
      assert.equal(pixels.length, shapes[b][0] * size * size * 3);
      assert.equal(pixels[0], b * 10);
      b++;
    }
    assert.equal(b, shapes.length);
  }));

Deno.test("no more batches are asked for than are made ahead", () =>
  withImages(async (image) => {
    await using pipeline = await start("default", { ahead: 3 });
    const asked: number[] = [], seen: number[] = [];
    for await (const _ of pipeline.batches(requests(image, 10, { asked }))) {
      seen.push(asked.length);
      await new Promise((resolve) => setTimeout(resolve, 5)); // a slow consumer
    }
    assert.deepEqual(seen, [3, 4, 5, 6, 7, 8, 9, 10, 10, 10]);
  }));

Deno.test("buffers are used again, also after an iteration that is left off", () =>
  withImages(async (image) => {
    await using pipeline = await start("default", { ahead: 2 });
    const buffers = new Set<ArrayBufferLike>();
    for (let round = 0; round < 5; round++) {
      let count = 0;
      for await (const { pixels } of pipeline.batches(requests(image, 6))) {
        buffers.add(pixels.buffer);
        if (++count === 3) break;
      }
    }
    // One with the consumer, two ahead.
    assert.ok(buffers.size <= 3, `${buffers.size} buffers for 3 batches at a time`);
  }));

Deno.test("the time that several consumers wait at once is counted once", () =>
  withImages(async (image) => {
    await using pipeline = await start();
    const began = performance.now();
    await Promise.all([1, 3, 6].map((batches) => collect(pipeline, requests(image, batches))));
    const { waited } = pipeline, passed = performance.now() - began;
    assert.ok(waited > 0 && waited <= passed, `${waited} ms of ${passed} ms`);
    await new Promise((resolve) => setTimeout(resolve, 5));
    assert.equal(pipeline.waited, waited, "nobody waits any more");
  }));

Deno.test("a worker has two pictures in memory at the most, however large the batches are", () =>
  withImages(async (image) => {
    await using pipeline = await start("counting");
    const made = await collect(pipeline, requests(image, 3, { batch: 32 }));
    assert.equal(Math.max(...made.flatMap((pixels) => [...pixels])), 2);
  }));

Deno.test("a batch's pixels stay as they are until the next one is asked for", () =>
  withImages(async (image) => {
    await using pipeline = await start("default", { workers: 3 });
    for await (const { pixels } of pipeline.batches(requests(image, 8))) {
      const before = pixels.slice();
      await new Promise((resolve) => setTimeout(resolve, 30));
      assert.deepEqual(pixels, before);
    }
  }));

Deno.test("memory is flat over many batches", () =>
  withImages(async (image) => {
    await using pipeline = await start("blank", { workers: 1 });
    const large = () => requests(image, 40, { batch: 2, size: 256 }); // 0.4 MB a batch, 16 MB in all
    await collectNothing(pipeline, large());
    const before = Deno.memoryUsage().external;
    await collectNothing(pipeline, large());
    const grown = Deno.memoryUsage().external - before;
    assert.ok(grown < 4e6, `${grown} bytes more after 16 MB of batches`);
  }));

async function collectNothing(pipeline: ViewPipeline, wanted: Iterable<BatchRequest>): Promise<void> {
  for await (const _ of pipeline.batches(wanted));
}

/** What a pipeline's iteration is refused with. */
async function refusal(pipeline: ViewPipeline, wanted: Iterable<BatchRequest>): Promise<string> {
  const error = await collect(pipeline, wanted).then(() => null, (error) => error);
  assert.ok(error instanceof RunError, `expected a RunError, got ${error}`);
  return error.message;
}

Deno.test("an image that does not decode is named; the pipeline goes on with others", async () => {
  const folder = await Deno.makeTempDir({ prefix: "seed-pipeline-" });
  try {
    const good = join(folder, "good.png"), bad = join(folder, "bad.png"), cut = join(folder, "cut.png");
    await sharp({ create: { width: 64, height: 64, channels: 3, background: "#f00" } }).png().toFile(good);
    await Deno.writeTextFile(bad, "no picture");
    await Deno.writeFile(cut, (await Deno.readFile(good)).subarray(0, 60));
    const request = (...files: string[]): BatchRequest[] => [{
      images: files.map((file) => ({ name: `dogs/${file.slice(folder.length + 1)}`, file })),
      keys: null,
      size: 8,
    }];
    await using pipeline = await start();
    for (const broken of [bad, cut]) {
      const name = broken.slice(folder.length + 1);
      const message = await refusal(pipeline, request(good, broken, good));
      assert.match(message, new RegExp(`^Cannot make a view of the image "dogs/${name}": `));
    }
    assert.match(
      await refusal(pipeline, request(join(folder, "nowhere.png"))),
      /"dogs\/nowhere\.png": .*There is no file/,
    );
    const [pixels] = await collect(pipeline, request(good));
    assert.deepEqual([...pixels.subarray(0, 3)], [255, 0, 0]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a part of a file that is not there is named", () =>
  withImages(async (image) => {
    await using pipeline = await start();
    const beyond = { ...image(0), offset: 256 * 3 - 1, name: "the last" };
    const message = await refusal(pipeline, [{ images: [beyond], keys: [[0]], size: 4 }]);
    assert.match(message, /^Cannot make a view of the image "the last": The file ".*" ends before byte 770/);
  }));

Deno.test("an augmenter's mistakes are told with the image's name", () =>
  withImages(async (image) => {
    const expected = {
      wrongSize:
        /image 0": The augmenter returned 16 bytes for a view of 4 px, expected 48\. It lies in ".*pixels" at byte 0$/,
      throwsText: /image 0": no error object\./,
    };
    for (const [exportName, says] of Object.entries(expected)) {
      await using pipeline = await start(exportName, { workers: 1 });
      assert.match(await refusal(pipeline, requests(image, 1)), says);
    }
  }));

Deno.test("what an augmenter does wrong whatever the picture is no broken picture", () =>
  withImages(async (image) => {
    for (const exportName of ["wrongSize", "blursTooMuch"]) {
      await using pipeline = await start(exportName, { workers: 1 });
      const error = await collect(pipeline, requests(image, 1)).then(() => null, (error) => error);
      assert.ok(error instanceof RunError && !(error instanceof BrokenImageError), `${exportName}: ${error}`);
      assert.equal(await withAdvice(error), error);
    }
  }));

Deno.test("an augmenter that cannot be made or imported stops the start", async () => {
  await assert.rejects(start("cannotBeMade"), {
    name: "RunError",
    message: "A data worker cannot load the augmenter: No such table of colours",
  });
  const augmenter = {
    module: new URL("./testdata/nowhere.ts", import.meta.url).href,
    exportName: "default",
    options: {},
    cacheDir: "cache",
  };
  await assert.rejects(ViewPipeline.start({ augmenters: [augmenter], workers: 2, seed: 0 }), {
    name: "RunError",
    message: /^A data worker cannot load the augmenter: Module not found/,
  });
});

Deno.test("a start that is refused leaves no worker behind that keeps the process", async () => {
  const script = fileURLToPath(new URL("./testdata/refused_start.ts", import.meta.url));
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", script],
    signal: AbortSignal.timeout(30_000),
  }).output();
  assert.match(new TextDecoder().decode(stdout), /No such table of colours/);
  assert.equal(code, 0);
});

Deno.test("a view that two workers die of is an error, again and again, never a wait without end", () =>
  withImages(async (image) => {
    for (const workers of [1, 3]) {
      await using pipeline = await start("dies", { workers });
      const says =
        /^Cannot make a view of the image "image 3": A data worker died: .*Out of luck, twice\. It lies in /;
      assert.match(await refusal(pipeline, requests(image, 4)), says);
      assert.match(await refusal(pipeline, requests(image, 4)), says);
      const others = requests((i) => image(i + 100), 2);
      assert.equal((await collect(pipeline, others)).length, 2);
    }
  }));

Deno.test("a view that was only made beside the one that workers die of is made all the same", () =>
  withImages(async (image) => {
    await using pipeline = await start("dies", { workers: 1 });
    const one = (index: number) => [{ images: [image(index)], keys: [[index]], size: 4 }];
    const [before, killer, after] = await Promise.allSettled(
      [2, 3, 4].map((index) => collect(pipeline, one(index))),
    );
    assert.deepEqual([before.status, killer.status, after.status], ["fulfilled", "rejected", "fulfilled"]);
  }));

Deno.test("a worker that dies once is replaced, and its views are made anew", () =>
  withImages(async (image) => {
    const folder = await Deno.makeTempDir(), died = join(folder, "died");
    Deno.env.set("SEED_TEST_DIED", died);
    try {
      const results = [];
      for (const logged of [["A data worker died"], []]) {
        const said: string[] = [];
        await using pipeline = await start("diesOnce", { log: (message) => said.push(message) });
        results.push(await collect(pipeline, requests(image, 4)));
        assert.deepEqual(said.map((message) => message.slice(0, 18)), logged);
        assert.ok(await Deno.stat(died));
      }
      assert.deepEqual(results[0], results[1]);
    } finally {
      Deno.env.delete("SEED_TEST_DIED");
      await Deno.remove(folder, { recursive: true });
    }
  }));

Deno.test("images are checked one by one: those that do not decode are told, whatever their number", async () => {
  const folder = await Deno.makeTempDir({ prefix: "seed-pipeline-" });
  try {
    const good = join(folder, "good.png"), bad = join(folder, "bad.png");
    await sharp({ create: { width: 64, height: 64, channels: 3, background: "#f00" } }).png().toFile(good);
    await Deno.writeTextFile(bad, "no picture");
    const isBad = (i: number) => i % 700 === 699;
    const images = { length: 2500, image: (i: number) => ({ name: `${i}`, file: isBad(i) ? bad : good }) };
    await using pipeline = await start();
    const seen: number[] = [], signal = new AbortController().signal;
    const broken: BrokenImage[] = [], tell = (image: BrokenImage) => broken.push(image);
    await pipeline.check(images, { signal, broken: tell, progress: (done) => seen.push(done) });
    assert.deepEqual(
      broken.map(({ index, name }) => [index, name]),
      [699, 1399, 2099].map((i) => [i, `${i}`]),
    );
    assert.match(broken[0].message, /^Cannot make a view of the image "699": /);
    assert.deepEqual(seen, [1024, 2048, 2500]);
    await assert.rejects(
      pipeline.check(images, { signal: AbortSignal.abort("enough"), broken: tell }),
      (e) => e === "enough",
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a pipeline that is stopped lets nobody wait", () =>
  withImages(async (image) => {
    const pipeline = await start("stuck");
    const next = pipeline.batches(requests(image, 4)).next();
    await pipeline[Symbol.asyncDispose]();
    await assert.rejects(next, /The pipeline was stopped/);
  }));

/** What an augmenter says that the recipe's pipeline makes, and what one says that this thread makes. */
async function contexts(act: (pipeline: ViewPipeline, abort: AbortController) => Promise<void>) {
  const loaded = { ...await loadPlugin(`${MODULE}#tellsContext`, "augmenter", ""), options: {} };
  const use = { ...loaded, specifier: MODULE, place: "" }, abort = new AbortController();
  const there: string[] = [], here: string[] = [];
  const train = { workers: 1 } as Recipe["train"], seed = 7;
  await using pipeline = await ViewPipeline.start(pipelineOptions(
    { augmenter: use, smallPatches: [], train, seed, evaluate: { evaluators: [] } } as unknown as Recipe,
    { log: (message) => there.push(message), signal: abort.signal },
  ));
  const host = { log: (message: string) => here.push(message), signal: abort.signal };
  await createPlugin(use, pluginContext(use, seed, host));
  await act(pipeline, abort);
  return { here, there };
}

Deno.test("an augmenter has the same context in a worker as in the main thread, and its signal aborts", async () => {
  const interrupted = await contexts(async (pipeline, abort) => {
    abort.abort(new Error("the user has had enough"));
    await pipeline[Symbol.asyncDispose]();
  });
  assert.match(interrupted.here[0], /"seed":7,"cacheDir":"[^"]*test-augmenter","resolved":\["\/.*\/a",/);
  assert.equal(interrupted.here[1], "aborted: the user has had enough");
  assert.deepEqual(interrupted.there, interrupted.here);

  const ended = await contexts((pipeline) => pipeline[Symbol.asyncDispose]());
  assert.deepEqual(ended.there, [ended.here[0], "aborted: The pipeline was stopped"]);
});

Deno.test("a pipeline that starts when the run is interrupted tells its augmenters", async () => {
  const said: string[] = [], signal = AbortSignal.abort(new Error("too late"));
  await using pipeline = await start("tellsContext", { workers: 1, log: (text) => said.push(text), signal });
  await pipeline[Symbol.asyncDispose]();
  assert.equal(said.at(-1), "aborted: too late");
});

Deno.test("a worker that computes without a pause is ended all the same", () =>
  withImages(async (image) => {
    const pipeline = await start("hangs", { workers: 1 });
    const next = pipeline.batches(requests(image, 1)).next();
    await Promise.all([pipeline[Symbol.asyncDispose](), assert.rejects(next, /The pipeline was stopped/)]);
  }));

Deno.test("a view that takes too long is an error of its image alone, and its worker is replaced", () =>
  withImages(async (image) => {
    const said: string[] = [];
    await using pipeline = await start("hangsAtThree", {
      workers: 1,
      stuckSeconds: 1,
      log: (m) => said.push(m),
    });
    const one = (index: number) => [{ images: [image(index)], keys: [[index]], size: 4 }];
    const results = await Promise.allSettled([2, 3, 4, 5].map((index) => collect(pipeline, one(index))));
    assert.deepEqual(results.map(({ status }) => status), [
      "fulfilled",
      "rejected",
      "fulfilled",
      "fulfilled",
    ]);
    const { reason } = results[1] as PromiseRejectedResult;
    assert.ok(reason instanceof RunError);
    assert.match(
      reason.message,
      /^Cannot make a view of the image "image 3": it takes more than 1 s; take the image out\. It lies in /,
    );
    assert.match(said[0], /^A data worker has finished nothing for too long; another takes its place$/);
  }));

Deno.test("a worker that a giant picture leaves much memory in is replaced, and nothing is lost", () =>
  withImages(async (image) => {
    await using pipeline = await start("bloats", { workers: 1 });
    const made = await collect(pipeline, requests(image, 6, { batch: 1 }));
    const numbers = made.map((pixels) => pixels[0]);
    // Of views that it was given before, it makes one after the giant's.
    assert.deepEqual(numbers.slice(0, 4), [1, 2, 3, 4]);
    assert.ok(numbers[5] < 3, `${numbers}`);
  }));

Deno.test("memory does not grow with workers that are replaced", async () => {
  const folder = await Deno.makeTempDir({ prefix: "seed-pipeline-" }), file = join(folder, "one.png");
  try {
    await sharp({ create: { width: 600, height: 600, channels: 3, background: "#f00" } }).png().toFile(file);
    const rss = [];
    for (let i = 0; i < 16; i++) {
      await using pipeline = await start("blank", { workers: 1 });
      await collect(pipeline, [{ images: [{ name: "one", file }], keys: null, size: 64 }]);
      if (i === 5 || i === 15) rss.push(Deno.memoryUsage().rss);
    }
    assert.ok(rss[1] - rss[0] < 60e6, `${rss.map((bytes) => bytes / 1e6)} MB after 6 and after 16 workers`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("control characters of an image's name do not get into messages", () =>
  withImages(async (image) => {
    await using pipeline = await start("throwsText", { workers: 1 });
    const bad = { ...image(1), name: "\x1b]0;PWNED\x07\x9b2K.png" };
    const refused = await refusal(pipeline, [{ images: [bad], keys: [[1]], size: 4 }]);
    // deno-lint-ignore no-control-regex
    assert.doesNotMatch(refused, /[\x00-\x1f\x7f-\x9f]/);
  }));

Deno.test("a pipeline without an augmenter makes evaluation views only", () =>
  withImages(async (image) => {
    await using pipeline = await ViewPipeline.start({ augmenters: [], workers: 1, seed: 0 });
    const [pixels] = await collect(pipeline, [{ images: [image(7)], keys: null, size: 2 }]);
    assert.deepEqual([...pixels], Array.from({ length: 4 }, () => [7, 0, 0]).flat());
    assert.match(
      await refusal(pipeline, requests(image, 1)),
      /The pipeline was started without an augmenter 0\./,
    );
  }));
