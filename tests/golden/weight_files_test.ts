import assert from "node:assert/strict";
import { RunError, SafetensorsFile, tf, type WeightsFile, writeSafetensors } from "@seed/core";
import { MOCO_LAYOUTS, type Network, networkNamed, openWeights } from "@seed/nn";
import { FrozenNetwork } from "@seed/nn/host";
import golden from "./weight_files.json" with { type: "json" };

type Tensors = Record<string, { shape: number[]; values: number[] }>;

const CONTENTS = golden as unknown as Record<string, Tensors>;

/** Each file and the content it has. */
const FILES = {
  "moco.pth": "moco",
  "moco_legacy.pth": "moco",
  "swav.pth": "swav",
  "swav_legacy.pth": "swav",
  "dino.pth": "dino",
  "dino_legacy.pth": "dino",
  "plain.pth": "plain",
  "plain_legacy.pth": "plain",
  "foreign.pth": "foreign",
  "foreign_protocol_5.pth": "foreign",
  "foreign_legacy.pth": "foreign",
  "foreign_plain.pth": "foreign_plain",
  "foreign_plain_protocol_5.pth": "foreign_plain",
  "foreign_plain_legacy.pth": "foreign_plain",
  "arrays.npz": "arrays",
  "arrays_deflated.npz": "arrays",
  "network.pth": "network",
  "network_legacy.pth": "network",
  "network.npz": "network",
  "network_deflated.npz": "network",
  "network.safetensors": "network",
};

const pathOf = (name: string) => new URL(`weight_files/${name}`, import.meta.url).pathname;

function contentOf(file: WeightsFile): Tensors {
  const content: Tensors = {};
  for (const [name, { shape }] of file.tensors) {
    content[name] = { shape: [...shape], values: [...file.read(name)] };
  }
  return content;
}

for (const [name, content] of Object.entries(FILES)) {
  Deno.test(`the file ${name} holds what Python saved`, async () => {
    using file = await openWeights(pathOf(name));
    const expected = Object.entries(CONTENTS[content]).map(([tensor, { shape, values }]) =>
      [tensor, { shape, values: values.map(Math.fround) }] as const
    );
    assert.deepEqual(contentOf(file), Object.fromEntries(expected));
  });
}

/** Files that are whole, and what is in them in place of a dict of tensors. */
const UNREAD = {
  "unread_module.pth": /It holds the Python object "torch\.nn\.modules\.linear\.Linear", no dict of tensors/,
  "unread_module_legacy.pth": /It holds the Python object "weight_files\.Tiny", no dict of tensors/,
  "unread_wrapped_module.pth":
    /Its "model" is the Python object "torch\.nn\.modules\.linear\.Linear", no dict/,
  "unread_arrays.pth": /no named tensors, but NumPy's arrays, which are read from an \.npz/,
  "unread_tensor.pth": /It holds a tensor without a name, no dict of tensors/,
  "unread_list.pth": /It holds a list, no dict of tensors/,
  "unread_torchscript.pth": /is a TorchScript program, .* torch\.save\(torch\.jit\.load/,
};

for (const [name, says] of Object.entries(UNREAD)) {
  Deno.test(`of ${name}, what it holds is told, and not to fetch it again`, async () => {
    await assert.rejects(openWeights(pathOf(name)), (error: Error) => {
      assert.ok(error instanceof RunError, `${error.stack}`);
      assert.match(error.message, says);
      assert.match(error.message, /state_dict\(\), \.\.\.\)$/);
      assert.doesNotMatch(error.message, /again|damaged/);
      return true;
    });
  });
}

/** A convolution, and MoCo's head on its pooled output. */
const TINY: Network = {
  ...networkNamed("resnet18"),
  name: "tiny",
  layouts: MOCO_LAYOUTS,
  build(source, normalization) {
    const filter = source.get("conv1.weight", "conv", [3, 3, 3, 4], () => 0) as tf.Tensor4D;
    return {
      normalization,
      featureDim: 4,
      features: (images) => tf.mean(tf.relu(tf.conv2d(images, filter, 1, "same")), [1, 2]) as tf.Tensor2D,
    };
  },
};

Deno.test("the same tensors give the same embedding in every format, bit for bit", async () => {
  const folder = await Deno.makeTempDir();
  try {
    using source = await SafetensorsFile.open(pathOf("network.safetensors"));
    const written = `${folder}/ours.safetensors`;
    const arrays = [...source.tensors].map(([name, { shape }]) => ({ name, shape, data: source.read(name) }));
    await writeSafetensors(written, arrays, {});
    const paths = Object.keys(FILES).filter((name) => FILES[name as keyof typeof FILES] === "network");
    const embeddings: Record<string, Uint8Array> = {};
    for (const path of [...paths.map(pathOf), written]) embeddings[path] = await embeddingBytes(path);
    const [first, ...others] = Object.values(embeddings);
    assert.equal(others.length, 5);
    assert.ok(new Float32Array(first.buffer).every((value) => Number.isFinite(value) && value !== 0));
    for (const [path, bytes] of Object.entries(embeddings)) assert.deepEqual(bytes, first, path);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

async function embeddingBytes(path: string): Promise<Uint8Array> {
  using file = await openWeights(path);
  using network = FrozenNetwork.load(file, TINY);
  const embedding = tf.tidy(() =>
    network.embedding(tf.mul(tf.range(0, 2 * 8 * 8 * 3), 0.6).reshape([2, 8, 8, 3]))
  );
  return new Uint8Array((await embedding.data() as Float32Array).slice().buffer);
}
