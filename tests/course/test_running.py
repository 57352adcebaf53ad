"""Running answers that one does not trust."""

import threading
import time

import numpy as np
import pytest

from edgelab.course.running import Call, trace, within


def test_what_breaks_inside_comes_out():
    with pytest.raises(ZeroDivisionError):
        within(1.0, lambda: 1 / 0)


@pytest.mark.parametrize("odd", [KeyboardInterrupt, GeneratorExit, SystemExit])
def test_what_no_handler_expects_comes_out_as_an_error(odd, capfd):
    def leave():
        raise odd("gone")

    with pytest.raises(RuntimeError, match=f"{odd.__name__}: gone"):
        within(1.0, leave)
    assert capfd.readouterr().err == ""


def test_a_changed_input_and_an_exception_are_faults_and_a_copy_is_what_is_given():
    given = [(np.array([1.0, 2.0]),), {"values": np.array([3.0])}]

    def halve(values):
        values /= 2
        return values.sum()

    calls = trace(halve, given)
    assert [call.output for call in calls] == [1.5, 1.5] and given[0][0].tolist() == [1, 2]
    assert all(call.fault == "it changes its own input: work on a copy" for call in calls)
    assert trace(lambda values: values[9], given)[0].fault.startswith("raised IndexError: ")
    assert trace(lambda values: values.sum(), given)[1] == Call(3.0)


def test_work_that_never_ends_is_told_to_stop():
    stopped = threading.Event()

    def endless():
        try:
            while True:
                time.sleep(0.001)
        finally:
            stopped.set()

    with pytest.raises(TimeoutError):
        within(0.1, endless)
    assert stopped.wait(5)
    assert within(5.0, lambda: 3) == 3
