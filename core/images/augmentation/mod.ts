/**
 * What a plugin needs that makes views of pictures. It loads nothing of TensorFlow.js, so that the threads that make
 * views are there sooner; `@seed/core` has all of it too.
 *
 * @module
 */
export { RunError, UsageError } from "../../errors.ts";
export type { Augmenter, Pixels, ViewDescription } from "../../interfaces/augmenter.ts";
export {
  type AugmenterFacts,
  definePlugin,
  type Plugin,
  type PluginContext,
} from "../../interfaces/plugin.ts";
export { type KeyPart, Random } from "../../random.ts";
export { centerView } from "../pipeline/center_view.ts";
export { CENTER_SHARE, shortSideFor } from "../pipeline/center_window.ts";
export type { Decoding } from "../pipeline/reduction.ts";
export {
  BICUBIC,
  BILINEAR,
  cubic,
  type ResampleFilter,
  type Size,
  type Window,
} from "../pipeline/resample.ts";
export { type ColorJitter, colorJitter } from "./color_jitter.ts";
export type { Operation } from "./operations.ts";
export * as augmenterOptions from "./options.ts";
export { randomCrop } from "./random_crop.ts";
export { type Distortions, randomDistortions } from "./random_distortions.ts";
export { RandomViews } from "./random_views.ts";
export { renderView, type ViewPlan } from "./render_view.ts";
export { z } from "zod";
