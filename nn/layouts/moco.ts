import type { Layout } from "./layout.ts";

/** The momentum encoder and its queue; the encoder itself is what MoCo's authors evaluate. */
const isMocoState = (name: string) => /^module\.(encoder_k\.|queue)/.test(name);

/** Files of facebookresearch/moco: version 2 has two linear layers in its head, version 1 one. */
export const MOCO_LAYOUTS: readonly Layout[] = [
  {
    name: "moco v2",
    marks: ["module.encoder_q.fc.0.weight", "module.encoder_q.fc.2.weight"],
    prefix: "module.encoder_q.",
    dropped: isMocoState,
    head: "fc",
  },
  {
    name: "moco v1",
    marks: ["module.encoder_q.fc.weight"],
    prefix: "module.encoder_q.",
    dropped: isMocoState,
    head: "fc",
  },
];
