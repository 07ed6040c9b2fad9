import assert from "node:assert/strict";
import type { tf, WeightsFile } from "@seed/core";
import type { Layout, Network, ParameterSource } from "@seed/nn";
import { FrozenNetwork } from "@seed/nn/host";
import { countMacs, shapeOnly } from "../../nn/networks/shape_backend.ts";
import { convnexts } from "../../nn/networks/convnexts.ts";
import { visionTransformers } from "../../nn/networks/vision_transformers.ts";
import { testEngine } from "../support/engine.ts";
import { runners } from "../support/runners.ts";
import { assertFingerprint, type Fingerprint } from "./fingerprint.ts";
import { images, weightsFile } from "./formula.ts";
import { digest, type Shapes } from "./network_entries.ts";

/** What timm or transformers gives for a file. */
interface Expected {
  /** How many blocks it has, of a ConvNeXt in each stage; null: all of the network's. */
  depth: number | number[] | null;
  /** Of the blocks the first alone, of a ConvNeXt that of each stage. */
  entries: Shapes;
  /** Digest of the entries of the whole network. */
  all: string;
  /** By side of the images in pixels. */
  outputs: Record<string, Record<"features" | "mean" | "patches", Fingerprint> & { images: number }>;
}

const file = await Deno.open(new URL("./teacher_networks.json.gz", import.meta.url));
const CASES: Record<string, Expected> = await new Response(
  file.readable.pipeThrough(new DecompressionStream("gzip")),
).json();
const FIRST_BLOCK = /^(.*?\b(?:blocks|layers?|resblocks|stages\.\d)\.)0(\..*)$/;

/** The entries of as many blocks as a network has, by stage. */
function entriesOf(entries: Shapes, blocks: readonly number[]): Shapes {
  return Object.fromEntries(
    Object.entries(entries).flatMap(([name, shape]): [string, number[]][] => {
      const [, before, after] = name.match(FIRST_BLOCK) ?? [];
      if (before === undefined) return [[name, shape]];
      const count = blocks[stageOf(name)];
      return Array.from({ length: count }, (_, i) => [`${before}${i}${after}`, shape]);
    }),
  );
}

/** How many blocks a network has, by stage. */
function blocksOf({ build, normalization }: Network): number[] {
  const counts: number[] = [];
  countMacs(() =>
    build({
      ...{ frozen: false, parameters: [] },
      get(name, _kind, shape) {
        const block = name.match(/\bblocks\.(\d+)\./)?.[1], stage = stageOf(name);
        if (block !== undefined) counts[stage] = Math.max(counts[stage] ?? 0, Number(block) + 1);
        return shapeOnly(shape);
      },
    }, normalization)
  );
  return counts;
}

function stageOf(name: string): number {
  return Number(name.match(/\bstages\.(\d)\./)?.[1] ?? 0);
}

function networkOf(name: string, depth: Expected["depth"]): Network {
  const all = [
    ...visionTransformers(typeof depth === "number" ? depth : undefined),
    ...convnexts(Array.isArray(depth) ? depth : undefined),
  ];
  const network = all.find((one) => one.name === name);
  assert.ok(network, name);
  return network;
}

/** Names in a file that a network takes its values from, in a layout. */
function namesTaken(
  { build, normalization }: Network,
  layout: Layout,
  has: (name: string) => boolean,
): string[] {
  const parts = new Map(layout.joined?.map(({ name, from }) => [name, from.map((part) => part.name)]));
  const names = new Set<string>();
  const take = (name: string) => {
    for (const one of parts.get(name) ?? [layout.rename?.(name, has) ?? name]) names.add(layout.prefix + one);
  };
  const source: ParameterSource = {
    ...{ frozen: false, parameters: [] },
    get: (name, _kind, shape) => {
      take(name);
      return shapeOnly(shape);
    },
    shapeOf: (name) => parts.has(name) || has(layout.rename?.(name, has) ?? name) ? [] : undefined,
    numbers: (name) => {
      if (has(name)) take(name);
      return undefined;
    },
  };
  countMacs(() => (layout.build ?? build)(source, normalization));
  return [...names];
}

for (const [name, { depth, entries, all, outputs }] of Object.entries(CASES)) {
  const [networkName, ...layoutName] = name.split(", ");
  Deno.test(`features, means and maps of ${name} are those of timm or transformers`, async (t) => {
    const engine = await testEngine(), network = networkOf(networkName, depth);
    const file: WeightsFile = weightsFile(entriesOf(entries, blocksOf(network)));
    using frozen = FrozenNetwork.load(file, network);
    assert.equal(frozen.layout.name, layoutName.join(", "));
    const { eager, traced } = runners(engine);
    for (const [side, expected] of Object.entries(outputs)) {
      await t.step(`${side} px`, async () => {
        const input = images("images", expected.images, Number(side));
        // Small pictures operation by operation, which is the sooner of the two with constants as large.
        const run = Number(side) <= 64 ? eager : traced;
        const [features, patches, pooled] = await run((x) => {
          const { features, patches } = frozen.maps(x as tf.Tensor4D);
          return [features, patches, frozen.features(x as tf.Tensor4D)];
        }, input);
        const tolerance = 2e-4;
        assertFingerprint("features", features, expected.features, { tolerance });
        assertFingerprint("features alone", pooled, expected.features, { tolerance });
        assertFingerprint("patches", patches, expected.patches, { tolerance });
        if (frozen.pools.includes("mean")) {
          const [mean] = await run((x) => [frozen.features(x as tf.Tensor4D, "mean")], input);
          assertFingerprint("mean", mean, expected.mean, { tolerance });
        }
        input.dispose();
      });
    }
  });

  Deno.test(`the whole of ${name} takes every entry of its publisher's`, () => {
    const network = networkOf(networkName, null), layout = layoutNamed(network, layoutName.join(", "));
    const whole = entriesOf(entries, blocksOf(network));
    assert.equal(digest(whole), all);
    const has = (entry: string) => `${layout.prefix}${entry}` in whole;
    const taken = namesTaken(network, layout, has).sort();
    assert.deepEqual(taken, Object.keys(whole).filter((entry) => !layout.dropped(entry)).sort());
  });
}

function layoutNamed({ layouts }: Network, name: string): Layout {
  const layout = layouts.find((one) => one.name === name);
  assert.ok(layout, name);
  return layout;
}
