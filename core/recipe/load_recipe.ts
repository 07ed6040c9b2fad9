import { z } from "zod";
import { nearest } from "../text/nearest.ts";
import { checkMaps } from "./check_maps.ts";
import { checkNeeds } from "./check_needs.ts";
import { checkHeadLearns, checkStudent } from "./check_student.ts";
import { checkMixupOfCached, checkTrain } from "./check_train.ts";
import { fromEarlier } from "./earlier_recipes.ts";
import { problemOfAugmenters } from "./evaluator_needs.ts";
import { type Needs, needsOf } from "./objective_needs.ts";
import { type OwnFacts, PluginReader, type Values } from "./plugin_reader.ts";
import { PluginTrust, type Trust } from "./plugin_trust.ts";
import type { ObjectiveUse, PluginUse, Recipe, SmallPatches } from "./recipe.ts";
import { recipeName } from "./recipe_name.ts";
import { RecipeDocument } from "./recipe_document.ts";
import type { Path } from "./recipe_file.ts";
import { resolvedText } from "./resolved_text.ts";
import {
  CHECKPOINT,
  CHOICE_KEYS,
  EVALUATE,
  OBJECTIVE_TERM,
  PLUGIN_KEYS,
  SCHEDULE_KEYS,
  type Section,
  SECTION_KEYS,
  SMALL_PATCHES,
  TOP_KEYS,
  type TrainOptions,
  trainSchema,
} from "./schema.ts";
import { type NamedView, type RecipeView, viewsOf } from "./several_students.ts";
import { shown } from "./shown.ts";
import { unreadSections } from "./unread.ts";

/** What the caller gives where the recipe is silent. */
export interface RecipeDefaults {
  engine: string;
  loggers: string[];
  /** Package of an evaluator that is named by its key alone. */
  evaluatorPackage(key: string): string;
}

/** Sections that a recipe may do without. */
const OPTIONAL = ["students", "teacher", "queue", "small_patches", "evaluate"];

/** How a recipe is read. */
export interface LoadOptions {
  /** `key.path=value` each. */
  overrides?: readonly string[];
  defaults: RecipeDefaults;
  /** Whether it is of a run's folder: what earlier versions wrote there is read as they meant it. */
  ofRun?: boolean;
  /** Whose plugins are imported; default: those that the recipe names. */
  trust?: Trust;
}

/** A part of a recipe that has plugins. */
export type RecipePart =
  | Exclude<Section, "objective">
  | "objectives"
  | "smallPatches"
  | "evaluate"
  | "loggers";

/** What of a recipe is wanted. */
interface Wanted {
  parts: readonly RecipePart[];
  /** Of the evaluators, those that these modules are of; default: all. */
  evaluators?: readonly string[];
}

/**
 * Reads and checks a recipe, its plugins' options included. Needs no data, no weights and no engine. Code that does not
 * come with SEED is imported only when all that can be checked without it is right. Of a recipe with several students
 * the first is taken: for what is the same of all, such as views and teacher.
 *
 * @throws {RecipeError} Listing every problem with its place.
 */
export async function loadRecipe(path: string, options: LoadOptions): Promise<Recipe> {
  const [first] = await viewsIn(path, options);
  return await load(path, first, options, null);
}

/**
 * Reads and checks a recipe once for each of its students.
 *
 * @returns one recipe, or one for each entry of `students`, which differ in nothing but the student.
 * @throws {RecipeError} Listing every problem that the first wrong one of them has.
 */
export async function loadRecipes(path: string, options: LoadOptions): Promise<[Recipe, ...Recipe[]]> {
  const [first, ...others] = await viewsIn(path, options);
  const recipes: [Recipe, ...Recipe[]] = [await load(path, first, options, null)];
  for (const view of others) recipes.push(await load(path, view, options, null));
  return recipes;
}

/**
 * Reads some parts of a recipe that was checked before, such as a run's. The others' plugins are not imported, and what
 * they would say of these is not asked.
 *
 * @param wanted.parts `train` and what has no plugin is always read.
 * @throws {RecipeError} Listing every problem with its place.
 */
export async function loadRecipeParts<P extends RecipePart>(
  path: string,
  wanted: Wanted & { parts: readonly P[] },
  options: LoadOptions,
): Promise<Pick<Recipe, P | "path" | "name" | "seed" | "train">> {
  const [first] = await viewsIn(path, options);
  return await load(path, first, options, wanted);
}

/** The file, once for each of its students. */
async function viewsIn(path: string, { overrides = [], ofRun = false }: LoadOptions): Promise<NamedView[]> {
  return viewsOf(await RecipeDocument.read(path, overrides, ofRun ? fromEarlier : undefined));
}

async function load(
  path: string,
  { name: studentName, view }: NamedView,
  options: LoadOptions,
  wanted: Wanted | null,
): Promise<Recipe> {
  const { trust = "named" } = options;
  const read = async (trust: PluginTrust) => ({
    ...await new RecipeLoader(path, view, options, trust, wanted).load(),
    studentName,
  });
  const first = new PluginTrust(trust, true), recipe = await read(first);
  return first.left ? await read(new PluginTrust(trust, false)) : recipe;
}

class RecipeLoader {
  readonly #reader: PluginReader;
  /** Where the objectives stand whose needs are known. */
  readonly #objectivePaths: Path[] = [];
  readonly #values: Values;

  /** @param wanted Null: all of it. */
  constructor(
    private readonly path: string,
    private readonly document: RecipeView,
    private readonly options: LoadOptions,
    trust: PluginTrust,
    private readonly wanted: Wanted | null,
  ) {
    this.#reader = new PluginReader(document, trust, options.ofRun === true);
    this.#values = document.values();
    // A recipe that extends another takes a section out of it by `null`.
    for (const section of OPTIONAL) if (this.#values[section] === null) delete this.#values[section];
  }

  async load(): Promise<Omit<Recipe, "studentName">> {
    this.#checkTop();
    const { version: _, ...top } = this.#values;
    this.#reader.resolved.version = 1;
    const seed = this.#reader.check(z.int().min(0).default(0), top.seed, ["seed"], "the recipe");
    this.#reader.resolved.seed = seed;
    const train = top.train === undefined ? null : this.#train(top.train);
    const { batch_size: batchSize = 1 } = train ?? {};
    const wants = (part: RecipePart) => this.wanted?.parts.includes(part) ?? true;
    const section = async (part: Section & RecipePart, defaults?: Values, own?: readonly OwnFacts[]) =>
      wants(part) ? await this.#section(part, defaults, own) : null;
    const objectives = wants("objectives") ? await this.#objectives(top.objective, batchSize) : null;
    const parts = {
      engine: await section("engine", { plugin: this.options.defaults.engine }),
      data: await section("data"),
      augmenter: await section("augmenter"),
      teacher: top.teacher === undefined ? null : await section("teacher"),
      student: this.#withRefusal(await section("student")),
      queue: await section("queue", {}, this.#factsOfQueue(objectives, batchSize)),
      objectives,
      smallPatches: wants("smallPatches") ? await this.#smallPatches(top.small_patches) : [],
    } as Pick<Recipe, Exclude<Section, "objective"> | "objectives" | "smallPatches">;
    this.#reader.resolved.train = train;
    if (parts.student) this.#reader.problems.push(...checkStudent(parts.student, train));
    this.#reader.problems.push(...checkMixupOfCached(train, parts.teacher));
    if (objectives && this.#reader.objectivesKnown) {
      this.#checkNeeds(objectives, top);
      this.#reader.problems.push(...checkMaps(objectives, parts));
      if (parts.student && train) {
        const at = [...this.#objectivePaths[0] ?? ["objective"], "plugin"];
        this.#reader.problems.push(...checkHeadLearns(objectives, parts.student, train, at));
      }
    }
    const evaluate = wants("evaluate")
      ? await this.#evaluate(top.evaluate ?? {}, top.teacher !== undefined)
      : null;
    const checkpoint = this.#reader.check(CHECKPOINT, top.checkpoint ?? {}, ["checkpoint"], "checkpoint");
    this.#reader.resolved.checkpoint = checkpoint;
    const loggers = wants("loggers") ? await this.#loggers(top.loggers) : [];
    const hasTeacher = top.teacher !== undefined;
    // A teacher that is not wanted, or not imported yet, may have a head all the same.
    const known = { hasTeacher, ...hasTeacher && !parts.teacher?.options && { teacherHead: null } };
    this.#reader.runChecks({ ...parts, train, evaluate }, known);
    // Of a recipe that is wrong otherwise it may be the rest's fault that nothing reads a section.
    if (!this.#reader.problems.length && this.#reader.objectivesKnown && !this.wanted) {
      this.#checkRead(parts, objectives!, top.evaluate ?? {});
    }
    if (this.#reader.problems.length) throw this.document.error(this.#reader.problems);
    const name = recipeName(this.path);
    const resolved = resolvedText(inOrder(this.#reader.resolved));
    return {
      path: this.path,
      name,
      seed,
      train,
      evaluate,
      checkpoint,
      loggers,
      resolved,
      ...parts,
    } as Omit<Recipe, "studentName">;
  }

  #checkTop(): void {
    for (const key of Object.keys(this.#values)) {
      if (TOP_KEYS.includes(key)) continue;
      const close = nearest(key, TOP_KEYS);
      const hint = close ? `Did you mean "${close}"?` : `The sections are ${TOP_KEYS.join(", ")}`;
      this.#reader.problems.push({ path: [key], atKey: true, message: `Unknown section "${key}". ${hint}` });
    }
    const { version } = this.#values;
    if (version !== 1) {
      const message = version === undefined
        ? `The recipe lacks "version: 1"`
        : `Expected version 1, got ${shown(version)}`;
      this.#reader.problems.push({ path: ["version"], message });
    }
    for (const section of ["data", "augmenter", "student", "objective", "train"]) {
      if (this.#values[section] === undefined) {
        this.#reader.problems.push({ path: [], message: `The recipe lacks the section "${section}"` });
      }
    }
  }

  async #section(section: Section, defaults: Values = {}, own?: readonly OwnFacts[]): Promise<unknown> {
    const values = this.#values[section];
    if (values === undefined && !defaults.plugin) return null;
    const given = this.#reader.mapping(values ?? {}, [section]);
    return given &&
      await this.#reader.use(section, SECTION_KEYS[section], { ...defaults, ...given }, [section], own);
  }

  #withRefusal(use: unknown): unknown {
    const refusal = (key: string, message: string) =>
      this.document.error([{ path: ["student", key], message }]);
    return use && { ...use, refusal };
  }

  #train(values: unknown): TrainOptions | null {
    const given = this.#reader.mapping(values, ["train"]);
    if (!given) return null;
    // A recipe that extends one with another optimizer or schedule takes that one's keys out by `null`.
    const own = Object.fromEntries(
      Object.entries(given).filter(([key, value]) => value !== null || !CHOICE_KEYS.has(key)),
    );
    const train = this.#reader.check(trainSchema(own), own, ["train"], trainOwner(own)) as
      | TrainOptions
      | null;
    if (!train) return null;
    this.#reader.problems.push(...checkTrain(train));
    return train;
  }

  /** One objective, or a list of them. */
  async #objectives(values: unknown, batchSize: number): Promise<ObjectiveUse[] | null> {
    if (values === undefined) return null;
    if (!Array.isArray(values)) {
      const use = await this.#section("objective") as PluginUse<"objective"> | null;
      const needs = use && this.#needs(use, ["objective"]);
      return use && needs && [{ ...use, needs, weight: 1, queue: null }];
    }
    if (values.length === 0) {
      this.#reader.problems.push({
        path: ["objective"],
        message: "Expected an objective, got an empty list",
      });
    }
    this.#reader.resolved.objective = values.map(() => ({}));
    const objectives = [];
    for (const [i, item] of values.entries()) {
      const at = ["objective", i], given = this.#reader.mapping(item, at);
      const { queue, ...own } = given ?? {};
      const use = given &&
        await this.#reader.use("objective", OBJECTIVE_TERM, own, at) as ObjectiveUse | null;
      const needs = use && this.#needs(use, at);
      if (!needs) continue;
      const rows = { queueRows: batchSize * needs.rowsPerImage };
      objectives.push({
        ...{ ...use, needs },
        queue: await this.#reader.nested("queue", queue, [...at, "queue"], [rows]),
      });
    }
    return objectives;
  }

  /** What a queue's options are checked against: the rows that enter it; nothing, if they are not known. */
  #factsOfQueue(objectives: ObjectiveUse[] | null, batchSize: number): OwnFacts[] {
    return this.#reader.objectivesKnown
      ? queueRows(objectives).map((rows) => ({ queueRows: batchSize * rows }))
      : [];
  }

  #needs({ plugin, options }: PluginUse<"objective">, at: Path): Needs | null {
    if (options === null) return null; // they are the problem
    try {
      const needs = needsOf(plugin, options);
      this.#objectivePaths.push(at);
      return needs;
    } catch (error) {
      this.#reader.problems.push({ path: [...at, "plugin"], message: (error as Error).message });
      return null;
    }
  }

  #checkNeeds(objectives: ObjectiveUse[], { teacher, queue, small_patches }: Values): void {
    const offered = {
      teacher: teacher !== undefined,
      queue: queue !== undefined,
      smallPatches: listed(small_patches, []).length > 0,
    };
    this.#reader.problems.push(...checkNeeds(objectives, offered, this.#objectivePaths));
  }

  /** What nothing reads. */
  #checkRead(
    { queue, teacher, smallPatches }: Pick<Recipe, "queue" | "teacher" | "smallPatches">,
    objectives: ObjectiveUse[],
    evaluate: unknown,
  ): void {
    const { every_epochs, teacher: compared, ...named } = evaluate as Values;
    const said = {
      ...{ queue, teacher, smallPatches, evaluators: Object.keys(named).length },
      objectives: objectives.map((use, i) => ({ ...use, at: this.#objectivePaths[i] })),
      evaluate: { every_epochs, teacher: compared },
    };
    this.#reader.sayUnread(unreadSections(said));
  }

  async #smallPatches(values: unknown): Promise<Recipe["smallPatches"]> {
    if (values === undefined) return [];
    const list: SmallPatches[] = [];
    this.#reader.resolved.small_patches = Array.isArray(values) ? [] : {}; // as it is written
    for (const { value, at } of listed(values, ["small_patches"])) {
      const patches = await this.#smallPatch(value, at);
      if (patches) list.push(patches);
    }
    return list;
  }

  async #smallPatch(values: unknown, at: Path): Promise<SmallPatches | null> {
    const given = this.#reader.mapping(values, at);
    if (!given) return null;
    const { augmenter, queue, ...own } = given;
    const patches = this.#reader.check(SMALL_PATCHES, own, at, "small_patches");
    this.#reader.remember(at, { ...patches });
    if (augmenter === undefined) {
      this.#reader.problems.push({
        path: at,
        atKey: true,
        message: `The section small_patches lacks "augmenter"`,
      });
    }
    const uses = {
      augmenter: await this.#reader.nested("augmenter", augmenter, [...at, "augmenter"]),
      queue: await this.#reader.nested("queue", queue, [...at, "queue"]),
    };
    return patches && uses.augmenter && { ...patches, ...uses, augmenter: uses.augmenter, at };
  }

  async #evaluate(values: unknown, learnsFromTeacher: boolean): Promise<Recipe["evaluate"] | null> {
    const { every_epochs, teacher, ...named } = this.#reader.mapping(values, ["evaluate"]) ?? {};
    const own = this.#reader.check(EVALUATE, { every_epochs }, ["evaluate"], "evaluate");
    this.#reader.resolved.evaluate = { ...own };
    const evaluators = [], hasTeacher = learnsFromTeacher || (teacher ?? null) !== null;
    for (const [key, options] of Object.entries(named)) {
      if (!this.#wantsEvaluator(key, options)) continue;
      const use = await this.#evaluator(key, options ?? {}, { hasTeacher });
      if (use) evaluators.push(use);
    }
    const compared = this.wanted?.parts.includes("teacher") ?? true
      ? await this.#reader.nested("teacher", teacher, ["evaluate", "teacher"])
      : null;
    return own && { ...own, evaluators, teacher: compared };
  }

  #wantsEvaluator(key: string, options: unknown): boolean {
    const modules = this.wanted?.evaluators;
    const named = (options as Values | null)?.plugin ?? this.options.defaults.evaluatorPackage(key);
    return !modules || modules.includes(named as string);
  }

  async #evaluator(key: string, options: unknown, own: OwnFacts): Promise<PluginUse<"evaluator"> | null> {
    const at = ["evaluate", key],
      given = this.#reader.mapping(options, at, nearest(key, ["every_epochs", "teacher"]));
    const values = given && { plugin: this.options.defaults.evaluatorPackage(key), ...given };
    const use = values && await this.#reader.use("evaluator", PLUGIN_KEYS, values, at, [own]) as unknown as
      | PluginUse<"evaluator">
      | null;
    const problem = use?.options ? problemOfAugmenters(use) : null;
    if (problem) this.#reader.problems.push({ path: [...at, "plugin"], message: problem });
    return use;
  }

  async #loggers(values: unknown): Promise<PluginUse<"logger">[]> {
    const named = values ?? [];
    if (!Array.isArray(named)) {
      this.#reader.problems.push({
        path: ["loggers"],
        message: `Expected a list such as [{ plugin: NAME }]`,
      });
      return [];
    }
    // Those that a recipe names are added: it takes none of the usual ones away.
    const usual = this.options.defaults.loggers.filter((plugin) =>
      !named.some((one) => one?.plugin === plugin)
    );
    const list = [...named, ...usual.map((plugin) => ({ plugin }))];
    this.#reader.resolved.loggers = list.map(() => ({}));
    const loggers = [];
    for (const [i, item] of list.entries()) {
      const at = ["loggers", i], given = this.#reader.mapping(item, at);
      const use = given && await this.#reader.use("logger", PLUGIN_KEYS, given, at);
      if (use) loggers.push(use as unknown as PluginUse<"logger">);
    }
    return loggers;
  }
}

/** Whose keys those of `train:` are: an optimizer's or a schedule's, where it has some of its own. */
function trainOwner({ optimizer, schedule, ...keys }: Values): string {
  const steps = schedule === "steps" || SCHEDULE_KEYS.some((key) => key in keys);
  const chosen = [optimizer && `the optimizer ${optimizer}`, steps && schedule && `the schedule ${schedule}`];
  return ["train", chosen.filter(Boolean).join(" and ")].filter(Boolean).join(" with ");
}

/** Rows of an image that enter a queue like the recipe's, by the objectives that have none of their own; each once. */
function queueRows(objectives: ObjectiveUse[] | null): number[] {
  const rows = (objectives ?? []).flatMap(({ needs, queue }) =>
    needs.queue && !queue ? [needs.rowsPerImage] : []
  );
  return rows.length ? [...new Set(rows)] : [1];
}

/** A mapping, or the entries of a list of them, and where each stands. */
function listed(values: unknown, at: Path): { value: unknown; at: Path }[] {
  if (values === undefined) return [];
  if (!Array.isArray(values)) return [{ value: values, at }];
  return values.map((value, i) => ({ value, at: [...at, i] }));
}

/** Sections in the order in which people write them. */
function inOrder(values: Values): Values {
  const place = (key: string) => TOP_KEYS.indexOf(key);
  return Object.fromEntries(Object.entries(values).sort(([a], [b]) => place(a) - place(b)));
}
