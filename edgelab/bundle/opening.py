"""A bundle's model and tokenizer opened, and refused where they cannot be what a bundle needs."""

from pathlib import Path
from typing import TYPE_CHECKING

from edgelab.bundle.manifest import BundleError
from edgelab.bundle.onnx_file import tensors
from edgelab.bundle.session import cpu_session
from edgelab.bundle.vocabulary import unpack_vocabulary

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Tokenizer

INPUTS = (["ids"], ["ids", "mask"])
PERSONAL = ("personal", "features")  # further outputs of a model that takes a person's adapter (`personalization`)
# What a tokenizer must manage: nothing at all, plain words, characters that it never saw, more than a model reads.
TEXTS = ("", "wake me at seven", "\u23f0 \u65e9\u4e0a", "wake me at seven " * 200)


def open_model(file: Path, *, threads: int) -> tuple["InferenceSession", bool]:
    """A session of a bundle's model: whole numbers `ids` (and `mask`) in, intent logits (and slot logits) out; and
    whether it may be asked for several texts at once.

    Raises:
        BundleError: it is no ONNX file, keeps numbers in another file, holds weights that are no finite numbers, or
            declares other inputs or outputs.
    """
    try:
        content = file.read_bytes()
        found = list(tensors(content))
    except ValueError as error:
        raise BundleError(f"{file}: expected an ONNX file, found {error}") from None
    for tensor in found:
        if tensor.is_external:  # no hash of the manifest covers that file
            raise BundleError(f"{file}: expected all numbers in this file, found that {tensor.name!r} is in another")
        if not tensor.is_finite:
            raise BundleError(f"{file}: expected finite weights, found NaN or infinite ones in {tensor.name!r}")
    session = cpu_session(file, threads=threads)
    inputs, outputs = session.get_inputs(), answers_of(session)
    if [value.name for value in inputs] not in INPUTS or any(value.type != "tensor(int64)" for value in inputs):
        raise BundleError(f"{file}: expected the int64 inputs ids, or ids and mask, found {_declared(inputs)}")
    if len(outputs) > 2 or any(value.type != "tensor(float)" for value in outputs):
        raise BundleError(f"{file}: expected one or two outputs of float logits, found {_declared(outputs)}")
    # Where the range of activations is found anew in each call, texts that share one change each other's answers.
    several = b"DynamicQuantize" not in content and not any(isinstance(i.shape[0], int) for i in inputs if i.shape)
    return session, several


def answers_of(session: "InferenceSession") -> list:
    """The outputs that every bundle's model has: intent logits and, with a slot head, slot logits."""
    return [output for output in session.get_outputs() if output.name not in PERSONAL]


def open_tokenizer(file: Path) -> "Tokenizer":
    """A bundle's tokenizer, which manages any text, from its `vocabulary.zlib` or `tokenizer.json`.

    Raises:
        BundleError: it is no such vocabulary; or it cuts long texts into parts that overlap by more than their length:
            the library would abort.
    """
    from tokenizers import Tokenizer

    if file.suffix == ".zlib":
        try:
            return unpack_vocabulary(file.read_bytes())
        except ValueError as error:
            raise BundleError(f"{file}: expected a packed vocabulary, found {error}") from None
    tokenizer = Tokenizer.from_file(str(file))
    if tokenizer.truncation:
        longest, stride = tokenizer.truncation["max_length"], tokenizer.truncation["stride"]
        room = longest - tokenizer.num_special_tokens_to_add(False)
        if not stride < room:
            raise BundleError(f"{file}: expected a stride below {room}, the tokens of a part, found {stride}")
    for text in TEXTS:
        tokenizer.encode(text)
    return tokenizer


def _declared(values: list) -> str:
    return ", ".join(f"{value.name} ({value.type})" for value in values) or "none"
