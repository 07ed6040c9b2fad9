"""Networks that people bring as teachers, as their publishers, timm and transformers name their values: by timm's and
transformers' networks, which read the files' names by their own conversions. Most have two blocks in place of all of
theirs; their full lists of entries are kept as a digest.

A case is a network, the layout of its file, and what computes it."""

import gzip
import json
import re
import tempfile
from pathlib import Path

import timm
import torch
import transformers
from timm.data import OPENAI_CLIP_MEAN, OPENAI_CLIP_STD
from timm.models import convnext, eva, vision_transformer
from safetensors.torch import load_file, save_file

from fingerprint import fingerprint
from formula import normalized, weight
from resnets import digest_of_shapes, without_values
from vision_transformer import as_timm

IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class Outputs:
    """Features, tokens after the last norm, and how many of them come before the patches."""

    def __init__(self, features, tokens, leading):
        self.features, self.patches = features, tokens[:, leading:]


class Timm:
    """timm's own names."""

    def __init__(self, name: str, **options):
        self.name, self.options = name, options

    def create(self, depth: int | None, **more):
        cut = {} if depth is None else {"depth": depth}
        return timm.create_model(self.name, num_classes=0, **self.options, **cut, **more)

    def entries(self, depth: int | None) -> dict:
        network = without_values(lambda: self.create(depth))
        return {name: list(value.shape) for name, value in network.state_dict().items()}

    def outputs(self, values: dict, images: torch.Tensor, depth: int | None) -> Outputs:
        network = self.create(depth, **self.sized(images))
        network.load_state_dict(self.state(values, network))
        network.double().eval()
        tokens = network.forward_features(images)
        leading, pool = network.num_prefix_tokens, getattr(network, "global_pool", "token")
        return Outputs(network.pool(tokens) if pool == "map" else tokens[:, 0], tokens, leading)

    def sized(self, images: torch.Tensor) -> dict:
        return {"dynamic_img_size": True}

    def state(self, values: dict, network) -> dict:
        return values


class Dinov2(Timm):
    """facebookresearch/dinov2: timm's network with positions that are interpolated as DINOv2 does."""

    def entries(self, depth):
        entries = super().entries(depth)
        width = entries["norm.bias"][0]
        entries |= {"mask_token": [1, width], "pos_embed": [1, 1 + 37 * 37, width]}
        if "reg_token" in entries:
            entries["register_tokens"] = entries.pop("reg_token")
        return {self.theirs(name, entries): shape for name, shape in entries.items()}

    def theirs(self, name: str, entries: dict) -> str:
        if entries["blocks.0.mlp.fc1.bias"][0] == 4 * entries["norm.bias"][0]:
            return name
        return name.replace("mlp.fc1", "mlp.w12").replace("mlp.fc2", "mlp.w3")

    def sized(self, images):
        return {"img_size": images.shape[-1]}

    def state(self, values, network):
        values = {n.replace("mlp.w12", "mlp.fc1").replace("mlp.w3", "mlp.fc2"): v for n, v in values.items()}
        return as_timm("dinov2", values, network.patch_embed.grid_size[0])


class Dinov3(Timm):
    """facebookresearch/dinov3: timm's network, by timm's own conversion, with the periods that the file holds. The bias
    of the keys is masked."""

    def entries(self, depth):
        width = super().entries(depth)["norm.bias"][0]
        entries = {"mask_token": [1, width], "rope_embed.periods": [16]}
        for name, shape in super().entries(depth).items():
            if name.endswith("attn.q_bias"):
                entries[name.replace("q_bias", "qkv.bias")] = [3 * width]
                entries[name.replace("q_bias", "qkv.bias_mask")] = [3 * width]
            elif not name.endswith("attn.v_bias"):
                for ours, theirs in self.NAMES.items():
                    name = name.replace(ours, theirs)
                entries[name] = shape
        return entries

    NAMES = {"reg_token": "storage_tokens", "gamma_1": "ls1.gamma", "gamma_2": "ls2.gamma"} | {
        "mlp.fc1_g": "mlp.w1", "mlp.fc1_x": "mlp.w2",
    }

    def state(self, values, network):
        network.rope.periods.copy_(values["rope_embed.periods"])
        return eva.checkpoint_filter_fn(values, network)


class Dinov3Satellite(Dinov3):
    normalization = (0.430, 0.411, 0.296), (0.213, 0.156, 0.143)

    def entries(self, depth):
        entries = super().entries(depth)
        return entries | {f"local_cls_norm.{kind}": entries["norm.bias"] for kind in ("weight", "bias")}


class Dinov3Plus(Dinov3):
    NAMES = Dinov3.NAMES | {"mlp.fc2": "mlp.w3"}


class MocoV3(Timm):
    """facebookresearch/moco-v3: timm's network with twelve heads, in a wrapper, beside its momentum encoder."""

    def __init__(self, name: str, encoder="base"):
        super().__init__(name, num_heads=12)
        self.prefix = f"module.{encoder}_encoder."

    def entries(self, depth):
        return {self.prefix + name: shape for name, shape in super().entries(depth).items()}

    def state(self, values, network):
        return {name.removeprefix(self.prefix): value for name, value in values.items()}


class Clip(Timm):
    """openai/CLIP and open_clip, by timm's own conversion."""

    normalization = OPENAI_CLIP_MEAN, OPENAI_CLIP_STD
    NAMES = {
        "cls_token": "class_embedding", "pos_embed": "positional_embedding", "patch_embed.proj": "conv1",
        "norm_pre": "ln_pre", "blocks.": "transformer.resblocks.", "norm1": "ln_1", "norm2": "ln_2", "attn.qkv.": "attn.in_proj_",
        "attn.proj": "attn.out_proj", "mlp.fc1": "mlp.c_fc", "mlp.fc2": "mlp.c_proj", "norm.": "ln_post.",
    }

    def entries(self, depth):
        entries = {}
        for name, shape in super().entries(depth).items():
            for ours, theirs in self.NAMES.items():
                name = name.replace(ours, theirs)
            lead = {"class_embedding": 2, "positional_embedding": 1}.get(name, 0)
            entries[f"visual.{name}"] = shape[lead:]
        return entries

    def state(self, values, network):
        width = len(values["visual.class_embedding"])
        projection = {"visual.proj": torch.zeros(width, 8)}  # with it timm's conversion tells the names
        state = vision_transformer.checkpoint_filter_fn(values | projection, network)
        return {name: value for name, value in state.items() if not name.startswith("head.")}


class TimmClip(Timm):
    normalization = Clip.normalization


class Siglip(Timm):
    normalization = (0.5,) * 3, (0.5,) * 3


class OpenClip(Siglip):
    """open_clip's files of a tower that is timm's."""

    def entries(self, depth):
        return {f"visual.trunk.{name}": shape for name, shape in super().entries(depth).items()}

    def state(self, values, network):
        return {name.removeprefix("visual.trunk."): value for name, value in values.items()}


class Transformers:
    """What `save_pretrained` writes and `from_pretrained` reads; `forward` tells what is asked of it."""

    def __init__(self, kind: str, **config):
        self.kind, self.config = kind, config

    def model(self, depth: int | None):
        config = self.config if depth is None else self.config | {"num_hidden_layers": depth}
        return getattr(transformers, self.kind + "Model"), getattr(transformers, self.kind + "Config")(**config)

    def entries(self, depth: int | None) -> dict:
        # Names of all blocks from those of two: a network without values cannot be saved.
        kind, config = self.model(2)
        with tempfile.TemporaryDirectory() as folder:
            kind(config).save_pretrained(folder)
            saved = {name: list(value.shape) for name, value in load_file(f"{folder}/model.safetensors").items()}
        full = self.model(None)[1].num_hidden_layers if depth is None else depth
        others = {n: s for n, s in saved.items() if not re.search(r"layers?\.1\.", n)}
        return {
            re.sub(r"(layers?)\.0\.", rf"\1.{i}.", name): shape
            for name, shape in others.items()
            for i in (range(full) if re.search(r"layers?\.0\.", name) else [0])
        }

    def outputs(self, values: dict, images: torch.Tensor, depth: int | None) -> Outputs:
        kind, config = self.model(depth)
        with tempfile.TemporaryDirectory() as folder:
            config.save_pretrained(folder)
            float32 = {name: value.float().contiguous() for name, value in values.items()}
            save_file(float32, Path(folder) / "model.safetensors", metadata={"format": "pt"})
            network, info = kind.from_pretrained(folder, dtype=torch.float64, output_loading_info=True)
        assert not any(info[key] for key in ("missing_keys", "unexpected_keys", "mismatched_keys")), info
        return self.of(network.eval(), images)

    def of(self, network, images) -> Outputs:
        tokens = network(images).last_hidden_state
        return Outputs(tokens[:, 0], tokens, 1 + getattr(network.config, "num_register_tokens", 0))


class TimmConvNeXt(Timm):
    """timm's own names; `depth` is the blocks of each stage."""

    def create(self, depth, **more):
        return timm.create_model(self.name, num_classes=0, **({"depths": depth} if depth else {}))

    def outputs(self, values, images, depth):
        network = self.create(depth)
        network.load_state_dict(self.state(values, network))
        network.double().eval()
        maps = network.forward_features(images)
        return Outputs(network.forward_head(maps), network.head.norm(maps).flatten(2).transpose(1, 2), 0)


class ConvNeXt(TimmConvNeXt):
    """facebookresearch/ConvNeXt, by timm's own conversion; DINOv3's have the last norm twice."""

    def __init__(self, name: str, dinov3=False):
        super().__init__(name)
        self.dinov3 = dinov3

    def entries(self, depth):
        entries = {self.theirs(name): shape for name, shape in super().entries(depth).items()}
        return entries | {f"norms.3.{k}": entries[f"norm.{k}"] for k in ("weight", "bias") if self.dinov3}

    def theirs(self, name: str) -> str:
        name = re.sub(r"^stem\.", "downsample_layers.0.", name)
        name = re.sub(r"^stages\.(\d+)\.downsample\.", r"downsample_layers.\1.", name)
        name = re.sub(r"^stages\.(\d+)\.blocks\.", r"stages.\1.", name).replace("head.norm", "norm")
        return name.replace("conv_dw", "dwconv").replace("mlp.fc", "pwconv")

    def state(self, values, network):
        if self.dinov3:
            values = {name: value for name, value in values.items() if not name.startswith("norms.")}
        return convnext.checkpoint_filter_fn(values, network)


class TransformersConvNeXt(Transformers):
    def model(self, depth):
        config = self.config | ({"depths": list(depth)} if depth else {})
        return getattr(transformers, self.kind + "Model"), getattr(transformers, self.kind + "Config")(**config)

    def entries(self, depth):
        kind, config = self.model(depth or (1, 1, 1, 1))
        with tempfile.TemporaryDirectory() as folder:
            kind(config).save_pretrained(folder)
            saved = {name: list(value.shape) for name, value in load_file(f"{folder}/model.safetensors").items()}
        if depth:
            return saved
        full, entries = self.model(None)[1].depths, {}
        for name, shape in saved.items():
            stage = re.search(r"stages\.(\d)\.layers\.0\.", name)
            for i in range(full[int(stage[1])] if stage else 1):
                entries[name.replace(".layers.0.", f".layers.{i}.")] = shape
        return entries

    def of(self, network, images):
        found = network(images)
        maps = found.last_hidden_state
        if maps.ndim == 3:
            return Outputs(found.pooler_output, maps, 1)
        return Outputs(found.pooler_output, network.layernorm(maps.flatten(2).transpose(1, 2)), 0)


class TransformersVit(Transformers):
    def of(self, network, images):
        tokens = network(images, interpolate_pos_encoding=True).last_hidden_state
        return Outputs(tokens[:, 0], tokens, 1)


class Tower(Transformers):
    """A vision tower. `whole`: named as in a file with the texts' tower, in which it is below `vision_model`."""

    def __init__(self, kind: str, whole=False, **config):
        super().__init__(kind, **config)
        self.prefix = "vision_model." if whole else ""

    def entries(self, depth):
        return {self.prefix + name: shape for name, shape in super().entries(depth).items()}

    def outputs(self, values, images, depth):
        return super().outputs({n.removeprefix(self.prefix): v for n, v in values.items()}, images, depth)


class TransformersClip(Tower):
    normalization = Clip.normalization

    def __init__(self, **options):
        super().__init__("CLIPVision", **options)

    def of(self, network, images):
        found = network(images, interpolate_pos_encoding=True)
        return Outputs(found.pooler_output, network.post_layernorm(found.last_hidden_state), 1)


class TransformersSiglip(Tower):
    normalization = Siglip.normalization

    def __init__(self, **options):
        super().__init__("SiglipVision", **options)

    def of(self, network, images):
        found = network(images, interpolate_pos_encoding=True)
        return Outputs(found.pooler_output, found.last_hidden_state, 0)


LARGE = {"hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16}
BASE = {"hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12}
SMALL = {"hidden_size": 384, "num_hidden_layers": 12, "num_attention_heads": 6}
GIANT = {"hidden_size": 1536, "num_hidden_layers": 40, "num_attention_heads": 24, "use_swiglu_ffn": True}
DINOV3 = {"num_register_tokens": 4}
DINOV2 = {"image_size": 518, "patch_size": 14, "layer_norm_eps": 1e-6}

CLIP = BASE | {"image_size": 224}
SO400M = {
    "hidden_size": 1152, "num_hidden_layers": 27, "num_attention_heads": 16, "intermediate_size": 4304,
    "patch_size": 14, "image_size": 224,
}
FEW = (1, 1, 1, 1)

# By network and layout: what computes it, how many blocks of it (None: all), images by their side.
CASES = {
    "vit_base_14, dinov2": (Dinov2("vit_base_patch14_dinov2"), 2, {42: 2, 224: 1}),
    "vit_base_14, dinov2, registers": (Dinov2("vit_base_patch14_reg4_dinov2"), 2, {42: 2}),
    "vit_base_14, timm": (Timm("vit_base_patch14_dinov2"), 2, {42: 2}),
    "vit_base_14, timm, registers": (Timm("vit_base_patch14_reg4_dinov2"), 2, {42: 2}),
    "vit_large_14, dinov2": (Dinov2("vit_large_patch14_dinov2"), 2, {42: 2}),
    "vit_large_14, dinov2, registers": (Dinov2("vit_large_patch14_reg4_dinov2"), 2, {42: 2}),
    "vit_giant_14, dinov2": (Dinov2("vit_giant_patch14_dinov2"), 1, {42: 2}),
    "vit_giant_14, dinov2, registers": (Dinov2("vit_giant_patch14_reg4_dinov2"), 1, {42: 2}),
    "vit_giant_14, timm": (Timm("vit_giant_patch14_dinov2"), 1, {42: 2}),
    "vit_small_14, transformers": (Transformers("Dinov2", **SMALL, **DINOV2), None, {42: 2}),
    "vit_small_14, transformers, registers": (
        Transformers("Dinov2WithRegisters", **SMALL, **DINOV2, num_register_tokens=4), None, {42: 2},
    ),
    "vit_base_14, transformers": (Transformers("Dinov2", **BASE, **DINOV2), 2, {42: 2}),
    "vit_large_14, transformers": (Transformers("Dinov2", **LARGE, **DINOV2), 2, {42: 2}),
    "vit_giant_14, transformers": (Transformers("Dinov2", **GIANT, **DINOV2), 1, {42: 2}),
    "vit_giant_14, transformers, registers": (
        Transformers("Dinov2WithRegisters", **GIANT, **DINOV2, num_register_tokens=4), 1, {42: 2},
    ),
    "vit_small_16_dinov3, dinov3": (Dinov3("vit_small_patch16_dinov3_qkvb"), None, {48: 2, 112: 1}),
    "vit_small_plus_16_dinov3, dinov3": (Dinov3Plus("vit_small_plus_patch16_dinov3_qkvb"), 2, {48: 2}),
    "vit_base_16_dinov3, dinov3": (Dinov3("vit_base_patch16_dinov3_qkvb"), 2, {48: 2}),
    "vit_large_16_dinov3, dinov3": (Dinov3("vit_large_patch16_dinov3_qkvb"), 2, {48: 2}),
    "vit_large_16_dinov3, dinov3, satellite": (Dinov3Satellite("vit_large_patch16_dinov3_qkvb"), 2, {48: 2}),
    "vit_small_16_dinov3, timm": (Timm("vit_small_patch16_dinov3_qkvb"), 2, {48: 2}),
    "vit_small_plus_16_dinov3, timm": (Timm("vit_small_plus_patch16_dinov3_qkvb"), 2, {48: 2}),
    "vit_base_16_dinov3, timm": (Timm("vit_base_patch16_dinov3"), 2, {48: 2}),
    "vit_large_16_dinov3, timm": (Timm("vit_large_patch16_dinov3"), 2, {48: 2}),
    "vit_small_16_dinov3, transformers": (Transformers("DINOv3ViT", **SMALL, **DINOV3), None, {48: 2}),
    "vit_small_plus_16_dinov3, transformers": (
        Transformers("DINOv3ViT", **SMALL, **DINOV3, intermediate_size=1536, use_gated_mlp=True, hidden_act="silu"),
        2, {48: 2},
    ),
    "vit_base_16_dinov3, transformers": (
        Transformers("DINOv3ViT", **BASE, **DINOV3, intermediate_size=3072), 2, {48: 2},
    ),
    "vit_large_16_dinov3, transformers": (
        Transformers("DINOv3ViT", **LARGE, **DINOV3, intermediate_size=4096), 2, {48: 2},
    ),
    "convnext_tiny, convnext, dinov3": (ConvNeXt("convnext_tiny", dinov3=True), None, {64: 2}),
    "convnext_tiny, convnext": (ConvNeXt("convnext_tiny"), FEW, {64: 2}),
    "convnext_small, convnext, dinov3": (ConvNeXt("convnext_small", dinov3=True), FEW, {64: 2}),
    "convnext_base, convnext, dinov3": (ConvNeXt("convnext_base", dinov3=True), FEW, {64: 2}),
    "convnext_large, convnext, dinov3": (ConvNeXt("convnext_large", dinov3=True), FEW, {64: 2}),
    "convnext_tiny, timm": (TimmConvNeXt("convnext_tiny"), FEW, {64: 2}),
    "convnext_large, timm": (TimmConvNeXt("convnext_large"), FEW, {64: 2}),
    "convnext_tiny, transformers, dinov3": (TransformersConvNeXt("DINOv3ConvNext"), FEW, {64: 2}),
    "convnext_small, transformers, dinov3": (
        TransformersConvNeXt("DINOv3ConvNext", depths=[3, 3, 27, 3]), FEW, {64: 2},
    ),
    "convnext_base, transformers, dinov3": (
        TransformersConvNeXt("DINOv3ConvNext", depths=[3, 3, 27, 3], hidden_sizes=[128, 256, 512, 1024]), FEW, {64: 2},
    ),
    "convnext_large, transformers, dinov3": (
        TransformersConvNeXt("DINOv3ConvNext", depths=[3, 3, 27, 3], hidden_sizes=[192, 384, 768, 1536]), FEW, {64: 2},
    ),
    "convnext_tiny, transformers": (TransformersConvNeXt("ConvNext", layer_norm_eps=1e-6), FEW, {64: 2}),
    "vit_small_16, moco v3": (MocoV3("vit_small_patch16_224"), 2, {224: 1}),
    "vit_base_16, moco v3": (MocoV3("vit_base_patch16_224"), 2, {48: 2}),
    "vit_small_16, moco v3, momentum encoder": (MocoV3("vit_small_patch16_224", "momentum"), 2, {48: 2}),
    "vit_base_32_clip_quickgelu, clip": (Clip("vit_base_patch32_clip_quickgelu_224"), 2, {64: 2, 224: 1}),
    "vit_base_16_clip_quickgelu, clip": (Clip("vit_base_patch16_clip_quickgelu_224"), 2, {48: 2}),
    "vit_base_16_clip_gelu, clip": (Clip("vit_base_patch16_clip_224"), 2, {48: 2}),
    "vit_large_14_clip_quickgelu, clip": (Clip("vit_large_patch14_clip_quickgelu_224"), 2, {42: 2}),
    "vit_base_16_clip_quickgelu, timm": (TimmClip("vit_base_patch16_clip_quickgelu_224"), 2, {48: 2}),
    "vit_base_32_clip_gelu, timm": (TimmClip("vit_base_patch32_clip_224"), 2, {64: 2}),
    "vit_large_14_clip_gelu, timm": (TimmClip("vit_large_patch14_clip_224"), 2, {42: 2}),
    "vit_base_32_clip_quickgelu, transformers": (
        TransformersClip(whole=True, **CLIP, patch_size=32), 2, {64: 2},
    ),
    "vit_base_16_clip_gelu, transformers": (
        TransformersClip(whole=True, **CLIP, patch_size=16, hidden_act="gelu"), 2, {48: 2},
    ),
    "vit_large_14_clip_quickgelu, transformers": (
        TransformersClip(whole=True, **CLIP | LARGE, patch_size=14, intermediate_size=4096), 2, {42: 2},
    ),
    "vit_base_16_clip_quickgelu, transformers, vision alone": (TransformersClip(**CLIP, patch_size=16), 2, {48: 2}),
    "vit_base_16_siglip, transformers": (TransformersSiglip(whole=True, **BASE), 2, {48: 2}),
    "vit_base_16_siglip, transformers, vision alone": (TransformersSiglip(**BASE), 2, {48: 2}),
    "vit_large_16_siglip, transformers": (
        TransformersSiglip(whole=True, **LARGE, image_size=256, intermediate_size=4096), 2, {48: 2},
    ),
    "vit_so400m_14_siglip, transformers": (TransformersSiglip(whole=True, **SO400M), 2, {42: 2}),
    "vit_base_16_siglip, timm": (Siglip("vit_base_patch16_siglip_224"), 2, {48: 2}),
    "vit_base_16_siglip, open_clip": (OpenClip("vit_base_patch16_siglip_224"), 2, {48: 2}),
    "vit_so400m_14_siglip, timm": (Siglip("vit_so400m_patch14_siglip_224"), 2, {42: 2}),
    "vit_small_16, transformers": (TransformersVit("ViT", **SMALL, intermediate_size=1536), None, {48: 2}),
    "vit_base_16, transformers": (TransformersVit("ViT", **BASE), 2, {48: 2}),
}


def expected() -> dict:
    text = json.dumps({name: expected_of(*case) for name, case in CASES.items()})
    return {"teacher_networks.json.gz": gzip.compress(text.encode(), mtime=0)}


def expected_of(network, depth, sides: dict[int, int]) -> dict:
    entries = network.entries(depth)
    values = {name: weight(name, shape) for name, shape in entries.items()}
    return {
        "depth": depth,
        "entries": entries_of_one_block(entries),
        "all": digest_of_shapes(network.entries(None)),
        "outputs": {str(side): outputs(network, values, side, count, depth) for side, count in sides.items()},
    }


def entries_of_one_block(entries: dict) -> dict:
    """The other blocks are like the first, of a ConvNeXt those of each stage."""
    return {name: list(shape) for name, shape in entries.items() if not re.search(BLOCK + r"(?!0\.)\d+\.", name)}


BLOCK = r"\b(?:blocks|layers?|resblocks|stages\.\d)\."


def outputs(network, values, side, count, depth) -> dict:
    images = normalized("images", count, side, *getattr(network, "normalization", IMAGENET))
    with torch.no_grad():
        found = network.outputs(values, images, depth)
    return {
        "images": count,
        "features": fingerprint(found.features),
        "mean": fingerprint(found.patches.mean(1)),
        "patches": fingerprint(found.patches),
    }
