/**
 * The `eager` engine: tfjs's pure-JavaScript `cpu` backend, operation by operation. It needs nothing but what Deno
 * fetches, and is a hundred times as slow as others: for tests, and for a look at a network's values.
 *
 * @example A product, without a download
 * ```ts
 * import { tf } from "@seed/core";
 * import { EagerEngine } from "@seed/engine-eager";
 * import assert from "node:assert/strict";
 *
 * await using engine = await EagerEngine.open();
 * using double = engine.trace((x) => [tf.mul(x, 2)], { name: "double" });
 * const [y] = await double.call(tf.tensor1d([1, 2]));
 * assert.deepEqual([...await y.data()], [2, 4]);
 * ```
 *
 * @module
 */
import { definePlugin, z } from "@seed/core";
import { EagerEngine } from "./engine.ts";

export { EagerEngine } from "./engine.ts";

export default definePlugin({
  kind: "engine",
  name: "@seed/engine-eager",
  apiVersion: 1,
  about: { summary: "tfjs's pure-JavaScript backend, operation by operation: no download, slow" },
  options: z.strictObject({}),
  create: (_options, { device }) => EagerEngine.open({ device }),
});
