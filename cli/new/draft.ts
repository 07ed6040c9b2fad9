import { commandLine } from "@seed/core";
import type { DryRun, Host } from "@seed/core/host";
import type { FolderLook } from "./folder/look.ts";
import { type Measured, Workbench } from "./measure.ts";
import {
  batchFor,
  bestOf,
  chooseSides,
  onPatches,
  type Pace,
  type Plan,
  planRun,
  type Task,
  usefulSides,
} from "./plan.ts";
import { type Draft, recipeText } from "./recipe_text.ts";
import { settingsFor } from "./settings.ts";
import type { Wishes } from "./wishes.ts";

/** A recipe, and how it came about. */
export interface Drafted {
  readonly text: string;
  readonly plan: Plan;
  readonly task: Task;
  /** The last thing that was measured. */
  readonly dry: DryRun;
  readonly precision: Draft["precision"];
  /** The command that runs it. */
  readonly command: string;
}

/** What the machine has. */
export interface Machine {
  readonly cores: number;
  /** In bytes; null: unknown. */
  readonly memory: number | null;
}

/** Sides are measured so often at most: others are tried where the last were slower or faster than reckoned. */
const MEASUREMENTS = 4;
/**
 * The first of them, the student's as far as the pictures are worth it: two tell what of a step grows with its views.
 * The teacher's are larger, since at the student's smallest its part of a step is too small to be told.
 */
const FIRST_SIDES = [{ side: 64, teacherSide: 128 }, { side: 128, teacherSide: 224 }] as const;
/** What `auto` may be in place of fp32, and how much shorter its steps must be to be taken. */
const FASTER = "bf16", WORTH = 0.95;
/** Sides from which it is worth a try: below, a step is made of much else. */
const FASTER_FROM = 128;

/** Measures steps until a plan fits the time, and writes the recipe of it. */
export async function draftRecipe(
  wishes: Wishes,
  look: FolderLook,
  machine: Machine,
  host: Host,
): Promise<Drafted> {
  const settings = settingsFor(look.train, wishes.begin !== null),
    { memory } = machine,
    command = commandLine("distill", [wishes.out]);
  const batch = batchFor(settings, look.train);
  await using bench = await Workbench.open(look.sample.whole, Math.max(8 * batch, settings.queue));
  const textOf = (plan: Plan, precision: Draft["precision"], on = "this machine") =>
    recipeText({ wishes, look, settings, plan, precision, command, machine: on });
  const measure = async (
    pace: Pick<Pace, "side" | "teacherSide">,
    precision: Draft["precision"] = "fp32",
  ) => {
    const how = precision === "auto" ? ` in ${FASTER}` : "";
    host.log(`Measuring steps at ${pace.side} px, the teacher's at ${pace.teacherSide} px${how}`);
    const plan = planRun(task(1280), { ...pace, fresh: 1, cached: 1, start: 0 });
    return await bench.measure(textOf(plan, precision), pace, host);
  };
  const task = (teacherDim: number): Task => ({
    ...{ settings, look, seconds: wishes.seconds, patch: wishes.teacher.patch, memory, teacherDim },
    begins: wishes.begin !== null,
  });
  const first: Measured[] = [], useful = usefulSides({ look });
  for (const { side, teacherSide } of FIRST_SIDES) {
    if (!useful.includes(side)) continue;
    first.push(await measure({ side, teacherSide: onPatches(teacherSide, wishes.teacher.patch) }));
  }
  const given = task(first[0].dry.shapes.teacher[0]?.[1] ?? 0);
  let measured = await fittingPace(given, first, measure);
  let plan = planRun(given, measured.pace), precision: Draft["precision"] = "fp32";
  if (triesFaster(plan, measured.dry)) {
    const other = await measure(measured.pace, "auto");
    if (other.pace.cached < WORTH * measured.pace.cached) {
      [measured, precision] = [other, "auto"];
      plan = planRun(given, measured.pace);
    }
  }
  const text = textOf(plan, precision, `${measured.dry.device}, ${machine.cores} cores`);
  await bench.validate(text);
  return { text, plan, task: given, dry: measured.dry, precision, command };
}

/** Whether steps are measured in bf16 too. Where `auto` is fp32, only chance would tell the two apart. */
export function triesFaster({ side }: Pick<Plan, "side">, { precision }: Pick<DryRun, "precision">): boolean {
  return side >= FASTER_FROM && precision.auto === FASTER;
}

/** Sides are chosen by what those that were measured take, and measured in turn, until they are the same. */
async function fittingPace(
  task: Task,
  first: readonly Measured[],
  measure: (sides: Pick<Pace, "side" | "teacherSide">) => Promise<Measured>,
): Promise<Measured> {
  const all = [...first];
  while (all.length < MEASUREMENTS) {
    const sides = chooseSides(task, all.map(({ pace }) => pace));
    const isMeasured = all.some(({ pace }) =>
      sides.side === pace.side && sides.teacherSide === pace.teacherSide
    );
    if (isMeasured) break;
    all.push(await measure(sides));
  }
  return all[bestOf(task, all.map(({ pace }) => pace))];
}
