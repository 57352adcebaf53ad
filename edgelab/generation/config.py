"""What the builder wrote about a model, read with care: a folder may be anything."""

import json
from pathlib import Path

from edgelab.generation.errors import GeneratorError

CONFIG = "genai_config.json"


def read_config(folder: Path) -> dict:
    """What the builder wrote about the model.

    Raises:
        GeneratorError: there is none, or it is damaged.
    """
    file = folder / CONFIG
    if not file.is_file():  # nor a pipe, which would be waited for
        raise GeneratorError(f"{folder}: expected the folder of a built generator, found no {CONFIG}")
    try:
        config = json.loads(file.read_text("utf-8"))["model"]
        ends = config["eos_token_id"]
        numbers = (config["context_length"], config["vocab_size"], *(ends if isinstance(ends, list) else [ends]))
        sound = all(isinstance(number, int) for number in numbers) and isinstance(config["decoder"]["filename"], str)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        sound = False
    if not sound:
        raise GeneratorError(f"{file}: expected what the builder writes, found something else")
    return config


def first_line(error: Exception) -> str:
    """What an error says, as one line of at most 300 characters."""
    return " ".join((str(error).strip().splitlines() or [type(error).__name__])[0].split())[:300]
