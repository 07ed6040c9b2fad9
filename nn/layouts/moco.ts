import type { Layout } from "./layout.ts";

/** The momentum encoder and its queue; the encoder itself is what MoCo's authors evaluate. */
const isMocoState = (name: string) => /^module\.(encoder_k\.|queue)/.test(name);

const ENCODER = { prefix: "module.encoder_q.", dropped: isMocoState } as const;

/** Files of facebookresearch/moco: version 2 has two linear layers in its head, version 1 one; or the head is cut off. */
export const MOCO_LAYOUTS: readonly Layout[] = [
  {
    name: "moco v2",
    marks: ["module.encoder_q.fc.0.weight", "module.encoder_q.fc.2.weight"],
    ...{ ...ENCODER, head: "fc" },
  },
  { name: "moco v1", marks: ["module.encoder_q.fc.weight"], ...ENCODER, head: "fc" },
  { name: "moco, without head", marks: ["module.encoder_q.conv1.weight"], ...ENCODER, head: null },
];

/**
 * ResNets of facebookresearch/moco-v3, whose head has three linear layers with batch norms, the last without a weight;
 * beside it the momentum encoder and the prediction head.
 */
export const MOCO_V3_RESNET_LAYOUTS: readonly Layout[] = [
  {
    name: "moco v3",
    marks: ["module.base_encoder.conv1.weight", "module.base_encoder.fc.0.weight"],
    prefix: "module.base_encoder.",
    dropped: (name) => /^module\.(momentum_encoder|predictor)\./.test(name),
    head: "fc",
  },
];
