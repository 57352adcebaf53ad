"""`python -m edgelab.generation.from_gguf FILE FOLDER`: a GGUF file as a checkpoint that transformers and the builder read."""

import sys
from pathlib import Path

OF_THE_FILE = ("quantization_config", "_name_or_path")  # of the configuration: the checkpoint is not quantized


def convert(gguf: Path, folder: Path) -> None:
    """De-quantize the weights to float32, and write them with configuration, tokenizer and chat template."""
    import torch
    from tokenizers import pre_tokenizers
    from transformers import AutoModelForCausalLM, AutoTokenizer

    where = {"pretrained_model_name_or_path": str(gguf.parent), "gguf_file": gguf.name}
    tokenizer = AutoTokenizer.from_pretrained(**where)
    if splits_numbers(gguf):
        whole = tokenizer.backend_tokenizer
        by_digit = pre_tokenizers.Digits(individual_digits=True)
        whole.pre_tokenizer = pre_tokenizers.Sequence([by_digit, whole.pre_tokenizer])
    loaded = AutoModelForCausalLM.from_pretrained(**where, dtype=torch.float32)
    settings = {name: value for name, value in loaded.config.to_dict().items() if name not in OF_THE_FILE}
    # `loaded` refuses to be saved: it counts as quantized.
    with torch.device("meta"):
        fresh = type(loaded)(type(loaded.config).from_dict(settings))
    fresh.load_state_dict(loaded.state_dict(), assign=True)
    fresh.tie_weights()
    fresh.generation_config = loaded.generation_config
    fresh.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def splits_numbers(gguf: Path) -> bool:
    """Whether numbers are cut into digits before all else. The file says so by a name, which transformers does not heed:
    "\\n\\n1" would then be other tokens than those that the model was trained on."""
    from gguf import GGUFReader

    field = GGUFReader(gguf).fields.get("tokenizer.ggml.pre")
    return field is not None and field.contents() == "smollm"


if __name__ == "__main__":
    convert(Path(sys.argv[1]), Path(sys.argv[2]))
