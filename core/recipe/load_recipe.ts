import { z } from "zod";
import { memoryLimit } from "../memory_limit.ts";
import { nearest } from "../text/nearest.ts";
import type { Plugin, PluginKind, RecipeFacts } from "../interfaces/plugin.ts";
import {
  absoluteSpecifier,
  type LoadedPlugin,
  loadPlugin,
  pluginModule,
  splitExport,
} from "./plugin_loader.ts";
import { PluginTrust, refusal, type Trust } from "./plugin_trust.ts";
import { checkMaps } from "./check_maps.ts";
import { checkNeeds } from "./check_needs.ts";
import { checkOptions } from "./check_options.ts";
import { checkHeadLearns, checkStudent } from "./check_student.ts";
import { checkMixupOfCached, checkTrain } from "./check_train.ts";
import { adviceOnEarlier, fromEarlier } from "./earlier_recipes.ts";
import { problemOfAugmenters } from "./evaluator_needs.ts";
import { arraysOfStep, memoryProblems } from "./memory_needs.ts";
import { type Needs, needsOf } from "./objective_needs.ts";
import { type Problem, RecipeDocument } from "./recipe_document.ts";
import type { Path, RecipeError } from "./recipe_file.ts";
import { type NamedView, type RecipeView, viewsOf } from "./several_students.ts";
import { shown } from "./shown.ts";
import { unreadOptions, unreadSections, withoutUnread } from "./unread.ts";
import { resolvedText } from "./resolved_text.ts";
import { factsOf, type KnownRecipe, sidesSeenBy } from "./recipe_facts.ts";
import {
  CHECKPOINT,
  CHOICE_KEYS,
  EVALUATE,
  MOVED_OPTIONS,
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

/** A plugin with the options that a recipe gives it, checked. */
export interface PluginUse<K extends PluginKind> extends LoadedPlugin<K> {
  /** As the recipe writes it. */
  specifier: string;
  options: unknown;
  /** `file:line:column`. */
  place: string;
}

/** An objective, alone or one of several whose losses are summed. */
export interface ObjectiveUse extends PluginUse<"objective"> {
  /** What it needs with its options. */
  needs: Needs;
  weight: number;
  /** A queue unlike the recipe's; null: like it. */
  queue: PluginUse<"queue"> | null;
}

/** A stream of small views; a queue that is null is like the views'. */
export type SmallPatches = z.output<typeof SMALL_PATCHES> & {
  augmenter: PluginUse<"augmenter">;
  queue: PluginUse<"queue"> | null;
  /** Where it stands in the recipe. */
  at: Path;
};

/** A recipe that is fit to run, with one student. */
export interface Recipe {
  path: string;
  /** File name without its ending. */
  name: string;
  /** What its student is called among those of the file; null: the file has one. */
  studentName: string | null;
  seed: number;
  engine: PluginUse<"engine"> & Omit<z.output<typeof SECTION_KEYS.engine>, "plugin">;
  data: PluginUse<"data"> & z.output<typeof SECTION_KEYS.data>;
  augmenter: PluginUse<"augmenter">;
  teacher: (PluginUse<"teacher"> & Pick<z.output<typeof SECTION_KEYS.teacher>, "cache">) | null;
  student: PluginUse<"student"> & Omit<z.output<typeof SECTION_KEYS.student>, "plugin"> & {
    /** An error that says what is wrong with one of its keys, and where that stands. */
    refusal(key: string, message: string): RecipeError;
  };
  /** Null: the objectives need none, or name their own. */
  queue: PluginUse<"queue"> | null;
  objectives: ObjectiveUse[];
  /** Further streams of views; none if there are no small patches. */
  smallPatches: SmallPatches[];
  train: TrainOptions;
  evaluate: z.output<typeof EVALUATE> & {
    evaluators: PluginUse<"evaluator">[];
    /** A teacher to compare with where training has none. */
    teacher: PluginUse<"teacher"> | null;
  };
  checkpoint: z.output<typeof CHECKPOINT>;
  loggers: PluginUse<"logger">[];
  /** YAML with every default filled in, which loads to the same. */
  resolved: string;
}

/** What the caller gives where the recipe is silent. */
export interface RecipeDefaults {
  engine: string;
  loggers: string[];
  /** Package of an evaluator that is named by its key alone. */
  evaluatorPackage(key: string): string;
}

type Values = Record<string, unknown>;

/** What a plugin's options are checked against beside its recipe's facts: its own of them. */
type OwnFacts = Partial<RecipeFacts>;

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
  readonly #problems: Problem[] = [];
  /** What is left to be checked when all plugins are known. */
  readonly #checks: { plugin: Plugin; options: Values; at: Path; own: OwnFacts }[] = [];
  /** Where the objectives stand whose needs are known. */
  readonly #objectivePaths: Path[] = [];
  readonly #values: Values;
  /** What `resolved` is made of, in the recipe's order of sections. */
  readonly #resolved: Values = {};

  /** Whether every objective that the recipe names is known, with its queue. */
  #objectivesKnown = true;

  /** @param wanted Null: all of it. */
  constructor(
    private readonly path: string,
    private readonly document: RecipeView,
    private readonly options: LoadOptions,
    private readonly trust: PluginTrust,
    private readonly wanted: Wanted | null,
  ) {
    this.#values = document.values();
    // A recipe that extends another takes a section out of it by `null`.
    for (const section of OPTIONAL) if (this.#values[section] === null) delete this.#values[section];
  }

  async load(): Promise<Omit<Recipe, "studentName">> {
    this.#checkTop();
    const { version: _, ...top } = this.#values;
    this.#resolved.version = 1;
    const seed = this.#check(z.int().min(0).default(0), top.seed, ["seed"], "the recipe");
    this.#resolved.seed = seed;
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
    this.#resolved.train = train;
    if (parts.student) this.#problems.push(...checkStudent(parts.student, train));
    this.#problems.push(...checkMixupOfCached(train, parts.teacher));
    if (objectives && this.#objectivesKnown) {
      this.#checkNeeds(objectives, top);
      this.#problems.push(...checkMaps(objectives, parts));
      if (parts.student && train) {
        const at = [...this.#objectivePaths[0] ?? ["objective"], "plugin"];
        this.#problems.push(...checkHeadLearns(objectives, parts.student, train, at));
      }
    }
    const evaluate = wants("evaluate")
      ? await this.#evaluate(top.evaluate ?? {}, top.teacher !== undefined)
      : null;
    const checkpoint = this.#check(CHECKPOINT, top.checkpoint ?? {}, ["checkpoint"], "checkpoint");
    this.#resolved.checkpoint = checkpoint;
    const loggers = wants("loggers") ? await this.#loggers(top.loggers) : [];
    this.#runChecks({ ...parts, train, evaluate }, { hasTeacher: top.teacher !== undefined });
    // Of a recipe that is wrong otherwise it may be the rest's fault that nothing reads a section.
    if (!this.#problems.length && this.#objectivesKnown && !this.wanted) {
      this.#checkRead(parts, objectives!, top.evaluate ?? {});
    }
    if (this.#problems.length) throw this.document.error(this.#problems);
    const name = this.path.replace(/^.*[\\/]/, "").replace(/\.ya?ml$/, "");
    const resolved = resolvedText(inOrder(this.#resolved));
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
      this.#problems.push({ path: [key], atKey: true, message: `Unknown section "${key}". ${hint}` });
    }
    const { version } = this.#values;
    if (version !== 1) {
      const message = version === undefined
        ? `The recipe lacks "version: 1"`
        : `Expected version 1, got ${shown(version)}`;
      this.#problems.push({ path: ["version"], message });
    }
    for (const section of ["data", "augmenter", "student", "objective", "train"]) {
      if (this.#values[section] === undefined) {
        this.#problems.push({ path: [], message: `The recipe lacks the section "${section}"` });
      }
    }
  }

  #check<S extends z.ZodType>(
    schema: S,
    values: unknown,
    at: Path,
    owner: string,
    moved?: Readonly<Record<string, string>>,
  ): z.output<S> | null {
    const { value, problems } = checkOptions(schema, values, at, owner, moved);
    this.#problems.push(...problems);
    return value;
  }

  async #section(section: Section, defaults: Values = {}, own?: readonly OwnFacts[]): Promise<unknown> {
    const values = this.#values[section];
    if (values === undefined && !defaults.plugin) return null;
    const given = this.#mapping(values ?? {}, [section]);
    return given &&
      await this.#use(section, SECTION_KEYS[section], { ...defaults, ...given }, [section], own);
  }

  /**
   * Loads the plugin of a mapping and checks its options beside the core's keys.
   *
   * @param own Facts that are its own; several: it is checked against each.
   */
  async #use(
    kind: PluginKind,
    coreSchema: z.ZodObject,
    values: Values,
    at: Path,
    own: readonly OwnFacts[] = [{}],
  ): Promise<PluginUse<PluginKind> | null> {
    const coreKeys = Object.keys(coreSchema.shape);
    const pick = (cores: boolean) =>
      Object.fromEntries(Object.entries(values).filter(([key]) => coreKeys.includes(key) === cores));
    const core = this.#check(coreSchema, pick(true), at, `the section "${at.join(".")}"`) as Values | null;
    if (typeof values.plugin !== "string" || !values.plugin) return null;
    const loaded = await this.#load(values.plugin, kind, at);
    if (!loaded) return null;
    const { plugin } = loaded;
    // The core's keys stand beside the plugin's, so a misspelt one is looked for among both.
    const schema = withKeys(plugin.options, coreSchema), moved = MOVED_OPTIONS[kind];
    const options = this.#check(schema, { ...pick(false) }, at, plugin.name, moved) as Values | null;
    if (options) this.#checks.push(...own.map((own) => ({ plugin, options, at, own })));
    const specifier = absolutePaths(values.plugin, this.document.fileOf([...at, "plugin"]));
    const unread = options && plugin.unread?.(options) || [];
    this.#sayUnread(unreadOptions(unread, pick(false), at));
    const told = { ...omit(core ?? {}, "plugin"), ...withoutUnread(options ?? {}, unread) };
    this.#remember(at, { plugin: specifier, ...told });
    return { ...loaded, ...core, specifier: values.plugin, plugin, options, place: this.document.place(at) };
  }

  /** Null: it is a problem, or left for now. */
  async #load(specifier: string, kind: PluginKind, at: Path): Promise<LoadedPlugin<PluginKind> | null> {
    const path = [...at, "plugin"], file = this.document.fileOf(path);
    try {
      const decision = this.trust.decide(specifier, this.document.isOverridden(path));
      if (decision === "refuse") throw new Error(refusal(specifier));
      if (decision === "import") return await loadPlugin(specifier, kind, file);
      pluginModule(specifier, file); // that there may be such a module
      if (at[0] === "objective") this.#objectivesKnown = false; // or its queue is not
      return null;
    } catch (error) {
      const message = adviceOnEarlier(specifier) ?? (error as Error).message;
      this.#problems.push({ path, message });
      return null;
    }
  }

  /**
   * Checks options against the recipe; what several checks find alike is one problem.
   *
   * @param known What is known even of parts whose plugins are not.
   */
  #runChecks(recipe: KnownRecipe, known: OwnFacts): void {
    const facts = { ...factsOf(recipe), ...known }, told = new Set<string>();
    const arrays = arraysOfStep(recipe, facts);
    for (const { plugin, options, at, own } of this.#checks) {
      const sides = isTeacher(plugin) && at[0] === "evaluate" &&
        { teacherSides: sidesSeenBy({ plugin, options }, recipe, { inTraining: false }) };
      for (const { key, message } of plugin.check?.(options, { ...facts, ...own, ...sides }) ?? []) {
        const path = [...at, ...key.split(".")], text = `${path.join()} ${message}`;
        if (!told.has(text)) this.#problems.push({ path, message });
        told.add(text);
      }
      for (const { key, ...array } of plugin.arrays?.(options, { ...facts, ...own, ...sides }) ?? []) {
        arrays.push({ path: [...at, ...key.split(".")], ...array });
      }
    }
    this.#problems.push(...memoryProblems(arrays, memoryLimit()));
  }

  #withRefusal(use: unknown): unknown {
    const refusal = (key: string, message: string) =>
      this.document.error([{ path: ["student", key], message }]);
    return use && { ...use, refusal };
  }

  #train(values: unknown): TrainOptions | null {
    const given = this.#mapping(values, ["train"]);
    if (!given) return null;
    // A recipe that extends one with another optimizer or schedule takes that one's keys out by `null`.
    const own = Object.fromEntries(
      Object.entries(given).filter(([key, value]) => value !== null || !CHOICE_KEYS.has(key)),
    );
    const train = this.#check(trainSchema(own), own, ["train"], trainOwner(own)) as TrainOptions | null;
    if (!train) return null;
    this.#problems.push(...checkTrain(train));
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
      this.#problems.push({ path: ["objective"], message: "Expected an objective, got an empty list" });
    }
    this.#resolved.objective = values.map(() => ({}));
    const objectives = [];
    for (const [i, item] of values.entries()) {
      const at = ["objective", i], given = this.#mapping(item, at);
      const { queue, ...own } = given ?? {};
      const use = given &&
        await this.#use("objective", OBJECTIVE_TERM, own, at) as ObjectiveUse | null;
      const needs = use && this.#needs(use, at);
      if (!needs) continue;
      const rows = { queueRows: batchSize * needs.rowsPerImage };
      objectives.push({
        ...{ ...use, needs },
        queue: await this.#nested("queue", queue, [...at, "queue"], [rows]),
      });
    }
    return objectives;
  }

  /** What a queue's options are checked against: the rows that enter it; nothing, if they are not known. */
  #factsOfQueue(objectives: ObjectiveUse[] | null, batchSize: number): OwnFacts[] {
    return this.#objectivesKnown
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
      this.#problems.push({ path: [...at, "plugin"], message: (error as Error).message });
      return null;
    }
  }

  #checkNeeds(objectives: ObjectiveUse[], { teacher, queue, small_patches }: Values): void {
    const offered = {
      teacher: teacher !== undefined,
      queue: queue !== undefined,
      smallPatches: listed(small_patches, []).length > 0,
    };
    this.#problems.push(...checkNeeds(objectives, offered, this.#objectivePaths));
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
    this.#sayUnread(unreadSections(said));
  }

  /** Earlier versions wrote every default into a run's folder: of that recipe overrides alone are somebody's wish. */
  #sayUnread(problems: readonly Problem[]): void {
    this.#problems.push(
      ...problems.filter(({ path }) => !this.options.ofRun || this.document.isTouched(path)),
    );
  }

  async #smallPatches(values: unknown): Promise<Recipe["smallPatches"]> {
    if (values === undefined) return [];
    const list: SmallPatches[] = [];
    this.#resolved.small_patches = Array.isArray(values) ? [] : {}; // as it is written
    for (const { value, at } of listed(values, ["small_patches"])) {
      const patches = await this.#smallPatch(value, at);
      if (patches) list.push(patches);
    }
    return list;
  }

  async #smallPatch(values: unknown, at: Path): Promise<SmallPatches | null> {
    const given = this.#mapping(values, at);
    if (!given) return null;
    const { augmenter, queue, ...own } = given;
    const patches = this.#check(SMALL_PATCHES, own, at, "small_patches");
    this.#remember(at, { ...patches });
    if (augmenter === undefined) {
      this.#problems.push({ path: at, atKey: true, message: `The section small_patches lacks "augmenter"` });
    }
    const uses = {
      augmenter: await this.#nested("augmenter", augmenter, [...at, "augmenter"]),
      queue: await this.#nested("queue", queue, [...at, "queue"]),
    };
    return patches && uses.augmenter && { ...patches, ...uses, augmenter: uses.augmenter, at };
  }

  /** A plugin within another section; null if it is not there. */
  async #nested<K extends PluginKind>(
    kind: K,
    values: unknown,
    at: Path,
    own?: readonly OwnFacts[],
  ): Promise<PluginUse<K> | null> {
    const given = values === undefined || values === null ? null : this.#mapping(values, at);
    return given && await this.#use(kind, PLUGIN_KEYS, given, at, own) as unknown as PluginUse<K> | null;
  }

  async #evaluate(values: unknown, learnsFromTeacher: boolean): Promise<Recipe["evaluate"] | null> {
    const { every_epochs, teacher, ...named } = this.#mapping(values, ["evaluate"]) ?? {};
    const own = this.#check(EVALUATE, { every_epochs }, ["evaluate"], "evaluate");
    this.#resolved.evaluate = { ...own };
    const evaluators = [], hasTeacher = learnsFromTeacher || (teacher ?? null) !== null;
    for (const [key, options] of Object.entries(named)) {
      if (!this.#wantsEvaluator(key, options)) continue;
      const use = await this.#evaluator(key, options ?? {}, { hasTeacher });
      if (use) evaluators.push(use);
    }
    const compared = this.wanted?.parts.includes("teacher") ?? true
      ? await this.#nested("teacher", teacher, ["evaluate", "teacher"])
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
      given = this.#mapping(options, at, nearest(key, ["every_epochs", "teacher"]));
    const values = given && { plugin: this.options.defaults.evaluatorPackage(key), ...given };
    const use = values && await this.#use("evaluator", PLUGIN_KEYS, values, at, [own]) as unknown as
      | PluginUse<"evaluator">
      | null;
    const problem = use?.options ? problemOfAugmenters(use) : null;
    if (problem) this.#problems.push({ path: [...at, "plugin"], message: problem });
    return use;
  }

  async #loggers(values: unknown): Promise<PluginUse<"logger">[]> {
    const named = values ?? [];
    if (!Array.isArray(named)) {
      this.#problems.push({ path: ["loggers"], message: `Expected a list such as [{ plugin: NAME }]` });
      return [];
    }
    // Those that a recipe names are added: it takes none of the usual ones away.
    const usual = this.options.defaults.loggers.filter((plugin) =>
      !named.some((one) => one?.plugin === plugin)
    );
    const list = [...named, ...usual.map((plugin) => ({ plugin }))];
    this.#resolved.loggers = list.map(() => ({}));
    const loggers = [];
    for (const [i, item] of list.entries()) {
      const at = ["loggers", i], given = this.#mapping(item, at);
      const use = given && await this.#use("logger", PLUGIN_KEYS, given, at);
      if (use) loggers.push(use as unknown as PluginUse<"logger">);
    }
    return loggers;
  }

  /** The values if they are a mapping. `close` is an option that takes none, if its key is close to that one's. */
  #mapping(values: unknown, at: Path, close: string | null = null): Values | null {
    if (typeof values === "object" && values !== null && !Array.isArray(values)) return values as Values;
    this.#problems.push(
      close
        ? {
          path: at,
          atKey: true,
          message: `Unknown option "${at.at(-1)}" of ${at[0]}. Did you mean "${close}"?`,
        }
        : { path: at, message: `Expected a mapping such as { plugin: NAME }, got ${shown(values)}` },
    );
    return null;
  }

  #remember(at: Path, values: Values): void {
    let holder = this.#resolved as Record<string | number, Values>;
    for (const key of at.slice(0, -1)) holder = (holder[key] ??= {}) as Record<string | number, Values>;
    holder[at.at(-1)!] = values;
  }
}

/** Whose keys those of `train:` are: an optimizer's or a schedule's, where it has some of its own. */
function trainOwner({ optimizer, schedule, ...keys }: Values): string {
  const steps = schedule === "steps" || SCHEDULE_KEYS.some((key) => key in keys);
  const chosen = [optimizer && `the optimizer ${optimizer}`, steps && schedule && `the schedule ${schedule}`];
  return ["train", chosen.filter(Boolean).join(" and ")].filter(Boolean).join(" with ");
}

/** A plugin's schema with the core's keys known (and absent), so that hints can name them. */
function withKeys(schema: z.ZodType, core: z.ZodObject): z.ZodType {
  if (!(schema instanceof z.ZodObject) || schema.def.checks?.length) return schema;
  const absent = Object.fromEntries(Object.keys(core.shape).map((key) => [key, z.undefined().optional()]));
  return schema.safeExtend(absent);
}

function absolutePaths(specifier: string, recipePath: string): string {
  if (!/^\.{1,2}\//.test(specifier)) return specifier;
  const [path, ...rest] = splitExport(specifier);
  return [absoluteSpecifier(path, recipePath), ...rest].join("#");
}

function isTeacher(plugin: Plugin): plugin is Plugin<"teacher"> {
  return plugin.kind === "teacher";
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

function omit(values: Values, key: string): Values {
  const { [key]: _, ...rest } = values;
  return rest;
}
