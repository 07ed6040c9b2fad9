/**
 * Whatever is wrong with one run or cache, the others are listed, and its row says what it is.
 *
 * @module
 */
import assert from "node:assert/strict";
import { caches } from "./caches.ts";
import { runs } from "./runs.ts";
import { table } from "../table.ts";

/** Runs a test in a folder with what these commands of a shell make. */
async function inFolder(commands: string, test: () => Promise<void>): Promise<void> {
  const before = Deno.cwd(), folder = await Deno.makeTempDir({ prefix: "seed-listings-" });
  Deno.chdir(folder);
  try {
    const { code, stderr } = await new Deno.Command("sh", { args: ["-ec", commands] }).output();
    assert.equal(code, 0, new TextDecoder().decode(stderr));
    await test();
  } finally {
    Deno.chdir(before);
    await Deno.remove(folder, { recursive: true });
  }
}

const FINISHED = `
mkdir -p runs/$1/checkpoints; touch runs/$1/recipe.yaml runs/$1/checkpoints/step-0000004.safetensors
echo '{"step":4,"loss":2.5}' > runs/$1/metrics.jsonl
echo '{"step":4,"network":"student","evaluation":{"knn":{"top1":0.25}}}' >> runs/$1/metrics.jsonl
echo '{"steps":4}' > runs/$1/summary.json`;

/** What is wrong with a run, and the row that it gets. */
const DAMAGES: Record<string, [state: RegExp, told: RegExp]> = {
  "sed -i 's/}$/}{/' $R/metrics.jsonl": [
    /^finished, 4 steps$/,
    /^Lines 1 to 2 of "runs\/b\/metrics\.jsonl" are damaged/,
  ],
  'echo \'{"step":5,"loss":"low"}\' >> $R/metrics.jsonl': [
    /^finished, 4 steps$/,
    /knn top1 25\.0 %; Line 3 of/,
  ],
  'echo \'{"step":5,"evaluation":{"knn":7}}\' >> $R/metrics.jsonl': [/^finished, 4 steps$/, /Line 3 of/],
  "rm $R/metrics.jsonl; mkdir $R/metrics.jsonl": [
    /^finished, 4 steps$/,
    /"runs\/b\/metrics\.jsonl" is a folder/,
  ],
  "rm $R/metrics.jsonl; mkfifo $R/metrics.jsonl": [
    /^finished, 4 steps$/,
    /"runs\/b\/metrics\.jsonl" is a pipe/,
  ],
  "rm $R/summary.json; mkfifo $R/summary.json": [/^damaged$/, /"runs\/b\/summary\.json" is a pipe/],
  "ln -sf gone $R/summary.json": [/^damaged$/, /The link "runs\/b\/summary\.json" leads to "gone"/],
  ": > $R/summary.json": [
    /^damaged$/,
    /The file "runs\/b\/summary\.json" is damaged: it holds no JSON object/,
  ],
  "echo null > $R/summary.json": [/^damaged$/, /The file "runs\/b\/summary\.json" is damaged/],
  'echo \'{"steps":"4"}\' > $R/summary.json': [/^damaged$/, /it does not say how many steps/],
  "rm $R/summary.json; mkdir $R/summary.json": [/^damaged$/, /"runs\/b\/summary\.json" is a folder/],
  "rm -r $R/summary.json $R/checkpoints; : > $R/checkpoints": [/^damaged$/, /[Nn]ot a directory/],
  "rm -r $R/summary.json $R/checkpoints": [/^without a checkpoint$/, /^knn top1 25\.0 %$/],
};

for (const [damage, [state, told]] of Object.entries(DAMAGES)) {
  Deno.test(`a run is listed with what is wrong with it, and costs no other: ${damage}`, () => {
    const make = `make() {${FINISHED}\n}; make a; make b; make c; R=runs/b; ${damage}`;
    return inFolder(make, async () => {
      const rows = (await runs.items()).map((item) => runs.cells(item));
      assert.deepEqual(rows.map(([path]) => path), ["runs/a", "runs/b", "runs/c"]);
      assert.deepEqual(rows[0].slice(1), ["finished, 4 steps", "2.5000", "knn top1 25.0 %"]);
      assert.deepEqual(rows[2].slice(1), rows[0].slice(1));
      assert.match(rows[1][1], state);
      assert.match(rows[1][3], told);
      assert.equal(table([runs.header, ...rows]).split("\n").length, 4);
    });
  });
}

Deno.test("a run of several students is listed as the run of each", () => {
  const make = `make() {${FINISHED}\n}; make a; make both/small; make both/large; mkdir -p runs/both/begins
    mkdir runs/empty; touch runs/both/notes runs/notes`;
  return inFolder(make, async () => {
    const rows = (await runs.items()).map((item) => runs.cells(item));
    assert.deepEqual(rows.map(([path]) => path), ["runs/a", "runs/both/large", "runs/both/small"]);
    for (const row of rows) assert.deepEqual(row.slice(1), rows[0].slice(1));
  });
});

const MANIFEST = JSON.stringify({
  format: 1,
  identity: { teacher: { plugin: "t", dimensions: 4 }, data: { plugin: "d", images: 2 }, kept_in: "fp16" },
  about: { recipe: "r.yaml" },
});

for (
  const damage of [
    `echo '{"format":1,"identity":{}}' > caches/b/cache.json`,
    `: > caches/b/cache.json`,
    `rm caches/b/cache.json; mkdir caches/b/cache.json`,
    `ln -s gone caches/b/shard-1.bin; ln -s gone caches/b/a.shard; ln -s gone caches/b/000000.bin`,
  ]
) {
  Deno.test(`a cache is listed with what is wrong with it, and costs no other: ${damage}`, () => {
    const make =
      `for c in a b c; do mkdir -p caches/$c; echo '${MANIFEST}' > caches/$c/cache.json; done; ${damage}`;
    return inFolder(make, async () => {
      const rows = (await caches.items()).map((item) => caches.cells(item));
      assert.deepEqual(rows.map(([path]) => path), ["caches/a", "caches/b", "caches/c"]);
      for (const row of [rows[0], rows[2]]) assert.equal(row[1], "t");
    });
  });
}
