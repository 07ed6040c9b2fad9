import assert from "node:assert/strict";
import { resnet } from "../backbones/resnet.ts";
import { weightsFile } from "../../tests/golden/formula.ts";
import { type Network, networkNamed } from "../networks/networks.ts";
import { wantedValues } from "../networks/wanted_values.ts";
import { matchWeights } from "./matched_weights.ts";

/** What is said to a student of a network that begins from a file, which has the network's own names by `rename`. */
function notesOf(
  network: Network,
  rename: (name: string) => string,
  more: Record<string, number[]> = {},
): { layout: string; notes: string } {
  const values = wantedValues((source) => void network.build(source, network.normalization));
  const shapes = Object.fromEntries(values.map(({ name, shape }) => [rename(name), shape]));
  const { layout, notes } = matchWeights(weightsFile({ ...shapes, ...more }), network, values, {
    ...{ allowUnused: false, below: null },
  });
  return { layout: layout.name, notes: notes.join("\n") };
}

Deno.test("solo-learn's padding is said where the first convolution is of 3 x 3 pixels, and there alone", () => {
  for (const [stem, says] of [["small", true], ["imagenet", false]] as const) {
    const network: Network = {
      ...networkNamed("resnet18"),
      build: (source, normalization) => resnet(source, { depth: 18, normalization, stem }),
    };
    const more = { "projector.0.weight": [2, 512], "classifier.weight": [10, 512] };
    const { layout, notes } = notesOf(network, (name) => `backbone.${name}`, more);
    assert.equal(layout, "solo-learn");
    assert.equal(notes.includes("the file's network pads pictures by 2 pixels, not 1: the features"), says);
  }
});

Deno.test("a ViT's file whose network interpolates positions otherwise than timm's is said to", () => {
  const network = networkNamed("vit_tiny_16");
  const own = (name: string) => name, more = { "head.weight": [10, 192] };
  const cases: [string, (name: string) => string, Record<string, number[]>, RegExp | null][] = [
    ["timm", own, more, null],
    ["dino, timm without classifier", own, {}, /size than its own if it is DINO's and not timm's: the/],
    ["dino checkpoint", (name) => `teacher.backbone.${name}`, {}, /size than its own: the features/],
    ["moco v3, momentum encoder", (name) => `module.momentum_encoder.${name}`, {}, /has 12 heads/],
  ];
  for (const [layout, rename, more, says] of cases) {
    const found = notesOf(network, rename, more);
    assert.equal(found.layout, layout);
    if (says) assert.match(found.notes, says);
    else assert.equal(found.notes, "");
  }
  const transformers = network.layouts.find(({ name }) => name === "transformers")!;
  assert.match(`${transformers.differs}`, /^interpolates positions otherwise/);
});
