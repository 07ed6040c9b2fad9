import type { LoadedNetwork } from "../loaded/loaded_network.ts";
import { NETWORKS } from "../networks/networks.ts";
import { operationsOf, operationsOfBuild } from "./operations.ts";

/** A network of timm's. */
interface Architecture {
  readonly name: string;
  /** Side of the only pictures for which positions are the same, whoever interpolates them; absent: any. */
  readonly size?: number;
}

/** By the name that networks have here; only those whose outputs have been compared with timm's. */
const ARCHITECTURES: Readonly<Record<string, Architecture>> = {
  convnext_atto: { name: "convnext_atto" },
  convnext_femto: { name: "convnext_femto" },
  convnext_pico: { name: "convnext_pico" },
  convnext_nano: { name: "convnext_nano" },
  convnext_tiny: { name: "convnext_tiny" },
  efficientnet_b0: { name: "efficientnet_b0" },
  efficientnet_b1: { name: "efficientnet_b1" },
  efficientnet_b2: { name: "efficientnet_b2" },
  efficientnet_b3: { name: "efficientnet_b3" },
  efficientnet_b4: { name: "efficientnet_b4" },
  mobilenet_v3_large: { name: "mobilenetv3_large_100" },
  mobilenet_v3_small: { name: "mobilenetv3_small_100" },
  mobilenet_v4_conv_small: { name: "mobilenetv4_conv_small" },
  mobilenet_v4_conv_medium: { name: "mobilenetv4_conv_medium" },
  regnet_y_400mf: { name: "regnety_004" },
  regnet_y_800mf: { name: "regnety_008" },
  resnet18: { name: "resnet18" },
  resnet34: { name: "resnet34" },
  resnet50: { name: "resnet50" },
  resnet101: { name: "resnet101" },
  resnet152: { name: "resnet152" },
  vit_base_16: { name: "vit_base_patch16_224", size: 224 },
  vit_small_16: { name: "vit_small_patch16_224", size: 224 },
  vit_tiny_16: { name: "vit_tiny_patch16_224", size: 224 },
};

/**
 * What `timm.create_model` calls the network that computes the same.
 *
 * @param inputSize Side in pixels of the pictures.
 * @returns null if timm has none, or that is not known: a plugin's network, one with another stem.
 */
export function timmArchitecture(network: LoadedNetwork, inputSize: number): string | null {
  const known = NETWORKS.get(network.name);
  if (!known || !Object.hasOwn(ARCHITECTURES, network.name)) return null;
  const { name, size = inputSize } = ARCHITECTURES[network.name], { normalization } = network;
  if (size !== inputSize) return null;
  const own = operationsOf((images) => network.forward(images, false).features, inputSize);
  const { steps } = operationsOfBuild(known.build, normalization, inputSize);
  // A student's head comes after its features.
  return steps.every((step, i) => step === own.steps[i]) ? name : null;
}
