"""MoCo-v2's augmentation in torchvision, on PIL images."""

import random

from PIL import ImageFilter
from torchvision import transforms


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
