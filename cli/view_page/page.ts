/**
 * The page of `view`: needs no network and no script. Every name of a file, a class or an option is text in it, never
 * markup.
 *
 * @module
 */
import { escapeHtml, type Recipe } from "@seed/core/host";
import type { ChannelFigures, Channels } from "./channels.ts";
import type { Look, ShownImage, ShownView } from "./look.ts";

/** Renders what was looked at. */
export function renderPage({ path, seed }: Pick<Recipe, "path" | "seed">, look: Look): string {
  const { images, classes, sizes, shown, channels } = look;
  const title = `Views of ${path}`, count = (n: number) => n.toLocaleString("en");
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
<h1>${escapeHtml(title)}</h1>
<p>${count(images)} images to train on, ${
    classes ? `${count(classes.length)} classes` : "no labels"
  }; seed ${seed}. ${shown.length} images are shown.</p>
<h2>What the student sees</h2>
${channelTable(channels)}
<p>Of all views below. After normalisation means should be near 0 and deviations near 1; they are far off if the
pictures are unlike those that the student's mean and deviation are of, or are decoded wrongly.</p>
<div class="counts">
<div>
<h2>Sizes</h2>
<p>Of ${sizes.length === images ? "all images" : `${count(sizes.length)} images all over the listing`}: ${
    extent(sizes.map(({ width }) => width))
  } wide, ${extent(sizes.map(({ height }) => height))} high.</p>
${bars(mostFrequent(sizes.map(({ width, height }) => `${width} x ${height}`)))}
</div>
${classes ? classCounts(classes) : ""}
</div>
<h2>Images</h2>
<p>Each beside its views in the order that training shows them, and what was drawn for them; frames are the
crops, dashed ones those of small patches.</p>
${shown.map(imageSection).join("\n")}
</html>
`;
}

/** Colours of the views' frames; they repeat. */
const COLORS = ["#e6194b", "#3cb44b", "#4363d8", "#f58231", "#911eb4", "#008080", "#9a6324", "#808000"];

const STYLE =
  `body{font:14px/1.45 system-ui,sans-serif;max-width:90em;margin:2em auto;padding:0 1em;color:#222}
table{border-collapse:collapse;margin:1em 0}td,th{padding:.15em .8em;border-bottom:1px solid #ddd;text-align:left}
td.number{text-align:right;font-variant-numeric:tabular-nums}td.bar{width:16em}
td.bar span{display:block;height:.9em;background:#07c}.scroll{max-height:24em;overflow:auto}
.counts,.views{display:flex;flex-wrap:wrap;gap:1em}.counts{gap:4em}section{display:flex;gap:2em}
section{border-top:1px solid #ddd;padding:1em 0}figure{margin:0;flex:none}.patches{stroke-dasharray:4 3}
figcaption{font-size:12px;overflow-wrap:anywhere}img{display:block}img,image{image-rendering:pixelated}
img{border:3px solid}rect{stroke-width:2.5;vector-effect:non-scaling-stroke}figcaption b{font-weight:600}
${COLORS.map((color, i) => `.c${i}{border-color:${color};stroke:${color}}`).join("")}`;

function classCounts(classes: NonNullable<Look["classes"]>): string {
  const counts = byCount(classes.map(({ name, images }) => [name, images]));
  return `<div>
<h2>Classes</h2>
<p>${extent(counts.map(([, images]) => images))} images each.</p>
${bars(counts)}
</div>`;
}

/** Views and originals are shown at least and at most so large, in pixels of the page. */
const LEAST = 128, MOST = 256;

function imageSection(image: ShownImage): string {
  const views = [
    ...image.views.map((view) => viewFigure(view, "view")),
    ...image.patches.map((view) => viewFigure(view, "small patch")),
  ];
  return `<section>\n${originalFigure(image)}\n<div class="views">\n${views.join("\n")}\n</div>\n</section>`;
}

function originalFigure(image: ShownImage): string {
  const { name, className, width, height, thumbnail, views, patches } = image,
    shown = shownSize(width, height);
  const label = className === null ? "" : `<br>class <b>${escapeHtml(className)}</b>`;
  return `<figure>
<svg viewBox="0 0 ${width} ${height}" width="${shown.width}" height="${shown.height}" fill="none" overflow="visible">
<image href="${dataUri(thumbnail)}" width="${width}" height="${height}" preserveAspectRatio="none"/>
<g>${cropFrames(views)}</g><g class="patches">${cropFrames(patches)}</g>
</svg>
<figcaption style="max-width:${Math.max(LEAST, shown.width)}px"><b>${
    escapeHtml(name)
  }</b>${label}<br>${width} x ${height}</figcaption>
</figure>`;
}

function cropFrames(views: readonly ShownView[]): string {
  return views.map(({ choices, number }) => {
    if (!choices?.crop) return "";
    const { left, top, width, height } = choices.crop;
    return `<rect class="c${
      number % COLORS.length
    }" x="${left}" y="${top}" width="${width}" height="${height}"/>`;
  }).join("");
}

function viewFigure({ number, size, png, choices }: ShownView, kind: string): string {
  const shown = shownSize(size, size).width;
  const lines = choices ? linesOf(choices) : ["the augmenter tells nothing"];
  return `<figure>
<img class="c${number % COLORS.length}" src="${
    dataUri(png)
  }" width="${shown}" height="${shown}" alt="${kind} ${number}">
<figcaption style="max-width:${shown}px"><b>${kind} ${number}</b><br>${
    lines.map(escapeHtml).join("<br>")
  }</figcaption>
</figure>`;
}

function shownSize(width: number, height: number): { width: number; height: number } {
  const longest = Math.max(width, height), scale = Math.min(MOST, Math.max(LEAST, longest)) / longest;
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

/** Leaves of nested choices by their path; a crop on one line. */
function linesOf({ crop, ...choices }: NonNullable<ShownView["choices"]>): string[] {
  const place = crop ? [`crop: ${crop.width} x ${crop.height} at ${crop.left}, ${crop.top}`] : [];
  return [...place, ...leavesOf(choices)];
}

function leavesOf(values: object, prefix = ""): string[] {
  return Object.entries(values).flatMap(([key, value]) =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? leavesOf(value, `${prefix}${key}.`)
      : [`${prefix}${key}: ${valueText(value)}`]
  );
}

function valueText(value: unknown): string {
  if (value === null) return "none";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (Array.isArray(value)) return value.map(valueText).join(", ");
  return typeof value === "number" ? String(Number(value.toFixed(3))) : String(value);
}

function channelTable({ mean, std, student, normalized }: ChannelFigures): string {
  const columns: [string, Channels][] = [
    ["mean", mean],
    ["deviation", std],
    ["student's mean", student.mean],
    ["student's deviation", student.std],
    ["mean, normalised", normalized.mean],
    ["deviation, normalised", normalized.std],
  ];
  const rows = ["red", "green", "blue"].map((name, c) =>
    `<tr><th>${name}${columns.map(([, values]) => `<td class="number">${values[c].toFixed(3)}`).join("")}`
  );
  return `<table><tr><th>${columns.map(([name]) => `<th>${name}`).join("")}\n${rows.join("\n")}</table>`;
}

/** A row each, with a bar as long as its share of the largest. */
function bars(counts: readonly (readonly [name: string, count: number])[]): string {
  const largest = Math.max(1, ...counts.map(([, count]) => count));
  const rows = counts.map(([name, count]) =>
    `<tr><th>${escapeHtml(name)}<td class="number">${count}<td class="bar"><span style="width:${
      (100 * count / largest).toFixed(1)
    }%"></span>`
  );
  return `<div class="scroll"><table>${rows.join("\n")}</table></div>`;
}

/** Most first; of equals, the order stays. */
function byCount(counts: readonly [string, number][]): [string, number][] {
  return counts.toSorted(([, a], [, b]) => b - a);
}

/** Values that are told alone; the rest is added up. */
const TOLD = 10;

function mostFrequent(values: readonly string[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  const sorted = byCount([...counts]), others = sorted.slice(TOLD);
  if (others.length === 0) return sorted;
  const rest = others.reduce((sum, [, count]) => sum + count, 0);
  return [...sorted.slice(0, TOLD), [`${others.length} others`, rest]];
}

/** Least, median and most. */
function extent(values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b), [least, most] = [sorted[0], sorted.at(-1)!];
  return least === most ? `${least}` : `${least} to ${most} (median ${sorted[sorted.length >> 1]})`;
}

function dataUri(png: Uint8Array): string {
  return `data:image/png;base64,${png.toBase64()}`;
}
