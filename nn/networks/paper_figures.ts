/** Linear accuracy on ImageNet, top-1 in per cent. */
export interface PaperFigure {
  /** Trained by itself, without labels. */
  alone: { method: "MoCo-v2" | "SwAV"; top1: number };
  /** As SEED's student, of the best teacher that was published. */
  distilled?: { teacher: string; top1: number };
}

/**
 * What is published about a network: linear accuracies of Fang et al., ICLR 2021, for ResNet-50 as a
 * student the README of jacobswan1/SEED, and for the wide ResNets that of facebookresearch/swav.
 */
export const PAPER_FIGURES: Readonly<Record<string, PaperFigure>> = {
  efficientnet_b0: { alone: moco(42.2), distilled: { teacher: "SwAV ResNet-50 x2", top1: 67.6 } },
  efficientnet_b1: { alone: moco(50.7), distilled: { teacher: "SwAV ResNet-50 x2", top1: 68.0 } },
  mobilenet_v3_large: { alone: moco(36.3), distilled: { teacher: "SwAV ResNet-50 x2", top1: 68.2 } },
  resnet18: { alone: moco(52.5), distilled: { teacher: "SwAV ResNet-50 x2", top1: 63.0 } },
  resnet34: { alone: moco(57.4), distilled: { teacher: "SwAV ResNet-50 x2", top1: 65.7 } },
  resnet50: { alone: moco(67.4), distilled: { teacher: "SwAV ResNet-50 x4", top1: 74.3 } },
  resnet101: { alone: moco(70.3) },
  resnet152: { alone: moco(74.1) },
  resnet50_w2: { alone: { method: "SwAV", top1: 77.3 } },
  resnet50_w4: { alone: { method: "SwAV", top1: 77.9 } },
  resnet50_w5: { alone: { method: "SwAV", top1: 78.5 } },
};

function moco(top1: number): PaperFigure["alone"] {
  return { method: "MoCo-v2", top1 };
}
