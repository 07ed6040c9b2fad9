/**
 * Tests of networks that students are against timm (student_networks.py).
 *
 * @module
 */
import assert from "node:assert/strict";
import type { tf } from "@seed/core";
import { type Backbone, type Layout, networkNamed, type ParameterSource, StudentNetwork } from "@seed/nn";
import { FrozenNetwork } from "@seed/nn/host";
import { featureDimOf } from "../../nn/networks/network_size.ts";
import { testEngine } from "../support/engine.ts";
import { runners } from "../support/runners.ts";
import { assertFingerprint, type Fingerprint } from "./fingerprint.ts";
import { fill, images, toFill, weightsFile } from "./formula.ts";
import { backboneEntries, digest, type Shapes } from "./network_entries.ts";
import { assertTrainingPass, type TrainingPass } from "./training_pass.ts";

/** What timm gives for a network. */
interface Golden {
  /** Of the weights' formula. */
  gain: number;
  /** Digests of names and shapes, by layout. */
  layouts: Record<string, string>;
  /** Of the whole network, by the side of the images. */
  features: Record<string, Fingerprint>;
  /** How many images a pass in training mode has. */
  images: number;
  /** Their name, and what became of them. */
  batch: string;
  training: TrainingPass;
}

/** How the network that timm trained is built, where that is a smaller one than the name says. */
export type Cuts = Readonly<Record<string, (source: ParameterSource) => Backbone>>;

/**
 * Adds the tests of a family, `student_FAMILY.json.gz`.
 *
 * @param options.traced Networks that are trained as one operation too: of like layers one will do, since compiling takes
 *   long.
 */
export async function testStudentNetworks(
  family: string,
  { cuts = {}, traced = [] }: { cuts?: Cuts; traced?: readonly string[] } = {},
): Promise<void> {
  const file = await Deno.open(new URL(`./student_${family}.json.gz`, import.meta.url));
  const golden: Record<string, Golden> = await new Response(
    file.readable.pipeThrough(new DecompressionStream("gzip")),
  ).json();
  for (const [name, expected] of Object.entries(golden)) {
    testNames(name, expected);
    testEvaluation(name, expected);
    testTraining(name, expected, { build: cuts[name], traced: traced.includes(name) });
  }
}

function testNames(name: string, { layouts }: Golden): void {
  Deno.test(`${name} has the names and shapes of its libraries`, () => {
    const network = networkNamed(name), entries = backboneEntries(network);
    for (const [layoutName, expected] of Object.entries(layouts)) {
      const layout = network.layouts.find((one) => one.name === layoutName);
      assert.ok(layout, layoutName);
      assert.equal(digest(renamed(entries, layout)), expected, layoutName);
    }
  });
}

function renamed(entries: Shapes, { rename = (name) => name }: Layout): Shapes {
  return Object.fromEntries(
    Object.entries(entries).map(([name, shape]) => [rename(name, () => true), shape]),
  );
}

function testEvaluation(name: string, { gain, features }: Golden): void {
  Deno.test(`${name}, of a run and frozen, computes timm's features`, async (t) => {
    const { eager } = runners(await testEngine()), network = networkNamed(name);
    const head = { "head.0.weight": [8, featureDimOf(network)], "head.0.bias": [8] };
    using frozen = FrozenNetwork.load(weightsFile({ ...backboneEntries(network), ...head }, gain), network);
    assert.equal(frozen.layout.name, "seed student");
    assert.equal(frozen.headDim, 8);
    for (const [side, expected] of Object.entries(features)) {
      await t.step(`${side} px`, async () => {
        const input = images("images", 2, Number(side));
        const [found] = await eager((x) => [frozen.features(x as tf.Tensor4D)], input);
        assertFingerprint("features", found, expected, { tolerance: 1e-4 });
        input.dispose();
      });
    }
  });
}

function testTraining(
  name: string,
  { gain, features, images: count, batch, training }: Golden,
  { build, traced }: { build?: (source: ParameterSource) => Backbone; traced: boolean },
): void {
  Deno.test(`${name}, a student, trains as timm's: outputs, running statistics, gradients`, async (t) => {
    const run = runners(await testEngine()), network = networkNamed(name);
    const options = { seed: 0, head: { dim: 128 }, teacherDim: null };
    const make = build ?? ((source: ParameterSource) => network.build(source, network.normalization));
    using student = await toFill(() => new StudentNetwork(name, make, options));
    const trained = student.parameters.filter(({ trainable }) => trainable).map(({ name }) => name);
    assert.deepEqual(new Set(trained), new Set(Object.keys(training.gradients)));
    const input = images(batch, count, Number(Object.keys(features)[0]));
    for (const how of traced ? ["eager", "traced"] as const : ["eager"] as const) {
      fill(student.parameters, gain);
      await t.step(how, () => assertTrainingPass(student, input, training, run[how]));
    }
    input.dispose();
  });
}
