"""`02_quantization`: few bits, what they change, and how they are shared out."""

from edgelab.quantization.allocation import allocate
from edgelab.quantization.answers import activations, run_file
from edgelab.quantization.arithmetic import saturating_matmul
from edgelab.quantization.conversion import convert
from edgelab.quantization.damage import answers_flipped, change, divergence, flips, sensitivity
from edgelab.quantization.grid import affine_parameters, best_clip, fake_quantize, quantize, symmetric_scale
from edgelab.quantization.onnx_tools import (
    dynamic_int8,
    integer_product,
    rounded,
    static_int8,
    values,
    weight_only,
    weights,
)
from edgelab.quantization.packing import pack

__all__ = [
    "activations",
    "affine_parameters",
    "allocate",
    "answers_flipped",
    "best_clip",
    "change",
    "convert",
    "divergence",
    "dynamic_int8",
    "fake_quantize",
    "flips",
    "integer_product",
    "pack",
    "quantize",
    "rounded",
    "run_file",
    "saturating_matmul",
    "sensitivity",
    "static_int8",
    "symmetric_scale",
    "values",
    "weight_only",
    "weights",
]
