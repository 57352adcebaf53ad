"""SIGTERM as a command hears it, whatever a library on the way makes of it."""

import contextlib
import os
import signal

import pytest

from edgelab.commands.signals import Terminated, heeding_termination


def terminate() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def test_it_raises_and_the_former_handler_comes_back():
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(Terminated), heeding_termination():
        terminate()
    assert signal.getsignal(signal.SIGTERM) is before


def test_another_error_that_a_library_made_of_it_is_the_stop():
    def library() -> None:
        try:
            terminate()
        except BaseException:
            raise ValueError("the file cannot be read") from None

    with pytest.raises(Terminated), heeding_termination():
        library()


def test_an_error_without_a_signal_stays_itself():
    with pytest.raises(ValueError, match="own fault"), heeding_termination():
        raise ValueError("own fault")


def test_one_that_was_swallowed_does_not_make_the_next_one_deaf():
    with pytest.raises(Terminated), heeding_termination():
        with contextlib.suppress(Terminated):
            terminate()
        terminate()
        pytest.fail("the second signal was not heard")
