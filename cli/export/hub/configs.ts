/**
 * What libraries read before a model: `config.json` and `preprocessor_config.json`.
 *
 * @module
 */
import { CENTER_SHARE } from "@seed/core";

/** What has to be known of a network to load it. */
export interface HubNetwork {
  /** timm's name; null if timm has no such network. */
  readonly architecture: string | null;
  readonly featureDim: number;
  /** Side in pixels of the centre crop. */
  readonly size: number;
  /** What the short side is resized to before. */
  readonly shortSide: number;
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** The resampling filter, as Pillow numbers it. */
const BICUBIC = 3;

/**
 * `config.json`, one for all: timm and `transformers` take it for a timm model, by `pretrained_cfg`; transformers.js looks
 * for `model_type` alone, and takes one that it does not know for an encoder in `onnx/model.onnx`.
 */
export function configOf(network: HubNetwork): Record<string, unknown> {
  const { architecture, featureDim, size, mean, std } = network;
  if (architecture === null) return { model_type: "seed_student", num_features: featureDim };
  return {
    architecture,
    architectures: ["TimmWrapperModel"],
    model_type: "timm_wrapper",
    num_classes: 0,
    num_features: featureDim,
    pretrained_cfg: {
      tag: "seed",
      custom_load: false,
      input_size: [3, size, size],
      fixed_input_size: false,
      interpolation: "bicubic",
      crop_pct: CENTER_SHARE,
      crop_mode: "center",
      ...{ mean, std, num_classes: 0 },
    },
  };
}

/** `preprocessor_config.json`: `BitImageProcessor` is a plain resize of the short side and a centre crop. */
export function preprocessorConfigOf({ size, shortSide, mean, std }: HubNetwork): Record<string, unknown> {
  return {
    image_processor_type: "BitImageProcessor",
    do_convert_rgb: true,
    do_resize: true,
    size: { shortest_edge: shortSide },
    resample: BICUBIC,
    do_center_crop: true,
    crop_size: { height: size, width: size },
    do_rescale: true,
    rescale_factor: 1 / 255,
    do_normalize: true,
    image_mean: mean,
    image_std: std,
  };
}
