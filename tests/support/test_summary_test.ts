import assert from "node:assert/strict";
import { closingLine, endedBetweenTests, summaryOf, total } from "./test_summary.ts";

Deno.test("the counts of several processes add up to one closing line", () => {
  const outputs = [
    "running 3 tests from ./a_test.ts\n\nok | 3 passed (1 step) | 0 failed (2s)\n",
    "\x1b[0m\x1b[31mFAILED\x1b[0m | 971 passed (552 steps) | 2 failed (1 step) | 7 ignored (14m24s)\n",
    "ok | 1 passed | 0 failed | 25 filtered out (41ms)\n",
  ];
  const summary = total(outputs.map((output) => summaryOf(output)!));
  assert.deepEqual(summary, { passed: 975, steps: 553, failed: 2, failedSteps: 1, ignored: 7 });
  const line = closingLine(summary, 125.4);
  assert.equal(line, "FAILED | 975 passed (553 steps) | 2 failed (1 step) | 7 ignored (2m5s)");
  assert.deepEqual(summaryOf(line), summary);
});

Deno.test("a process that did not come to its end has no counts", () => {
  assert.equal(summaryOf("error: Uncaught (in promise) Error: ok | 3 passed\n"), null);
});

Deno.test("only what ends after a whole test, and without a failure, ends between tests", () => {
  const whole = "running 2 tests from ./a_test.ts\n\x1b[0mone ... \x1b[32mok\x1b[0m (3ms)\n";
  assert.ok(endedBetweenTests(whole));
  assert.ok(endedBetweenTests(`${whole}another (not here) ... ignored (0ms)\n`));
  for (
    const rest of [
      "two ...",
      "two ...\n  a step ... ok (1ms)",
      "two ... FAILED (2ms)\nthree ... ok (1ms)",
      "running 1 test from ./b_test.ts",
      "\nok | 1 passed | 0 failed (2s)",
    ]
  ) assert.ok(!endedBetweenTests(`${whole}${rest}\n`), rest);
});
