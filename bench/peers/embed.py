"""The command of ../embed_bench.ts in PyTorch: python embed.py IMAGES WEIGHTS OUT_FOLDER THREADS"""

import sys
from pathlib import Path

import numpy as np
import torch
import torchvision
from PIL import Image
from safetensors.torch import load_file
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from serve import serve

IMAGES, WEIGHTS, OUT, THREADS = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), int(sys.argv[4])
BATCH = 64

torch.set_num_threads(THREADS)


class Folder(Dataset):
    """The evaluation's view of every image below a folder, in the order of the sorted paths."""

    def __init__(self):
        suffixes = {".jpg", ".jpeg", ".png", ".webp"}
        self.paths = sorted(p for p in IMAGES.rglob("*") if p.suffix.lower() in suffixes)
        self.view = transforms.Compose([
            transforms.Resize(256, transforms.InterpolationMode.BICUBIC),
            transforms.CenterCrop(224),
            transforms.ToTensor(),
            transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
        ])

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, i):
        return self.view(Image.open(self.paths[i]).convert("RGB"))


def embed(mode):
    def run():
        network = torchvision.models.resnet50()
        network.load_state_dict(load_file(WEIGHTS), strict=False)  # the file has no classifier
        network.fc = torch.nn.Identity()
        network.eval().to(memory_format=torch.channels_last)
        loader, rows = DataLoader(Folder(), BATCH, num_workers=THREADS), []
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=mode == "bf16"):
            for images in loader:
                rows.append(network(images.contiguous(memory_format=torch.channels_last)).float().numpy())
        np.save(OUT / f"{mode}.npy", np.concatenate(rows))

    return run


serve(
    {mode: embed(mode) for mode in ("fp32", "bf16")},
    {"PyTorch": torch.__version__, "torchvision": torchvision.__version__},
)
