"""Downloads: verified, kept, told on a terminal; what fails is one line."""

import http.server
import os
import subprocess
import sys

import pytest

from edgelab.datasets.loading import load
from edgelab.datasets.sources import DataError
from tests.command_line import ROOT
from tests.full_disk import fill, small_disk
from tests.shared_data import SHARED, needs_shared


def run_load(name: str, terminal: bool = False) -> tuple[str, str]:
    """`load` in a process of its own, as a command calls it: standard output and error, which may be a terminal."""
    code = (
        "import sys; from edgelab.datasets import DataError, load\n"
        "try: print(len(load(sys.argv[1]).labels))\n"
        "except DataError as error: print(error, file=sys.stderr)"
    )
    read, write = os.openpty() if terminal else os.pipe()
    if terminal:
        import termios  # not on every system

        termios.tcsetwinsize(write, (24, 80))
    process = subprocess.Popen([sys.executable, "-c", code, name], stdout=subprocess.PIPE, stderr=write, cwd=ROOT)
    os.close(write)
    said = b""
    try:
        while part := os.read(read, 4096):
            said += part
    except OSError:  # so a terminal says that its other end is closed
        pass
    os.close(read)
    return process.communicate()[0].decode(), said.decode().replace("\r\n", "\n")


@needs_shared
@pytest.mark.skipif(os.name == "nt", reason="no pseudo-terminals")
def test_a_download_shows_a_bar_on_a_terminal_and_leaves_standard_output_alone(mirror):
    serve, _ = mirror
    serve(SHARED)
    out, said = run_load("clinc150", terminal=True)
    assert out.split() == ["150"] and "100%" in said and "Downloading" not in said and said.endswith("\n")
    assert run_load("clinc150", terminal=True) == (out, "")


@needs_shared
def test_elsewhere_a_download_is_silent(mirror):
    serve, _ = mirror
    serve(SHARED)
    assert run_load("clinc150") == ("150\n", "")


@pytest.mark.skipif(os.name == "nt", reason="no pseudo-terminals")
def test_a_download_that_breaks_off_has_its_error_on_a_line_of_its_own(monkeypatch, mirror, tmp_path):
    def half(self):
        self.send_response(200)
        self.send_header("Content-Length", "100000")
        self.end_headers()
        self.wfile.write(bytes(50_000))

    monkeypatch.setattr(http.server.SimpleHTTPRequestHandler, "do_GET", half)
    serve, _ = mirror
    serve(tmp_path)
    _, said = run_load("clinc150", terminal=True)
    bar, error, rest = said.split("\n")
    assert "49%" in bar and "cannot get" not in bar and rest == ""
    assert error.startswith("clinc150: cannot get data_full.json") and "check the connection" in error


@needs_shared
def test_a_full_disk_is_not_blamed_on_the_connection(mirror, monkeypatch, tmp_path):
    serve, _ = mirror
    serve(SHARED)
    with small_disk(tmp_path / "small", 200) as small:
        monkeypatch.setenv("EDGELAB_HOME", str(small))
        (small / "downloads" / "clinc150").mkdir(parents=True)
        fill(small)
        with pytest.raises(DataError) as caught:
            load("clinc150")
        expected = f"clinc150: no space left in {small}/downloads/clinc150 for data_full.json"
        assert str(caught.value) == expected


def test_another_file_than_the_published_one_is_refused_and_not_kept(mirror, tmp_path):
    serve, asked = mirror
    folder = tmp_path / "shared" / "clinc150"
    folder.mkdir(parents=True)
    (folder / "data_full.json").write_text('{"train": [["transfer all my money", "yes"]]}')
    serve(folder.parent)
    for attempt in (1, 2):
        with pytest.raises(DataError, match="clinc150: cannot get data_full.json from http.*SHA256 hash"):
            load("clinc150")
        assert len(asked) == attempt
    assert not [f for f in (tmp_path / "home").rglob("*") if f.is_file()]


@needs_shared
def test_a_file_damaged_in_the_cache_is_fetched_again(mirror, tmp_path):
    serve, asked = mirror
    serve(SHARED)
    data = load("clinc150")
    (cached,) = (f for f in (tmp_path / "home").rglob("*") if f.is_file())
    cached.write_bytes(cached.read_bytes()[:-100])
    assert load("clinc150") == data and len(asked) == 2


def test_without_a_server_standard_error_holds_one_line(mirror, tmp_path):
    serve, _ = mirror
    server = serve(tmp_path)
    server.shutdown()
    server.server_close()
    _, said = run_load("clinc150")
    assert said.startswith("clinc150: cannot get data_full.json") and len(said.splitlines()) == 1


def test_without_a_server_the_error_says_what_to_do(mirror, tmp_path):
    serve, _ = mirror
    server = serve(tmp_path)
    with pytest.raises(DataError, match="404.*set EDGELAB_MIRROR"):
        load("clinc150")
    server.shutdown()
    server.server_close()
    with pytest.raises(DataError, match="check the connection, or set EDGELAB_MIRROR"):
        load("snips2017")
