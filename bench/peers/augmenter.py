"""The views of ../augmenter_bench.ts in torchvision, on PIL images as MoCo makes them: python augmenter.py VIEWS"""

import random
import sys

import numpy as np
import PIL
import torch
import torchvision
from PIL import Image, ImageFilter
from torchvision import transforms

from serve import serve

VIEWS = int(sys.argv[1])
torch.set_num_threads(1)


class GaussianBlur:
    """MoCo-v2's: moco/loader.py of facebookresearch/moco."""

    def __call__(self, image):
        return image.filter(ImageFilter.GaussianBlur(radius=random.uniform(0.1, 2.0)))


def moco_v2(size):
    """`--aug-plus` of main_moco.py, without ToTensor and Normalize, which our engine does in the graph."""
    return transforms.Compose([
        transforms.RandomResizedCrop(size, scale=(0.2, 1.0)),
        transforms.RandomApply([transforms.ColorJitter(0.4, 0.4, 0.4, 0.1)], p=0.8),
        transforms.RandomGrayscale(p=0.2),
        transforms.RandomApply([GaussianBlur()], p=0.5),
        transforms.RandomHorizontalFlip(),
    ])


def views(size, picture):
    coarse = np.random.default_rng(0).integers(0, 256, (picture // 8, picture // 8, 3), dtype=np.uint8)
    image, augment = Image.fromarray(coarse.repeat(8, 0).repeat(8, 1)), moco_v2(size)

    def run():
        for _ in range(VIEWS):
            np.asarray(augment(image))

    return run


serve(
    {f"{size} {picture}": views(size, picture) for size, picture in [(64, 128), (224, 448)]},
    {"torchvision": torchvision.__version__, "PIL": PIL.__version__},
)
