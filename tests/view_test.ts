/**
 * `view` shows what training would show: the real command line on a folder of a few pictures, on a cache without an
 * engine.
 *
 * @module
 */
import assert from "node:assert/strict";
import augmenterMocoV2 from "@seed/augmenter-moco-v2";
import { type Augmenter, Random } from "@seed/core";
import sharp from "sharp";
import { runCli } from "./support/cli.ts";
import { testContext } from "./support/engine.ts";

const SEED = 3, SIZE = 24, PATCH = 16;
const VIEWS = { size: SIZE, scale: [0.3, 1] }, PATCHES = { size: PATCH, scale: [0.05, 0.3] };
const RECIPE = {
  version: 1,
  seed: SEED,
  data: { plugin: "@seed/data-image-folder", root: "images" },
  augmenter: { plugin: "@seed/augmenter-moco-v2", ...VIEWS },
  small_patches: { count: 2, augmenter: { plugin: "@seed/augmenter-moco-v2", ...PATCHES } },
  teacher: { plugin: "@seed/teacher-moco", network: "resnet18", weights: "nowhere.pth" },
  student: { plugin: "@seed/student-resnet", depth: 18 },
  queue: { plugin: "@seed/queue-fifo", size: 16 },
  objective: { plugin: "@seed/objective-seed" },
  train: { batch_size: 4, epochs: 1, lr: 0.03 },
};

/** Two classes, one much smaller, with names that would be markup. In the order of the listing. */
const COMMON = '<b>cats & "dogs"', RARE = "rare";
const NAMES = [
  ...Array.from({ length: 6 }, (_, i) => `${COMMON}/${i}.png`),
  `${RARE}/<script>alert(1)<.png`,
  `${RARE}/a'b&amp;.png`,
];

async function makeImages(root: string): Promise<void> {
  for (const name of [COMMON, RARE]) await Deno.mkdir(`${root}/train/${name}`, { recursive: true });
  for (const [i, name] of NAMES.entries()) {
    const width = 30 + i, height = 40, random = new Random(i);
    const noise = Uint8Array.from({ length: width * height * 3 }, () => random.below(256));
    const raw = { width, height, channels: 3 } as const;
    await sharp(noise, { raw }).png().toFile(`${root}/train/${name}`);
  }
}

/** Pixels of the pictures in the page whose text in place of them begins so, in their order. */
async function picturesIn(page: string, alt: string): Promise<Uint8Array[]> {
  const tags = page.match(/<img [^>]*>/g)!.filter((tag) => tag.includes(` alt="${alt} `));
  return await Promise.all(tags.map(async (tag) => {
    const png = Uint8Array.fromBase64(tag.match(/src="data:image\/png;base64,([^"]*)"/)![1]);
    return new Uint8Array(await sharp(png).raw().toBuffer());
  }));
}

async function augmenterOf(options: object): Promise<Augmenter> {
  return await augmenterMocoV2.create(augmenterMocoV2.options.parse(options), testContext);
}

/** What training makes of an image: the key is of the seed, the stream, the image and the view's number. */
async function viewsOf(folder: string, images: number[], purpose: string, count: number, options: object) {
  const augmenter = await augmenterOf(options), views = [];
  for (const image of images) {
    const bytes = await Deno.readFile(`${folder}/images/train/${NAMES[image]}`);
    for (let number = 0; number < count; number++) {
      views.push(await augmenter.view(bytes, new Random(SEED, purpose, image, number), augmenter.size));
    }
  }
  return views;
}

Deno.test("view shows what training would show, without an engine", async (t) => {
  const folder = await Deno.makeTempDir({ prefix: "seed-view-" });
  const view = (...flags: string[]) =>
    runCli(["view", "recipe.yaml", "--out", "pages/look.html", ...flags], {
      cwd: folder,
      env: { SEED_CACHE_DIR: `${folder}/cache` },
    });
  try {
    await makeImages(`${folder}/images`);
    await Deno.writeTextFile(`${folder}/recipe.yaml`, JSON.stringify(RECIPE));
    const { code, stdout, stderr } = await view("--images", "4", "--views", "3", "--json");
    assert.equal(code, 0, stderr);
    const facts = JSON.parse(stdout), page = await Deno.readTextFile(`${folder}/pages/look.html`);
    const shown = [1, 4, 6, 7]; // two a class, spread
    const expected = await viewsOf(folder, shown, "view", 3, VIEWS);

    await t.step("its pixels are the views of training", async () => {
      assert.deepEqual(await picturesIn(page, "view"), expected);
      const patches = await viewsOf(folder, shown, "small patch", 2, PATCHES);
      assert.deepEqual(await picturesIn(page, "small patch"), patches);
    });
    await t.step("it counts images, classes and views", () => {
      const { images, classes, shown, views, small_patches } = facts;
      assert.deepEqual(classes, { [COMMON]: 6, [RARE]: 2 });
      assert.deepEqual([images, shown, views, small_patches], [8, 4, 3, 2]);
      assert.match(page, /rare<td class="number">2<td class="bar"><span style="width:33\.3%">/);
      assert.match(page, /30 to 37 \(median 34\) wide, 40 high/);
    });
    await t.step("it tells means and deviations before and after normalisation", () => {
      const { channels } = facts,
        red = expected.flatMap((pixels) => [...pixels].filter((_, i) => i % 3 === 0));
      const mean = red.reduce((a, b) => a + b) / red.length / 255;
      const variance = red.reduce((sum, value) => sum + (value / 255 - mean) ** 2, 0) / red.length;
      const close = (actual: number, expected: number) => assert.ok(Math.abs(actual - expected) < 1e-6);
      close(channels.mean[0], mean);
      close(channels.std[0], Math.sqrt(variance));
      close(channels.normalized.mean[0], (mean - 0.485) / 0.229);
      close(channels.normalized.std[0], Math.sqrt(variance) / 0.229);
    });
    await t.step("it draws the crops, and tells what else was drawn", async () => {
      const { crop } = (await augmenterOf(VIEWS)).describe!(
        { width: 31, height: 40 },
        new Random(SEED, "view", 1, 0),
      );
      const { left, top, width, height } = crop!;
      assert.ok(
        page.includes(`<rect class="c0" x="${left}" y="${top}" width="${width}" height="${height}"/>`),
      );
      assert.ok(page.includes(`crop: ${width} x ${height} at ${left}, ${top}<br>flip: `));
      assert.equal(page.match(/<rect /g)!.length, 4 * (3 + 2));
    });
    await t.step("names are text, never markup, and nothing is fetched", async () => {
      assert.doesNotMatch(page, /<script|<b>cats|https?:|<link/);
      assert.ok(page.includes("&lt;b&gt;cats &amp; &quot;dogs&quot;"));
      assert.ok(page.includes("&lt;script&gt;alert(1)&lt;.png"));
      assert.ok(page.includes("a'b&amp;amp;.png"));
      await assert.rejects(Deno.stat(`${folder}/cache`), Deno.errors.NotFound);
    });
    await t.step("a cache of the teacher's that fixes fewer views is minded", async () => {
      const { stdout } = await view("--set", "teacher.cache.views=2", "--json");
      const { shown, views } = JSON.parse(stdout);
      assert.deepEqual([shown, views], [8, 2]);
    });
    await t.step("a truncated picture is named", async () => {
      const file = `${folder}/images/train/${RARE}/cut.png`;
      await Deno.writeFile(
        file,
        (await Deno.readFile(`${folder}/images/train/${NAMES[0]}`)).subarray(0, 900),
      );
      const { code, stderr } = await view("--images", "9");
      assert.equal(code, 1);
      assert.match(
        stderr,
        /^Cannot make a view of the image "rare\/cut\.png": The picture is truncated or damaged[:.] /,
      );
      assert.doesNotMatch(stderr, /^ +at /m);
      assert.match(stderr, /cut\.png"\. Put it right, or leave .* by --set data\.on_error=skip$/m);
    });
    await t.step(
      "data.on_error: skip shows the next in its place, as training does, and counts it",
      async () => {
        const skip = ["--set", "data.on_error=skip"];
        const { code, stdout, stderr } = await view("--images", "9", "--views", "1", ...skip, "--json");
        assert.equal(code, 0, stderr);
        const { images, shown, skipped_images } = JSON.parse(stdout);
        assert.deepEqual([images, shown, skipped_images], [9, 8, 1], "no image is shown twice");
        const page = await Deno.readTextFile(`${folder}/pages/look.html`);
        assert.ok(!page.includes("cut.png") && page.includes("a'b&amp;amp;.png"));
      },
    );
    await t.step("a folder that is not there, and a page of another kind, are told", async () => {
      const missing = await view("--set", "data.root=nowhere");
      assert.equal(missing.code, 1);
      assert.match(missing.stderr, /^There is no folder ".*nowhere"; set data\.root to a folder of images/);
      const { code, stderr } = await view("--out", "look.png");
      assert.equal(code, 2);
      assert.equal(stderr, '--out must end in ".html", got "look.png"\n');
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
