import { z } from "zod";
import { memoryLimit } from "../memory_limit.ts";
import type { Plugin, PluginKind, RecipeFacts } from "../interfaces/plugin.ts";
import { checkOptions } from "./check_options.ts";
import { adviceOnEarlier } from "./earlier_recipes.ts";
import { arraysOfStep, memoryProblems } from "./memory_needs.ts";
import {
  absoluteSpecifier,
  type LoadedPlugin,
  loadPlugin,
  pluginModule,
  splitExport,
} from "./plugin_loader.ts";
import { type PluginTrust, refusal } from "./plugin_trust.ts";
import type { PluginUse } from "./recipe.ts";
import type { Problem } from "./recipe_document.ts";
import { factsOf, type KnownRecipe, sidesSeenBy } from "./recipe_facts.ts";
import type { Path } from "./recipe_file.ts";
import { MOVED_OPTIONS, PLUGIN_KEYS } from "./schema.ts";
import type { RecipeView } from "./several_students.ts";
import { shown } from "./shown.ts";
import { unreadOptions, withoutUnread } from "./unread.ts";

/** A mapping of a recipe as it was read. */
export type Values = Record<string, unknown>;

/** What a plugin's options are checked against beside its recipe's facts: its own of them. */
export type OwnFacts = Partial<RecipeFacts>;

/**
 * Reads mappings of a recipe that name plugins: loads each and checks its options. What is wrong is gathered, and so is
 * the recipe as it will be written with all defaults.
 */
export class PluginReader {
  readonly problems: Problem[] = [];
  /** The recipe with its defaults, in the order in which its sections were read. */
  readonly resolved: Values = {};
  /** Whether every objective that the recipe names is known, with its queue. */
  objectivesKnown = true;
  /** What is left to be checked when all plugins are known. */
  readonly #checks: { plugin: Plugin; options: Values; at: Path; own: OwnFacts }[] = [];

  /** @param ofRun Whether the recipe is of a run's folder. */
  constructor(
    private readonly document: RecipeView,
    private readonly trust: PluginTrust,
    private readonly ofRun: boolean,
  ) {}

  /** The values as a schema has them; null: what is wrong with them is among the problems. */
  check<S extends z.ZodType>(
    schema: S,
    values: unknown,
    at: Path,
    owner: string,
    moved?: Readonly<Record<string, string>>,
  ): z.output<S> | null {
    const { value, problems } = checkOptions(schema, values, at, owner, moved);
    this.problems.push(...problems);
    return value;
  }

  /**
   * Loads the plugin of a mapping and checks its options beside the core's keys.
   *
   * @param own Facts that are its own; several: it is checked against each.
   */
  async use(
    kind: PluginKind,
    coreSchema: z.ZodObject,
    values: Values,
    at: Path,
    own: readonly OwnFacts[] = [{}],
  ): Promise<PluginUse<PluginKind> | null> {
    const coreKeys = Object.keys(coreSchema.shape);
    const pick = (cores: boolean) =>
      Object.fromEntries(Object.entries(values).filter(([key]) => coreKeys.includes(key) === cores));
    const core = this.check(coreSchema, pick(true), at, `the section "${at.join(".")}"`) as Values | null;
    if (typeof values.plugin !== "string" || !values.plugin) return null;
    const loaded = await this.#load(values.plugin, kind, at);
    if (!loaded) return null;
    const { plugin } = loaded;
    // The core's keys stand beside the plugin's, so a misspelt one is looked for among both.
    const schema = withKeys(plugin.options, coreSchema), moved = MOVED_OPTIONS[kind];
    const options = this.check(schema, { ...pick(false) }, at, plugin.name, moved) as Values | null;
    if (options) this.#checks.push(...own.map((own) => ({ plugin, options, at, own })));
    const specifier = absolutePaths(values.plugin, this.document.fileOf([...at, "plugin"]));
    const unread = options && plugin.unread?.(options) || [];
    this.sayUnread(unreadOptions(unread, pick(false), at));
    const told = { ...omit(core ?? {}, "plugin"), ...withoutUnread(options ?? {}, unread) };
    this.remember(at, { plugin: specifier, ...told });
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
      if (at[0] === "objective") this.objectivesKnown = false; // or its queue is not
      return null;
    } catch (error) {
      const message = adviceOnEarlier(specifier) ?? (error as Error).message;
      this.problems.push({ path, message });
      return null;
    }
  }

  /**
   * Checks options against the recipe; what several checks find alike is one problem.
   *
   * @param known What is known even of parts whose plugins are not.
   */
  runChecks(recipe: KnownRecipe, known: OwnFacts): void {
    const facts = { ...factsOf(recipe), ...known }, told = new Set<string>();
    const arrays = arraysOfStep(recipe, facts);
    for (const { plugin, options, at, own } of this.#checks) {
      const sides = isTeacher(plugin) && at[0] === "evaluate" &&
        { teacherSides: sidesSeenBy({ plugin, options }, recipe, { inTraining: false }) };
      for (const { key, message } of plugin.check?.(options, { ...facts, ...own, ...sides }) ?? []) {
        const path = [...at, ...key.split(".")], text = `${path.join()} ${message}`;
        if (!told.has(text)) this.problems.push({ path, message });
        told.add(text);
      }
      for (const { key, ...array } of plugin.arrays?.(options, { ...facts, ...own, ...sides }) ?? []) {
        arrays.push({ path: [...at, ...key.split(".")], ...array });
      }
    }
    this.problems.push(...memoryProblems(arrays, memoryLimit()));
  }

  /** A plugin within another section; null if it is not there. */
  async nested<K extends PluginKind>(
    kind: K,
    values: unknown,
    at: Path,
    own?: readonly OwnFacts[],
  ): Promise<PluginUse<K> | null> {
    const given = values === undefined || values === null ? null : this.mapping(values, at);
    return given && await this.use(kind, PLUGIN_KEYS, given, at, own) as unknown as PluginUse<K> | null;
  }

  /** Earlier versions wrote every default into a run's folder: of that recipe overrides alone are somebody's wish. */
  sayUnread(problems: readonly Problem[]): void {
    this.problems.push(
      ...problems.filter(({ path }) => !this.ofRun || this.document.isTouched(path)),
    );
  }

  /** The values if they are a mapping. `close` is an option that takes none, if its key is close to that one's. */
  mapping(values: unknown, at: Path, close: string | null = null): Values | null {
    if (typeof values === "object" && values !== null && !Array.isArray(values)) return values as Values;
    this.problems.push(
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

  /** Takes a mapping with its defaults into what will be written. */
  remember(at: Path, values: Values): void {
    let holder = this.resolved as Record<string | number, Values>;
    for (const key of at.slice(0, -1)) holder = (holder[key] ??= {}) as Record<string | number, Values>;
    holder[at.at(-1)!] = values;
  }
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

function omit(values: Values, key: string): Values {
  const { [key]: _, ...rest } = values;
  return rest;
}
