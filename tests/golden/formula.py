"""Weights and images that both sides compute, so that no file has to carry them. The twin of formula.ts."""

import numpy as np
import torch


def unit(name: str, count: int) -> np.ndarray:
    """`count` float64 in [0, 1): a hash of the name (FNV-1a) and the index (lowbias32), over 2^32."""
    seed = 0x811C9DC5
    for byte in name.encode():
        seed = ((seed ^ byte) * 0x01000193) & 0xFFFFFFFF
    return _mix(_mix(np.arange(count, dtype=np.uint32)) ^ np.uint32(seed)) / 2.0**32


def uniform(name: str, shape, low=-1.0, high=1.0) -> torch.Tensor:
    """float64 whose values are float32's."""
    values = low + (high - low) * unit(name, int(np.prod(shape, dtype=np.int64)))
    return torch.from_numpy(values.astype(np.float32).astype(np.float64)).reshape(tuple(shape))


# What random weights multiply the variance by, and a ReLU halves: a little more than keeps it, so that features still
# tell images apart at the end of a deep network. A network that amplifies needs less.
GAIN = 6.25 / 3


def weight(name: str, shape, gain=GAIN) -> torch.Tensor:
    """A value of a network, of a size that suits its place."""
    if name.endswith(".running_var"):
        return uniform(name, shape, 0.5, 1.5)
    if name.endswith(".periods"):  # of rotary positions, which are published in bf16
        count = shape[0]
        return (100 ** (torch.arange(count).double() / count)).bfloat16().double()
    if len(shape) == 1 and name.endswith(".weight"):
        return uniform(name, shape, 0.8, 1.2)
    if len(shape) == 1:
        return uniform(name, shape, -0.2, 0.2)
    if len(shape) == 3:  # tokens and positions: what is added to patches of about this size
        return uniform(name, shape)
    bound = float(np.sqrt(3 * gain / np.prod(shape[1:])))
    return uniform(name, shape, -bound, bound)


def fill(module: torch.nn.Module, prefix="", suffix="", gain=GAIN) -> torch.nn.Module:
    """Gives a network the formula's values, as float64."""
    module.double()
    state = {
        name: value if name.endswith("num_batches_tracked") else weight(prefix + name + suffix, value.shape, gain)
        for name, value in module.state_dict().items()
    }
    module.load_state_dict(state)
    return module


def pixels(name: str, batch: int, size: int) -> np.ndarray:
    """`[batch, size, size, 3]` uint8: noise over coarse squares, so that pooling leaves something to tell apart."""
    side = -(-size // 8)
    coarse = unit(f"{name}.coarse", batch * side * side * 3).reshape(batch, side, side, 3)
    coarse = coarse.repeat(8, axis=1).repeat(8, axis=2)[:, :size, :size]
    fine = unit(f"{name}.fine", batch * size * size * 3).reshape(batch, size, size, 3)
    return np.floor(160 * coarse + 96 * fine).astype(np.uint8)


def normalized(name: str, batch: int, size: int, mean, std) -> torch.Tensor:
    """The same images as a network wants them: `[batch, 3, size, size]` float64."""
    images = torch.from_numpy(pixels(name, batch, size).astype(np.float64) / 255)
    return ((images - torch.tensor(mean).double()) / torch.tensor(std).double()).permute(0, 3, 1, 2).contiguous()


def _mix(x: np.ndarray) -> np.ndarray:
    x = (x ^ (x >> np.uint32(16))) * np.uint32(0x7FEB352D)
    x = (x ^ (x >> np.uint32(15))) * np.uint32(0x846CA68B)
    return x ^ (x >> np.uint32(16))
