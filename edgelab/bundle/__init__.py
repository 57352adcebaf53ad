"""The deployable folder: written, verified, asked, evaluated. Inference needs onnxruntime, tokenizers and numpy alone."""

from edgelab.bundle.calibrated import check_calibrated, fingerprint
from edgelab.bundle.evaluation import Evaluation, evaluate
from edgelab.bundle.manifest import BundleError, read_manifest, save
from edgelab.bundle.predict import Bundle, Prediction

__all__ = [
    "Bundle",
    "BundleError",
    "Evaluation",
    "Prediction",
    "check_calibrated",
    "evaluate",
    "fingerprint",
    "read_manifest",
    "save",
]
