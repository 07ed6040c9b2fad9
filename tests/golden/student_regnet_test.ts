import { type ParameterSource, regnet } from "@seed/nn";
import { testStudentNetworks } from "./student_networks.ts";

/** Trained ones are narrow and short; of groups of 16 channels the first stage has one. */
const cut = (group: number) => (source: ParameterSource) =>
  regnet(source, { blocks: [1, 1, 2, 2], widths: [16, 32, 64, 128], group });

await testStudentNetworks("regnet", {
  cuts: { regnet_y_400mf: cut(8), regnet_y_800mf: cut(16) },
  traced: ["regnet_y_400mf"],
});
