/**
 * Teachers trained by MoCo: a ResNet in the names of MoCo's released files (`module.encoder_q.*`).
 *
 * @module
 */
import { checkSha256, definePlugin, type tf, type WeightsFile, z } from "@seed/core";
import {
  FrozenParameters,
  FrozenTeacher,
  linear,
  openWeights,
  type ParameterSource,
  projectionHead,
  resnet,
} from "@seed/nn";

const PREFIX = "module.encoder_q.";
const DEPTHS = { resnet18: 18, resnet34: 34, resnet50: 50, resnet101: 101, resnet152: 152 } as const;
/** Width of MoCo's embedding. */
const DIM = 128;

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
  async create(options, { engine, resolve }) {
    const path = resolve(options.weights);
    using file = await openWeights(path);
    const sha256 = await checkSha256(path, options.sha256);
    const parameters = await FrozenParameters.load(file, {
      rename: (name) => PREFIX + name,
      // The momentum encoder and its queue; the encoder itself is what MoCo's authors evaluate.
      dropped: (name) => name.startsWith("module.encoder_k.") || name.startsWith("module.queue"),
      allowUnused: options.allow_unused,
    });
    const backbone = resnet(parameters, DEPTHS[options.network]);
    const version = isVersion2(file) ? 2 : 1;
    const head = mocoHead(parameters, backbone.featureDim, version);
    parameters.finish();
    return new FrozenTeacher({
      name: "teacher",
      engine,
      parameters,
      forward: (images: tf.Tensor4D) => head(backbone.features(images, { training: false })),
      embeddingDim: DIM,
      inputSize: options.input_size,
      precision: options.precision,
      weights: { file: path, sha256, layout: `moco v${version}`, tensors: parameters.count },
    });
  },
});

/** Version 2 has two linear layers, `fc.0` and `fc.2`; version 1 one, `fc`. */
function isVersion2(file: WeightsFile): boolean {
  return file.tensors.has(`${PREFIX}fc.0.weight`);
}

function mocoHead(source: ParameterSource, inputs: number, version: 1 | 2): (x: tf.Tensor2D) => tf.Tensor2D {
  if (version === 1) return linear(source, "fc", { inputs, outputs: DIM });
  return projectionHead(source, "fc", { inputs, hidden: inputs, dim: DIM });
}
