/**
 * One suite an interface: what its documentation promises, checked on an implementation. Plugins of third parties
 * run them in their tests as SEED's own do.
 *
 * @example
 * ```ts ignore
 * import { checkQueue } from "@seed/core/conformance";
 * import plugin from "./my_queue.ts";
 *
 * Deno.test("my queue", (t) =>
 *   checkQueue(t, { engine, make: ({ seed, ...sizes }) => plugin.create({ size: 12 }, { ...context, seed, ...sizes }) }));
 * ```
 *
 * @module
 */
export * from "./augmenter.ts";
export * from "./data_source.ts";
export * from "./engine.ts";
export * from "./evaluator.ts";
export * from "./kernels.ts";
export * from "./logger.ts";
export * from "./objective.ts";
export * from "./queue.ts";
export * from "./recipe_facts.ts";
export * from "./small_student.ts";
export * from "./steps.ts";
export * from "./student.ts";
export * from "./teacher.ts";
