"""The memory wall: to write one token a language model reads all its weights, so bandwidth bounds its speed."""

from typing import TYPE_CHECKING

from edgelab.tiers.figures import read

if TYPE_CHECKING:
    import pandas as pd

BITS = {"w4": 4.0, "w4a16": 4.0}  # of most weights; a few layers have 8, of which the count is not published
CHUNK = 128  # tokens of a prompt worked on at once, by the models' info.yaml
ABOVE = (
    "above the wall: fewer bytes a token than the weights (tokens guessed ahead and confirmed together, or a table of "
    "embeddings that is not read), or another bandwidth than the published one"
)
UNKNOWN = "bandwidth not published"


def weight_bytes(parameters: float, bits: float) -> float:
    """What the weights take, in bytes, without scales."""
    return parameters * bits / 8


def kv_bytes(context_tokens: float, layers: int, kv_heads: int, head_dim: int, bytes_per_value: float = 2) -> float:
    """What attention reads besides for one new token: keys and values of every token before it."""
    return context_tokens * 2 * layers * kv_heads * head_dim * bytes_per_value


def decode_tokens_per_second(weight_bytes: float, bandwidth_bytes_per_s: float, kv_bytes: float = 0.0) -> float:
    """The most tokens a second that memory allows one request: bandwidth over the bytes read for each.

    Raises:
        ValueError: no bytes or no bandwidth.
    """
    read_bytes = weight_bytes + kv_bytes
    if not (read_bytes > 0 and kv_bytes >= 0 and bandwidth_bytes_per_s > 0):
        raise ValueError(f"expected bytes and a bandwidth above 0, found {read_bytes:g} and {bandwidth_bytes_per_s:g}")
    return bandwidth_bytes_per_s / read_bytes


def attainable(intensity: float, peak: float, bandwidth: float) -> float:
    """The roofline: operations a second that a machine reaches at `intensity` (operations a byte), in the unit of `peak`."""
    return min(peak, bandwidth * intensity)


def decode_intensity(bits: float, tokens: int = 1) -> float:
    """Operations for each byte of weights: two a parameter (multiply, add) for each token that is worked on at once. One in
    decoding, as many as the prompt's in prefill."""
    return 2 * tokens * 8 / bits


def published_wall() -> "pd.DataFrame":
    """The published decode speeds of 1-8 B models beside their wall, a row each: model, params_billion, precision, device,
    tokens_per_s, weights_gb, bandwidth_gb_s, wall_tokens_per_s, share_of_wall, implied_gb_s (the least bandwidth without which
    the speed could not be), note (why a share is missing, or above 1), source.

    The wall takes all weights as 4-bit, without scales or keys and values: the real one is lower.
    """
    found = read("slm_on_devices")
    found["weights_gb"] = weight_bytes(found["params_billion"], found["precision"].map(BITS))
    found["bandwidth_gb_s"] = found["device"].map(read("devices").set_index("device")["bandwidth_gb_s"])
    found["wall_tokens_per_s"] = found["bandwidth_gb_s"] / found["weights_gb"]
    found["share_of_wall"] = found["tokens_per_s"] / found["wall_tokens_per_s"]
    found["implied_gb_s"] = found["tokens_per_s"] * found["weights_gb"]
    found["note"] = [note(share) for share in found["share_of_wall"]]
    keys = ["model", "params_billion", "precision", "device", "tokens_per_s", "weights_gb", "bandwidth_gb_s"]
    return found[[*keys, "wall_tokens_per_s", "share_of_wall", "implied_gb_s", "note", "source"]]


def roofline_points() -> "pd.DataFrame":
    """The same figures as points of a roofline, two a row of the table: model, precision, device, phase (decode, or prefill of
    one chunk), operations_per_byte, gigaoperations_per_s, bandwidth_gb_s.

    Prefill is the published time to the first token of a prompt of one chunk, `CHUNK` tokens. It is left out where only the
    time of a whole context is published.
    """
    import pandas as pd

    found = read("slm_on_devices")
    found["bandwidth_gb_s"] = found["device"].map(read("devices").set_index("device")["bandwidth_gb_s"])
    bits, operations = found["precision"].map(BITS), 2 * found["params_billion"]  # billions, of one token
    decode = found.assign(
        phase="decode",
        operations_per_byte=decode_intensity(bits),
        gigaoperations_per_s=operations * found["tokens_per_s"],
    )
    speed = operations * CHUNK / (found["ttft_min_ms"] / 1000)
    prefill = found.assign(
        phase="prefill", operations_per_byte=decode_intensity(bits, CHUNK), gigaoperations_per_s=speed
    )
    points = pd.concat([decode, prefill[found["ttft_min_ms"] < found["ttft_max_ms"]]], ignore_index=True)
    keys = ["model", "precision", "device", "phase", "operations_per_byte", "gigaoperations_per_s", "bandwidth_gb_s"]
    return points[keys]


def note(share_of_wall: float) -> str:
    """What is to be said of a published figure beside its wall."""
    if share_of_wall != share_of_wall:
        return UNKNOWN
    return ABOVE if share_of_wall > 1 else ""
