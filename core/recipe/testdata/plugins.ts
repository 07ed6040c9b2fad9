/**
 * Plugins of every kind for tests of recipes; they make nothing.
 *
 * @module
 */
import { z } from "zod";
import type { ObjectiveNeeds } from "../../interfaces/objective.ts";
import { definePlugin, type Plugin, type PluginKind } from "../../interfaces/plugin.ts";

function made<K extends PluginKind>(kind: K, options: z.ZodType, more: Partial<Plugin<K>> = {}): Plugin<K> {
  const plugin: Plugin<K> = {
    kind,
    name: `test-${kind}`,
    apiVersion: 1,
    about: { summary: "Makes nothing" },
    options,
    create: () => {
      throw new Error("A recipe that is only read makes nothing");
    },
    ...more,
  };
  return definePlugin(plugin as never);
}

export const engine = made("engine", z.strictObject({ threads: z.int().positive().optional() }));
export const data = made("data", z.strictObject({ root: z.string() }));
export const augmenter = made(
  "augmenter",
  z.strictObject({
    size: z.int().min(8).default(224),
    blur: z.strictObject({ sigma: z.number().default(2), probability: z.number().min(0).max(1).default(0.5) })
      .prefault({}),
  }),
);
export const teacher = made(
  "teacher",
  z.strictObject({ weights: z.string(), precision: z.enum(["fp32", "bf16", "auto"]).default("auto") }),
);
export const student = made("student", z.strictObject({ variant: z.enum(["b0", "b1"]) }));
export const queue = made("queue", z.strictObject({ size: z.int().positive() }), {
  check: (options, { queueRows }) => {
    const { size } = options as { size: number };
    return size % queueRows === 0 ? [] : [{ key: "size", message: `${size} does not fit ${queueRows}` }];
  },
});
export const objective = made(
  "objective",
  z.strictObject({
    temperature: z.number().positive().default(0.2),
    parts: z.int().positive().optional(),
  }),
  {
    check: (options, { passSize }) => {
      const { parts = 1 } = options as { parts?: number };
      return passSize % parts === 0 ? [] : [{ key: "parts", message: `${passSize} is not ${parts} parts` }];
    },
    needs: () => ({ teacherViews: [0], queue: true }),
  },
);
/** Has options that nothing reads unless another says so. */
export const choosing = made(
  "augmenter",
  z.strictObject({
    choice: z.enum(["none", "some"]).default("none"),
    inner: z.strictObject({ rate: z.number().default(1), other: z.number().default(2) }).prefault({}),
  }),
  {
    unread: (options) =>
      (options as { choice: string }).choice === "none"
        ? [{ key: "inner.rate", message: "the choice is none" }]
        : [],
  },
);
/** An augmenter, a teacher and a student that tell and check what they can. */
export const telling = made("augmenter", z.strictObject({ size: z.int() }), {
  tells: (options) => ({ size: (options as { size: number }).size }),
});
const sides = z.strictObject({ dim: z.int(), input: z.int().nullable().default(null) });
export const tellingTeacher = made("teacher", sides, {
  tells: (options) => {
    const { dim, input } = options as z.infer<typeof sides>;
    return { embeddingDim: dim, inputSize: input };
  },
  check: (
    _,
    { teacherSides },
  ) => [{ key: "input", message: `It sees ${teacherSides.join(" and ") || "nothing"}` }],
});
export const checkingStudent = made("student", z.strictObject({ head: z.strictObject({ dim: z.int() }) }), {
  check: (_, { teacherDim, studentSides, evaluates }) => [{
    key: "head.dim",
    message: `${teacherDim} of ${studentSides.join(" and ")}, ${evaluates ? "" : "not "}evaluated`,
  }],
});
export const needyEvaluator = made("evaluator", z.strictObject({}), {
  needs: () => ({
    augmenters: { small: { plugin: augmenter, module: import.meta.url, options: { size: 4 } } },
  }),
});
/** Needs what a recipe says that it does. */
export const needing = made(
  "objective",
  z.strictObject({ needs: z.unknown() }),
  { needs: (options) => (options as { needs: ObjectiveNeeds }).needs },
);
export const failing = made("objective", z.strictObject({}), {
  needs: () => {
    throw new Error("No coffee");
  },
});
export const withoutNeeds = made("objective", z.strictObject({}));
export const evaluator = made("evaluator", z.strictObject({ k: z.int().positive().default(20) }));
export const logger = made("logger", z.strictObject({ every: z.number().default(10) }));
export const other_logger = made("logger", z.strictObject({}));

export const old = { ...data, apiVersion: 0 };
export const nothing = null;
export const text = "a plugin?";
export const withoutOptions = { ...data, options: {} };
export default data;
