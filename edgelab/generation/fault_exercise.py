"""The exercise "find the fault" of `08_generation`: which part of the cache is wrong, from which place, and what mends it."""

from typing import Any

import numpy as np

from edgelab.course.exercises import Mistake
from edgelab.generation.decode import decode, decode_without_cache
from edgelab.generation.fault import REPAIRS, HandedOver
from edgelab.generation.llama import Decoder, toy

PROMPT, WRITTEN = [5, 17, 3, 80, 41], 7  # what the notebook looks at
OTHERS = ([9, 2, 2, 60], [31, 7, 55, 12, 90, 4, 4], [1])
PARTS = ("keys", "values")

CACHE_FAULT = {"part": "keys", "from_place": len(PROMPT), "repair": "turn keys on by the tokens before"}


def handed_over() -> HandedOver:
    """The decoder that is handed to the learner."""
    return HandedOver(toy())


def judge_fault(fault: dict[str, Any], decoder: Decoder | None = None) -> list[str]:
    """What does not hold of this answer: the repair is tried on prompts that the learner has not seen."""
    if fault.keys() != CACHE_FAULT.keys():
        return [f"expected {', '.join(CACHE_FAULT)}"]
    if fault["part"] not in PARTS or fault["repair"] not in REPAIRS:
        return [f"part is one of {', '.join(PARTS)}; repair one of: {'; '.join(REPAIRS)}"]
    if not isinstance(fault["from_place"], int | float | np.number):
        return ["from_place is a number, the name of a column"]
    found = []
    if fault["part"] != CACHE_FAULT["part"]:
        found.append(f"the {fault['part']} are not what goes wrong first")
    if fault["from_place"] != CACHE_FAULT["from_place"]:
        found.append(f"place {fault['from_place']} is not the first that differs")
    good = decoder or toy()
    mended = HandedOver(good, REPAIRS[fault["repair"]])
    right = sum(decode(mended.step, each, 12) == decode_without_cache(good.step, each, 12) for each in OTHERS)
    if right < len(OTHERS):
        found.append(f"with this repair, the tokens are right after {right} of {len(OTHERS)} other prompts")
    return found


MISTAKES = (
    Mistake(
        "the values",
        CACHE_FAULT | {"part": "values"},
        "look at layer 0 first: what differs in layer 1 may only follow from it.",
    ),
    Mistake(
        "layer 1's first place",
        CACHE_FAULT | {"from_place": len(PROMPT) + 1},
        "places count from 0, and the prompt's are right: which is the first that is not, in layer 0?",
    ),
    Mistake(
        "from the beginning",
        CACHE_FAULT | {"from_place": 0},
        "the prompt was read at once, and its places agree: the columns say so.",
    ),
    Mistake(
        "swapped",
        CACHE_FAULT | {"repair": "swap keys and values"},
        "were they swapped, keys AND values of layer 0 would differ.",
    ),
    Mistake(
        "values turned",
        CACHE_FAULT | {"repair": "turn values on by the tokens before"},
        "values are not turned by their place at all: what is done to keys alone?",
    ),
    Mistake(
        "scaled",
        CACHE_FAULT | {"repair": "divide keys by the root of the head size"},
        "that would change every key, those of the prompt, too.",
    ),
    Mistake(
        "turned back",
        CACHE_FAULT | {"repair": "turn keys back to the start"},
        "the right part, the wrong way: the first token after a prompt of 5 stands at place 5, not at 0 - 5.",
    ),
)
