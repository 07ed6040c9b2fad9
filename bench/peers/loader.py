"""The batches of ../loader_bench.ts in PyTorch: python loader.py FOLDER VIEWS BATCH SIZE"""

import sys
from pathlib import Path

import PIL
import torch
import torchvision
from PIL import Image
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from moco_v2 import moco_v2
from serve import serve

FOLDER, VIEWS, BATCH, SIZE = Path(sys.argv[1]), *map(int, sys.argv[2:])
torch.set_num_threads(1)

TO_TENSOR = {
    "bytes": [transforms.PILToTensor()],
    "normalized": [  # as MoCo has it
        transforms.ToTensor(),
        transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    ],
}


class Views(Dataset):
    def __init__(self, to_tensor):
        self.paths = sorted(path for path in FOLDER.iterdir() if path.suffix.lower() in {".jpg", ".jpeg"})
        self.view = transforms.Compose([moco_v2(SIZE), *to_tensor])

    def __len__(self):
        return VIEWS

    def __getitem__(self, i):
        return self.view(Image.open(self.paths[i % len(self.paths)]).convert("RGB"))


def batches(workers, to_tensor):
    def run():
        for _ in DataLoader(Views(to_tensor), BATCH, num_workers=workers):
            pass

    return run


serve(
    {f"{workers} {name}": batches(workers, steps) for workers in (1, 2) for name, steps in TO_TENSOR.items()},
    {"PyTorch": torch.__version__, "torchvision": torchvision.__version__, "PIL": PIL.__version__},
)
