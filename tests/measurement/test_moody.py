"""The simulated machine: its clock, its moods, and that two are told apart by nothing but their kind."""

import copy

import numpy as np

from edgelab.measurement.moody import Machine


def latencies(machine, requests, name="a", milliseconds=1.0):
    model, clock, found = machine.model(name, milliseconds), machine.clock(), []
    for _ in range(requests):
        begin = clock()
        assert model("text") == "text"
        found.append(clock() - begin)
    return np.array(found)


def test_its_moods_last():
    moods = np.log(latencies(Machine(0), 20_000))
    centred = moods - moods.mean()
    assert abs(moods.std() - 0.3) < 0.05
    assert abs((centred[1:] @ centred[:-1]) / (centred @ centred) - 0.98) < 0.01


def test_it_stalls_warms_up_and_minds_a_change():
    even = {"mood": 0.0}
    assert np.allclose(latencies(Machine(0, **even), 5, milliseconds=2.0), 2.0)
    assert 20 < (latencies(Machine(0, stall=0.05, **even), 1000) > 20).sum() < 90
    assert np.allclose(latencies(Machine(0, warming=0.5, **even), 3), [1.0, 1.5, 2.0])
    slow_reader = Machine(0, per_character=0.5, **even)
    slow_reader.model("a", 2.0)("four")
    assert slow_reader.now_ms == 6
    machine = Machine(0, **even)
    a, b = machine.model("a", 1.0, 0.5), machine.model("b", 1.0, 0.5)
    for model in (a, a, b, a):
        model("text")
    assert machine.now_ms == 4 + 3 * 0.5


def test_a_copy_has_a_time_of_its_own_and_its_parts_stay_together():
    machine = Machine(7)
    model, clock = copy.deepcopy((machine.model("a", 1.0), machine.clock()))
    model("text")
    assert clock() > 0 and machine.now_ms == 0
    assert clock == machine.clock() and model == machine.model("a", 1.0) and model != clock
    assert {model, machine.model("a", 1.0)} == {model} and "7" in repr(clock) and "1 ms" in repr(model)
