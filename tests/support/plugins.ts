/**
 * Plugins that make a whole run in a second, in this process: an engine without a download, a tiny student.
 *
 * @module
 */
import { definePlugin, isHeadName, tf, unitRows, z } from "@seed/core";
import { EagerEngine } from "@seed/engine-eager";
import {
  dropRate,
  headMembers,
  headOptions,
  knownStudent,
  projectionHead,
  StudentNetwork,
  TrainableParameters,
} from "@seed/nn";
import { queuingEagerEngine } from "./eager_engine.ts";
import { TINY_NETWORK, tinyBackbone, tinyStudent } from "./tiny_student.ts";

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
  ...headMembers,
  ...knownStudent(() => TINY_NETWORK),
  create: ({ head, dropout }, { seed, embeddingDim: teacherDim, isFrozen, teacherHead }) =>
    new StudentNetwork("tiny", tinyBackbone, { seed, head, dropout, teacherDim, isFrozen, teacherHead }),
});

/** A figure that no other network has: unlike a share of few queries, equal figures mean equal features. */
export const fingerprint = definePlugin({
  kind: "evaluator",
  name: "test-fingerprint",
  apiVersion: 1,
  about: { summary: "Mean of the features' squares" },
  options: z.strictObject({}),
  create: () => ({
    name: "fingerprint",
    evaluate({ subject: { queries: { features } } }) {
      const squares = features.reduce((sum, value) => sum + value * value, 0);
      return Promise.resolve({ square: squares / features.length });
    },
  }),
});

/** Fails when it is asked for the time that `SEED_TEST_FAILS_AT` says, counted from 1. */
export const failing = definePlugin({
  kind: "evaluator",
  name: "test-failing",
  apiVersion: 1,
  about: { summary: "Fails" },
  options: z.strictObject({}),
  create: () => {
    let asked = 0;
    return {
      name: "failing",
      evaluate() {
        if (`${++asked}` === Deno.env.get("SEED_TEST_FAILS_AT")) throw new Error("The evaluator failed");
        return Promise.resolve({ asked });
      },
    };
  },
});

/** Takes its time. */
export const slow = definePlugin({
  kind: "evaluator",
  name: "test-slow",
  apiVersion: 1,
  about: { summary: "Waits half a second" },
  options: z.strictObject({}),
  create: () => ({
    name: "slow",
    async evaluate() {
      await new Promise((resolve) => setTimeout(resolve, 500));
      return { one: 1 };
    },
  }),
});

/** A teacher that has all that teachers may have: a map of each view, and a head to take over. */
export const teacherWithMaps = definePlugin({
  kind: "teacher",
  name: "test-teacher-with-maps",
  apiVersion: 1,
  about: { summary: "Two convolutions that have learnt nothing, and a head" },
  options: z.strictObject({}),
  tells: () => ({ embeddingDim: 12, inputSize: null, maps: true, head: true }),
  create() {
    const source = new TrainableParameters(7), backbone = tinyBackbone(source), mode = { training: false };
    const project = projectionHead(source, "head", { inputs: 8, hidden: [16], dim: 12 });
    const values = source.parameters.filter(({ name }) => isHeadName(name)).map((
      { name, kind, variable },
    ) => ({
      ...{ name: name.slice("head.".length), kind, tensor: variable },
    }));
    const run = (images: tf.Tensor4D) =>
      tf.tidy(() => {
        const { features, patches } = backbone.maps!(images, mode);
        return { embedding: unitRows(project(features, mode)), map: patches };
      });
    return {
      ...{ embeddingDim: 12, inputSize: null, weights: null, mapDim: 8, head: { inputDim: 8, values } },
      embed(images) {
        const { embedding, map } = run(images);
        map.dispose();
        return Promise.resolve(embedding);
      },
      maps: (images) => Promise.resolve(run(images)),
      [Symbol.dispose]: () => source[Symbol.dispose](),
    };
  },
});
