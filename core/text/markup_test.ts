import assert from "node:assert/strict";
import { html } from "./markup.ts";

Deno.test("what is put into markup is text, but for markup", () => {
  const hostile = `<b a="1">&</b>`, escaped = "&lt;b a=&quot;1&quot;&gt;&amp;&lt;/b&gt;";
  assert.equal(`${html`<p title="${hostile}">${hostile}</p>`}`, `<p title="${escaped}">${escaped}</p>`);
  assert.equal(`${html`<ul>${[html`<li>${1}</li>`, "<", null, false]}</ul>`}`, "<ul><li>1</li>&lt;</ul>");
});
