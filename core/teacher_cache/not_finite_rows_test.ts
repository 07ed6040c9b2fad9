import assert from "node:assert/strict";
import { RunError } from "../errors.ts";
import { tf } from "../tf.ts";
import { MemoryStore } from "./embedding_store.ts";
import { TeacherCache } from "./teacher_cache.ts";

Deno.test("a teacher's rows that are not finite are an error and are not kept", async () => {
  const store = new MemoryStore("fp32", 3),
    embed = () => Promise.resolve(tf.tensor2d([[0, 1], [NaN, 1], [1, 0]]));
  using cache = new TeacherCache({ embeddingDim: 2, embed }, store, 3, 1);
  const ids = [0, 1, 2].map((image) => ({ image, view: 0 })), images = tf.zeros<tf.Rank.R4>([3, 1, 1, 3]);
  await assert.rejects(cache.compute(ids, images), (error: Error) => {
    assert.ok(error instanceof RunError);
    assert.match(error.message, /^The teacher's embeddings of 1 of 3 images are not finite and are not kept/);
    return true;
  });
  assert.equal(store.size, 0);
  images.dispose();
});
