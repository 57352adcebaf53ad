"""A small room's load against a real server process: nothing lost, doubled or altered, also when it is killed half-way.
How long a post takes is `benchmarks.fleet_load`'s matter."""

import asyncio
import uuid

import pytest

from benchmarks.fleet_load import differences, generate, new_server

NONE = {"lost": 0, "doubled": 0, "altered": 0, "unacknowledged": 0}


@pytest.mark.parametrize("kill", [False, True])
def test_every_report_is_kept_once(stub, db, kill):
    name = f"load-{uuid.uuid4().hex[:8]}"
    server = new_server(db, stub, name).start()
    try:
        pages = ("/", "/assets/lab.js", "/bundle/model.onnx")
        load = asyncio.run(generate(server, devices=20, reports=5, seconds=3, kill=kill, pages=pages))
    finally:
        server.end()
    assert len(load.acknowledged) == 100 and differences(load, db, name) == NONE
    if kill:
        assert load.answers[0]  # it was felt
    else:
        assert load.answers[201] == 100 and load.answers["again 200"] == load.answers["another body 409"] > 0
        assert len(load.opened_ms) == 20 and load.answers["page 200"] == 60


def test_a_difference_would_be_seen(stub, tmp_path):
    """The check can fail: a report that was acknowledged and is not there, and one that was kept otherwise."""
    db = f"sqlite:///{tmp_path}/r.db"
    server = new_server(db, stub).start()
    try:
        load = asyncio.run(generate(server, devices=2, reports=2, seconds=0.2))
    finally:
        server.end()
    first, second = list(load.acknowledged)[:2]
    load.acknowledged["another"] = load.acknowledged[first]
    load.acknowledged[second] = load.acknowledged[first]
    assert differences(load, db) == NONE | {"lost": 1, "altered": 1}
