import { visionTransformers } from "../../nn/networks/vision_transformers.ts";
import { IMAGENET, type ParameterSource } from "@seed/nn";
import { testStudentNetworks } from "./student_networks.ts";

const [small] = visionTransformers(2).filter(({ name }) => name === "vit_small_16");

await testStudentNetworks("vit", {
  cuts: { vit_small_16: (source: ParameterSource) => small.build(source, IMAGENET) },
  traced: ["vit_small_16"],
});
