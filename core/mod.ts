/**
 * The core of SEED for Deno: the interfaces that plugins implement, and what they are given.
 *
 * @module
 */
export * from "./augmenter.ts";
export * from "./data_source.ts";
export * from "./engine.ts";
export * from "./errors.ts";
export * from "./evaluator.ts";
export * from "./logger.ts";
export * from "./objective.ts";
export * from "./plugin.ts";
export * from "./queue.ts";
export * from "./random.ts";
export * from "./student.ts";
export * from "./teacher.ts";
export * from "./tf.ts";
export { z } from "zod";
