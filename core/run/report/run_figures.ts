/**
 * Figures of a run as its verdict, its charts and comparisons take them.
 *
 * @module
 */
import { type Figures, figuresOf } from "../../interfaces/evaluator.ts";
import { mappingIn } from "../mapping_in.ts";
import type { EvaluationLine } from "./lines.ts";
import { type Mapping, numberAt, type RunContent, textAt } from "./run_content.ts";
import type { VerdictFigures } from "./verdict_figures.ts";

/** Figures that networks are compared by, the best known first. */
const MAIN_FIGURES = [/^knn top1/, /^linear top1/, /^retrieval top1/, /^agreement overlap$/];
/** What figures are called in sentences, by how their names begin. */
const NAMES: readonly [RegExp, string][] = [
  [/^knn top1/, "kNN"],
  [/^linear top1/, "linear probe"],
  [/^retrieval top1/, "retrieval"],
  [/^agreement overlap$/, "agreement with the teacher"],
];

/** What a network is compared by, over a run. */
export interface FigureCourse {
  /** As records have it: `knn top1`. */
  key: string;
  teacher: number | null;
  untrained: number | null;
  /** Of a student that begins from a file. */
  initial: number | null;
  student: { step: number; value: number }[];
}

/** Names of all figures of a run, as its records have them. */
export function figureKeys({ evaluations }: Pick<RunContent, "evaluations">): string[] {
  return [...new Set(evaluations.flatMap(({ evaluation }) => figuresOf(evaluation).map(([key]) => key)))];
}

/**
 * Each figure over a run; `chance` of agreement, which is no network's, is left out. So is what was measured before a
 * resume that changed what is measured: figures of other options are not compared.
 */
export function figureCourses(run: Pick<RunContent, "evaluations" | "facts">): FigureCourse[] {
  const { evaluations } = run;
  return figureKeys(run).filter((key) => !/ chance$/.test(key)).map((key) => {
    const figures = (network: string) =>
      evaluations.filter((one) => one.network === network && one.step >= changedAt(run, key, network))
        .flatMap((one) => {
          const value = valueOf(one, key);
          return value === null ? [] : [{ step: one.step, value }];
        });
    const [teacher, untrained, initial] = ["teacher", "untrained", "initial"].map((network) =>
      figures(network)[0]?.value ?? null
    );
    return { key, teacher, untrained, initial, student: figures("student") };
  });
}

/** The first step at which a network's figure is of what a run's recipe says now: a resume may change `evaluate`. */
export function changedAt({ facts }: Pick<RunContent, "facts">, key: string, network: string): number {
  const evaluator = evaluatorOf(key),
    comparesWithTeacher = network === "teacher" || evaluator === "agreement";
  const changed = ["evaluate", `evaluate.${evaluator}`, ...comparesWithTeacher ? ["evaluate.teacher"] : []];
  const isOf = (one: string) =>
    changed.some((name, i) => one === name || i > 0 && one.startsWith(`${name}.`));
  const resumed = Array.isArray(facts.resumed) ? facts.resumed.map((one) => mappingIn({ one }, "one")) : [];
  const steps = resumed.filter((one) => Object.keys(mappingIn(one, "changed")).some(isOf))
    .map((one) => numberAt(one, "at_step") ?? 0);
  return Math.max(0, ...steps); // what was measured at that step is measured again when the run goes on
}

/** Those that the last evaluation has: a resume may take an evaluator out. */
export function currentCourses(courses: readonly FigureCourse[]): FigureCourse[] {
  const lastOf = ({ student }: FigureCourse) => student.at(-1)?.step ?? -1;
  const last = Math.max(...courses.map(lastOf));
  return courses.filter((course) => lastOf(course) === last);
}

/** The figure that a run is judged by, of its last evaluation; null: it has none. */
export function mainFigure(courses: readonly FigureCourse[]): FigureCourse | null {
  const current = currentCourses(courses);
  for (const pattern of MAIN_FIGURES) {
    const found = current.find(({ key }) => pattern.test(key));
    if (found) return found;
  }
  return current[0] ?? null;
}

/** What a figure is called in a sentence. */
export function figureName(key: string): string {
  return NAMES.find(([pattern]) => pattern.test(key))?.[1] ?? key;
}

/** What a student's figures are compared with: as its file had it, or else of noise. */
export function beginningOf({ initial, untrained }: FigureCourse): number | null {
  return initial ?? untrained;
}

/** The teacher's figure to compare with; null: there is none, for it agrees with itself. */
export function teacherOf({ key, teacher }: FigureCourse): number | null {
  return key.startsWith("agreement ") ? null : teacher;
}

/** What a verdict is of. */
export function verdictFigures(run: RunContent): VerdictFigures {
  const { state, steps, evaluations, settings } = run, courses = figureCourses(run);
  const main = mainFigure(courses);
  const last = evaluations.findLast(({ network }) => network === "student");
  return {
    ...{ state, steps: stepsOf(run), plannedSteps: plannedSteps(run) },
    figure: main && {
      name: figureName(main.key),
      queries: queriesOf(run, main.key),
      teacher: teacherOf(main),
      beginning: beginningOf(main),
      student: main.student,
    },
    others: main ? othersOf(run, courses, main) : [],
    isTaught: isTaught(run),
    isCollapsed: last?.isCollapsed === true,
    losses: steps.flatMap(({ loss, lr, metrics }) =>
      loss === null ? [] : [{
        loss,
        floor: finite(metrics?.loss_floor),
        uniform: finite(metrics?.loss_uniform),
        rate: numberAt(settings, "train", "lr") === null ? null : finite(lr),
      }]
    ),
    fixedViews: fixedViews(run),
    filledAfter: filledAfter(run),
    waits: shareOfWaits(run),
  };
}

/** What a cache of the teacher's makes of the views; null: there is none. */
function fixedViews({ settings }: Pick<RunContent, "settings">): VerdictFigures["fixedViews"] {
  const views = numberAt(settings, "teacher", "cache", "views"),
    epochs = numberAt(settings, "train", "epochs");
  return views && epochs ? { views, times: epochs / views } : null;
}

/** Steps after which no queue holds any of the noise that it began with. */
function filledAfter({ settings }: Pick<RunContent, "settings">): number {
  const rows = queueRows(settings), batch = numberAt(settings, "train", "batch_size");
  return rows && batch ? Math.ceil(rows / batch) : 0;
}

/** Rows of a recipe's queue; where objectives and small patches have their own, of the largest; null: there is none. */
export function queueRows(settings: Mapping): number | null {
  const owners = [settings, ...listed(settings.small_patches), ...objectivesIn(settings)];
  const sizes = owners.map((owner) => numberAt(owner, "queue", "size")).filter((size) => size !== null);
  return sizes.length ? Math.max(...sizes) : null;
}

/** Steps that a run has taken. */
export function stepsOf({ steps, summary }: Pick<RunContent, "steps" | "summary">): number {
  return steps.at(-1)?.step ?? (summary && numberAt(summary, "steps")) ?? 0;
}

/** Steps that the recipe asks for; null: the folder does not say. */
export function plannedSteps({ settings, facts }: Pick<RunContent, "settings" | "facts">): number | null {
  const epochs = numberAt(settings, "train", "epochs"), batch = numberAt(settings, "train", "batch_size");
  const images = numberAt(facts, "images", "train");
  if (!epochs || !batch || !images) return null;
  return epochs * Math.floor(images / batch);
}

/** Share of their time that steps have waited for views; null: not recorded. */
export function shareOfWaits({ timings, summary, steps }: RunContent): number | null {
  const measured = timings.flatMap((line) => "seconds" in line ? [line] : []);
  if (measured.length > 0) {
    const seconds = sum(measured.map(({ seconds }) => seconds));
    return seconds > 0 ? sum(measured.map((line) => line.data_wait_seconds)) / seconds : null;
  }
  // Earlier runs have told the sum, of the steps of their last process.
  const waited = summary && numberAt(summary, "data_wait_seconds");
  const seconds = stepSeconds({ steps, timings, summary });
  return waited === null || !seconds ? null : Math.min(1, waited / seconds);
}

/** How many steps have their time recorded; null: as many as there were, or nobody knows. */
export function timedSteps(
  { timings, steps, summary }: Pick<RunContent, "steps" | "timings" | "summary">,
): number | null {
  const timed = new Set(timings.flatMap((line) => "seconds" in line ? [line.step] : [])).size;
  return timed === 0 || timed >= stepsOf({ steps, summary }) ? null : timed;
}

/** What all steps have taken that have their time recorded, evaluations and checkpoints left out; null: not recorded. */
export function stepSeconds(
  { steps, timings, summary }: Pick<RunContent, "steps" | "timings" | "summary">,
): number | null {
  const measured = timings.flatMap((line) => "seconds" in line ? [line.seconds] : []);
  if (measured.length > 0) return sum(measured);
  const images = summary && numberAt(summary, "images_seen"), taken = summary && numberAt(summary, "steps");
  const speeds = steps.flatMap(({ images_per_second: speed }) => speed ? [speed] : []);
  if (!images || !taken || speeds.length === 0) return null;
  return sum(speeds.map((speed) => images / taken / speed));
}

/** The name of a plugin's network, or of the plugin. */
export function networkName(
  { settings, facts }: Pick<RunContent, "settings" | "facts">,
  who: "teacher" | "student",
): string | null {
  const told = who === "student"
    ? textAt(facts, "student", "network")
    : textAt(settings, "teacher", "network");
  return told ?? textAt(settings, who, "plugin");
}

/** Whether the recipe has a teacher. */
export function isTaught(run: Pick<RunContent, "settings" | "facts">): boolean {
  return networkName(run, "teacher") !== null;
}

/** What a run trains by: one objective, or several. */
export function objectivesOf({ settings }: Pick<RunContent, "settings">): string[] {
  return objectivesIn(settings).flatMap((one) => {
    const plugin = textAt(one, "plugin");
    return plugin === null ? [] : [plugin];
  });
}

function objectivesIn({ objective }: Mapping): Mapping[] {
  return listed(objective);
}

/** What recipes have one of, or a list. */
function listed(value: unknown): Mapping[] {
  return (Array.isArray(value) ? value : [value]).map((one) => mappingIn({ one }, "one"));
}

function valueOf({ evaluation }: EvaluationLine, key: string): number | null {
  const found = figuresOf(evaluation as Record<string, Figures>).find(([name]) => name === key);
  return found ? finite(found[1]) : null;
}

/** Images that the student's figure is of; null: not recorded. */
function queriesOf(
  { evaluations, facts }: Pick<RunContent, "evaluations" | "facts">,
  key: string,
): number | null {
  const details = evaluations.findLast(({ network }) => network === "student")?.details[evaluatorOf(key)];
  return details?.queries ?? numberAt(facts, "images", "queries");
}

function othersOf(
  run: RunContent,
  courses: readonly FigureCourse[],
  main: FigureCourse,
): VerdictFigures["others"] {
  return currentCourses(courses).filter(({ key }) => evaluatorOf(key) !== evaluatorOf(main.key)).flatMap(
    (course) => {
      const beginning = beginningOf(course), student = course.student.at(-1)?.value;
      if (beginning === null || student === undefined) return [];
      return [{ name: course.key, queries: queriesOf(run, course.key), beginning, student }];
    },
  );
}

/** The evaluator that a figure is of: of `knn top1` it is `knn`. */
export function evaluatorOf(key: string): string {
  return key.split(" ")[0];
}

function finite(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
