import assert from "node:assert/strict";
import { triesFaster } from "./draft.ts";

Deno.test("bf16 is measured for views that are worth it, where it is what auto would be, and nowhere else", () => {
  const tries = (side: number, auto: "fp32" | "bf16") =>
    triesFaster({ side }, { precision: { train: "fp32", auto } });
  assert.deepEqual([tries(128, "bf16"), tries(64, "bf16"), tries(128, "fp32")], [true, false, false]);
});
