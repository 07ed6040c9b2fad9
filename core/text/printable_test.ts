import assert from "node:assert/strict";
import { printable, quoted } from "./printable.ts";

Deno.test("what a terminal obeys is printed as an escape", () => {
  assert.equal(printable("\x1b]0;title\x07\x1b[2K"), "\\x1b]0;title\\x07\\x1b[2K");
  assert.equal(printable("a\rb\x7f\x9b31m\u202egnp\u2066"), "a\\x0db\\x7f\\x9b31m\\u202egnp\\u2066");
  assert.equal(printable("half \ud83d"), "half \\ud83d");
});

Deno.test("text without it stays as it is", () => {
  for (const text of ["two\nlines\tand a tab", "äé 😍 日本 \\x1b", ""]) assert.equal(printable(text), text);
});

Deno.test("a quoted name is on one line, and not as long as the file", () => {
  assert.equal(quoted('a\nb"c'), '"a\\nb\\"c"');
  assert.equal(quoted("\x1b[2K\x9b"), '"\\u001b[2K\\x9b"');
  assert.equal(quoted("x".repeat(200)), `"${"x".repeat(100)}..."`);
});
