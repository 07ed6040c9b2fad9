import { formatDuration } from "../../text/duration.ts";
import { html, type Markup } from "../../text/markup.ts";
import { mappingIn } from "../mapping_in.ts";
import { count, facts, percent, section } from "./parts.ts";
import { numberAt, type RunContent, textAt } from "./run_content.ts";
import { shareOfWaits, stepSeconds, stepsOf, timedSteps } from "./run_figures.ts";

/** What a run has cost; null: not recorded. */
export interface Cost {
  /** Views that the student was trained on, one an image and step. */
  images: number | null;
  /** Images a second, over the steps after the fourth. */
  speed: number | null;
  /** Of all: steps, evaluations, checkpoints, and what came before the first step. */
  seconds: number | null;
  /** Of the steps alone. */
  stepSeconds: number | null;
  /** Of what is between them. */
  pauseSeconds: number | null;
  /** Steps that the seconds are of, where those of others are not recorded; null: of all. */
  timedSteps: number | null;
}

/** Reads it from what was measured. */
export function costOf(run: RunContent): Cost {
  const { summary, settings, timings } = run, batch = numberAt(settings, "train", "batch_size");
  const pauses = timings.flatMap((line) => "pause_seconds" in line ? [line.pause_seconds] : []);
  const pauseSeconds = pauses.length ? pauses.reduce((sum, one) => sum + one, 0) : null;
  const steps = stepSeconds(run);
  return {
    images: (summary && numberAt(summary, "images_seen")) ?? (batch === null ? null : batch * stepsOf(run)),
    speed: (summary && numberAt(summary, "images_per_second")) ?? medianSpeed(run),
    ...{ stepSeconds: steps, pauseSeconds, timedSteps: timedSteps(run) },
    seconds: steps === null || pauseSeconds === null ? null : steps + pauseSeconds,
  };
}

/** How long it took; null: not recorded. */
export function timeText({ seconds, timedSteps }: Cost): string | null {
  if (seconds === null) return null;
  return formatDuration(seconds) + (timedSteps === null ? "" : `, of ${count(timedSteps)} steps alone`);
}

function medianSpeed({ steps }: RunContent): number | null {
  const speeds = steps.slice(4).flatMap(({ images_per_second: speed }) => speed ? [speed] : []);
  return speeds.length ? speeds.sort((a, b) => a - b)[speeds.length >> 1] : null;
}

/** Time, images and machine. */
export function costSection(run: RunContent): Markup {
  const cost = costOf(run),
    { images, speed, seconds, stepSeconds, pauseSeconds } = cost,
    waits = shareOfWaits(run);
  const { facts: told, summary } = run, threads = numberAt(told, "processes", "threads");
  const resumed = Array.isArray(told.resumed) ? told.resumed.length : 0;
  const processes = numberAt(told, "processes", "count"), cores = numberAt(told, "cores");
  const notRecorded = "not recorded";
  const skipped = summary && numberAt(summary, "skipped_images", "count");
  return section(
    "What it cost",
    facts([
      [
        "Time",
        seconds === null ? notRecorded : `${timeText(cost)} (${(seconds / 3600).toFixed(2)} h)`,
      ],
      ["Of that, steps", stepSeconds === null ? notRecorded : formatDuration(stepSeconds)],
      [
        "Of that, before the first step, evaluations and checkpoints",
        pauseSeconds === null ? notRecorded : formatDuration(pauseSeconds),
      ],
      ["Waits for pictures", waits === null ? notRecorded : `${percent(waits)} of the steps' time`],
      ["Images seen", images === null ? notRecorded : count(images)],
      ["Images a second", speed === null ? notRecorded : speed.toFixed(1)],
      ["Pictures that could not be read", skipped ? count(skipped) : null],
      ["Device", textAt(told, "device")],
      ["Cores", cores === null ? null : count(cores)],
      [
        "Processes",
        processes === null
          ? null
          : `${count(processes)}${threads === null ? "" : `, ${count(threads)} threads each`}`,
      ],
      ["Began", textAt(told, "started")],
      ["Went on", resumed ? `${resumed} time${resumed > 1 ? "s" : ""}` : null],
      ["Versions", versions(run)],
      ["Energy", "not measured"],
    ]),
  );
}

function versions({ facts }: RunContent): Markup | null {
  const entries = Object.entries(mappingIn(facts, "versions"));
  return entries.length ? html`${entries.map(([name, version]) => `${name} ${version}`).join(", ")}` : null;
}
