import { formatDuration } from "@seed/core";
import { type DryRun, shortPath } from "@seed/core/host";

/** A dry run for people. */
export function dryRunReport(dry: DryRun): string {
  const { shapes, teacher } = dry;
  const all = (list: number[][]) => list.map(shape).join(" and ");
  const rows: [string, string][] = [
    ["Engine", `${dry.engine}, ${dry.device}`],
    ["Teacher", teacher ? teacherText(teacher) : "none"],
    ["Student", studentText(dry)],
    ["Views", all(shapes.views)],
    ["Features", shape(shapes.features)],
    ["Embedding", `${shape(shapes.embedding)}${teacher ? `, the teacher's ${all(shapes.teacher)}` : ""}`],
    ["Queue", all(shapes.queues) || "none"],
    ["Loss", dry.loss.toFixed(4)],
    ["Memory", `${(dry.memory_bytes / 1e9).toFixed(2)} GB`],
    ...dry.stand_in ? [["Made up", "images and the teacher's weights"] as [string, string]] : [],
    ["Steps", `${dry.steps}, ${dry.steps_per_epoch} an epoch of ${dry.images} images`],
    ["Pace", pace(dry)],
    ["Time", `about ${formatDuration(dry.seconds)}, without evaluations and checkpoints`],
  ];
  return rows.map(([name, value]) => `${name.padEnd(11)}${value}`).join("\n");
}

function teacherText({ plugin, weights, parameters }: NonNullable<DryRun["teacher"]>): string {
  return [plugin, weights && shortPath(weights), parameters && millions(parameters)].filter(Boolean).join(
    ", ",
  );
}

function studentText({ student, precision }: DryRun): string {
  const { network, parameters, frozen_parameters: frozen, weights } = student;
  return [
    `${network}, ${millions(parameters)}`,
    ...frozen ? [`${(frozen / 1e6).toFixed(2)} M of them frozen`] : [],
    ...precision.train === "fp32" ? [] : [`trained in ${precision.train}`],
    ...weights ? [`begins from ${shortPath(weights)}`] : [],
  ].join(", ");
}

function millions(parameters: number): string {
  return `${(parameters / 1e6).toFixed(2)} M parameters`;
}

function pace({ first_step_seconds, seconds_per_step, seconds_per_cached_step }: DryRun): string {
  const cached = seconds_per_cached_step === null
    ? ""
    : `, ${seconds_per_cached_step.toFixed(2)} s once the teacher's embeddings are cached`;
  return `${seconds_per_step.toFixed(2)} s a step${cached}; the first ${first_step_seconds.toFixed(2)} s`;
}

function shape(sizes: number[]): string {
  return `[${sizes.join(", ")}]`;
}
