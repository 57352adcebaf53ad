"""`edgelab doctor`."""

import importlib.metadata

from edgelab.commands import doctor


def test_doctor(tmp_path, edgelab, monkeypatch):
    monkeypatch.setenv("EDGELAB_HOME", str(tmp_path / "kept"))
    done = edgelab("doctor")
    assert done.returncode == 0 and done.stderr == ""
    for part in ("edgelab ", "processor ", "memory ", f"artifacts   {tmp_path / 'kept'}", "encoder     verified"):
        assert part in done.stdout
    assert "int8 products in one instruction" in done.stdout or "int8 dot products" in done.stdout
    assert not (tmp_path / "kept").exists()


def test_doctor_names_what_is_missing(edgelab, monkeypatch):
    """Without torch: the same report, the name and the command that mends it."""
    real = importlib.metadata.version

    def version(name):
        if name == "torch":
            raise importlib.metadata.PackageNotFoundError(name)
        return real(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    monkeypatch.setattr(doctor, "required_libraries", lambda: ("numpy", "torch"))
    done = edgelab("doctor")
    assert done.returncode == 0 and "missing torch: run `make env`" in done.stdout


def test_doctor_says_how_to_get_the_browsers_files(edgelab, monkeypatch, tmp_path):
    monkeypatch.setattr("sys.prefix", str(tmp_path))
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path))
    told = edgelab("doctor").stdout
    assert told.count("the browser's files are not built: run `edgelab prepare browser`") == 2


def test_doctor_says_where_nothing_can_be_kept(tmp_path, edgelab, monkeypatch):
    (tmp_path / "file").write_text("mine")
    monkeypatch.setenv("EDGELAB_HOME", str(tmp_path / "file" / "kept"))
    done = edgelab("doctor")
    assert done.returncode == 0 and f"{tmp_path / 'file'}: nothing can be kept there: set EDGELAB_HOME" in done.stdout
    monkeypatch.setenv("EDGELAB_HOME", "n" * 300)
    assert edgelab("doctor").returncode == 0
