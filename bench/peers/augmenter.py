"""The views of ../augmenter_bench.ts in torchvision, on PIL images as MoCo makes them: python augmenter.py VIEWS"""

import sys

import numpy as np
import PIL
import torch
import torchvision
from PIL import Image

from moco_v2 import moco_v2
from serve import serve

VIEWS = int(sys.argv[1])
torch.set_num_threads(1)


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
