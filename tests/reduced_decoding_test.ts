import assert from "node:assert/strict";
import { Random, RandomViews, type ViewPlan } from "@seed/core";
import { loadRecipe, ViewPipeline } from "@seed/core/host";
import evaluation from "@seed/augmenter-evaluation";
import mocoV1 from "@seed/augmenter-moco-v1";
import mocoV2 from "@seed/augmenter-moco-v2";
import swav from "@seed/augmenter-swav";
import sharp from "sharp";
import { DEFAULTS } from "../cli/defaults.ts";
import golden from "./golden/jpeg_reduced.json" with { type: "json" };
import { testContext } from "./support/engine.ts";

const JPEG = Uint8Array.fromBase64(golden.quarter.jpeg), [WIDTH, HEIGHT] = golden.quarter.size;
const KEYS = Array.from({ length: 12 }, (_, i) => i);

/** The same view of a picture, decoded in full and reduced. */
async function both(image: Uint8Array, size: number, crop: ViewPlan["crop"]) {
  const plan = () => ({ crop, flip: false, operations: [] });
  return await Promise.all(
    (["exact", "reduced"] as const).map((decoding) =>
      new RandomViews(size, plan, decoding).view(image, new Random(0), size)
    ),
  );
}

/** A JPEG that gets redder downwards and greener to the right, by 150 levels in all. */
async function ramp(width: number, height: number, options: { chromaSubsampling?: string }) {
  const data = new Uint8Array(3 * width * height);
  for (let i = 0; i < width * height; i++) {
    data.set([40 + 150 * Math.floor(i / width) / height, 40 + 150 * (i % width) / width, 120], 3 * i);
  }
  const raw = { width, height, channels: 3 } as const;
  return new Uint8Array(await sharp(data, { raw }).jpeg({ quality: 100, ...options }).toBuffer());
}

Deno.test("formats that cannot be decoded reduced are decoded in full", async () => {
  const crop = { left: 11, top: 3, width: 160, height: 163 }, picture = sharp(JPEG);
  const others = {
    ...{
      png: picture.png(),
      webp: picture.webp(),
      gif: picture.gif(),
      tiff: picture.tiff(),
      avif: picture.avif(),
    },
    ...{ progressive: picture.jpeg({ progressive: true }), inks: picture.toColourspace("cmyk").jpeg() },
  };
  for (const [name, other] of Object.entries(others)) {
    const [exact, reduced] = await both(new Uint8Array(await other.clone().toBuffer()), 20, crop);
    assert.deepEqual(reduced, exact, name);
  }
  const [exact, reduced] = await both(JPEG, 20, crop);
  assert.notDeepEqual(reduced, exact, "a JPEG of the usual kind");
});

Deno.test("a JPEG that is damaged is decoded in full, as far as libjpeg goes", async () => {
  const damaged = JPEG.slice(), scan = damaged.findIndex((byte, i) => byte === 0xff && JPEG[i + 1] === 0xda);
  damaged.fill(0xff, scan + 400, scan + 404); // no marker: libjpeg warns and goes on
  const [exact, reduced] = await both(damaged, 8, { left: 3, top: 5, width: 200, height: 190 });
  assert.deepEqual(reduced, exact);
});

Deno.test("a reduced view shows the same place: means of a ramp are on the ramp, and only rounding is left", async () => {
  const size = 32, [width, height] = [1203, 907];
  for (const chromaSubsampling of ["4:2:0", "4:4:4"]) {
    const picture = await ramp(width, height, { chromaSubsampling });
    for (const [left, top, wide, high] of [[0, 0, 1203, 907], [301, 103, 611, 500], [777, 555, 301, 317]]) {
      const [exact, reduced] = await both(picture, size, { left, top, width: wide, height: high });
      assert.notDeepEqual(reduced, exact);
      // The means of two levels next to each other are rounded upwards: on the average, by a quarter of a level. A shift by
      // half a pixel of the view is 0.58 levels at least.
      const halfPixel = [150 * high / height / size / 2, 150 * wide / width / size / 2];
      for (const channel of [0, 1]) {
        const off = Array.from(
          { length: size ** 2 },
          (_, i) => reduced[3 * i + channel] - exact[3 * i + channel],
        );
        const mean = off.reduce((a, b) => a + b) / off.length;
        assert.ok(
          Math.abs(mean) < 0.3 && halfPixel[channel] > 0.5,
          `${mean} of ${halfPixel[channel]} levels`,
        );
        assert.ok(
          off.every((value) => Math.abs(value) <= 3),
          `${Math.max(...off)}, ${Math.min(...off)} levels`,
        );
      }
    }
  }
});

Deno.test("photographs of more than four million pixels: a crop that needs all of them is not changed", async () => {
  const [width, height] = [2500, 2000], picture = await ramp(width, height, {});
  const [exact, reduced] = await both(picture, 64, { left: 600, top: 700, width: 127, height: 127 });
  assert.deepEqual(reduced, exact);
  const [whole, small] = await both(picture, 64, { left: 0, top: 0, width, height });
  assert.notDeepEqual(small, whole);
  assert.ok(small.every((value, i) => Math.abs(value - whole[i]) <= 3));
});

Deno.test("every augmenter that decodes has the option; what it draws stays the same", async () => {
  for (const plugin of [mocoV1, mocoV2, swav]) {
    const [exact, reduced] = await Promise.all(
      (["exact", "reduced"] as const).map((decode) =>
        plugin.create(plugin.options.parse({ size: 16, decode }), testContext)
      ),
    );
    let changed = 0;
    for (const key of KEYS) {
      const size = { width: WIDTH, height: HEIGHT };
      const { decode, ...told } = reduced.describe!(size, new Random(key));
      assert.deepEqual(told, exact.describe!(size, new Random(key)));
      const [a, b] = [new Random(key), new Random(key)];
      const [view, other] = [await exact.view(JPEG, a, 16), await reduced.view(JPEG, b, 16)];
      assert.equal(a.uint32(), b.uint32(), "as much is drawn");
      if (decode === "exact") assert.deepEqual(other, view);
      else changed += view.some((value, i) => value !== other[i]) ? 1 : 0;
    }
    assert.ok(changed > KEYS.length / 2, `${plugin.name}: ${changed} views changed`);
  }
  const [exact, reduced] = await Promise.all((["exact", "reduced"] as const).map(async (decode) => {
    const augmenter = await evaluation.create(evaluation.options.parse({ size: 16, decode }), testContext);
    return [await augmenter.view(JPEG, new Random(0), 16), await augmenter.view(JPEG, new Random(0), 200)];
  }));
  assert.notDeepEqual(reduced[0], exact[0]);
  assert.deepEqual(reduced[1], exact[1]); // 203 rows for 228: all are needed
});

Deno.test("reduced views do not depend on the number of workers", async () => {
  const file = await Deno.makeTempFile({ suffix: ".jpg" });
  try {
    await Deno.writeFile(file, JPEG);
    const options = mocoV2.options.parse({ size: 16, decode: "reduced" });
    const augmenter = await mocoV2.create(options, testContext), expected = [];
    for (const key of KEYS) expected.push(...await augmenter.view(JPEG, new Random("view", key), 16));
    const module = import.meta.resolve("@seed/augmenter-moco-v2");
    for (const workers of [1, 3]) {
      const augmenters = [{ module, exportName: "default", options, cacheDir: "" }];
      await using pipeline = await ViewPipeline.start({ augmenters, workers, seed: 0 });
      const images = KEYS.map(() => ({ name: "photograph", file }));
      for await (
        const { pixels } of pipeline.batches([{ images, keys: KEYS.map((key) => ["view", key]), size: 16 }])
      ) {
        assert.deepEqual([...pixels], expected, `${workers} workers`);
      }
    }
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("a recipe says it, and the resolved one keeps it: exact unless it is asked for", async () => {
  const load = (...overrides: string[]) =>
    loadRecipe(new URL("../recipes/effb0.yaml", import.meta.url).pathname, { overrides, defaults: DEFAULTS });
  assert.match((await load()).resolved, /^ {2}decode: exact$/m);
  assert.match((await load("augmenter.decode=reduced")).resolved, /^ {2}decode: reduced$/m);
  await assert.rejects(load("augmenter.decode=fast"), /augmenter\.decode.*exact.*reduced/s);
});
