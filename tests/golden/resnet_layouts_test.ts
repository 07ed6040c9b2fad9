import assert from "node:assert/strict";
import { tf, type WeightsFile } from "@seed/core";
import { type Network, networkNamed, resnet, type ResNetDepth } from "@seed/nn";
import { FrozenNetwork } from "@seed/nn/host";
import { testEngine } from "../support/engine.ts";
import { assertFingerprint, type Fingerprint } from "./fingerprint.ts";
import { images, weight, weightsFile } from "./formula.ts";
import { backboneEntries, digest, type Shapes } from "./network_entries.ts";
import golden from "./resnet_layouts.json" with { type: "json" };

const HIDDEN = 24, DIM = 12;

const linear = (inputs: number, outputs: number) => ({ weight: [outputs, inputs], bias: [outputs] });
const statistics = (n: number) => ({ running_mean: [n], running_var: [n], num_batches_tracked: [] });
const batchNorm = (n: number) => ({ weight: [n], bias: [n], ...statistics(n) });
const matrix = (inputs: number, outputs: number) => ({ weight: [outputs, inputs] });
/** A linear layer without bias, and a batch norm. */
const layer = (number: number, inputs: number, outputs: number) => ({
  ...prefixed(`${number}.`, matrix(inputs, outputs)),
  ...prefixed(`${number + 1}.`, batchNorm(outputs)),
});
const hidden = (width: number) => ({ ...layer(0, width, HIDDEN), ...layer(3, HIDDEN, HIDDEN) });

/** Projection heads by kind, on features of a width. */
const HEADS: Record<string, (width: number) => Shapes> = {
  "linear": (width) => linear(width, DIM),
  "mlp": (width) => ({ ...prefixed("0.", linear(width, HIDDEN)), ...prefixed("2.", linear(HIDDEN, DIM)) }),
  "mlp with batch norm": (width) => ({
    ...prefixed("0.", linear(width, HIDDEN)),
    ...prefixed("1.", batchNorm(HIDDEN)),
    ...prefixed("3.", linear(HIDDEN, DIM)),
  }),
  "moco v3": (width) => ({
    ...hidden(width),
    ...prefixed("6.", matrix(HIDDEN, DIM)),
    ...prefixed("7.", statistics(DIM)),
  }),
  "simsiam": (width) => ({
    ...hidden(width),
    ...prefixed("6.", linear(HIDDEN, DIM)),
    ...prefixed("7.", statistics(DIM)),
  }),
  "barlow twins": (width) => ({ ...hidden(width), ...prefixed("6.", matrix(HIDDEN, DIM)) }),
};

/** A layout as files have it: where the encoder and its head are, and what else there is. */
interface Publication {
  prefix: string;
  head?: { name: string; kind: keyof typeof HEADS };
  /** Where the encoder's own values are, beside the head; default: no deeper. */
  encoder?: (name: string) => string;
  normalization?: "swav";
  others?: (encoder: Shapes, width: number) => Shapes;
}

const moco = (kind: string): Publication => ({
  prefix: "module.encoder_q.",
  head: { name: "fc", kind },
  others: (encoder) => ({
    ...prefixed("module.encoder_k.", encoder),
    ...{ "module.queue": [DIM, 64], "module.queue_ptr": [1] },
  }),
});
const mocoV3: Publication = {
  prefix: "module.base_encoder.",
  head: { name: "fc", kind: "moco v3" },
  others: (encoder) => ({
    ...prefixed("module.momentum_encoder.", encoder),
    ...prefixed("module.predictor.", {
      ...layer(0, DIM, HIDDEN),
      ...prefixed("3.", matrix(HIDDEN, DIM)),
      ...prefixed("4.", statistics(DIM)),
    }),
  }),
};
const simsiam: Publication = {
  prefix: "module.encoder.",
  head: { name: "fc", kind: "simsiam" },
  others: () =>
    prefixed("module.predictor.", { ...layer(0, DIM, HIDDEN), ...prefixed("3.", linear(HIDDEN, DIM)) }),
};
const barlowTwins: Publication = {
  prefix: "module.",
  head: { name: "projector", kind: "barlow twins" },
  encoder: (name) => `backbone.${name}`,
  others: () => prefixed("module.bn.", statistics(DIM)),
};
const CHILDREN = ["conv1", "bn1", "", "", "layer1", "layer2", "layer3", "layer4"];
const childOf = (name: string) => name.replace(/^[^.]+/, (child) => String(CHILDREN.indexOf(child)));
const swav = (kind: string): Publication => ({
  prefix: "module.",
  head: { name: "projection_head", kind },
  normalization: "swav",
  others: () => ({ "module.prototypes.weight": [30, DIM] }),
});
const seedPaper = (kind: string): Publication => ({
  prefix: "module.student.",
  head: { name: "fc", kind },
  others: (encoder, width) => ({
    ...prefixed(
      "module.teacher.",
      Object.fromEntries(
        Object.entries(encoder).filter(([name]) => !name.startsWith("fc.")),
      ),
    ),
    ...prefixed("module.teacher.projection_head.", HEADS["mlp with batch norm"](width)),
    ...{ "module.queue": [DIM, 64], "module.small_queue": [DIM, 64], "module.queue_ptr": [1] },
  }),
});

const LAYOUTS: Record<keyof typeof golden.files, Publication> = {
  "moco v1": moco("linear"),
  "moco v2": moco("mlp"),
  "moco, without head": {
    prefix: "module.encoder_q.",
    others: (encoder) => ({
      ...prefixed("module.encoder_k.", encoder),
      ...{ "module.queue": [DIM, 64], "module.queue_ptr": [1] },
    }),
  },
  "moco v3": mocoV3,
  "simsiam": simsiam,
  "barlow twins and vicreg": barlowTwins,
  "torchvision's children": { prefix: "", encoder: childOf },
  "swav": swav("mlp with batch norm"),
  "swav, head without batch norm": swav("mlp"),
  "swav, linear head": swav("linear"),
  "simclr": { prefix: "module.module.module.", head: { name: "fc", kind: "mlp with batch norm" } },
  "seed paper": seedPaper("mlp"),
  "seed paper, linear head": seedPaper("linear"),
  "seed student": { prefix: "", head: { name: "head", kind: "mlp" } },
  "timm and torchvision": { prefix: "", others: (_, width) => prefixed("fc.", linear(width, 1000)) },
};

/** Depth, and channels relative to torchvision's: a quarter and less, so that this is quick. */
const NETWORKS: Record<keyof typeof golden.networks, { depth: ResNetDepth; width: number }> = {
  resnet18: { depth: 18, width: 1 / 4 },
  resnet34: { depth: 34, width: 1 / 4 },
  resnet50: { depth: 50, width: 1 / 4 },
  resnet101: { depth: 101, width: 1 / 4 },
  resnet152: { depth: 152, width: 1 / 4 },
  resnet50_w2: { depth: 50, width: 2 / 16 },
  resnet50_w4: { depth: 50, width: 4 / 16 },
  resnet50_w5: { depth: 50, width: 5 / 16 },
};

/** The wide ones are published by SwAV's authors alone. */
function layoutsOf(network: string): (keyof typeof LAYOUTS)[] {
  const all = Object.keys(LAYOUTS) as (keyof typeof LAYOUTS)[];
  return network.startsWith("resnet50_w") ? all.filter((layout) => layout.startsWith("swav")) : all;
}

for (const [name, size] of Object.entries(NETWORKS)) {
  const { layouts, ...others } = networkNamed(name);
  const network: Network = {
    ...others,
    layouts,
    build: (source, normalization) => resnet(source, { ...size, normalization }),
  };
  const values = new Map<string, Float32Array>(); // the same in every layout
  const backbone = backboneEntries(network), width = size.width * (size.depth < 50 ? 512 : 2048);
  const expected: Record<string, Record<string, Fingerprint>> =
    golden.networks[name as keyof typeof golden.networks];
  Deno.test(`${name}, narrow, computes PyTorch's features and heads in every layout`, async (t) => {
    await testEngine();
    const input = images("images", 2, 48), known = layouts.map(({ name }) => name);
    assert.deepEqual(new Set(known.filter((layout) => layout in LAYOUTS)), new Set(layoutsOf(name)));
    for (const layout of layoutsOf(name)) {
      await t.step(layout, async () => {
        const publication = LAYOUTS[layout];
        using frozen = FrozenNetwork.load(published(publication, backbone, width, values), network);
        assert.equal(frozen.layout.name, layout);
        const wanted = expected[publication.normalization ?? "imagenet"];
        const check = async (what: string, tensor: tf.Tensor) =>
          assertFingerprint(what, await tensor.data(), wanted[what], { tolerance: 2e-4 });
        await check("features", tf.tidy(() => frozen.features(input)));
        if (publication.head) await check(publication.head.kind, tf.tidy(() => frozen.embedding(input)));
      });
    }
    input.dispose();
  });
}

Deno.test("the files of the tests above have the names and shapes that PyTorch saves", () => {
  const { depth, width } = NETWORKS.resnet50;
  const build: Network["build"] = (source) => resnet(source, { depth, width });
  const backbone = backboneEntries({ ...networkNamed("resnet50"), build });
  const digests = Object.entries(LAYOUTS).map(([layout, publication]) =>
    [layout, digest(entriesOf(publication, backbone, 2048 * width))] as const
  );
  assert.deepEqual(Object.fromEntries(digests), golden.files);
});

/** All entries of a file. */
function entriesOf(publication: Publication, backbone: Shapes, width: number): Shapes {
  const { prefix, head, others, encoder: place = (name) => name } = publication;
  const placed = Object.fromEntries(Object.entries(backbone).map(([name, shape]) => [place(name), shape]));
  const encoder = { ...placed, ...(head && prefixed(join(head), HEADS[head.kind](width))) };
  return { ...prefixed(prefix, encoder), ...others?.(encoder, width) };
}

/** The file, whose encoder has the same values in every layout. */
function published(
  publication: Publication,
  backbone: Shapes,
  width: number,
  values: Map<string, Float32Array>,
): WeightsFile {
  const entries = entriesOf(publication, backbone, width), { prefix, head, encoder } = publication;
  const own = new Map(Object.keys(backbone).map((name) => [encoder?.(name) ?? name, name]));
  const commonName = (name: string) => {
    if (!name.startsWith(prefix)) return name;
    const inner = name.slice(prefix.length);
    if (!head || !inner.startsWith(join(head))) return own.get(inner) ?? inner;
    return `${head.kind}.${inner.slice(join(head).length)}`;
  };
  return {
    ...weightsFile(entries),
    read(name) {
      const common = commonName(name);
      if (!values.has(common)) values.set(common, weight(common, entries[name]));
      return values.get(common)!;
    },
  };
}

function join({ name }: { name: string }): string {
  return `${name}.`;
}

function prefixed(prefix: string, shapes: Shapes): Shapes {
  return Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [prefix + name, shape]));
}
