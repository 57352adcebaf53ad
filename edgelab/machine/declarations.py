"""What the package keeps and sends, declared next to the code that does it.

A file that writes or sends has a tuple `DECLARED` of these, of plain texts alone: `privacy/data_flow.py` reads them out of the
source, without running it, and a test watches a whole session for a write or a send that nobody declared.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Stored:
    """Something kept on this machine: `what`; `where`, a pattern of files that begins with a place in braces (`{home}` is
    EDGELAB_HOME, `{bundle}` a bundle's folder, `{chosen}` a file or folder that the user names, `{temporary}` the system's);
    `how_long`; `about`, of whom it tells: nobody, user, device."""

    what: str
    where: str
    how_long: str
    about: str


@dataclass(frozen=True)
class Sent:
    """Something that leaves this process by the network: `what`, `to` whom, `policy` under which; `host`, where it may go
    (`loopback`, or the setting that names another); `about` as above."""

    what: str
    to: str
    host: str
    policy: str
    about: str
