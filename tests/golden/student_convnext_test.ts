import { convnext, type ParameterSource } from "@seed/nn";
import { testStudentNetworks } from "./student_networks.ts";

/** Trained ones are narrow, their matrices those of the network. */
const cut = (convolutions: boolean) => (source: ParameterSource) =>
  convnext(source, { blocks: [1, 1, 2, 1], widths: [8, 16, 24, 32], convolutions });

await testStudentNetworks("convnext", {
  cuts: {
    convnext_atto: cut(true),
    convnext_femto: cut(true),
    convnext_pico: cut(true),
    convnext_nano: cut(true),
    convnext_tiny: cut(false),
  },
  traced: ["convnext_atto"],
});
