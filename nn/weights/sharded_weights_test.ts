import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { RunError, writeSafetensors } from "@seed/core";
import { openWeights } from "./open_weights.ts";
import { checkWeightsHash } from "@seed/core";

const INDEX = "model.safetensors.index.json", FIRST = "model-00001-of-00002.safetensors";
const SECOND = "model-00002-of-00002.safetensors";
const MAP = { a: FIRST, b: SECOND, c: SECOND };

const array = (name: string, value: number) => ({ name, shape: [2], data: Float32Array.of(value, -value) });
const writeIndex = (folder: string, weight_map: unknown) =>
  Deno.writeTextFile(
    `${folder}/${INDEX}`,
    JSON.stringify({ metadata: { total_size: 24 }, weight_map }, null, 2),
  );

/** A folder of two shards and their index. */
async function withShards(test: (folder: string) => Promise<void>): Promise<void> {
  const root = await Deno.makeTempDir({ prefix: "seed-shards-" }), folder = `${root}/model`;
  try {
    await Deno.mkdir(folder);
    await writeSafetensors(`${folder}/${FIRST}`, [array("a", 1)], { format: "pt" });
    await writeSafetensors(`${folder}/${SECOND}`, [array("b", 2), array("c", 3)], { format: "pt" });
    await writeIndex(folder, MAP);
    await test(folder);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

async function valuesIn(path: string): Promise<Record<string, number>> {
  using file = await openWeights(path);
  return Object.fromEntries([...file.tensors.keys()].map((name) => [name, file.read(name)[0]]));
}

async function refuses(path: string, says: RegExp): Promise<void> {
  await assert.rejects(openWeights(path), (error) => {
    assert.ok(error instanceof RunError, `${error}`);
    assert.match(error.message, says);
    return true;
  });
}

Deno.test("an index and its folder open all shards", () =>
  withShards(async (folder) => {
    for (const path of [folder, `${folder}/`, `${folder}/${INDEX}`]) {
      assert.deepEqual(await valuesIn(path), { a: 1, b: 2, c: 3 });
    }
    using file = await openWeights(folder);
    assert.deepEqual(file.metadata, { format: "pt" });
    assert.throws(() => file.read("d"), /hold no tensor "d"/);
  }));

Deno.test("a folder with one file of weights opens that, one without says which names are known", () =>
  withShards(async (folder) => {
    await Deno.remove(`${folder}/${INDEX}`);
    await refuses(
      folder,
      /is a folder without weights of a known name \(model\.safetensors\.index\.json, model/,
    );
    await Deno.rename(`${folder}/${FIRST}`, `${folder}/model.safetensors`);
    assert.deepEqual(await valuesIn(folder), { a: 1 });
  }));

Deno.test("the hash of several files covers all of them", () =>
  withShards(async (folder) => {
    const hash = (bytes: Uint8Array | string) => createHash("sha256").update(bytes).digest("hex");
    const each = [INDEX, FIRST, SECOND].map((name) => hash(Deno.readFileSync(`${folder}/${name}`)));
    using file = await openWeights(folder);
    const all = hash(`${each.join("\n")}\n`);
    assert.equal(await checkWeightsHash(file, all.toUpperCase()), all);
    await assert.rejects(
      checkWeightsHash(file, each[0]),
      /The 2 files of the index .* have with it the SHA-256/,
    );
    await writeSafetensors(`${folder}/${SECOND}`, [array("b", 2), array("c", 4)], { format: "pt" });
    using changed = await openWeights(folder);
    assert.notEqual(await checkWeightsHash(changed, null), all);
  }));

Deno.test("a shard's name cannot leave the folder", () =>
  withShards(async (folder) => {
    await Deno.copyFile(`${folder}/${FIRST}`, `${folder}/../outside.safetensors`);
    for (const name of ["../outside.safetensors", `${folder}/${FIRST}`, "..", "a\\b", "C:x", "", 7, null]) {
      await writeIndex(folder, { ...MAP, a: name });
      await refuses(folder, /asks for the file .*, expected the name of a file in the index's own folder$/);
    }
    await Deno.remove(`${folder}/${FIRST}`);
    await Deno.symlink("../outside.safetensors", `${folder}/${FIRST}`);
    await writeIndex(folder, MAP);
    await refuses(folder, /a link to "\.\.\/outside\.safetensors", outside the index's own folder/);
  }));

Deno.test("links that all lead to one folder are read, as caches of models have them", () =>
  withShards(async (folder) => {
    const snapshot = `${folder}/../snapshot`;
    await Deno.mkdir(snapshot);
    for (const name of [INDEX, FIRST, SECOND]) await Deno.symlink(`../model/${name}`, `${snapshot}/${name}`);
    assert.deepEqual(await valuesIn(snapshot), { a: 1, b: 2, c: 3 });
  }));

Deno.test("an index and shards that do not fit each other are errors that name what differs", () =>
  withShards(async (folder) => {
    const cases: [unknown, RegExp][] = [
      [{ ...MAP, d: FIRST }, /says that "d" is in "model-00001-of-00002\.safetensors", but it is not/],
      [{ a: FIRST, b: SECOND }, /does not list 1 tensors of its files, such as "c"/],
      [{ ...MAP, a: "gone.safetensors" }, /names the file "gone\.safetensors", but there is none beside it/],
      [{ ...MAP, a: INDEX }, /is a JSON text/],
      [{}, /names 0 files, expected 1 to 1000/],
      [[], /is a JSON text/],
      [undefined, /is a JSON text/],
    ];
    for (const [map, says] of cases) {
      await writeIndex(folder, map);
      await refuses(folder, says);
    }
    await Deno.writeTextFile(`${folder}/${INDEX}`, `{"weight_map": {`);
    await refuses(folder, /is a JSON text/);
    await Deno.writeTextFile(`${folder}/${INDEX}`, `{"a": "${"x".repeat(3 << 20)}"}`);
    await refuses(folder, /bytes/);
  }));
