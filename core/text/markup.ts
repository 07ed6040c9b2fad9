import { escapeHtml } from "./html.ts";

/** HTML or SVG that is complete. */
export class Markup {
  constructor(readonly text: string) {}

  toString(): string {
    return this.text;
  }
}

/** What may stand in {@link html}: text and numbers, markup, lists of them; null and false are nothing. */
export type Part = string | number | Markup | null | false | readonly Part[];

/**
 * Markup from a template. Whatever is put into it is text, with its special characters escaped, in elements and in
 * double quotes alike; only {@link Markup} is taken as it is.
 *
 * @example
 * ```ts
 * import { html } from "./markup.ts";
 * import assert from "node:assert/strict";
 * assert.equal(`${html`<p>${"<b>"}</p>`}`, "<p>&lt;b&gt;</p>");
 * ```
 */
export function html(template: TemplateStringsArray, ...parts: Part[]): Markup {
  return new Markup(template.map((text, i) => text + (i < parts.length ? textOf(parts[i]) : "")).join(""));
}

function textOf(part: Part): string {
  if (part === null || part === false) return "";
  if (part instanceof Markup) return part.text;
  if (Array.isArray(part)) return part.map(textOf).join("");
  return escapeHtml(String(part));
}
