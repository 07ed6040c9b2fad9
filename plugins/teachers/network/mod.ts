/**
 * Any network that weights are read for as a teacher, in any of its layouts: a student that this tool has trained
 * (`student.safetensors`, or a checkpoint), timm's and torchvision's state dicts.
 *
 * @module
 */
import { definePlugin } from "@seed/core";
import { NETWORKS, pretrainedTeacher } from "@seed/nn";

export default definePlugin({
  kind: "teacher",
  name: "@seed/teacher-network",
  apiVersion: 1,
  about: { summary: "Any supported network with a file of weights, a student trained here among them" },
  ...pretrainedTeacher({
    networks: [...NETWORKS.keys()] as [string, ...string[]],
    layers: ["head", "features"],
  }),
});
