import type { Network } from "./networks.ts";
import { type NetworkSize, networkSize } from "./network_size.ts";

/** Side of the pictures that these sizes are of, in pixels. */
export const KNOWN_SIDE = 224;

/**
 * Sizes by the networks' names: parameters, multiply-accumulates at {@link KNOWN_SIDE}, width of the features. A listing
 * of all networks would else build each of them; a test builds them and compares.
 */
export const KNOWN_SIZES: Readonly<Record<string, readonly [number, number, number]>> = {
  resnet18: [11176512, 1813561344, 512],
  resnet34: [21284672, 3663249408, 512],
  resnet50: [23508032, 4087136256, 2048],
  resnet101: [42500160, 7799357440, 2048],
  resnet152: [58143808, 11511578624, 2048],
  resnet50_w2: [93907072, 16112517120, 4096],
  resnet50_w4: [375378176, 63978012672, 8192],
  resnet50_w5: [586450240, 99818127360, 10240],
  efficientnet_b0: [4007548, 384534752, 1280],
  efficientnet_b1: [6513184, 568371680, 1280],
  efficientnet_b2: [7700994, 657555440, 1408],
  efficientnet_b3: [10696232, 961172240, 1536],
  efficientnet_b4: [17548616, 1501918432, 1792],
  efficientnet_lite2: [4811072, 575229424, 1280],
  mobilenet_v3_large: [4202032, 215309760, 1280],
  mobilenet_v3_small: [1517856, 55486400, 1024],
  mobilenet_v4_conv_small: [2493024, 184725568, 1280],
  mobilenet_v4_conv_medium: [8434512, 826369984, 1280],
  regnet_y_400mf: [3903144, 401402848, 440],
  regnet_y_800mf: [5494168, 796408832, 768],
  vit_tiny_16: [5524416, 1253491200, 192],
  vit_small_16: [21665664, 4598498304, 384],
  vit_base_16: [85798656, 17563060224, 768],
  vit_small_14: [22056192, 6123561984, 384],
  vit_base_14: [86579712, 23161227264, 768],
  vit_large_14: [304367616, 81011982336, 1024],
  vit_giant_14: [1136479232, 299390066688, 1536],
  vit_small_16_dinov3: [21596160, 4698104832, 384],
  vit_small_plus_16_dinov3: [28692480, 6120760320, 384],
  vit_base_16_dinov3: [85659648, 17932142592, 768],
  vit_large_16_dinov3: [303128576, 62839898112, 1024],
  vit_base_32_clip_quickgelu: [87456000, 4408418304, 768],
  vit_base_32_clip_gelu: [87456000, 4408418304, 768],
  vit_base_16_clip_quickgelu: [85799424, 17563060224, 768],
  vit_base_16_clip_gelu: [85799424, 17563060224, 768],
  vit_large_14_clip_quickgelu: [303179776, 81011982336, 1024],
  vit_large_14_clip_gelu: [303179776, 81011982336, 1024],
  vit_base_16_siglip: [92884224, 17708292096, 768],
  vit_large_16_siglip: [315956224, 61654310912, 1024],
  vit_so400m_14_siglip: [427680704, 110176948224, 1152],
  convnext_atto: [3374520, 547012480, 320],
  convnext_femto: [4832784, 779245824, 384],
  convnext_pico: [8532672, 1366543360, 512],
  convnext_nano: [14952560, 2444888320, 640],
  convnext_tiny: [27820128, 4454763264, 768],
  convnext_small: [49454688, 8682944256, 768],
  convnext_base: [87566464, 15353705472, 1024],
  convnext_large: [196230336, 34359897600, 1536],
};

/** What {@link networkSize} gives at {@link KNOWN_SIDE}: from the table, or computed for a network that is not in it. */
export function sizeOf(network: Network): NetworkSize {
  const known = KNOWN_SIZES[network.name];
  if (!known) return networkSize(network, KNOWN_SIDE);
  const [parameters, macs, featureDim] = known;
  return { parameters, macs, featureDim };
}
