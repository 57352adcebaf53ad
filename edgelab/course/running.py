"""Running an answer one does not trust: on copies, watched for changed inputs, and against the clock."""

import copy
import ctypes
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from edgelab.course.compare import unchanged
from edgelab.course.forms import in_form


@dataclass(frozen=True)
class Call:
    """What one call did: `output`, or the `fault` (an exception, a changed input) in words; `raised` is the exception's type."""

    output: Any
    fault: str = ""
    raised: type[BaseException] | None = None


def trace(function: Callable, inputs: list[tuple | dict]) -> list[Call]:
    """Call `function` on a copy of each input."""
    calls = []
    for original in inputs:
        given = copy.deepcopy(original)
        try:
            with np.errstate(all="ignore"):
                output = function(**given) if isinstance(given, dict) else function(*given)
        except (Exception, SystemExit) as error:
            calls.append(Call(None, f"raised {type(error).__name__}: {error}", type(error)))
            continue
        calls.append(Call(output, "" if unchanged(given, original) else "it changes its own input: work on a copy"))
    return calls


def formed(calls: list[Call], models: list[Call]) -> list[Call]:
    """The calls, each with its output in the form of the model's."""
    pairs = zip(calls, models, strict=True)
    return [call if call.fault else replace(call, output=in_form(call.output, model.output)) for call, model in pairs]


class _Stop(BaseException):
    """Raised inside an answer that ran out of time."""


def within(seconds: float, work: Callable[[], Any]) -> Any:
    """What `work()` gives, in at most this time: in a daemon thread, since a kernel's main thread has no alarm.

    Raises:
        TimeoutError: it took longer; the thread is told to stop.
    """
    result: list[Any] = []

    def target() -> None:
        try:
            result.append(work())
        except _Stop:
            pass
        except Exception as error:
            result.append(error)
        except BaseException as error:  # an answer's own KeyboardInterrupt: the learner's comes to the main thread
            result.append(RuntimeError(f"{type(error).__name__}: {error}"))

    thread = threading.Thread(target=target, daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive() and thread.ident is not None:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(_Stop))
        raise TimeoutError
    if isinstance(result[0], Exception):
        raise result[0]
    return result[0]
