import { figuresOf } from "@seed/core";
import { formatBytes, SEED_VERSION } from "@seed/core/host";
import type { HubNetwork } from "./configs.ts";
import { dataLicence, teacherLicence } from "./licences.ts";
import { COMPARED, type Loss, type Losses } from "./losses.ts";
import { code, codeBlock, table } from "./markdown.ts";
import { at, type Origin } from "./origin.ts";
import { usage } from "./usage.ts";

/** What a card tells. */
export interface CardContent {
  readonly network: HubNetwork;
  readonly origin: Origin;
  /** Bytes by the file's name in the folder. */
  readonly sizes: Readonly<Record<string, number>>;
  /** Null: there were no pictures to measure with. */
  readonly losses: Losses | null;
}

/** The model card: `README.md`, with what hubs read before its first line. */
export function modelCard(content: CardContent): string {
  return [
    head(content),
    about(content),
    usage(content.network),
    files(content),
    origin(content),
    recipe(content),
  ]
    .filter((part) => part !== "").join("\n\n") + "\n";
}

function head({ network, origin: { run } }: CardContent): string {
  const library = network.architecture === null ? "transformers.js" : "timm";
  const tags = ["image-feature-extraction", "transformers.js", "onnx"];
  if (run) tags.push("self-supervised");
  if (run && teacherOf(run)) tags.push("distillation");
  return [
    "---",
    `library_name: ${library}`,
    "pipeline_tag: image-feature-extraction",
    "license: unknown",
    `tags: [${tags.join(", ")}]`,
    "---",
  ].join("\n");
}

function about({ network, origin }: CardContent): string {
  const { size, shortSide, featureDim, mean, std } = network;
  const made = !origin.run
    ? "written by SEED for Deno"
    : `trained by SEED for Deno without labels of its pictures${
      teacherOf(origin.run) ? ", by distillation" : ""
    }`;
  const [middle, deviation] = [mean, std].map((values) => code(JSON.stringify(values)));
  return `# ${code(origin.network)}

A network ${made}. It gives ${featureDim} numbers
for a picture, whose cosine tells how alike pictures are; it names no classes.

Pictures are RGB: the short side is resized to ${shortSide} pixels (bicubic, antialiased), and the centre of
${size} x ${size} is cut out. Of values in 0..1 the mean ${middle} is taken off, then they are
divided by ${deviation}.`;
}

const WHAT: Readonly<Record<string, string>> = {
  "model.safetensors": "Weights, fp32",
  "onnx/model.onnx": "fp32",
  "onnx/model_fp16.onnx": "float16; input and output fp32",
};

function files({ sizes, losses }: CardContent): string {
  const int8 = losses
    ? "8-bit integers, weights and activations"
    : "8-bit integers, weights alone: computes in fp32, slower than the fp32 file";
  const rows = Object.entries(sizes).map(([name, bytes]) => [
    code(name),
    WHAT[name] ?? int8,
    formatBytes(bytes),
  ]);
  return `## Files

${table(["file", "what it is", "size"], rows)}

${taken(sizes)}

## What smaller files lose

${losses ? lossTable(losses) : "Not measured: no pictures were given (`export --images`)."}`;
}

function taken(sizes: CardContent["sizes"]): string {
  const other = code('dtype: "fp32"'), usual = "by itself where it runs on WebAssembly, as in browsers";
  return "onnx/model_quantized.onnx" in sizes
    ? `transformers.js takes the 8-bit file ${usual}; ${other}\ntakes the other.`
    : `transformers.js asks for an 8-bit file ${usual}. There is none here: give\n${other}.`;
}

const COMPARISONS: Readonly<Record<typeof COMPARED[number], string>> = {
  fp32: "fp32",
  fp16: "float16",
  int8: "8-bit",
  int8_weights: "8-bit weights alone, which is not in this folder",
  resize: "fp32, transformers.js's own resizing in Node and Deno",
};

function lossTable({ pictures, calibrating, by }: Losses): string {
  const classes = by.fp32!.nearestOfClass !== null, own = code("preprocess.js");
  const rows = COMPARED.map((name) => {
    const loss = by[name], cells = loss ? figuresIn(loss) : ["not finite: not in this folder", "", ""];
    return [COMPARISONS[name], ...cells, ...loss || !classes ? [] : [""]];
  });
  const columns = ["what runs", "cosine to fp32, mean", "least", "same nearest picture"];
  return `${table([...columns, ...classes ? ["nearest of its class"] : []], rows)}

Of ${pictures} pictures, in onnxruntime on a processor; ${calibrating} others found the ranges of 8-bit
values. What a browser's canvas makes of a picture is another thing again, and was not measured;
${own} gives the very pixels of the first line.`;
}

function figuresIn({ cosine, sameNeighbour, nearestOfClass }: Loss): string[] {
  const classes = nearestOfClass === null ? [] : [percent(nearestOfClass)];
  return [cosine.mean.toFixed(5), cosine.least.toFixed(5), percent(sameNeighbour), ...classes];
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

function origin({ origin: { weights, run } }: CardContent): string {
  const shown = (value: unknown) => value === undefined || value === null ? "not known" : code(String(value));
  const rows: [string, string][] = [
    ["weights", `${code(weights.file)}, SHA-256 ${code(weights.sha256)}`],
    ["layout of the weights", code(weights.layout)],
    ["exported by", `SEED for Deno ${SEED_VERSION}`],
  ];
  if (!run) return section([...rows, ["licence of the weights", "not known"]], "");
  const { facts, summary, recipe } = run, teacher = teacherOf(run), data = textAt(recipe, "data", "plugin");
  const beginning = at(facts, "student", "weights");
  const ofTeacher: [string, string][] = teacher === null ? [["teacher", "none"]] : [
    ["teacher", `${code(teacher)}, ${shown(at(facts, "teacher", "file"))}`],
    ["teacher's SHA-256", shown(at(facts, "teacher", "sha256"))],
    ["licence of the teacher's weights", teacherLicence(at(facts, "teacher", "sha256"))],
  ];
  const fresh = textAt(recipe, "student", "plugin")?.startsWith("@seed/") ? "noise" : "what its plugin makes";
  const ofBeginning: [string, string][] = !beginning
    ? [["begun from", beginning === null ? fresh : "not known"]]
    : [
      ["begun from", `${shown(at(beginning, "file"))}, SHA-256 ${shown(at(beginning, "sha256"))}`],
      ["licence of what it was begun from", teacherLicence(at(beginning, "sha256"))],
    ];
  const sources = [
    "the pictures'",
    ...teacher ? ["the teacher's"] : [],
    ...beginning ? ["its beginning's"] : [],
  ];
  rows.push(
    ...ofTeacher,
    ...ofBeginning,
    ["pictures", `${shown(data)}: ${shown(at(facts, "images", "train"))} to train on`],
    ["licence of the pictures", dataLicence(data)],
    ["licence of these weights", `not known: it depends on ${sources.join(" and ")}`],
    ["steps, pictures seen", `${shown(at(summary, "steps"))}, ${shown(at(summary, "images_seen"))}`],
    ["trained", `${shown(at(facts, "started"))}, ${shown(at(facts, "device"))}`],
  );
  return section(rows, evaluations(at(summary, "evaluations")));
}

function section(rows: readonly [string, string][], figures: string): string {
  return `## Where it is from\n\n${table(["", ""], rows)}${figures && `\n\n## Evaluations\n\n${figures}`}`;
}

/** Figures as `summary.json` has them: shares in per cent. */
function evaluations(lines: unknown): string {
  if (!Array.isArray(lines) || lines.length === 0) return "";
  const rows = lines.flatMap((line) => {
    const figures = at(line, "evaluation");
    if (typeof figures !== "object" || figures === null) return [];
    const told = figuresOf(figures as Record<string, Record<string, number>>)
      .map(([name, value]) => `${code(name)} ${typeof value === "number" ? percent(value) : "not known"}`);
    return [[code(String(at(line, "network"))), code(String(at(line, "step"))), told.join(", ")]];
  });
  return table(["network", "step", "figures"], rows);
}

/** The plugin of a run's teacher; null if it had none. */
function teacherOf({ recipe }: NonNullable<Origin["run"]>): string | null {
  return textAt(recipe, "teacher", "plugin");
}

function textAt(value: unknown, ...keys: string[]): string | null {
  const found = at(value, ...keys);
  return typeof found === "string" ? found : null;
}

function recipe({ origin: { run } }: CardContent): string {
  return run ? `## Recipe\n\n${codeBlock(run.recipeText, "yaml")}` : "";
}
