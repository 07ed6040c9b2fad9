/**
 * Marks the steps of a run in one process, which asks nobody before a step.
 *
 * @module
 */
import { definePlugin, z } from "@seed/core";
import { betweenSteps } from "./marks.ts";

export default definePlugin({
  kind: "logger",
  name: "marking-logger",
  apiVersion: 1,
  about: { summary: "Marks when steps end" },
  options: z.strictObject({}),
  create: () => ({ step: betweenSteps }),
});
