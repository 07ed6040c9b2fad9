import assert from "node:assert/strict";
import { type EmbeddedSet, type Engine, type ImageSet, RunError } from "@seed/core";
import { testContext } from "../../../tests/support/engine.ts";
import plugin from "./mod.ts";

/** Images at angles on a circle, in degrees: the nearest is the one with the nearest angle. */
function atAngles(angles: number[], keys: { label?: number[]; identity?: number[] }): EmbeddedSet {
  const images: ImageSet = { length: angles.length, image: (i) => ({ name: `${i}`, file: "" }) };
  for (const [key, values] of Object.entries(keys)) {
    Object.assign(images, { [key]: (i: number) => values[i] });
  }
  const features = angles.flatMap((a) => [Math.cos(a * Math.PI / 180), Math.sin(a * Math.PI / 180)]);
  return { features: Float32Array.from(features), featureDim: 2, images };
}

async function retrieval(gallery: EmbeddedSet, queries: EmbeddedSet) {
  const context = { ...testContext, engine: null as unknown as Engine }; // it asks nothing of the engine
  const evaluator = await plugin.create(plugin.options.parse({}), context);
  return await evaluator.evaluate({ subject: { gallery, queries }, teacher: null });
}

const angles = [0, 10, 20, 30, 40, 50, 60];

Deno.test("retrieval counts queries whose identity is the nearest's, and among the nearest five", async () => {
  const gallery = atAngles(angles, { identity: [0, 1, 2, 3, 4, 5, 6] });
  // Nearest is its own; second nearest; last of seven; not there at all.
  const queries = atAngles([1, 12, 0, 33], { identity: [0, 2, 6, 9] });
  assert.deepEqual(await retrieval(gallery, queries), { top1: 1 / 4, top5: 2 / 4 });
});

Deno.test("retrieval goes by identity if both sets have them, else by class", async () => {
  const gallery = atAngles(angles, { identity: [0, 1, 2, 3, 4, 5, 6], label: [0, 0, 0, 0, 1, 1, 1] });
  const both = atAngles([12], { identity: [0], label: [0] }), labelled = atAngles([12], { label: [0] });
  assert.equal((await retrieval(gallery, both)).top1, 0);
  assert.equal((await retrieval(gallery, labelled)).top1, 1);
});

Deno.test("retrieval of images that nothing is known of is an error", async () => {
  const unknown = atAngles(angles, {});
  await assert.rejects(() => retrieval(unknown, unknown), RunError);
});

Deno.test("retrieval from a gallery of five or fewer tells no top5, which every network would have", async () => {
  const figures = await retrieval(atAngles([0, 90], { label: [0, 1] }), atAngles([1, 2], { label: [0, 1] }));
  assert.deepEqual(figures, { top1: 1 / 2 });
});

Deno.test("retrieval stops when it is asked to", async () => {
  const signal = AbortSignal.abort(new Error("stopped")), rows = atAngles(angles, { label: angles });
  const context = { ...testContext, engine: null as unknown as Engine, signal };
  const evaluator = await plugin.create(plugin.options.parse({}), context);
  const subject = { gallery: rows, queries: rows };
  await assert.rejects(evaluator.evaluate({ subject, teacher: null }), /^Error: stopped$/);
});
