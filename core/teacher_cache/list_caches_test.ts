import assert from "node:assert/strict";
import { join } from "node:path";
import { DiskStore } from "./disk_store.ts";
import { listCaches } from "./list_caches.ts";
import { DIM, rowOf } from "./testdata/rows.ts";

Deno.test("caches are listed by the size of their files; a damaged one hides no other, and links are followed", async () => {
  const root = await Deno.makeTempDir();
  try {
    const identity = {
      teacher: { plugin: "t", dimensions: DIM },
      data: { plugin: "d", images: 4 },
      kept_in: "fp16",
    };
    for (const [name, count] of [["b", 3], ["a", 2]] as const) {
      using store = await DiskStore.open(join(root, name, "views"), {
        ...{
          identity,
          about: { recipe: "r.yaml", data: { root: "photos" } },
          dim: DIM,
          precision: "fp16",
          images: 4,
        },
        ...{ log: () => {}, signal: new AbortController().signal },
      });
      const ids = Array.from({ length: count }, (_, image) => ({ image, view: 0 }));
      store.add(ids, ids.map(rowOf));
    }
    await Deno.writeTextFile(join(root, "a", "views", "000000.embeddings"), "damaged");
    const facts = listCaches(root).map((cache) =>
      cache.problem === null ? [cache.path, cache.teacher, cache.data, cache.views] : []
    );
    assert.deepEqual(facts, [
      [join(root, "a", "views"), "t", "d photos", 0],
      [join(root, "b", "views"), "t", "d photos", 3],
    ]);
    assert.deepEqual(listCaches(join(root, "nowhere")), []);
    const linked = join(root, "linked");
    await Deno.mkdir(join(linked, "c"), { recursive: true });
    const links = {
      b: "../b",
      cache: "../b/views",
      gone: "nowhere",
      self: "self",
      file: "../a/views/cache.json",
    };
    for (const [name, to] of Object.entries({ ...links, up: ".", "c/over": ".." })) {
      await Deno.symlink(to, join(linked, name));
    }
    assert.deepEqual(
      listCaches(linked).map(({ path, problem }) => [path, problem]),
      [[join(linked, "b", "views"), null], [join(linked, "cache"), null]],
    );
    await Deno.remove(linked, { recursive: true });
    const manifest = join(root, "a", "views", "cache.json");
    for (
      const text of ["", "null", "[]", '{"format":1,"identity":{}}', '{"format":1,"identity":{},"about":{}}']
    ) {
      await Deno.writeTextFile(manifest, text);
      const [a, b] = listCaches(root);
      assert.match(a.problem!, /^The file ".*cache\.json" does not tell what the cache holds: /);
      assert.equal(b.problem, null);
    }
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});
