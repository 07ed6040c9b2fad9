import { mobilenetV4, type MobileNetV4Variant, type ParameterSource } from "@seed/nn";
import { MOBILENET_V4_STAGES } from "../../nn/backbones/mobilenet_v4.ts";
import { testStudentNetworks } from "./student_networks.ts";

/** With a few blocks of the later stages, one of each kind. */
function cut(variant: MobileNetV4Variant, kept: readonly number[]) {
  const [first, second, third, [fourth]] = MOBILENET_V4_STAGES[variant];
  const stages = [first, second, kept.map((i) => third[i]), [fourth]];
  return (source: ParameterSource) => mobilenetV4(source, stages);
}

await testStudentNetworks("mobilenet_v4", {
  cuts: {
    mobilenet_v4_conv_small: cut("small", [0, 1, 5]),
    mobilenet_v4_conv_medium: cut("medium", [0, 5, 6]),
  },
  traced: ["mobilenet_v4_conv_small"],
});
