"""Quantization-aware training: the model computes with weights rounded to the grid that will be deployed.

The gradient passes the rounding as if it were not there (the straight-through estimator: Bengio, Léonard and
Courville 2013, arXiv 1308.3432).
"""

import torch
from torch import nn
from torch.nn.utils import parametrize

from edgelab.quantization.grid import CLIPS


def nearest_on_grid(weights: torch.Tensor, bits: int) -> torch.Tensor:
    """`grid.row_grid` in torch, as floats: each row of [rows, columns] rounded to its best symmetric grid."""
    top = 2 ** (bits - 1) - 1
    largest = weights.abs().amax(1, keepdim=True).clamp_min(1e-12)
    best, least = weights, torch.full_like(largest, torch.inf)
    for clip in CLIPS:
        step = clip * largest / top
        rounded = (weights / step).round_().clamp_(-top, top).mul_(step)
        error = (rounded - weights).square_().sum(1, keepdim=True)
        better = error < least
        best, least = torch.where(better, rounded, best), torch.where(better, error, least)
    return best


class OnGrid(nn.Module):
    """A weight as its nearest point on the grid; the gradient goes to the weight itself."""

    def __init__(self, bits: int) -> None:
        super().__init__()
        self.bits = bits

    def forward(self, weight: torch.Tensor) -> torch.Tensor:
        """A weight [rows, columns], rounded."""
        return weight + (nearest_on_grid(weight.detach(), self.bits) - weight.detach())


def quantize_aware(model: nn.Module, bits: int) -> None:
    """From now on every embedding table and matrix of `model` is seen rounded to `bits`, a grid for each row."""
    for module in list(model.modules()):
        if isinstance(module, (nn.Embedding, nn.Linear)):
            parametrize.register_parametrization(module, "weight", OnGrid(bits))


def settle(model: nn.Module) -> None:
    """End quantization-aware training: the rounded weights become the weights."""
    for module in list(model.modules()):
        if parametrize.is_parametrized(module, "weight"):
            parametrize.remove_parametrizations(module, "weight", leave_parametrized=True)
