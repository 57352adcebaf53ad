"""What the package keeps and sends, declared next to the code that does it.

A file that writes or sends has a tuple `DECLARED` of these, written in plain texts alone: `privacy/flow.py` reads it out
of the source without running it, and a test watches a whole session for a write or a send that nobody declared.

`part` tells whose it is: `pocket` is the assistant as it would be on a phone, `course` what a learner's machine does besides.
`about` tells whom it is about: `nobody`, `device` or `user`.
"""

from dataclasses import dataclass

PLACES = {
    "home": "EDGELAB_HOME, else artifacts/ of the checkout or the user's cache",
    "bundle": "the bundle's folder",
    "device": "the app's own folder on the device",
    "chosen": "a file, folder or address that the user names",
    "temporary": "the system's folder for temporary files",
    "cloud": "this machine (the stand-in); with EDGELAB_CLOUD_MODEL set, the address in OPENAI_BASE_URL",
    "collector": "the address that the app's maker names; there is no default",
    "lab": "the device lab's address on this machine, or in its own network with --lan",
    "documentation": "192.0.2.1, which is reserved for documentation",
    "checkout": "the course's folder",
    "assets": "Jupyter's folder for extensions",
    "public": "the public index or site that each source names, by https",
}


@dataclass(frozen=True)
class Stored:
    """Something kept on this machine: `where` is a pattern of files that begins with one of PLACES in braces; `*` stays
    within a folder, `**` goes deeper."""

    what: str
    where: str
    how_long: str
    about: str
    part: str


@dataclass(frozen=True)
class Sent:
    """Something that leaves by the network: `to` whom, `where` (one of PLACES in braces), under which `policy`.

    `kinds` says what a receiver could know of somebody by it: `request` (the words of a request), `usage` (what is used how
    often), `crashes`, `speed`, `device` (its kind); empty for what tells of nobody. `linked`: whether the receiver could
    tell whose it is.
    """

    what: str
    to: str
    where: str
    policy: str
    about: str
    part: str
    kinds: tuple[str, ...] = ()
    linked: bool = False
