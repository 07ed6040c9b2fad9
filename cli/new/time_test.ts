import assert from "node:assert/strict";
import { UsageError } from "@seed/core";
import { parseTime } from "./time.ts";

Deno.test("spans of time are read as people write them, and others are refused with an example", () => {
  assert.deepEqual(["20m", "1h30m", "90s", "0.5h"].map(parseTime), [1200, 5400, 90, 1800]);
  for (const text of ["20", "", "m", "-5m", "20 m", "5s", "9000h", "1e3s", "20min"]) {
    assert.throws(
      () => parseTime(text),
      (error) => error instanceof UsageError && /such as 20m/.test(error.message),
      text,
    );
  }
});
