"""Parameters and multiply-accumulates at 224 px of networks without classifier, by timm and PyTorch's counter."""

import timm
import torch
from timm.layers import set_fused_attn
from torch.utils.flop_counter import FlopCounterMode

from resnets import resnet, without_values

# Ours, and timm's name or what makes it: SwAV's wide ResNets are not timm's.
NETWORKS = {
    "resnet18": "resnet18",
    "resnet34": "resnet34",
    "resnet50": "resnet50",
    "resnet101": "resnet101",
    "resnet152": "resnet152",
    "resnet50_w2": lambda: resnet(50, 2 * 64),
    "resnet50_w4": lambda: resnet(50, 4 * 64),
    "resnet50_w5": lambda: resnet(50, 5 * 64),
    "efficientnet_b0": "efficientnet_b0",
    "efficientnet_b1": "efficientnet_b1",
    "efficientnet_b2": "efficientnet_b2",
    "efficientnet_b3": "efficientnet_b3",
    "efficientnet_b4": "efficientnet_b4",
    "efficientnet_lite2": "tf_efficientnet_lite2",
    "mobilenet_v3_large": "mobilenetv3_large_100",
    "mobilenet_v3_small": "mobilenetv3_small_100",
    "mobilenet_v4_conv_small": "mobilenetv4_conv_small",
    "mobilenet_v4_conv_medium": "mobilenetv4_conv_medium",
    "regnet_y_400mf": "regnety_004",
    "regnet_y_800mf": "regnety_008",
    "vit_tiny_16": "vit_tiny_patch16_224",
    "vit_small_16": "vit_small_patch16_224",
    "vit_base_16": "vit_base_patch16_224",
    # Whose positions are for 518 pixels.
    "vit_small_14": lambda: of_any_size("vit_small_patch14_dinov2"),
    "vit_base_14": lambda: of_any_size("vit_base_patch14_dinov2"),
    "vit_large_14": lambda: of_any_size("vit_large_patch14_dinov2"),
    "vit_giant_14": lambda: of_any_size("vit_giant_patch14_dinov2"),
    "vit_small_16_dinov3": "vit_small_patch16_dinov3_qkvb",
    "vit_small_plus_16_dinov3": "vit_small_plus_patch16_dinov3_qkvb",
    "vit_base_16_dinov3": "vit_base_patch16_dinov3_qkvb",
    "vit_large_16_dinov3": "vit_large_patch16_dinov3_qkvb",
    **{
        f"{name}_{gelu}": timm_name
        for name, timm_name in {
            "vit_base_32_clip": "vit_base_patch32_clip_224",
            "vit_base_16_clip": "vit_base_patch16_clip_224",
            "vit_large_14_clip": "vit_large_patch14_clip_224",
        }.items()
        for gelu in ("quickgelu", "gelu")
    },
    "vit_base_16_siglip": "vit_base_patch16_siglip_224",
    "vit_large_16_siglip": lambda: of_any_size("vit_large_patch16_siglip_256"),
    "vit_so400m_14_siglip": "vit_so400m_patch14_siglip_224",
    "convnext_atto": "convnext_atto",
    "convnext_femto": "convnext_femto",
    "convnext_pico": "convnext_pico",
    "convnext_nano": "convnext_nano",
    "convnext_tiny": "convnext_tiny",
    "convnext_small": "convnext_small",
    "convnext_base": "convnext_base",
    "convnext_large": "convnext_large",
}


def of_any_size(name: str) -> torch.nn.Module:
    return timm.create_model(name, num_classes=0, dynamic_img_size=True)


def expected() -> dict:
    set_fused_attn(False)  # as one operation, its products are not counted on every device
    return {"network_size.json": {ours: size(theirs) for ours, theirs in NETWORKS.items()}}


def size(source) -> dict:
    make = source if callable(source) else lambda: timm.create_model(source, num_classes=0)
    network = without_values(make).eval().requires_grad_(False)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        features = network(torch.zeros(1, 3, 224, 224, device="meta"))
    return {
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
        "macs": counter.get_total_flops() // 2,
        "featureDim": features.shape[1],
    }
