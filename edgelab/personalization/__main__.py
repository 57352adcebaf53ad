"""`python -m edgelab.personalization BUNDLE USER TEXT ...`: what a text means to a person, in a process of its own.

Prints one line of JSON, `{"meant": [...], "network": "refused"}`. No socket can be opened: a process that tries dies.
"""

import json
import socket
import sys
from typing import Any

from edgelab.personalization.personal import PersonalBundle


def _refuse(*_: Any, **__: Any) -> None:
    raise ConnectionError("no network here: the person's model answers on the device")


def main(arguments: list[str]) -> None:
    """Answer the texts with the person's adapter, as after a restart, and offline."""
    socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = _refuse  # type: ignore[method-assign, assignment]
    folder, user, *texts = arguments
    personal = PersonalBundle.load(folder)
    personal.load_user(user)
    personal.use(user)
    print(json.dumps({"meant": [personal.predict(text).meant for text in texts], "network": "refused"}))


if __name__ == "__main__":
    main(sys.argv[1:])
