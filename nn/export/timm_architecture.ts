import type { LoadedNetwork } from "../loaded/loaded_network.ts";
import { NETWORKS } from "../networks/networks.ts";
import { operationsOf, operationsOfBuild } from "./operations.ts";

/** What timm calls the networks that go by another name here; only those whose outputs a test has compared. */
const ARCHITECTURES: Readonly<Record<string, string>> = {
  efficientnet_b0: "efficientnet_b0",
  efficientnet_b1: "efficientnet_b1",
  mobilenet_v3_large: "mobilenetv3_large_100",
  mobilenet_v3_small: "mobilenetv3_small_100",
  resnet18: "resnet18",
  resnet34: "resnet34",
  resnet50: "resnet50",
  resnet101: "resnet101",
  resnet152: "resnet152",
};

/**
 * What `timm.create_model` calls the network that computes the same.
 *
 * @returns null if timm has none, or that is not known: a plugin's network, one with another stem.
 */
export function timmArchitecture(network: LoadedNetwork): string | null {
  const known = NETWORKS.get(network.name);
  if (!known || !Object.hasOwn(ARCHITECTURES, network.name)) return null;
  const { inputSize, normalization } = network;
  const own = operationsOf((images) => network.forward(images, false).features, inputSize);
  const { steps } = operationsOfBuild(known.build, normalization, inputSize);
  const isSame = steps.length <= own.steps.length && steps.every((step, i) => step === own.steps[i]);
  return isSame ? ARCHITECTURES[network.name] : null;
}
