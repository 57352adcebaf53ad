"""The fault to find in `07_personalization`: a colleague's split, in which phrases to judge by were learned from."""

from collections.abc import Callable

from edgelab.datasets.dataset import Split
from edgelab.personalization.users import User

CHANGES: tuple[Callable[[str], str], ...] = (
    str,
    str.upper,
    lambda text: f"{text}!",
    str.title,
    lambda text: text.replace(" ", "  "),
)


def colleagues_split(user: User) -> tuple[Split, Split]:
    """What the colleague learned from, and what they judged by: of each command the first three held-out phrases and the
    first five learned ones, these written a little differently."""
    texts, labels = [], []
    for command in user.commands:
        again = [change(text) for change, text in zip(CHANGES, command.learn, strict=False)]
        texts += [*command.held_out[:3], *again]
        labels += [command.name] * (3 + len(again))
    return user.learn, Split(tuple(texts), tuple(labels))
