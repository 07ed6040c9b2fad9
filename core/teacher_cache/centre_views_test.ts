import assert from "node:assert/strict";
import { embedCentreViews } from "./centre_views.ts";

Deno.test("embeddings of more centre views than there is memory for are refused before any is made", async () => {
  const parts = { data: { train: { length: 1e12 } }, teacher: { embeddingDim: 128 } };
  const recipe = { teacher: { cache: null } }, host = { log() {}, signal: new AbortController().signal };
  await assert.rejects(embedCentreViews(parts as never, recipe as never, host), {
    name: "RunError",
    message: /^data 2 x 1000000000000 x 128 floats needs .* lower it, since neighbours are looked for among/,
  });
});
