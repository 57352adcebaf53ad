"""Reads bad files in a process that may die of it: `python -m tests.fuzz.child GROUP FOLDER COUNT`.

Of each reader of a group first the sound file, then COUNT bad ones. Prints a line of JSON for each that was neither read nor
refused as it should be: another exception, or more than a few seconds. More memory than `ROOM` above what it took for the sound
file is refused by the system. `FOLDER/now` holds what was being read: what a process that died leaves behind.
"""

import faulthandler
import json
import os
import resource
import signal
import sys
import time
import traceback
from pathlib import Path

from edgelab.bundle.manifest import is_text
from edgelab.errors import UserError
from tests.fuzz.mutate import mutated
from tests.fuzz.readers import READERS, Reader

ROOM = 1 << 30  # bytes
LONGEST_S = 5.0  # of this process's own time: a busy machine is no fault of a reader
WALL_S = 120


class TooLong(BaseException):
    """Not an `Exception`: a reader that takes everything for a damaged file would hide it."""


def main(group: str, folder: Path, count: int) -> None:
    faulthandler.enable()
    signal.signal(signal.SIGVTALRM, _late)
    for name, reader in READERS.items():
        if reader.group == group:
            _read_all(name, reader, folder / name, count)


def _read_all(name: str, reader: Reader, folder: Path, count: int) -> None:
    folder.mkdir(parents=True)
    file = reader.make(folder)
    sound = file.read_bytes()
    reader.read(file)  # the sound one must be taken
    taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (taken + ROOM, resource.RLIM_INFINITY))
    read, numbers = 0, range(max(1, round(count * reader.share)))
    contents = [*reader.also, *(mutated(sound, number) for number in numbers)]
    for number, content in enumerate(contents, -len(reader.also)):
        file.write_bytes(content)
        if reader.seal:
            reader.seal(file)
        (folder.parent / "now").write_text(f"{name} {number}")
        fault = _fault(reader, file)
        read += fault is None
        if fault:
            print(json.dumps({"reader": name, "number": number, "fault": fault}), flush=True)
    resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    print(json.dumps({"reader": name, "tried": len(contents), "sound": read}), flush=True)


def _fault(reader: Reader, file: Path) -> str | None:
    begin = time.process_time()
    faulthandler.dump_traceback_later(WALL_S, exit=True)  # of what does not come back to Python
    signal.setitimer(signal.ITIMER_VIRTUAL, LONGEST_S)
    try:
        reader.read(file)
    except UserError as error:
        if "\n" in str(error):
            return f"more than a line: {str(error)[:200]!r}"
        if not is_text(str(error)):
            return f"a refusal that no terminal takes: {str(error)[-300:]!r}"
        if len(str(error)) > 5000:
            return f"a refusal of {len(str(error))} characters: {str(error)[:200]!r}"
    except reader.allowed:
        pass
    except TooLong:
        return f"more than {LONGEST_S:g} seconds: {traceback.format_exc()[-600:]}"
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)
        own = [f"{Path(f.filename).name}:{f.lineno}" for f in where if "edgelab" in f.filename][-3:]
        return f"{type(error).__name__} in {' '.join(own)}: {str(error)[:200]}"
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        faulthandler.cancel_dump_traceback_later()
    taken = time.process_time() - begin
    return f"{taken:.1f} seconds" if taken > LONGEST_S else None


def _late(*_: object) -> None:
    raise TooLong


if __name__ == "__main__":
    os.environ["EDGELAB_HOME"] = str(Path(sys.argv[2]) / "home")
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
