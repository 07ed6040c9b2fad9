import { join } from "node:path";
import { writeSafetensors } from "@seed/core";
import { networkNamed, openWeights } from "@seed/nn";
import { FrozenNetwork } from "@seed/nn/host";
import { readModel } from "../../../plugins/teachers/onnx/model_file.ts";
import { repairZip } from "../checksums.ts";
import type { Reader, Seed } from "../reader.ts";

const GOLDEN = new URL("../../golden/", import.meta.url);

async function seedsOf(...paths: string[]): Promise<Seed[]> {
  return await Promise.all(paths.map(async (path) => {
    const bytes = await Deno.readFile(new URL(path, GOLDEN));
    return { name: path, files: { [`weights${path.slice(path.lastIndexOf("."))}`]: bytes } };
  }));
}

const pathOf = (folder: string, { files }: Seed) => join(folder, Object.keys(files)[0]);

const readWeights = (folder: string, seed: Seed) => readAll(pathOf(folder, seed));

/** Reads every tensor. */
async function readAll(path: string): Promise<void> {
  using file = await openWeights(path);
  for (const [name, { shape }] of file.tensors) {
    const values = file.read(name), count = shape.reduce((a, b) => a * b, 1);
    if (values.length !== count) {
      throw new Error(`"${name}" has ${values.length} values, its shape has ${count}`);
    }
  }
}

/** A network's, from the names to the constants. */
async function readNetwork(folder: string, seed: Seed): Promise<void> {
  using file = await openWeights(pathOf(folder, seed));
  using _network = FrozenNetwork.load(file, networkNamed("mobilenet_v3_small")!);
}

const PICKLE = [
  "cnumpy.core.multiarray\nscalar\n",
  "cos\nsystem\n(S'x'\ntR.",
  "ctorch._utils\n_rebuild_tensor_v2\n",
  "\x80\x02",
  "}q\0",
  "(lp0\n",
  "R.",
  "tR",
  "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f",
];
const JSON_WORDS = [
  '"dtype":"F64"',
  '"shape":[',
  "[0,",
  "1e309",
  '"data_offsets":[0,',
  '"__metadata__":{',
  '"I64"',
  "[4294967296,4294967296]",
  "\\u0000",
  "\\u001b[",
];
const file = (name: string) => `weight_files/${name}`;

export const WEIGHTS: readonly Reader[] = [
  {
    name: "pth",
    seeds: () => seedsOf(...["moco", "dino", "swav", "plain", "network"].map((name) => file(`${name}.pth`))),
    read: readWeights,
    repair: repairZip,
    words: PICKLE,
  },
  {
    name: "pth-legacy",
    seeds: () =>
      seedsOf(...["moco", "dino", "swav", "plain", "network"].map((name) => file(`${name}_legacy.pth`))),
    read: readWeights,
    words: PICKLE,
  },
  {
    name: "npz",
    seeds: () =>
      seedsOf(
        ...["arrays", "arrays_deflated", "network", "network_deflated"].map((name) => file(`${name}.npz`)),
      ),
    read: readWeights,
    repair: repairZip,
    words: [
      "'descr': '<f8'",
      "'fortran_order': True",
      "'shape': (",
      "(4294967296,)",
      "'|O'",
      "'>c16'",
      "}   \n",
    ],
  },
  {
    name: "safetensors",
    seeds: () => seedsOf(file("network.safetensors"), "../../core/weights/testdata/all_types.safetensors"),
    read: readWeights,
    words: JSON_WORDS,
  },
  {
    name: "sharded",
    seeds: async () => [{ name: "two shards", files: await shards() }],
    read: (folder) => readAll(join(folder, INDEX)),
    words: [...JSON_WORDS, '"weight_map":{', '"metadata":{', '"../', "a.safetensors", "b.safetensors", '":"'],
  },
  {
    name: "network",
    seeds:
      async () => [{ name: "mobilenet_v3_small", files: { "weights.safetensors": await tinyNetwork() } }],
    read: readNetwork,
    words: [
      ...JSON_WORDS,
      '"mean":"',
      "[0,0,0]",
      '"input_size":"',
      "conv_stem.weight",
      "bn1.running_var",
      "classifier.weight",
    ],
    seconds: 4,
  },
  {
    name: "onnx",
    seeds: () => seedsOf("onnx_teacher.onnx", "onnx_teacher_channels_last.onnx"),
    read: async (folder, seed) => void await readModel(pathOf(folder, seed)),
  },
];

const INDEX = "model.safetensors.index.json";

/** An index, and the two files that it names. */
async function shards(): Promise<Record<string, Uint8Array>> {
  const tensor = (name: string, shape: number[]) => (
    { name, shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(0.5) }
  );
  const parts = {
    "a.safetensors": [tensor("stem.weight", [4, 3, 3, 3]), tensor("stem.bias", [4])],
    "b.safetensors": [tensor("head.weight", [2, 4])],
  };
  const files: Record<string, Uint8Array> = {}, weight_map: Record<string, string> = {};
  for (const [name, tensors] of Object.entries(parts)) {
    const path = await Deno.makeTempFile();
    try {
      await writeSafetensors(path, tensors, {});
      files[name] = await Deno.readFile(path);
    } finally {
      await Deno.remove(path);
    }
    for (const tensor of tensors) weight_map[tensor.name] = name;
  }
  const index = JSON.stringify({ metadata: { total_size: 480 }, weight_map });
  return { [INDEX]: new TextEncoder().encode(index), ...files };
}

/** A file that begins like a network's, and lacks nearly all: what it has is looked at, what it lacks is told. */
async function tinyNetwork(): Promise<Uint8Array> {
  const path = await Deno.makeTempFile(),
    metadata = {
      network: "mobilenet_v3_small",
      input_size: "32",
      mean: "[0.5,0.5,0.5]",
      std: "[0.2,0.2,0.2]",
    };
  try {
    const tensors = [
      { name: "blocks.5.0.conv.weight", shape: [1, 2, 3, 4], data: new Float32Array(24) }, // by which the layout is found
      { name: "conv_stem.weight", shape: [16, 3, 3, 3], data: new Float32Array(16 * 3 * 9).fill(0.1) },
      ...["weight", "bias", "running_mean", "running_var"].map((name) => ({
        name: `bn1.${name}`,
        shape: [16],
        data: new Float32Array(16).fill(1),
      })),
    ];
    await writeSafetensors(path, tensors, metadata);
    return await Deno.readFile(path);
  } finally {
    await Deno.remove(path);
  }
}
