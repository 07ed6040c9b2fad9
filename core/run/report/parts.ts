/**
 * What sections of a report have in common.
 *
 * @module
 */
import { html, type Markup, type Part } from "../../text/markup.ts";
import { percent as inSentence } from "./phrases.ts";

/** A part of the page under a heading. */
export function section(title: string, ...body: Part[]): Markup {
  return html`
    <section>
    <h2>${title}</h2>
    ${body}
    </section>
  `;
}

/** What a section says that has nothing to show. */
export function missing(why: string): Markup {
  return html`<p class="missing">${why}</p>`;
}

/**
 * Names and values; those that are null are left out.
 *
 * @param look A row each, or a tile each.
 */
export function facts(
  rows: readonly (readonly [name: string, value: Part])[],
  look: "facts" | "tiles" = "facts",
): Markup {
  const shown = rows.filter(([, value]) => value !== null);
  return html`<dl class="${look}">${
    shown.map(([name, value]) =>
      html`
        <div>
          <dt>${name}</dt>
          <dd>${value}</dd>
        </div>
      `
    )
  }</dl>`;
}

/** A table; columns whose first cell is a number are set to the right. */
export function table(head: readonly Part[], rows: readonly (readonly Part[])[]): Markup {
  const isNumber = head.map((_, i) => i > 0 && rows.every((row) => /^$|^[-\d]/.test(String(row[i]))));
  const cell = (part: Part, i: number) =>
    isNumber[i] ? html`<td class="number">${part}</td>` : html`<td>${part}</td>`;
  const headCell = (part: Part, i: number) =>
    isNumber[i] ? html`<th class="number">${part}</th>` : html`<th>${part}</th>`;
  const body = rows.map(([name, ...cells]) =>
    html`
      <tr><th>${name}</th>${cells.map((one, i) => cell(one, i + 1))}</tr>
    `
  );
  return html`
    <div class="scroll">
      <table>
        <thead>
          <tr>${head.map(headCell)}</tr>
        </thead>
        <tbody>${body}</tbody>
      </table>
    </div>
  `;
}

/** A share for people; nothing if there is none. */
export function percent(share: number | null | undefined, digits = 1): string {
  return typeof share === "number" && Number.isFinite(share) ? inSentence(share, digits) : "";
}

/** A sentence whose per cent signs stay beside their numbers. */
export function unbroken(sentence: string): string {
  return sentence.replaceAll(" %", "\u00a0%");
}

/** A count for people: 12,345. */
export function count(number: number): string {
  return number.toLocaleString("en");
}

/** A number that may be of any size. */
export function shortNumber(value: number | null | undefined): string {
  if (typeof value !== "number" || !Number.isFinite(value)) return "";
  return Number.isInteger(value) ? count(value) : `${Number(value.toPrecision(4))}`;
}

/** A long hash or path, which may be broken anywhere. */
export function code(text: string): Markup {
  return html`<code>${text}</code>`;
}
