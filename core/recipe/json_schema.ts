/**
 * A JSON Schema of recipes (draft 7, which editors read), with the options of the plugins that it is told of. Whatever
 * the loader accepts it accepts too, but for a recipe that extends one and gives options of a plugin that is not known
 * here without naming it again: which plugin that is stands in the other file. It is laxer where a rule is of several keys
 * together, or of files.
 *
 * @module
 */
import { z } from "zod";
import type { Plugin, PluginKind } from "../interfaces/plugin.ts";
import {
  CHECKPOINT,
  CHOICE_KEYS,
  EVALUATE,
  OBJECTIVE_TERM,
  OPTIMIZERS,
  PLUGIN_KEYS,
  SCHEDULES,
  SECTION_KEYS,
  SMALL_PATCHES,
  TRAIN,
} from "./schema.ts";
import { MOST_STUDENTS, STUDENT_NAME } from "./several_students.ts";

/** A schema, as JSON. */
export type JsonSchema = { [key: string]: unknown };

/** What the schema is to know. */
export interface SchemaSources {
  /** By the name that recipes give. */
  plugins: ReadonlyMap<string, Plugin>;
  /** Taken where a recipe names none. */
  engine: string;
  /** Name of an evaluator's plugin by its key. */
  evaluatorPackage(key: string): string;
  /** What a key means: of a plugin's, or of the core's (`train.lr`). */
  meaning(owner: string | null, key: string): string | null;
}

/** Makes the schema. */
export function recipeSchema(sources: SchemaSources): JsonSchema {
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "Recipe of SEED for Deno",
    // What a recipe that extends another leaves out, the other has.
    ...{ if: { required: ["extends"] }, then: { $ref: "#/definitions/part" } },
    else: { $ref: "#/definitions/whole" },
    definitions: {
      ...new Sections(sources, false).definitions(),
      ...new Sections(sources, true).definitions(),
    },
  };
}

class Sections {
  /** @param isPart Whether what is missing stands elsewhere, and `null` takes out what does. */
  constructor(private readonly sources: SchemaSources, private readonly isPart: boolean) {}

  /** The recipe, and what stands in it several times. */
  definitions(): Record<string, JsonSchema> {
    const name = this.isPart ? "part" : "whole";
    return { [name]: this.#recipe(), [`${name}_evaluator`]: this.#use("evaluator", PLUGIN_KEYS) };
  }

  #recipe(): JsonSchema {
    const sections: Record<string, JsonSchema> = {
      version: { const: 1, ...this.#described(null, "version") },
      seed: { ...this.#of(z.int().min(0).default(0)), ...this.#described(null, "seed") },
      engine: orNull(this.#use("engine", SECTION_KEYS.engine, this.sources.engine)),
      data: this.#use("data", SECTION_KEYS.data),
      augmenter: this.#use("augmenter", SECTION_KEYS.augmenter),
      small_patches: orNull(oneOrSeveral(this.#smallPatches())),
      teacher: orNull(this.#use("teacher", SECTION_KEYS.teacher)),
      student: orNull(this.#use("student", SECTION_KEYS.student)),
      students: orNull(this.#students()),
      queue: orNull(this.#use("queue", SECTION_KEYS.queue)),
      objective: this.#objective(),
      train: this.#train(),
      evaluate: orNull(this.#evaluate()),
      checkpoint: orNull(this.#object(CHECKPOINT, "checkpoint.")),
      loggers: orNull({ type: "array", items: this.#use("logger", PLUGIN_KEYS) }),
    };
    const needed = { required: ["version", "data", "augmenter", "objective", "train"] };
    return {
      type: "object",
      properties: { extends: { type: "string" }, ...sections },
      additionalProperties: false,
      ...!this.isPart && needed,
      ...!this.isPart && {
        anyOf: ["student", "students"].map((key) => ({
          required: [key],
          properties: { [key]: { not: { type: "null" } } },
        })),
      },
    };
  }

  /** A section with a plugin: one of those that are known with its options, or another with any. */
  #use(kind: PluginKind, core: z.ZodObject, usual: string | null = null, more: Keys = {}): JsonSchema {
    const named = [...this.sources.plugins].filter(([, plugin]) => plugin.kind === kind);
    const keys = { ...this.#keys(core, `${kind}.`), ...more };
    const known = named.map(([name, { options }]) => {
      const plugin = { schema: { const: name, ...this.#described(name, null) }, needed: name !== usual };
      return this.#closed({ ...keys, ...this.#keys(options as z.ZodObject, "", name), plugin });
    });
    const names = named.map(([name]) => name);
    const foreign = {
      type: "object",
      properties: { ...schemasOf(keys), plugin: { type: "string", minLength: 1, not: { enum: names } } },
      required: this.isPart ? ["plugin"] : [...new Set(["plugin", ...requiredOf(keys)])],
    };
    return { anyOf: [...known, foreign] };
  }

  #students(): JsonSchema {
    const name = { schema: { type: "string", pattern: STUDENT_NAME.source }, needed: true };
    const items = this.#use("student", SECTION_KEYS.student, null, { name });
    return { type: "array", items, minItems: 1, maxItems: MOST_STUDENTS };
  }

  #objective(): JsonSchema {
    const queue = { schema: orNull(this.#use("queue", PLUGIN_KEYS)), needed: false };
    const term = this.#use("objective", OBJECTIVE_TERM, null, { queue });
    const alone = this.#use("objective", SECTION_KEYS.objective);
    return { anyOf: [alone, { type: "array", items: term, minItems: 1 }] };
  }

  #smallPatches(): JsonSchema {
    const augmenter = { schema: this.#use("augmenter", PLUGIN_KEYS), needed: true };
    const queue = { schema: orNull(this.#use("queue", PLUGIN_KEYS)), needed: false };
    return this.#closed({ ...this.#keys(SMALL_PATCHES, "small_patches."), augmenter, queue });
  }

  /** Evaluators by names; one of another name says its plugin. */
  #evaluate(): JsonSchema {
    const { plugins, evaluatorPackage } = this.sources, prefix = evaluatorPackage("").length;
    const any = { $ref: `#/definitions/${this.isPart ? "part" : "whole"}_evaluator` };
    const named = [...plugins].filter(([, { kind }]) => kind === "evaluator").map(([name, { options }]) => {
      const keys = this.#keys(options as z.ZodObject, "", name),
        plugin = { schema: { const: name }, needed: false };
      const own = this.#closed({ ...keys, plugin });
      const other = { allOf: [any, { required: ["plugin"] }] };
      return [name.slice(prefix), { anyOf: [own, other, { type: "null" }], ...this.#described(name, null) }];
    });
    return {
      type: "object",
      properties: {
        ...schemasOf(this.#keys(EVALUATE, "evaluate.")),
        teacher: orNull(this.#use("teacher", PLUGIN_KEYS)),
        ...Object.fromEntries(named),
      },
      additionalProperties: this.isPart ? orNull(any) : any,
    };
  }

  /** Keys of an optimizer or a schedule may be there where it is chosen; `null` is none in any case. */
  #train(): JsonSchema {
    const { optimizer, schedule, ...keys } = this.#keys(TRAIN, "train.");
    const choices = [this.#choice("optimizer", OPTIMIZERS), this.#choice("schedule", SCHEDULES)];
    const own = Object.fromEntries([...CHOICE_KEYS].map((key) => [key, { schema: {}, needed: false }]));
    return { ...this.#closed({ ...keys, optimizer, schedule, ...own }), allOf: choices.flat() };
  }

  #choice(key: "optimizer" | "schedule", choices: Record<string, z.ZodObject>): JsonSchema[] {
    const all = Object.values(choices).flatMap(({ shape }) => Object.keys(shape)),
      [usual] = Object.keys(choices);
    return Object.entries(choices).map(([name, schema]) => {
      const own = this.#keys(schema, "train."), others = all.filter((other) => !(other in own));
      const isChosen = { properties: { [key]: { const: name } }, ...name !== usual && { required: [key] } };
      const allowed = Object.entries(own).map((
        [own, { schema, needed }],
      ) => [own, needed ? schema : orNull(schema)]);
      return {
        // Of a part another file may say which is chosen.
        ...{ if: this.isPart ? { ...isChosen, required: [key] } : isChosen },
        then: {
          properties: { ...Object.fromEntries(allowed), ...nullOnly(others) },
          ...!this.isPart && { required: requiredOf(own) },
        },
      };
    });
  }

  #object(schema: z.ZodObject, prefix: string): JsonSchema {
    return this.#closed(this.#keys(schema, prefix));
  }

  #closed(keys: Keys): JsonSchema {
    const required = this.isPart ? [] : requiredOf(keys);
    return {
      type: "object",
      properties: schemasOf(keys),
      ...required.length && { required },
      additionalProperties: false,
    };
  }

  /** The keys of a mapping, with meanings. */
  #keys(schema: z.ZodObject, prefix: string, owner: string | null = null): Keys {
    const { properties, required = [] } = this.#of(schema) as {
      properties: Record<string, JsonSchema>;
      required?: string[];
    };
    return Object.fromEntries(
      Object.entries(properties).map(([key, value]) => [key, {
        schema: this.#withMeanings(value, owner, prefix + key),
        needed: required.includes(key) || key === "plugin",
      }]),
    );
  }

  /** Keys within keys have meanings too. */
  #withMeanings(schema: JsonSchema, owner: string | null, key: string): JsonSchema {
    const within = (inner: JsonSchema): JsonSchema => {
      const { properties, anyOf, required, ...rest } = inner as JsonSchema & {
        properties?: Record<string, JsonSchema>;
      };
      return {
        ...rest,
        ...required !== undefined && !this.isPart && { required },
        ...properties && {
          properties: Object.fromEntries(
            Object.entries(properties).map((
              [name, value],
            ) => [name, this.#withMeanings(value, owner, `${key}.${name}`)]),
          ),
        },
        ...Array.isArray(anyOf) && { anyOf: anyOf.map(within) },
      };
    };
    return { ...within(schema), ...this.#described(owner, key) };
  }

  /** @param key Null: what a plugin is. */
  #described(owner: string | null, key: string | null): JsonSchema {
    const description = key === null
      ? this.sources.plugins.get(owner!)?.about.summary
      : this.sources.meaning(owner, key);
    return description ? { description } : {};
  }

  #of(schema: z.ZodType): JsonSchema {
    const options = { target: "draft-7", io: "input", unrepresentable: "any", reused: "inline" } as const;
    const { $schema: _, ...json } = z.toJSONSchema(schema, options);
    return json;
  }
}

/** Keys of a mapping: what each may be, and whether it has to be there. */
type Keys = Readonly<Record<string, { schema: JsonSchema; needed: boolean }>>;

function schemasOf(keys: Keys): Record<string, JsonSchema> {
  return Object.fromEntries(Object.entries(keys).map(([key, { schema }]) => [key, schema]));
}

function requiredOf(keys: Keys): string[] {
  return Object.keys(keys).filter((key) => keys[key].needed);
}

function orNull(schema: JsonSchema): JsonSchema {
  return { anyOf: [schema, { type: "null" }] };
}

function oneOrSeveral(schema: JsonSchema): JsonSchema {
  return { anyOf: [schema, { type: "array", items: schema }] };
}

function nullOnly(keys: readonly string[]): Record<string, JsonSchema> {
  return Object.fromEntries(keys.map((key) => [key, { type: "null" }]));
}
