/**
 * The page of `explore`: the folder of a small run, and what a browser makes of it.
 *
 * @module
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { nearestNeighbours } from "@seed/core";
import sharp from "sharp";
import { serveFolder } from "../cli/explore/serve.ts";
import { unit } from "./golden/formula.ts";
import { findChromium } from "./support/chromium.ts";
import { runCli, startCli } from "./support/cli.ts";
import { Browser } from "./support/devtools.ts";
import { makeImageFolder } from "./support/image_folder.ts";
import { readNpy } from "./support/npy.ts";

/** Folders and files with names that would be markup. */
const ODD_CLASS = '<img src=x onerror="document.title=1">', ODD_NAME = "<script>alert(1)<b>&amp;.png";
const RECIPE = `version: 1
engine: { trace: false }
data: { plugin: "@seed/data-image-folder", root: images }
augmenter: { plugin: "@seed/augmenter-moco-v2", size: 32 }
teacher: { plugin: "${new URL("../examples/my_teacher.ts", import.meta.url).href}" }
student: { plugin: "@seed/student-mobilenet-v3", variant: small, head: { hidden: 16 } }
queue: { plugin: "@seed/queue-fifo", size: 16 }
objective: { plugin: "@seed/objective-seed" }
train: { batch_size: 8, epochs: 12, lr: 0.03 }
evaluate: { knn: { k: 3 } }
`;

const folder = await Deno.makeTempDir({ prefix: "seed-explore-" });
addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
const path = (name: string) => join(folder, name);

/** A verb with the run, whose teacher is a file of examples. */
const ofRun = (verb: string, ...args: string[]) =>
  runCli([verb, "--run", "run", ...args, "--allow-plugins"], { cwd: folder });

/** Blocks of colour with a hard edge, unlike those that the library is made of. */
async function writePicture(file: string, name: string): Promise<void> {
  const raw = { width: 7, height: 5, channels: 3 } as const, noise = unit(name, 3 * 7 * 5);
  const blocks = sharp(Uint8Array.from(noise, (value) => 256 * value), { raw });
  await blocks.resize(91, 65, { kernel: "nearest", fit: "fill" }).png().toFile(file);
}

/** A run of 48 steps, whose batch norms know the pictures, and its page; made once for all tests. */
const made = (async () => {
  await makeImageFolder(path("images"), { train: 10, val: 3 });
  await Deno.mkdir(path(`images/train/${ODD_CLASS}`));
  for (const name of [ODD_NAME, "1.png", "2.png"]) {
    await writePicture(path(`images/train/${ODD_CLASS}/${name}`), name);
  }
  await Deno.mkdir(path("dropped"));
  await writePicture(path("dropped/a picture.png"), "dropped");
  await Deno.writeTextFile(path("small.yaml"), RECIPE);
  const trained = await runCli(["distill", "small.yaml", "--out", "run"], { cwd: folder });
  assert.equal(trained.code, 0, trained.stderr);
  const { code, stdout, stderr } = await ofRun("explore", "--json");
  assert.equal(code, 0, stderr);
  return { facts: JSON.parse(stdout), stderr };
})();

/** A library's names as the page has them, each with its group. */
async function pictures(out = "run/explore"): Promise<{ name: string; group: string }[]> {
  const { names, group, groups } = JSON.parse(await Deno.readTextFile(path(`${out}/explore.json`)));
  return names.map((name: string, i: number) => ({ name, group: groups[group[i]] }));
}

/** Features by `embed`, and the names of their rows. */
async function embedded(images: string) {
  const { code, stderr } = await ofRun("embed", "--images", images, "--out", `${images}.npy`);
  assert.equal(code, 0, stderr);
  const { values, dim } = await readNpy(path(`${images}.npy`));
  const names = (await Deno.readTextFile(path(`${images}.txt`))).trimEnd().split("\n");
  return { rows: new Map(names.map((name, i) => [name, values.subarray(i * dim, (i + 1) * dim)])), dim };
}

/** Features of the page's pictures, by `embed`, in its order. */
async function embeddedLibrary() {
  const [train, val] = [await embedded("images/train"), await embedded("images/val")], { dim } = train;
  const library = await pictures(), data = new Float32Array(library.length * dim);
  library.forEach(({ name, group }, i) =>
    data.set((group === "gallery" ? train : val).rows.get(name)!, i * dim)
  );
  return { data, dim };
}

Deno.test("explore writes a page of the run's own pictures, and tells of it", async () => {
  const { facts, stderr } = await made, { networks, bytes, ...others } = facts;
  assert.deepEqual(others, {
    ...{ out: "run/explore", run: "run", pictures: 42, of: 42, skipped_images: 0, classes: 4, seed: 0 },
    ...{ input_size: 32, dtype: "fp32", url: null },
  });
  assert.deepEqual(networks, [
    { id: "student", name: "mobilenet_v3_small", dim: 1024, runs: true },
    { id: "teacher", name: "my-teacher", dim: 48, runs: false },
    { id: "initial", name: "mobilenet_v3_small", dim: 1024, runs: true },
  ]);
  assert.match(stderr, /^Look at it by .* explore --out run\/explore --serve$/m);
  const sizes = await Array.fromAsync(
    filesBelow(path("run/explore")),
    async (file) => (await Deno.stat(file)).size,
  );
  assert.equal(bytes, sizes.reduce((a, b) => a + b));
  const page = await Deno.readTextFile(path("run/explore/index.html"));
  assert.ok(page.includes(`content="default-src 'none'; script-src 'self' 'wasm-unsafe-eval';`));
  assert.equal(page, await Deno.readTextFile(new URL("../cli/explore/page/index.html", import.meta.url)));
});

async function* filesBelow(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) yield* filesBelow(join(folder, name));
    else yield join(folder, name);
  }
}

Deno.test("explore overwrites nothing, and takes a folder, a part of it, and fewer networks", async (t) => {
  await made;
  await t.step("a folder that is not empty", async () => {
    const { code, stderr } = await ofRun("explore");
    assert.equal(code, 2);
    assert.match(
      stderr,
      /"run\/explore" has a page already; look at it by .* explore --out run\/explore --serve\./,
    );
    const filled = await ofRun("explore", "--out", "images");
    assert.equal(filled.code, 2);
    assert.match(filled.stderr, /"images" is a folder that is not empty; nothing is overwritten/);
  });
  await t.step("--images, --count, --seed, --without, --dtype", async () => {
    const flags = [
      "--images",
      "images/train",
      "--count",
      "9",
      "--without",
      "teacher",
      "--without",
      "initial",
    ];
    const { code, stdout, stderr } = await ofRun("explore", ...flags, ...[
      "--seed",
      "5",
      "--dtype",
      "fp16",
      "--json",
      "--out",
      "few",
    ]);
    assert.equal(code, 0, stderr);
    const { pictures: count, of, networks, seed } = JSON.parse(stdout);
    assert.deepEqual([count, of, networks.length, seed], [9, 33, 1, 5]);
    assert.equal((await Deno.stat(path("few/networks/student/embeddings.bin"))).size, 9 * 1024 * 2);
    const weights = async (page: string) => {
      const files = Array.fromAsync(filesBelow(path(`${page}/networks/student`)));
      const shards = (await files).filter((file) => /group1-shard\d+of\d+\.bin$/.test(file));
      return (await Promise.all(shards.map((file) => Deno.stat(file)))).reduce(
        (sum, { size }) => sum + size,
        0,
      );
    };
    assert.ok(await weights("few") < 0.51 * await weights("run/explore"));
    const names = (await pictures("few")).map(({ name }) => name);
    assert.deepEqual(names, names.toSorted(), "in the order of the listing");
  });
  await t.step("too few pictures", async () => {
    const { code, stderr } = await ofRun("explore", "--images", "dropped", "--out", "none");
    assert.equal(code, 1);
    assert.match(stderr, /^--images "dropped" has 1 pictures, expected 8 or more/m);
    await assert.rejects(Deno.stat(path("none")), Deno.errors.NotFound);
  });
  await t.step("wrong flags", async () => {
    for (
      const [flags, says] of [
        [["--without", "student"], /^--without expects one of teacher, initial, got "student"/],
        [["--count", "20000"], /^--count expects a whole number of at most 10000/],
        [["--port", "80"], /^--port is for --serve; give both/],
        [["--set", "train.lr=1"], /changes nothing here/],
      ] as const
    ) {
      const { code, stderr } = await ofRun("explore", ...flags, "--out", "none");
      assert.equal(code, 2);
      assert.match(stderr, says);
    }
  });
});

Deno.test("explore stops at a picture that cannot be read, or leaves it out", async () => {
  await made;
  await Deno.mkdir(path("broken"));
  for (let i = 0; i < 9; i++) await writePicture(path(`broken/${i}.png`), `broken ${i}`);
  await Deno.writeTextFile(path("broken/4.png"), "no picture");
  const flags = ["--images", "broken", "--without", "initial", "--out", "whole", "--json"];
  const stopped = await ofRun("explore", ...flags);
  assert.equal(stopped.code, 1);
  assert.match(stopped.stderr, /"4\.png".*or leave out what cannot be read by --on-error skip$/m);
  const { code, stdout, stderr } = await ofRun("explore", ...flags, "--on-error", "skip");
  assert.equal(code, 0, stderr);
  const { pictures: count, of, skipped_images: skipped } = JSON.parse(stdout);
  assert.deepEqual([count, of, skipped], [8, 9, 1]);
  assert.ok(!(await pictures("whole")).some(({ name }) => name === "4.png"));
});

Deno.test("a student that began from a file is shown as it was there, and no other file is taken for it", async () => {
  await made;
  const start = path("start.safetensors"), images = ["--images", "images/val", "--without", "teacher"];
  await Deno.copyFile(path("run/student.safetensors"), start);
  const set = ["--set", `student.weights=${start}`, "--max-steps", "1", "--out", "second"];
  const trained = await runCli(["distill", "small.yaml", ...set], { cwd: folder });
  assert.equal(trained.code, 0, trained.stderr);
  const explore = (out: string) =>
    runCli(["explore", "--run", "second", ...images, "--out", out], { cwd: folder });
  const { code, stderr } = await explore("begun");
  assert.equal(code, 0, stderr);
  const { rows, dim } = await embedded("images/val"),
    names = (await pictures("begun")).map(({ name }) => name);
  const { buffer } = await Deno.readFile(path("begun/networks/initial/embeddings.bin")),
    initial = new Float16Array(buffer);
  names.forEach((name, i) => {
    const row = rows.get(name)!, length = Math.hypot(...row);
    row.forEach((value, at) =>
      assert.ok(Math.abs(value / length - initial[i * dim + at]) < 1e-3, `${name}, ${at}`)
    );
  });
  await Deno.copyFile(path("second/student.safetensors"), start);
  const other = await explore("other");
  assert.equal(other.code, 1);
  assert.match(
    other.stderr,
    /start\.safetensors" is another file than this run began with: .* --without initial$/m,
  );
  await Deno.remove(start);
  const gone = await explore("other");
  assert.equal(gone.code, 1);
  assert.match(gone.stderr, /There is no file of weights ".*start\.safetensors"/);
  assert.match(gone.stderr, /^ +Or write the page without it: --without initial$/m);
  await assert.rejects(Deno.stat(path("other")), Deno.errors.NotFound);
});

Deno.test("explore --serve serves a page that is there, until Ctrl-C", async () => {
  await made;
  const port = freePort(), url = `http://127.0.0.1:${port}/`;
  const flags = ["--out", "run/explore", "--serve", "--port", `${port}`, "--json"];
  const process = startCli(["explore", ...flags], { cwd: folder });
  try {
    const answers = () =>
      fetch(url).then((response) => response.body!.cancel()).then(() => true, () => false);
    for (let i = 0; i < 1200 && !await answers(); i++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const response = await fetch(`${url}explore.json`);
    assert.equal(response.headers.get("content-type"), "application/json");
    assert.equal((await response.json()).names.length, 42);
  } finally {
    process.kill("SIGINT");
  }
  const { code, stdout, stderr } = await process.outcome;
  assert.deepEqual([code, JSON.parse(stdout)], [0, { out: "run/explore", url }], stderr);
  assert.match(stderr, new RegExp(`^Open http://127\\.0\\.0\\.1:${port}/ \\(Ctrl-C ends this\\)$`, "m"));
  const { code: wrong, stderr: says } = await runCli(["explore", "--out", "images", "--serve"], {
    cwd: folder,
  });
  assert.equal(wrong, 2);
  assert.match(says, /^"images" is no folder that explore has written/);
});

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

const chromium = await findChromium();
const inBrowser = (name: string, fn: (browser: Browser, url: string, t: Deno.TestContext) => Promise<void>) =>
  Deno.test({
    name: name + (chromium ? "" : " (left out: there is no Chromium; SEED_CHROMIUM names one)"),
    ignore: !chromium,
    fn: async (t) => {
      await made;
      await using served = serveFolder(path("run/explore"), 0);
      await using browser = await Browser.open(chromium!);
      await fn(browser, served.url, t);
    },
  });

const DESKTOP = { width: 1280, height: 800 }, PHONE = { width: 390, height: 844, mobile: true };
const READY = "document.documentElement.dataset.ready";

/** What a row shows: which pictures, and how similar they are. */
const shown = (browser: Browser, network: string) =>
  browser.evaluate<{ indices: number[]; similarities: number[] }>(`(() => {
    const found = [...document.querySelectorAll("[data-network=${network}] .thumbnail")];
    return { indices: found.map((one) => +one.dataset.index), similarities: found.map((one) => +one.dataset.similarity) };
  })()`);

/** Similarities that differ by less cannot be told apart in float16. */
const APART = 2e-4;

inBrowser("a dropped picture's neighbours are those of embed", async (browser, url) => {
  const library = await embeddedLibrary(), { rows } = await embedded("dropped"), [query] = rows.values();
  const [expected] = await nearestNeighbours({ data: query, dim: library.dim }, library, { k: 11 });
  const gaps = expected.similarities.slice(1).map((value, i) => expected.similarities[i] - value);
  assert.ok(gaps.every((gap) => gap > APART), `the test's pictures cannot be told apart: ${gaps}`);
  await browser.show(url, DESKTOP);
  await browser.until(READY);
  const file = (await Deno.readFile(path("dropped/a picture.png"))).toBase64();
  await browser.evaluate(`(() => {
    const bytes = Uint8Array.from(atob("${file}"), (c) => c.charCodeAt(0)), dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File([bytes], "a picture.png", { type: "image/png" }));
    document.body.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }));
  })()`);
  await browser.until(`document.querySelector("[data-network=initial] .thumbnail")`);
  const { indices, similarities } = await shown(browser, "student");
  assert.deepEqual(indices, [...expected.indices].slice(0, 10));
  similarities.forEach((value, i) =>
    assert.ok(Math.abs(value - expected.similarities[i]) < 1e-3, `${i}: ${value}`)
  );
  const teacher = await browser.evaluate<string>(
    `document.querySelector("[data-network=teacher]").textContent`,
  );
  assert.match(teacher, /The teacher does not run in the browser/);
  assert.match(await browser.evaluate(`document.getElementById("status").textContent`), /^Found in \d+ ms/);
  assertKeptToItself(browser, url);
});

/** Every request of the page and its worker went to its folder, and nothing was refused or failed. */
function assertKeptToItself({ requests, complaints }: Browser, url: string): void {
  assert.ok(
    requests.some((request) => request.endsWith("/tfjs-backend-wasm-simd.wasm")),
    "the worker's are among them",
  );
  const others = requests.filter((request) => !request.startsWith(url) && !request.startsWith("blob:"));
  assert.deepEqual(others, []);
  assert.deepEqual(complaints, []);
}

inBrowser(
  "pictures of the library are shown with what each network finds for them",
  async (browser, url, t) => {
    const library = await embeddedLibrary(), all = await pictures();
    const odd = all.findIndex(({ name }) => name.endsWith(ODD_NAME));
    await t.step("the student's are those of embed", async () => {
      await browser.show(`${url}#${odd}`, DESKTOP);
      await browser.until(READY);
      const [expected] = await nearestNeighbours(
        { data: library.data.subarray(odd * library.dim, (odd + 1) * library.dim), dim: library.dim },
        library,
        { k: 10, excluded: (_, row) => row === odd },
      );
      const { indices, similarities } = await shown(browser, "student");
      assert.deepEqual(indices, [...expected.indices]);
      similarities.forEach((value, i) => assert.ok(Math.abs(value - expected.similarities[i]) < 1e-5));
      for (const network of ["teacher", "initial"]) {
        const others = await shown(browser, network);
        assert.equal(others.indices.length, 10);
        assert.notDeepEqual(others.indices, indices);
      }
    });
    await t.step("names are text", async () => {
      const told = await browser.evaluate(
        `[document.getElementById("query-name").textContent, document.getElementById("query-class").textContent]`,
      );
      assert.deepEqual(told, [all[odd].name, `${ODD_CLASS} · gallery`]);
      assert.equal(await browser.evaluate("document.title"), "run");
      assert.equal(
        await browser.evaluate(`document.querySelectorAll("body script, [onerror], #page b").length`),
        0,
      );
    });
    await t.step("a press goes to another, Back comes back", async () => {
      const { indices: [first] } = await shown(browser, "student");
      await browser.evaluate(`document.querySelector("[data-network=student] .thumbnail").click()`);
      await browser.until(`location.hash === "#${first}"`);
      assert.equal(
        await browser.evaluate(`document.getElementById("query-name").textContent`),
        all[first].name,
      );
      await browser.evaluate("history.back()");
      await browser.until(
        `document.getElementById("query-name").textContent === ${JSON.stringify(all[odd].name)}`,
      );
    });
    await t.step("a search finds by path and by class", async () => {
      const search = async (text: string) => {
        await browser.evaluate(`(() => {
        const input = document.getElementById("search");
        input.value = ${JSON.stringify(text)};
        input.dispatchEvent(new Event("input"));
      })()`);
        return await browser.evaluate(
          `[...document.querySelectorAll("#results .thumbnail")].map((one) => +one.dataset.index)`,
        );
      };
      const matching = (part: string) =>
        all.flatMap(({ name }, i) => name.toLowerCase().includes(part) ? [i] : []);
      assert.deepEqual(await search("ONERROR"), matching("onerror"));
      assert.deepEqual(await search("circles/1.png"), matching("circles/1.png"));
      assert.deepEqual(await search("nowhere"), []);
      assert.equal(
        await browser.evaluate(`document.getElementById("found").textContent`),
        "0 of 42 pictures",
      );
    });
    await t.step("what is no picture is told", async () => {
      await browser.choose("#file", [path("small.yaml")]);
      await browser.until(
        `/cannot read it as a picture/.test(document.getElementById("status").textContent)`,
      );
    });
    assertKeptToItself(browser, url);
  },
);

inBrowser("the page is used by keys alone, and its file dialog is reached", async (browser, url) => {
  await browser.show(url, DESKTOP);
  await browser.until(READY);
  const focused = () =>
    browser.evaluate<string>("document.activeElement.id || document.activeElement.value || ''");
  const reached = new Set<string>();
  for (let i = 0; i < 60 && !reached.has("map"); i++) {
    await browser.press("Tab");
    reached.add(await focused());
  }
  for (const what of ["file", "student", "umap", "pictures", "map"]) {
    assert.ok(reached.has(what), `${what}: ${[...reached]}`);
  }
  const before = await browser.evaluate("location.hash");
  for (const key of ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"]) await browser.press(key);
  await browser.until(`location.hash !== ${JSON.stringify(before)}`);
  await browser.choose("#file", [path("dropped/a picture.png")]);
  await browser.until(`/^Found in/.test(document.getElementById("status").textContent)`);
});

inBrowser("the page fits a phone and a desktop, light and dark", async (browser, url) => {
  for (const screen of [DESKTOP, PHONE]) {
    const grounds = new Set<string>();
    for (const scheme of ["light", "dark"] as const) {
      await browser.show("about:blank", screen);
      await browser.show(url, { ...screen, scheme });
      await browser.until(READY);
      await browser.until(`document.getElementById("query-picture").naturalWidth > 0`);
      const [width, widest, overlapping] = await browser.evaluate<number[]>(
        `[innerWidth, document.documentElement.scrollWidth,
        [...document.querySelectorAll("#page *")].filter((one) => one.getBoundingClientRect().right > innerWidth + 1).length]`,
      );
      assert.equal(width, screen.width);
      assert.ok(widest <= width, `${widest} wide on ${width}`);
      assert.equal(overlapping, 0);
      grounds.add(await browser.evaluate("getComputedStyle(document.body).backgroundColor"));
    }
    assert.equal(grounds.size, 2);
  }
});
