import assert from "node:assert/strict";
import { join } from "node:path";
import "../../../tests/support/eager_engine.ts";
import type { ImageSet } from "../../interfaces/data_source.ts";
import type { Embedded } from "../../interfaces/evaluator.ts";
import { Random } from "../../random.ts";
import { eagerEngine } from "../../../tests/support/eager_engine.ts";
import { tf } from "../../tf.ts";
import { RunDirectory } from "../run_directory.ts";
import { chooseAsked, chooseForMap } from "./choose.ts";
import { SampleKeeper } from "./sample_keeper.ts";
import { readSamples } from "./samples_file.ts";

await eagerEngine();

function setOf(length: number, classes: number | null, what = "image"): ImageSet {
  return {
    length,
    image: (index) => ({ name: `${what} ${index}`, file: "" }),
    ...classes !== null && { label: (index: number) => index % classes, classNames: undefined },
  };
}

Deno.test("the choice of images is the seed's, bounded, and of few classes", () => {
  const queries = setOf(5000, 40), map = chooseForMap(queries, 3);
  assert.deepEqual(chooseForMap(queries, 3), map);
  assert.notDeepEqual(chooseForMap(queries, 4).images, map.images);
  assert.deepEqual([map.images.length, map.classes.length, map.classes_in_all], [500, 12, 40]);
  map.images.forEach((image, i) => assert.equal(map.classes[map.labels![i]], `${image % 40}`));
  assert.equal(new Set(map.images).size, 500);
  assert.deepEqual(chooseForMap(setOf(5, null), 0), {
    images: [0, 1, 2, 3, 4],
    labels: null,
    classes: [],
    classes_in_all: 0,
  });
});

Deno.test("pictures that are asked about are of other classes as far as there are some", () => {
  const asked = chooseAsked(setOf(300, 20), 1);
  assert.equal(asked.length, 8);
  assert.equal(new Set(asked.map((image) => image % 20)).size, 8);
  assert.deepEqual([...new Set(chooseAsked(setOf(300, 3), 1).map((image) => image % 3))].sort(), [0, 1, 2]);
  assert.equal(chooseAsked(setOf(300, null), 1).length, 8);
  assert.equal(chooseAsked(setOf(2, 2), 1).length, 2);
});

/** Views of one colour; counts the images that it was asked for. */
function colours() {
  const asked: string[] = [];
  return {
    asked,
    async *batches(requests: Iterable<any>) {
      for (const { images, size, tag } of requests) {
        asked.push(...images.map(({ name }: { name: string }) => name));
        yield await Promise.resolve({
          pixels: new Uint8Array(images.length * size * size * 3).fill(99),
          size,
          tag,
        });
      }
    },
  };
}

const DIM = 4;

function embedded(
  seed: number,
  queries = setOf(30, 3, "query"),
  gallery = setOf(60, 3, "gallery"),
): Embedded {
  const rows = (images: ImageSet, name: string) => {
    const random = new Random(seed, name),
      features = Float32Array.from({ length: images.length * DIM }, () => random.normal());
    return { features, featureDim: DIM, images };
  };
  return { queries: rows(queries, "queries"), gallery: rows(gallery, "gallery") };
}

async function inRun(test: (directory: RunDirectory, path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "seed-samples-" });
  try {
    await using directory = await RunDirectory.create("test", join(folder, "run"));
    await directory.begin("version: 1\n", {}, () => Deno.writeTextFile(directory.checkpointFile(0), ""));
    await test(directory, directory.file("samples"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("of each network there are map and neighbours, of students the newest alone, and pictures of all", () =>
  inRun(async (directory, path) => {
    const pipeline = colours(), said: string[] = [], before = tf.memory().numTensors;
    const open = () =>
      SampleKeeper.open(directory, {
        seed: 0,
        pipeline,
        signal: new AbortController().signal,
        log: (text) => void said.push(text),
      });
    const keeper = await open();
    await keeper.add("teacher", 0, embedded(1));
    await keeper.add("student", 5, embedded(2));
    const first = await readSamples(path);
    // A resumed run goes on with the file, and makes no picture twice.
    const again = await open(), made = pipeline.asked.length;
    await again.add("teacher", 0, embedded(1));
    await again.add("student", 5, embedded(2));
    assert.deepEqual(await readSamples(path), first);
    assert.equal(pipeline.asked.length, made);
    assert.equal(new Set(pipeline.asked).size, made);
    await again.add("student", 9, embedded(3));
    const { networks, asked, pictures } = (await readSamples(path))!;
    assert.deepEqual(Object.keys(networks), ["teacher", "student"]);
    assert.equal(networks.student.step, 9);
    const shown = new Set([
      ...asked.map((image) => `query ${image}`),
      ...Object.values(networks).flatMap(({ neighbours }) =>
        neighbours.flat().map(({ image }) => `gallery ${image}`)
      ),
    ]);
    assert.deepEqual(new Set(Object.keys(pictures)), shown);
    for (const [key, { name, class: own }] of Object.entries(pictures)) {
      assert.deepEqual([name, own], [key, `${Number(key.split(" ")[1]) % 3}`]);
    }
    assert.deepEqual(said, []);
    assert.equal(tf.memory().numTensors, before);
  }));

Deno.test("loggers are shown a picture and its neighbours, a row each", () =>
  inRun(async (directory, path) => {
    const keeper = await SampleKeeper.open(directory, {
      seed: 0,
      pipeline: colours(),
      signal: new AbortController().signal,
      log: () => {},
    });
    await keeper.add("student", 5, embedded(2));
    const { step, name, rows } = await keeper.neighbours("student");
    const { asked, networks: { student } } = (await readSamples(path))!;
    assert.deepEqual([step, name, rows.length], [5, "neighbours/student", asked.length]);
    rows.forEach((row, i) => assert.equal(row.length, 1 + student.neighbours[i].length));
    for (const { data, width, height } of rows.flat()) {
      assert.equal(data.length, width * height * 3);
      assert.ok(data.every((value) => Math.abs(value - 99) <= 3), "WebP loses a little");
    }
  }));

Deno.test("neighbours are the rows of the whole gallery with the largest cosines", () =>
  inRun(async (directory, path) => {
    const keeper = await SampleKeeper.open(directory, {
      seed: 0,
      pipeline: colours(),
      signal: new AbortController().signal,
      log: () => {},
    });
    const { queries, gallery } = embedded(4);
    await keeper.add("teacher", 0, { queries, gallery });
    const { asked, networks: { teacher } } = (await readSamples(path))!;
    const row = ({ features }: typeof queries, i: number) => [...features.subarray(i * DIM, (i + 1) * DIM)];
    const cosine = (a: number[], b: number[]) =>
      a.reduce((sum, x, i) => sum + x * b[i], 0) / Math.hypot(...a) / Math.hypot(...b);
    asked.forEach((query, i) => {
      const all = Array.from(
        { length: 60 },
        (_, image) => ({ image, cosine: cosine(row(queries, query), row(gallery, image)) }),
      )
        .sort((a, b) => b.cosine - a.cosine);
      assert.deepEqual(
        teacher.neighbours[i].map(({ image }) => image),
        all.slice(0, 5).map(({ image }) => image),
      );
    });
  }));

Deno.test("a file that is damaged is told and made anew; one of other images too", () =>
  inRun(async (directory, path) => {
    const said: string[] = [], log = (text: string) => void said.push(text);
    for (const text of ["nonsense", "{}", `{"format":1,"queries":1,"gallery":1}`]) {
      await Deno.writeTextFile(path, text);
      await assert.rejects(readSamples(path), /samples\.json" is damaged: /);
      const keeper = await SampleKeeper.open(directory, {
        seed: 0,
        pipeline: colours(),
        signal: new AbortController().signal,
        log,
      });
      await keeper.add("teacher", 0, embedded(1));
      assert.ok(await readSamples(path));
    }
    assert.equal(said.length, 3);
    const keeper = await SampleKeeper.open(directory, {
      seed: 0,
      pipeline: colours(),
      signal: new AbortController().signal,
      log,
    });
    await keeper.add("student", 1, embedded(1, setOf(31, 3, "query")));
    assert.deepEqual(Object.keys((await readSamples(path))!.networks), ["student"]);
  }));
