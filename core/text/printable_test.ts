import assert from "node:assert/strict";
import { oneLine, printable, quoted, setIn } from "./printable.ts";

Deno.test("what a terminal obeys is printed as an escape", () => {
  assert.equal(printable("\x1b]0;title\x07\x1b[2K"), "\\u001b]0;title\\u0007\\u001b[2K");
  assert.equal(printable("a\rb\x7f\x9b31m\u202egnp\u2066"), "a\\u000db\\u007f\\u009b31m\\u202egnp\\u2066");
  assert.equal(printable("half \ud83d"), "half \\ud83d");
});

Deno.test("text without it stays as it is", () => {
  for (const text of ["two\nlines\tand a tab", "äé 😍 日本 \\x1b", ""]) assert.equal(printable(text), text);
});

Deno.test("a quoted name is on one line, and not as long as the file", () => {
  assert.equal(quoted('a\nb"c'), '"a\\nb\\"c"');
  assert.equal(quoted("\x1b[2K\x9b"), '"\\u001b[2K\\u009b"');
  assert.equal(quoted("x".repeat(200)), `"${"x".repeat(100)}..."`);
});

Deno.test("a JSON text that is made safe to print means the same", () => {
  const value = { "key\x1b\x9b\u202e": ["\x7f\x07\u2066\ufeff", "\ud83d", "two\nlines"] };
  const text = printable(JSON.stringify(value));
  assert.deepEqual(JSON.parse(text), value);
  assert.match(text, /^[\x20-\x7e]+$/);
});

Deno.test("a cell of a table stays on one line", () => {
  assert.equal(oneLine("a\nb\tc\x1b[2K"), "a\\nb\\tc\\u001b[2K");
});

Deno.test("further lines of a message are set in", () => {
  assert.equal(setIn('No picture "a\nDone: runs/a"'), 'No picture "a\n    Done: runs/a"');
});
