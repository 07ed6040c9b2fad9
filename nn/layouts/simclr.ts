import type { Layout } from "./layout.ts";

/**
 * SimCLR's encoder as SEED's code reads it (`load_simclr_teacher_encoder` in jacobswan1/SEED, `tools/utils.py`): in
 * three wrappers, with a head of linear, batch norm, ReLU, linear.
 */
export const SIMCLR_LAYOUTS: readonly Layout[] = [
  {
    name: "simclr",
    marks: ["module.module.module.fc.0.weight", "module.module.module.fc.3.weight"],
    prefix: "module.module.module.",
    dropped: () => false,
    head: "fc",
  },
];
