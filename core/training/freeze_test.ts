import assert from "node:assert/strict";
import { frozenBy } from "./freeze.ts";

const NAMES = ["stem.0.weight", "head.norm.weight", "head.norm.bias", "head.0.weight", "head.2.bias"];

Deno.test("head is the projection head, and a network's head.norm is frozen where it is named", () => {
  const frozen = (...patterns: string[]) => NAMES.filter(frozenBy(patterns));
  for (const pattern of ["head", "head.*"]) {
    assert.deepEqual(frozen(pattern), ["head.0.weight", "head.2.bias"], pattern);
    assert.deepEqual(frozen("stem", pattern), ["stem.0.weight", "head.0.weight", "head.2.bias"], pattern);
    assert.deepEqual(frozen(pattern, "head.norm"), NAMES.slice(1), pattern);
  }
  for (const pattern of ["head.norm", "head.norm.*"]) {
    assert.deepEqual(frozen(pattern), ["head.norm.weight", "head.norm.bias"], pattern);
  }
  assert.deepEqual(frozen("head.0"), ["head.0.weight"]);
  assert.deepEqual(frozen("*"), NAMES);
});
