"""What is on disk of a person, and that it goes."""

import pytest

from edgelab.bundle.manifest import BundleError
from edgelab.bundle.predict import Bundle
from edgelab.personalization.cache import ContextCache
from edgelab.personalization.prototypes import save_prototypes
from edgelab.personalization.store import HOLDS, forget, user_folder, users_of, written
from edgelab.personalization.ways import prototypes_of
from tests.personalization.conftest import OWN


def test_all_of_a_person_is_listed_and_goes_with_nothing_else(bundle, personal, tiny):
    folder = user_folder(bundle, "ada")
    save_prototypes(prototypes_of(personal, OWN, tiny.validation, 0.1), folder / "prototypes.npz")
    ContextCache(folder / "requests.json").remember("back in the coffin", "coffin")
    ContextCache(user_folder(bundle, "bob") / "requests.json").remember("lights", "control_light")
    before = {f for f in bundle.rglob("*") if f.is_file()}
    listed = written(bundle, "ada")
    assert [w.path.name for w in listed] == sorted(HOLDS) and all(w.size_bytes and w.holds != "unknown" for w in listed)
    assert users_of(bundle) == ("ada", "bob")
    assert forget(bundle, "ada") == listed
    assert before - {f for f in bundle.rglob("*") if f.is_file()} == {w.path for w in listed}
    assert users_of(bundle) == ("bob",) and written(bundle, "ada") == () == forget(bundle, "ada")
    forget(bundle, "bob")
    assert sorted(f.name for f in bundle.iterdir()) == sorted(["bundle.json", "model.onnx", "vocabulary.zlib"])
    Bundle.load(bundle)


def test_no_word_of_a_person_stands_in_what_an_adapter_leaves(bundle):
    """Its names and calls do: they are what it is for."""
    content = b"".join(file.path.read_bytes() for file in written(bundle, "ada"))
    assert b"coffin" in content and not any(text.encode() in content for text in OWN.texts)


@pytest.mark.parametrize("name", ["", "..", "a/b", "../ada", "a\0", "ada\n", "Ada", "a.b", "-a", "a" * 65])
def test_a_name_that_could_lead_elsewhere_is_refused(tmp_path, name):
    with pytest.raises(BundleError, match="expected a person's name"):
        forget(tmp_path, name)


def test_a_link_is_taken_away_not_followed(bundle, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "keep.txt").write_text("keep")
    user_folder(bundle, "eve").symlink_to(elsewhere)
    assert (
        [file.path.name for file in written(bundle, "eve")] == ["eve"] == [f.path.name for f in forget(bundle, "eve")]
    )
    assert (elsewhere / "keep.txt").exists() and users_of(bundle) == ("ada",)


def test_links_within_a_persons_folder_are_listed_and_go_alone(bundle, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "keep.txt").write_text("keep")
    folder = user_folder(bundle, "ada")
    (folder / "all").symlink_to(elsewhere)
    (folder / "one").symlink_to(elsewhere / "keep.txt")
    (folder / "none").symlink_to(elsewhere / "nothing")
    assert {"all", "one", "none"} < {file.path.name for file in written(bundle, "ada")}
    assert forget(bundle, "ada") and not folder.exists() and (elsewhere / "keep.txt").read_text() == "keep"


def test_a_file_in_the_place_of_a_folder_goes(bundle):
    user_folder(bundle, "eve").write_text("no folder")
    assert [file.path.name for file in forget(bundle, "eve")] == ["eve"] and users_of(bundle) == ("ada",)


def test_behind_a_link_for_all_people_nothing_is_deleted(bundle, tmp_path):
    users = user_folder(bundle, "ada").parent
    users.rename(tmp_path / "elsewhere")
    users.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BundleError, match="found a link: nothing was deleted"):
        forget(bundle, "ada")
    assert len(written(bundle, "ada")) == 2


def test_what_cannot_be_deleted_is_said_in_one_line(bundle, monkeypatch):
    def refuse(folder):
        raise PermissionError(13, "Permission denied", str(folder))

    monkeypatch.setattr("shutil.rmtree", refuse)
    with pytest.raises(BundleError, match="users/ada: cannot be deleted: Permission denied"):
        forget(bundle, "ada")
