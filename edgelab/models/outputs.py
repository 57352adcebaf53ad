"""What a model says of a split."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Outputs:
    """What a model says of a split: intent logits [examples, labels]; slot logits [words of all examples, tags] or
    None; `words` [examples], how many of those rows belong to each example."""

    intent_logits: np.ndarray
    slot_logits: np.ndarray | None
    words: np.ndarray

    def slot_rows(self) -> list[np.ndarray]:
        """Slot logits of each example, [words, tags].

        Raises:
            ValueError: there are none: the model has no slot head.
        """
        if self.slot_logits is None:
            raise ValueError("expected slot logits, found outputs of a model without a slot head")
        return np.split(self.slot_logits, np.cumsum(self.words)[:-1])
