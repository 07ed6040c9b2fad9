/**
 * Teachers trained by MoCo: a ResNet in the names of MoCo's released files (`module.encoder_q.*`).
 *
 * @module
 */
import { checkSha256, definePlugin, type tf, z } from "@seed/core";
import { FrozenNetwork, FrozenTeacher, layoutOf, MOCO_LAYOUTS, networkNamed, openWeights } from "@seed/nn";

export default definePlugin({
  kind: "teacher",
  name: "@seed/teacher-moco",
  apiVersion: 1,
  about: {
    summary: "A ResNet with MoCo v1 or v2 weights",
    source: "https://github.com/facebookresearch/moco",
  },
  options: z.strictObject({
    network: z.enum(["resnet18", "resnet34", "resnet50", "resnet101", "resnet152"]).default("resnet50"),
    weights: z.string(),
    /** Of the weights file; null: unchecked. */
    sha256: z.string().regex(/^[0-9a-fA-F]{64}$/, "Expected 64 hexadecimal digits").nullable().default(null),
    /** Side of the views it sees, in pixels; null: the augmenter's size. */
    input_size: z.int().min(32).nullable().default(null),
    precision: z.enum(["fp32", "bf16", "auto"]).default("auto"),
    /** True: entries of the file that the network does not need are no error. */
    allow_unused: z.boolean().default(false),
  }),
  async checkFiles({ network, weights, sha256 }, { resolve }) {
    using file = await openWeights(resolve(weights));
    if (sha256 !== null) await checkSha256(file.path, sha256);
    layoutOf(file, networkNamed(network), MOCO_LAYOUTS);
  },
  async create(options, { engine, resolve }) {
    const path = resolve(options.weights);
    using file = await openWeights(path);
    const sha256 = await checkSha256(path, options.sha256);
    const network = await FrozenNetwork.load(file, networkNamed(options.network), {
      layouts: MOCO_LAYOUTS,
      allowUnused: options.allow_unused,
    });
    return new FrozenTeacher({
      name: "teacher",
      engine,
      parameters: network.parameters,
      forward: (images: tf.Tensor4D) => network.embedding(images),
      embeddingDim: network.headDim!,
      inputSize: options.input_size,
      precision: options.precision,
      weights: { file: path, sha256, layout: network.layout.name, tensors: network.parameters.count },
    });
  },
});
