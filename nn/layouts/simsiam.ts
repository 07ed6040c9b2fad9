import type { Layout } from "./layout.ts";

/**
 * Files of facebookresearch/simsiam (`simsiam/builder.py`): the head has three linear layers with batch norms, the last
 * without a weight; beside it the prediction head.
 */
export const SIMSIAM_LAYOUTS: readonly Layout[] = [
  {
    name: "simsiam",
    marks: ["module.encoder.conv1.weight", "module.encoder.fc.0.weight", "module.encoder.fc.6.weight"],
    prefix: "module.encoder.",
    dropped: (name) => name.startsWith("module.predictor."),
    head: "fc",
  },
];
