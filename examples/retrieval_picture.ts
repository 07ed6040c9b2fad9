/**
 * Draws what networks find: held-out queries, and for the teacher and the student of each run the nearest pictures
 * of the gallery.
 *
 *     deno run -A examples/retrieval_picture.ts OUT.png MoCo=runs/demo_baseline SEED=runs/demo
 *
 * Data are those of the first run, the teacher is the first that a run names; `--seed N` draws other queries.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import sharp from "sharp";
import {
  centerView,
  type DataSource,
  embedImages,
  type Encoder,
  type Engine,
  type ImageReference,
  type ImageSet,
  loadImage,
  nearestNeighbours,
  type Neighbours,
  Random,
  RunError,
  tracedEncoder,
  UsageError,
  writeAtomically,
} from "@seed/core";
import {
  autoWorkers,
  createPlugin,
  type Host,
  loadTrainedStudent,
  openEngine,
  pluginContext,
  ViewPipeline,
} from "@seed/core/host";
import { parseArguments } from "../cli/arguments.ts";
import { type FinishedRun, openRun } from "../cli/run_folder.ts";

/** Rows of the picture. */
const QUERIES = 8;
/** Pictures found for each query. */
const FOUND = 3;

/** One network's answers to all queries. */
interface Answers {
  title: string;
  neighbours: Neighbours[];
}

type EvaluationData = NonNullable<DataSource["evaluation"]>;

/** Runs' recipes as they are, with plugins that come with SEED. */
const FLAGS = { overrides: [], allowPlugins: false };

const USAGE = "Usage: deno run -A examples/retrieval_picture.ts OUT.png TITLE=RUN_DIR ... [--seed N]";

async function main(args: string[]): Promise<void> {
  const parsed = parseArguments(args, { seed: { type: "string" } });
  const [out, ...named] = parsed.positionals;
  if (!out?.endsWith(".png") || named.length === 0) throw new UsageError(USAGE);
  using stack = new DisposableStack();
  const runs: [string, FinishedRun][] = [];
  for (const text of named) {
    const [, title, folder] = text.match(/^([^=]+)=(.+)$/) ?? [];
    if (!title) throw new UsageError(`Expected TITLE=RUN_DIR, got "${text}". ${USAGE}`);
    runs.push([title, stack.use(await openRun(folder, FLAGS))]);
  }
  const host: Host = { log: console.error, signal: new AbortController().signal };
  const recipe = await runs[0][1].parts({ parts: ["data"] });
  using data = await createPlugin(recipe.data, pluginContext(recipe.data, recipe.seed, host));
  if (!data.evaluation) throw new RunError("The data of the first run has no gallery and no queries");
  const answers = await ask(runs, data.evaluation, host);
  const lot = new Random(parsed.count("seed") ?? 0, "retrieval picture");
  const shown = lot.permutation(data.evaluation.queries.length).subarray(0, QUERIES);
  const svg = await draw(data.evaluation, answers, [...shown]);
  // Twice as many pixels as units, for sharp text.
  await writeAtomically(out, [await sharp(Buffer.from(svg), { density: 144 }).png().toBuffer()]);
}

/** Asks the teacher, and each run's student. */
async function ask(runs: [string, FinishedRun][], data: EvaluationData, host: Host): Promise<Answers[]> {
  const [[, first]] = runs;
  await using engine = await openEngine(first.recipe, host, 1);
  await using pipeline = await ViewPipeline.start({ augmenters: [], workers: autoWorkers(), seed: 0 });
  const find = async (title: string, encode: Encoder, size: number): Promise<Answers> => {
    host.log(`Embedding ${data.gallery.length} + ${data.queries.length} images for "${title}"`);
    const options = { network: title, engine, pipeline, batchSize: 32, size };
    const [gallery, queries] = [
      await embedImages(data.gallery, encode, options),
      await embedImages(data.queries, encode, options),
    ].map(({ features, featureDim }) => ({ data: features, dim: featureDim }));
    return { title, neighbours: await nearestNeighbours(queries, gallery, { k: FOUND }) };
  };
  const answers = [await askTeacher(runs, engine, host, find)];
  for (const [title, { recipe, weights, inputSize }] of runs) {
    using student = await loadTrainedStudent(recipe, weights, { engine, host });
    using encoder = tracedEncoder(engine, student);
    answers.push(await find(title, encoder.encode, inputSize));
  }
  return answers;
}

async function askTeacher(
  runs: [string, FinishedRun][],
  engine: Engine,
  host: Host,
  find: (title: string, encode: Encoder, size: number) => Promise<Answers>,
): Promise<Answers> {
  for (const [, { parts, inputSize }] of runs) {
    const recipe = await parts({ parts: ["teacher", "evaluate"], evaluators: [] });
    const use = recipe.evaluate.teacher ?? recipe.teacher;
    if (!use) continue;
    using teacher = await createPlugin(use, { ...pluginContext(use, recipe.seed, host), engine });
    return await find(
      "Teacher",
      async (images) => [await teacher.embed(images)],
      teacher.inputSize ?? inputSize,
    );
  }
  throw new RunError("None of the runs has a teacher");
}

// ---- the picture; lengths in units of SVG

const TILE = 76, GAP = 8, GROUP_GAP = 36, MARGIN = 28, HEADER = 66, LABEL = 18, FOOTER = 50;
const PIXELS = 2 * TILE;
const INK = "#1f2933", PALE = "#7b8794", LINE = "#d9dee4", GREEN = "#18a558";

/** A row for each query: the query, then a group of columns for each network. */
async function draw(data: EvaluationData, answers: Answers[], queries: number[]): Promise<string> {
  const { gallery } = data, same = samenessOf(data);
  const groupWidth = FOUND * TILE + (FOUND - 1) * GAP, rowHeight = TILE + LABEL + GAP;
  const groupX = (group: number) => MARGIN + TILE + GROUP_GAP + group * (groupWidth + GROUP_GAP);
  const width = groupX(answers.length) - GROUP_GAP + MARGIN;
  const height = MARGIN + HEADER + queries.length * rowHeight + FOOTER;
  const parts = [text(MARGIN, MARGIN + 18, "Query", { size: 17, weight: 600 })];
  for (const [group, { title, neighbours }] of answers.entries()) {
    const hits = neighbours.filter(({ indices: [row] }, query) => same(query, row)).length;
    const share = `${(100 * hits / neighbours.length).toFixed(1)} % right at first`;
    parts.push(text(groupX(group), MARGIN + 18, title, { size: 17, weight: 600 }));
    parts.push(text(groupX(group), MARGIN + 38, share, { size: 12, color: PALE }));
    parts.push(
      `<rect x="${groupX(group)}" y="${MARGIN + 48}" width="${groupWidth}" height="2" fill="${LINE}"/>`,
    );
  }
  for (const [row, query] of queries.entries()) {
    const y = MARGIN + HEADER + row * rowHeight;
    const image = data.queries.image(query);
    parts.push(await tile(image, MARGIN, y, null));
    parts.push(text(MARGIN, y + TILE + 14, shortName(image), { size: 10.5, color: PALE }));
    for (const [group, { neighbours }] of answers.entries()) {
      for (const [rank, found] of neighbours[query].indices.entries()) {
        const x = groupX(group) + rank * (TILE + GAP);
        parts.push(await tile(gallery.image(found), x, y, same(query, found)));
      }
    }
  }
  const legend =
    `${queries.length} of ${data.queries.length} queries, drawn by lot; beside each the ${FOUND} ` +
    `nearest of ${gallery.length} pictures, nearest first. Green: the same thing.`;
  parts.push(text(MARGIN, height - 20, legend, { size: 11.5, color: PALE }));
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}px" height="${height}px" ` +
    `viewBox="0 0 ${width} ${height}" font-family="DejaVu Sans, Helvetica, Arial, sans-serif">` +
    `<rect width="100%" height="100%" fill="#fff"/>${parts.join("\n")}</svg>`;
}

/** Whether a query and a gallery picture show the same: by identity, or, of pictures without, by class. */
function samenessOf({ gallery, queries }: EvaluationData): (query: number, row: number) => boolean {
  const kind = gallery.identity && queries.identity ? "identity" : "label";
  const keyOf = (images: ImageSet) => {
    if (images[kind]) return images[kind].bind(images);
    throw new RunError("The data's pictures have neither identities nor classes");
  };
  const [galleryKey, queryKey] = [keyOf(gallery), keyOf(queries)];
  return (query, row) => queryKey(query) === galleryKey(row);
}

/** A picture in a frame: green if right, faint if wrong, none if null. */
async function tile(image: ImageReference, x: number, y: number, right: boolean | null): Promise<string> {
  const raw = await centerView(await loadImage(image), PIXELS);
  const png = await sharp(raw, { raw: { width: PIXELS, height: PIXELS, channels: 3 } }).png().toBuffer();
  const inset = 7, side = TILE - 2 * inset;
  const frame = right === null
    ? `fill="#f1f4f7" stroke="none"`
    : `fill="#fff" stroke="${right ? GREEN : LINE}" stroke-width="${right ? 4 : 1}"`;
  // White pictures on a tinted ground: multiplied, their white takes its colour.
  return `<rect x="${x + 2}" y="${y + 2}" width="${TILE - 4}" height="${TILE - 4}" rx="10" ${frame}/>` +
    `<image x="${x + inset}" y="${
      y + inset
    }" width="${side}" height="${side}" style="mix-blend-mode:multiply" ` +
    `href="data:image/png;base64,${png.toString("base64")}"/>`;
}

/** "fluent-emoji-flat/sun-with-face" is "sun with face". */
function shortName({ name }: ImageReference): string {
  const words = name.slice(name.lastIndexOf("/") + 1).replace(/\.\w+$/, "").replaceAll("-", " ");
  return words.length > 17 ? `${words.slice(0, 16)}…` : words;
}

function text(
  x: number,
  y: number,
  content: string,
  { size, weight = 400, color = INK }: { size: number; weight?: number; color?: string },
): string {
  const escaped = content.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return `<text x="${x}" y="${y}" font-size="${size}" font-weight="${weight}" fill="${color}">${escaped}</text>`;
}

try {
  await main(Deno.args);
} catch (error) {
  if (!(error instanceof UsageError || error instanceof RunError)) throw error;
  console.error(error.message);
  Deno.exit(error instanceof UsageError ? 2 : 1);
}
