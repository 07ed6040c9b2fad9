import assert from "node:assert/strict";
import { UsageError } from "@seed/core";
import { evaluatorsOf } from "./named_evaluators.ts";

Deno.test("shares that do not go together are a mistake of the command line", async () => {
  const twice = new Map([["semi", { splits: [{ labels: 0.1 }, { labels: 0.1 }] }]]);
  await assert.rejects(evaluatorsOf(twice, []), (error) => {
    assert.ok(error instanceof UsageError);
    assert.match(error.message, /^--semi: Two splits have the share/);
    return true;
  });
});
