/**
 * Plugins that make a whole run in a second, in this process: an engine without a download, a tiny student.
 *
 * @module
 */
import { definePlugin, z } from "@seed/core";
import { EagerEngine } from "@seed/engine-eager";
import { checkHead, dropRate, headOptions, StudentNetwork } from "@seed/nn";
import { queuingEagerEngine } from "./eager_engine.ts";
import { tinyBackbone, tinyStudent } from "./tiny_student.ts";

export const engine = definePlugin({
  kind: "engine",
  name: "test-engine",
  apiVersion: 1,
  about: { summary: "tfjs's pure-JavaScript backend" },
  options: z.strictObject({}),
  create: () => EagerEngine.open(),
});

export const queuingEngine = definePlugin({
  kind: "engine",
  name: "test-queuing-engine",
  apiVersion: 1,
  about: { summary: "The same, read one step late" },
  options: z.strictObject({}),
  create: queuingEagerEngine,
});

export const student = definePlugin({
  kind: "student",
  name: "test-student",
  apiVersion: 1,
  about: { summary: "Two convolutions" },
  options: z.strictObject({}),
  create: (_options, { seed, embeddingDim }) => tinyStudent({ seed, teacherDim: embeddingDim }),
});

/** With the options that students have in common. */
export const studentWithHead = definePlugin({
  kind: "student",
  name: "test-student-with-head",
  apiVersion: 1,
  about: { summary: "Two convolutions and a head to choose" },
  options: z.strictObject({ head: headOptions, dropout: dropRate }),
  check: checkHead,
  create: ({ head, dropout }, { seed, embeddingDim: teacherDim }) =>
    new StudentNetwork("tiny", tinyBackbone, { seed, head, dropout, teacherDim }),
});
