import assert from "node:assert/strict";
import { tf } from "@seed/core";
import { EagerEngine } from "./engine.ts";

Deno.test("the eager engine has no GPU, and says what to set", async () => {
  await assert.rejects(() => EagerEngine.open({ device: "gpu" }), /engine\.device to "cpu"/);
});

Deno.test("the eager engine computes in fp32 whatever the precision", async () => {
  await using engine = await EagerEngine.open({ device: "auto" });
  assert.equal(engine.arithmetic(), "fp32");
  assert.equal(tf.getBackend(), "cpu");
});
