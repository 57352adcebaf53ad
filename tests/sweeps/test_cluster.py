"""Where tasks run: our own processes, or a scheduler's, by its address; and the schedulers that are none."""

import os
import signal
import socket
import threading

import pytest

from edgelab.sweeps import cluster
from edgelab.sweeps.cluster import ClusterError, identity, see_that_they_share, unlike, workers_lost, workers_of
from edgelab.sweeps.engine import Task, _told, as_they_come
from tests.sweep_tasks import double, fail
from tests.sweeps.conftest import scheduler_process, wait_for


def test_each_task_comes_back_once_and_one_that_fails_is_no_others_matter(client, tmp_path):
    tasks = [Task(f"t{i}", fail if i == 3 else double, (i, str(tmp_path))[: 1 if i == 3 else 2]) for i in range(10)]
    ends = {done.task.name: done for done in as_they_come(client, tasks)}
    assert {name: done.result for name, done in ends.items() if not done.error} == {
        f"t{i}": 2 * i for i in range(10) if i != 3
    }
    assert str(ends["t3"].error) == "3 is wrong" and len(ends) == 10


def test_a_worker_that_is_killed_loses_its_task_alone(client, tmp_path):
    before = workers_lost(client)
    tasks = (Task(f"t{i}", double, (i, str(tmp_path), i == 4)) for i in range(12))
    assert sorted(done.result for done in as_they_come(client, tasks, room=2)) == [2 * i for i in range(12)]
    assert (tmp_path / "died-4").exists() and (tmp_path / "ran-4").read_text() == "x"
    assert workers_lost(client) == before + 1


def test_what_comes_after_another_waits_for_it_and_fails_with_it(client, tmp_path):
    tasks = [
        Task("first", double, (1, str(tmp_path))),
        Task("second", double, (2, str(tmp_path)), after=("first",)),
        Task("wrong", fail, (7,)),
        Task("third", double, (3, str(tmp_path)), after=("wrong",)),
    ]
    ends = [done for done in as_they_come(client, tasks)]
    names = [done.task.name for done in ends]
    assert names.index("first") < names.index("second") and len(ends) == 4
    assert str(next(d.error for d in ends if d.task.name == "third")) == "7 is wrong"
    assert not (tmp_path / "ran-3").exists()


def test_a_task_that_no_worker_survives_is_told():
    from distributed.scheduler import KilledWorker

    error = _told(Task("heavy", double, ()), KilledWorker("x", None, 3))
    assert isinstance(error, ClusterError) and str(error).startswith("heavy: 4 workers died while they did it")


def test_workers_of_our_own_do_not_hear_ctrl_c(client):
    assert set(client.run(signal.getsignal, signal.SIGINT).values()) == {signal.SIG_IGN}
    assert set(client.nthreads().values()) == {1} and os.getpid() not in client.run(os.getpid).values()


def test_a_shared_folder_is_seen(client, tmp_path):
    see_that_they_share(client, tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "address",
    ["", "nonsense", "http://127.0.0.1:8786", "tcp://", "tcp://127.0.0.1", "tcp://127.0.0.1:x", "127.0.0.1:8786"],
)
def test_what_is_no_address_is_refused(address):
    with pytest.raises(ClusterError, match="expected a scheduler's address such as"), workers_of(address, 1):
        pass


@pytest.mark.parametrize(
    "address",
    [
        "tcp://127.0.0.1:99999",
        "tcp://127.0.0.1:1",
        pytest.param("tcp://no.such.host.invalid:8786", marks=pytest.mark.network),  # it is looked up
    ],
)
def test_where_nobody_is_there_it_says_so_at_once(address):
    with (
        pytest.raises(ClusterError, match=f"{address}: expected a dask scheduler, found none: ") as told,
        workers_of(address, 1),
    ):
        pass
    assert "\n" not in str(told.value)


def test_somebody_else_who_answers_is_no_scheduler(monkeypatch):
    monkeypatch.setattr(cluster, "CONNECT_S", 2.0)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                connection.close()

        threading.Thread(target=answer, daemon=True).start()
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(ClusterError, match="expected a dask scheduler") as told, workers_of(address, 1):
            pass
    assert "\n" not in str(told.value)


def test_who_takes_the_connection_and_says_nothing_is_no_scheduler(monkeypatch):
    monkeypatch.setattr(cluster, "CONNECT_S", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        address = f"tcp://127.0.0.1:{mute.getsockname()[1]}"
        with pytest.raises(ClusterError, match="expected a dask scheduler, found none"), workers_of(address, 1):
            pass


def test_our_own_scheduler_serves_this_machine_alone_on_any_port(client):
    server = client.cluster.scheduler.http_server
    assert server.address == "127.0.0.1" and server.port != 8787


def test_a_scheduler_of_another_process_and_its_end(tmp_path):
    with scheduler_process(tmp_path, "--nthreads", "1") as (address, started), workers_of(address, 1) as client:
        tasks = [Task(f"t{i}", double, (i, str(tmp_path))) for i in range(5)]
        assert sorted(done.result for done in as_they_come(client, tasks)) == [0, 2, 4, 6, 8]
        assert os.getpid() not in client.run(os.getpid).values()
        ends = as_they_come(client, (Task(f"u{i}", double, (i, str(tmp_path))) for i in range(10**6)), room=1)
        next(ends)
        started[0].kill()
        with pytest.raises(ClusterError, match="the scheduler is gone"):
            list(ends)


def test_workers_that_are_not_alike_are_refused_in_a_line(tmp_path, monkeypatch):
    monkeypatch.setattr(cluster, "WORKERS_S", 0.5)
    refused = pytest.raises(ClusterError, match=": expected a worker within 0.5 s, found none")
    with scheduler_process(tmp_path, workers=0) as (address, _), refused, workers_of(address, 1):
        pass
    monkeypatch.setattr(cluster, "WORKERS_S", 120)
    (tmp_path / "two").mkdir()
    refused = pytest.raises(ClusterError, match="expected workers of one thread .*, found 2 threads")
    with scheduler_process(tmp_path / "two", "--nthreads", "2") as (address, _), refused, workers_of(address, 1):
        pass
    (tmp_path / "old").mkdir()
    other = scheduler_process(tmp_path / "old", "--nthreads", "1", module="tests.old_worker")
    with other as (address, started), pytest.raises(ClusterError) as told, workers_of(address, 1):
        pass
    assert "expected the versions that are here, found edgelab 0.0.1 (here " in str(told.value) and "\n" not in str(
        told.value
    )


def test_versions_are_told_apart():
    ours = identity()
    assert {"python", "edgelab", "torch", "onnxruntime", "distributed"} <= set(ours) and unlike(ours, dict(ours)) == ""
    assert unlike({"a": "1", "b": "2"}, {"a": "1", "b": "3"}) == "b 3 (here 2)"
    assert unlike({"a": "1"}, {}) == "a - (here 1)"


def test_without_the_extra_it_names_what_to_install(monkeypatch):
    assert set(cluster.NEEDED) == {"distributed", "pyarrow", "filelock"}
    monkeypatch.setattr(cluster, "NEEDED", ("pyarrow", "none_such"))
    said = r"this needs none_such, which is not installed: pip install '.\[sweep\]'"
    with pytest.raises(ClusterError, match=said), workers_of(None, 1):
        pass


def test_waiting_gives_up():
    with pytest.raises(TimeoutError):
        wait_for(lambda: False, seconds=0)


def test_a_worker_that_is_slow_to_come_back_is_not_given_up(client):
    """dask would after 15 s, in which a busy machine has not imported it; the run would then wait for ever."""
    import dask
    from dask.utils import parse_timedelta

    assert parse_timedelta(dask.config.get("distributed.deploy.lost-worker-timeout")) > 24 * 3600
