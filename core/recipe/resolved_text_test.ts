import assert from "node:assert/strict";
import { parse, stringify } from "yaml";
import { resolvedText } from "./resolved_text.ts";

Deno.test("a recipe's text holds nothing that a terminal obeys, and reads back to the same", () => {
  const values = {
    version: 1,
    "key\x9b\u202e": ["\x1b[2K", "\x7f", "\x85x", "\ufeff", {
      a: "\u2028\u202ex \\u001b",
      b: "two\nlines\x07 ",
    }],
    data: { root: "photos", plugin: "@seed/data-image-folder" },
  };
  const text = resolvedText(values);
  assert.deepEqual(parse(text), values);
  assert.match(text, /^[\n\x20-\x7e]+$/);
});

Deno.test("other text is written as ever", () => {
  const values = { a: "äé 日本", b: [1, null, true], c: { d: "x: y", e: "two\nlines\n" } };
  assert.equal(resolvedText(values), stringify(values));
});
