"""The deployable folder: written, verified, asked, evaluated. Inference needs onnxruntime, tokenizers and numpy alone."""

from edgelab.bundle.evaluation import Evaluation, evaluate
from edgelab.bundle.keys import new_keys
from edgelab.bundle.manifest import BundleError, read_manifest, save
from edgelab.bundle.predict import Bundle, Prediction
from edgelab.bundle.signature import Signature, load_signed, next_edition, sign, verify

__all__ = [
    "Bundle",
    "BundleError",
    "Evaluation",
    "Prediction",
    "Signature",
    "evaluate",
    "load_signed",
    "new_keys",
    "next_edition",
    "read_manifest",
    "save",
    "sign",
    "verify",
]
