import assert from "node:assert/strict";
import type { ProcessParts } from "../parts/process_parts.ts";
import type { Precision } from "../interfaces/engine.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { patchesName, VIEWS } from "../views/streams.ts";
import type { StoredPrecision } from "./embedding_store.ts";
import { centreIdentityOf, identityOf } from "./identity.ts";

/** What an identity is made of, flat. */
const GIVEN = {
  seed: 1,
  data: "folder",
  names: ["a", "b"],
  offset: 0,
  length: 10,
  bucket: null as string | null,
  augmenter: "moco",
  scale: 0.2,
  decode: "exact" as string | undefined,
  patchScale: 0.1,
  stream: 0 as 0 | 1,
  teacherSize: 32,
  teacher: "resnet",
  depth: 50,
  path: "weights.bin",
  sha256: "aa" as string | null,
  dimensions: 128,
  precision: "auto" as Precision,
  autoIs: "bf16",
  keptIn: "fp16" as StoredPrecision,
};

function identity(changed: Partial<typeof GIVEN> = {}): unknown {
  return identities(changed).ofViews;
}

function centreIdentity(changed: Partial<typeof GIVEN> = {}): unknown {
  return identities(changed).ofCentre;
}

function identities(changed: Partial<typeof GIVEN>): { ofViews: unknown; ofCentre: unknown } {
  const given = { ...GIVEN, ...changed }, { offset, length, bucket, sha256, path } = given;
  const reader = bucket === null
    ? {}
    : { reader: { module: "m", exportName: "read", parameters: { bucket } } };
  const { decode } = given;
  const augmenter = (scale: number) => ({ plugin: { name: given.augmenter }, options: { scale, decode } });
  const parts = {
    engine: { arithmetic: (precision: Precision) => precision === "auto" ? given.autoIs : precision },
    data: {
      train: {
        length: given.names.length,
        image: (i: number) => ({ name: given.names[i], file: "f", offset, length, ...reader }),
      },
    },
    teacher: { weights: sha256 === null ? null : { sha256 }, embeddingDim: given.dimensions },
  } as unknown as ProcessParts;
  const recipe = {
    seed: given.seed,
    data: { plugin: { name: given.data }, options: { root: "anywhere" } },
    augmenter: augmenter(given.scale),
    smallPatches: [{ augmenter: augmenter(given.patchScale) }],
    teacher: {
      plugin: { name: given.teacher },
      options: { depth: given.depth, weights: path, precision: given.precision },
    },
  } as unknown as Recipe & { teacher: NonNullable<Recipe["teacher"]> };
  const source = {
    ...{ name: given.stream ? patchesName(0) : VIEWS, purpose: "", augmenter: given.stream },
    ...{ views: 1, teacherViews: [0], neighbourViews: [], size: 32 },
    teacherSize: given.teacherSize,
  };
  return JSON.parse(JSON.stringify({
    ofViews: identityOf(parts, recipe, source, given.keptIn),
    ofCentre: centreIdentityOf(parts, recipe, given.teacherSize, given.keptIn),
  }));
}

Deno.test("whatever changes an embedding changes the identity", () => {
  const changes: Partial<typeof GIVEN>[] = [
    { seed: 2 },
    { data: "list" },
    { names: ["b", "a"] },
    { names: ["a", "b", "c"] },
    { offset: 5 },
    { length: 11 },
    { bucket: "photos" },
    { augmenter: "swav" },
    { scale: 0.3 },
    { decode: "reduced" },
    { stream: 1 },
    { teacherSize: 64 },
    { teacher: "vit" },
    { depth: 18 },
    { sha256: "bb" },
    { sha256: null },
    { dimensions: 64 },
    { precision: "fp32" },
    { autoIs: "fp32" },
    { keptIn: "fp32" },
  ];
  for (const change of changes) assert.notDeepEqual(identity(change), identity(), JSON.stringify(change));
  assert.notDeepEqual(identity({ bucket: "photos" }), identity({ bucket: "drawings" }));
  const patches = { stream: 1 } as const;
  assert.notDeepEqual(identity({ ...patches, patchScale: 0.3 }), identity(patches));
});

Deno.test("what changes no embedding does not: another stream's options, where known weights lie, what auto is called", () => {
  assert.deepEqual(identity({ patchScale: 0.3 }), identity());
  assert.deepEqual(identity({ path: "elsewhere.bin" }), identity());
  assert.deepEqual(identity({ precision: "bf16" }), identity());
  assert.deepEqual(identity({ decode: undefined }), identity(), "a cache from before there was the option");
  const unknown = { sha256: null };
  assert.notDeepEqual(identity({ ...unknown, path: "elsewhere.bin" }), identity(unknown));
});

Deno.test("embeddings of centre views are the images', the teacher's and the size's, whatever is drawn", () => {
  const changes: Partial<typeof GIVEN>[] = [
    { data: "list" },
    { names: ["b", "a"] },
    { teacherSize: 64 },
    { teacher: "vit" },
    { depth: 18 },
    { sha256: "bb" },
    { autoIs: "fp32" },
    { keptIn: "fp32" },
  ];
  for (const change of changes) {
    assert.notDeepEqual(centreIdentity(change), centreIdentity(), JSON.stringify(change));
  }
  for (const change of [{ seed: 2 }, { augmenter: "swav" }, { scale: 0.3 }, { decode: "reduced" }]) {
    assert.deepEqual(centreIdentity(change), centreIdentity(), JSON.stringify(change));
  }
  assert.notDeepEqual(centreIdentity(), identity());
});
