"""A model and its tokenizer as files."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from torch import nn

    from edgelab.models.spec import Spec


def store(folder: Path, model: "nn.Module", tokenizer: "Tokenizer") -> None:
    """Write the model and its tokenizer."""
    from safetensors.torch import save_file

    save_file({k: v.contiguous() for k, v in model.state_dict().items()}, str(folder / "model.safetensors"))
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)


def load_model(folder: Path, spec: "Spec | None") -> "nn.Module":
    """The torch module of that folder, in eval mode; `spec` None is the teacher's."""
    from safetensors.torch import load_file

    from edgelab.models.networks import empty_model

    weights = load_file(str(folder / "model.safetensors"))
    model = empty_model(spec, weights)
    model.load_state_dict(weights)
    return model.eval()


def load_stored_tokenizer(folder: Path) -> "Tokenizer":
    """The tokenizer of that folder."""
    from tokenizers import Tokenizer

    return Tokenizer.from_file(str(folder / "tokenizer.json"))
