/**
 * The recipe that `new` writes, with its reasons.
 *
 * @module
 */
import { formatDuration, oneLine, quoted } from "@seed/core";
import type { FolderLook } from "./folder/look.ts";
import { type Plan, secondsOf } from "./plan.ts";
import { schemaLine } from "./schema_line.ts";
import type { Settings } from "./settings.ts";
import type { Wishes } from "./wishes.ts";

/** All that a recipe says. */
export interface Draft {
  readonly wishes: Wishes;
  readonly look: FolderLook;
  readonly settings: Settings;
  readonly plan: Plan;
  readonly precision: "fp32" | "auto";
  /** The command that runs it. */
  readonly command: string;
  /** What computes, for the head. */
  readonly machine: string;
}

/** The file's text. */
export function recipeText(draft: Draft): string {
  return `${[...head(draft), ...body(draft)].join("\n")}\n`;
}

function head(
  { wishes: { data, student, teacher, out }, look, plan, settings, command, machine }: Draft,
): string[] {
  const { train, evaluation, classes } = look;
  const split = evaluation
    ? `${train} to train on, ${evaluation.queries} held out`
    : `${train}, all to train on`;
  const schema = schemaLine(out),
    about = [
      `SEED on ${quoted(data, 300)}: ${student.name} learns from ${teacher.about}`,
      `Data:   ${split}${classes ? `; ${classes.length} classes` : ""}`,
      `Run:    ${command}`,
      `Takes:  about ${formatDuration(secondsOf(plan))} on ${machine}`,
      `Expect: ${
        settings.expect ?? "not measured for folders of this size; the run's own lines are the measure"
      }`,
    ].map((line) => `# ${oneLine(line)}`);
  return schema === null ? about : [...about, schema];
}

function body(draft: Draft): string[] {
  const { look, plan, settings, precision } = draft, { queue } = plan;
  return [
    "version: 1",
    "seed: 0",
    ...dataLines(draft),
    ...augmenterLines(draft),
    ...teacherLines(draft),
    ...studentLines(draft),
    `# Teacher's embeddings of past batches, which both are compared with: ${
      (queue / look.train).toFixed(1)
    } epochs of them.`,
    `queue: ${flow({ plugin: "@seed/queue-fifo", size: queue })}`,
    "# Equal temperatures have their minimum at a student that equals the teacher.",
    `objective: ${
      flow({
        plugin: "@seed/objective-seed",
        student_temperature: settings.studentTemperature,
        teacher_temperature: settings.teacherTemperature,
      })
    }`,
    ...trainLines(plan, settings, precision),
    ...evaluateLines(draft),
    "checkpoint:",
    `  every_steps: ${plan.checkpointSteps} # some two minutes; --resume goes on from the newest`,
  ];
}

function dataLines({ wishes: { data }, look: { evaluation, sample }, plan }: Draft): string[] {
  const drawn = evaluation?.drawn ?? null, heldOut = evaluation?.heldOut ?? null;
  const broken = sample.broken.length
    ? `${sample.broken.length} of ${sample.looked} that were read cannot be`
    : "not all were read yet";
  return [
    "data:",
    `  plugin: "@seed/data-image-folder"`,
    `  root: ${JSON.stringify(data)}`,
    ...heldOut === null ? [] : [`  held_out: ${heldOut} # of each class: evaluated on, not trained on`],
    ...drawn === null ? [] : [`  gallery: ${drawn} # images that evaluations search in; more take longer`],
    ...plan.skips
      ? [`  on_error: skip # every picture is read first, and what cannot be is left out: ${broken}`]
      : [],
  ];
}

function augmenterLines({ plan, settings: { scale, jitter, blur }, look: { sample } }: Draft): string[] {
  const { color, hue, probability } = jitter, middle = sample.sides[sample.sides.length >> 1];
  const colors = { brightness: color, contrast: color, saturation: color, hue, probability };
  return [
    "# Mild: the teacher sees the same view, so views need not be made alike.",
    "augmenter:",
    `  plugin: "@seed/augmenter-moco-v2"`,
    `  size: ${plan.side} # px; half of the pictures have a short side of ${middle} px or more`,
    ...plan.decode === "reduced"
      ? ["  decode: reduced # pictures are much larger than views: decoded smaller, faster"]
      : [],
    `  scale: [${scale.join(", ")}]`,
    `  jitter: ${flow(colors)}`,
    "  grayscale: 0",
    `  blur: ${flow({ probability: blur })}`,
  ];
}

function teacherLines({ wishes: { teacher }, plan }: Draft): string[] {
  const { plugin, ...more } = teacher.keys, isLarger = plan.teacherSide !== plan.side;
  return [
    "teacher:",
    `  plugin: ${JSON.stringify(plugin)}`,
    ...Object.entries(more).map(([key, value]) => `  ${key}: ${JSON.stringify(value)}`),
    ...isLarger ? [`  input_size: ${plan.teacherSide} # the student's views, seen larger`] : [],
    ...plan.cacheViews === null
      ? []
      : [`  cache: { views: ${plan.cacheViews} } # fixed views of each picture, which the teacher sees once`],
  ];
}

function studentLines({ wishes: { student, begin }, settings: { headHidden } }: Draft): string[] {
  const how = headHidden === null ? "one linear layer: the features learn what counts" : "two layers";
  return [
    "student:",
    ...Object.entries(student.keys).map(([key, value]) => `  ${key}: ${flow(value)}`),
    `  head: { hidden: ${headHidden} } # ${how}`,
    ...begin === null ? [] : [`  weights: ${JSON.stringify(begin)} # what it begins from`],
  ];
}

function trainLines(plan: Plan, { lr, warmup }: Settings, precision: Draft["precision"]): string[] {
  const { epochs, stepsPerEpoch, batch } = plan;
  return [
    "train:",
    `  batch_size: ${batch}`,
    `  epochs: ${epochs} # of ${stepsPerEpoch} steps each`,
    `  lr: ${lr}`,
    "  schedule: cosine",
    "  schedule_by: step",
    `  warmup_epochs: ${Number((warmup * epochs).toPrecision(2))}`,
    ...precision === "fp32" ? [] : ["  precision: auto # bf16: steps are shorter by it here"],
  ];
}

function evaluateLines({ look: { evaluation, classes }, plan: { everyEpochs } }: Draft): string[] {
  if (!evaluation) {
    return ["# Nothing is evaluated: there are too few pictures for it, in all or of each class."];
  }
  return [
    classes
      ? "# Beside the teacher and the untrained student, on pictures that are not trained on."
      : "# Without classes: how many of a picture's nearest neighbours are the teacher's too.",
    "evaluate:",
    ...everyEpochs === null ? [] : [`  every_epochs: ${everyEpochs}`],
    ...classes ? [`  knn: { k: ${neighboursFor(classes, evaluation.gallery)} }`] : [],
    `  agreement: { k: ${Math.max(1, Math.min(10, Math.floor(evaluation.queries / 6)))} }`,
  ];
}

/** At most half of what a class has in the gallery, on average: else others outvote it. */
function neighboursFor(classes: NonNullable<FolderLook["classes"]>, gallery: number): number {
  return Math.max(1, Math.min(20, Math.floor(gallery / classes.length / 2)));
}

/** A value of YAML on a line: JSON but for the keys, which are plain. */
function flow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flow).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  return `{ ${Object.entries(value).map(([key, one]) => `${key}: ${flow(one)}`).join(", ")} }`;
}
