/**
 * Files of facebookresearch/ConvNeXt, whose names DINOv3's ConvNeXts have too, timm's, and transformers' of both.
 *
 * @module
 */
import type { ConvNeXtOptions } from "../backbones/convnext.ts";
import { type Layout, plainLayout } from "./layout.ts";
import { runLayouts } from "./run.ts";
import { type ModuleNames, renameModules } from "./rename_modules.ts";

/** How a publisher names its modules, and the scale of a block, which is none. */
interface Names {
  stem: readonly [conv: string, norm: string];
  /** Of a stage but the first: its norm and its convolution. */
  down(stage: number): readonly [norm: string, conv: string];
  block(stage: number, block: number): string;
  /** Of a block. */
  parts: { conv_dw: string; norm: string; "mlp.fc1": string; "mlp.fc2": string };
  scale: string;
  norm: string;
}

const PARTS = { conv_dw: "dwconv", norm: "norm", "mlp.fc1": "pwconv1", "mlp.fc2": "pwconv2" };

const OWN: Names = {
  stem: ["downsample_layers.0.0", "downsample_layers.0.1"],
  down: (stage) => [`downsample_layers.${stage}.0`, `downsample_layers.${stage}.1`],
  block: (stage, block) => `stages.${stage}.${block}`,
  parts: PARTS,
  scale: "gamma",
  norm: "norm",
};

const TRANSFORMERS: Names = {
  stem: ["embeddings.patch_embeddings", "embeddings.layernorm"],
  down: (
    stage,
  ) => [`encoder.stages.${stage}.downsampling_layer.0`, `encoder.stages.${stage}.downsampling_layer.1`],
  block: (stage, block) => `encoder.stages.${stage}.layers.${block}`,
  parts: { ...PARTS, norm: "layernorm" },
  scale: "layer_scale_parameter",
  norm: "layernorm",
};

const TRANSFORMERS_DINOV3: Names = {
  stem: ["stages.0.downsample_layers.0", "stages.0.downsample_layers.1"],
  down: (stage) => [`stages.${stage}.downsample_layers.0`, `stages.${stage}.downsample_layers.1`],
  block: (stage, block) => `stages.${stage}.layers.${block}`,
  parts: {
    conv_dw: "depthwise_conv",
    norm: "layer_norm",
    "mlp.fc1": "pointwise_conv1",
    "mlp.fc2": "pointwise_conv2",
  },
  scale: "gamma",
  norm: "layer_norm",
};

/** Layouts of a ConvNeXt. */
export function convnextLayouts(options: ConvNeXtOptions): Layout[] {
  const layout = (name: string, mark: string, unused: string, names: Names): Layout =>
    plainLayout(name, [mark], unused, { rename: renamed(options, names) });
  return [
    ...runLayouts("stages.0.blocks.0.conv_dw.weight"),
    layout("convnext, dinov3", "norms.3.weight", "norms.", OWN), // the last norm once more
    layout("convnext", "downsample_layers.0.0.weight", "head.", OWN),
    layout("transformers, dinov3", "stages.0.downsample_layers.0.weight", "classifier.", TRANSFORMERS_DINOV3),
    layout("transformers", "encoder.stages.0.layers.0.dwconv.weight", "classifier.", TRANSFORMERS),
    plainLayout("timm", ["stages.0.blocks.0.conv_dw.weight"], "head.fc."),
  ];
}

function renamed({ blocks }: ConvNeXtOptions, names: Names): (name: string) => string {
  const modules: ModuleNames[] = [["stem.0", names.stem[0]], ["stem.1", names.stem[1]], [
    "head.norm",
    names.norm,
  ]];
  const scales = new Map<string, string>();
  blocks.forEach((count, stage) => {
    names.down(stage).forEach((theirs, i) => modules.push([`stages.${stage}.downsample.${i}`, theirs]));
    for (let b = 0; b < count; b++) {
      const timm = `stages.${stage}.blocks.${b}`, theirs = names.block(stage, b);
      for (const [part, name] of Object.entries(names.parts)) {
        modules.push([`${timm}.${part}`, `${theirs}.${name}`]);
      }
      scales.set(`${timm}.gamma`, `${theirs}.${names.scale}`);
    }
  });
  const rename = renameModules(modules);
  return (name) => scales.get(name) ?? rename(name);
}
