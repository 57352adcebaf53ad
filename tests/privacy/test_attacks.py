"""What the notebook shows of attacks."""

import numpy as np
import pytest

from edgelab.bundle.manifest import BundleError
from edgelab.bundle.signature import load_signed
from edgelab.datasets.dataset import joined
from edgelab.datasets.loading import load
from edgelab.personalization.users import load_users
from edgelab.privacy import attacks
from edgelab.privacy.editions_exercise import accepted
from edgelab.privacy.extraction import Stolen
from edgelab.privacy.perturbed import normalise, normalise_hard
from edgelab.privacy.tampering import Outcome
from edgelab.stats.intervals import Interval
from edgelab.workspace import data_home

POCKET = data_home() / "bundles" / "pocket"
SOME = Interval(0.5, 0.4, 0.6)


@pytest.fixture(scope="module")
def few():
    return load("pocket").validation.where(lambda i: i % 8 == 0)


def test_a_copy_is_signed_by_a_key_of_its_own():
    maker = attacks.signed_copy(POCKET, edition=3)
    assert attacks.loads(maker.bundle, maker.public)
    load_signed(maker.bundle, maker.public, at_least=3)
    with pytest.raises(BundleError, match="edition"):
        load_signed(maker.bundle, maker.public, at_least=4)
    assert not attacks.loads(POCKET, maker.public)


def test_of_what_a_device_is_offered_it_takes_what_is_sound_and_not_older():
    offers = attacks.offered(attacks.signed_copy(POCKET, edition=3))
    assert [(offer.edition, offer.sound) for offer in offers] == [
        (3, True),
        (3, True),
        (999, False),
        (4, False),
        (5, True),
        (4, True),
    ]
    taken = accepted([(offer.edition, offer.sound) for offer in offers], 2)
    assert taken == [True, True, False, False, True, False]


def test_a_table_of_tampering_says_what_refused_it():
    tried = [
        Outcome("a flip", "/x/model.onnx: altered: truly", "/x/bundle.sig: forged", None),
        Outcome("b", "", "no", SOME),
    ]
    shown = attacks.tampering_table(tried).data
    assert shown.to_numpy().tolist() == [
        ["a flip", "altered: truly", "-", "forged"],
        ["b", "loads", "0.50 [0.40, 0.60]", "no"],
    ]


def test_defences_stand_beside_what_they_cost(few):
    stolen = [Stolen(name, queries, SOME, SOME, 1.0) for name in ("none", "label alone") for queries in (10, 500)]
    table = attacks.defences(stolen, POCKET, few)
    assert table["what is shown"].tolist() == ["none", "label alone"] and "agrees after 500" in table.columns
    worth = [float(text.split()[0]) for text in table["worth of confidence"]]
    assert worth[0] > 0.7 and worth[1] == 0.5


def test_noise_costs_the_attacker_and_the_person():
    user = load_users()[0]
    phrases = joined([user.learn, user.held_out])
    rng = np.random.default_rng(0)
    centres = {name: rng.normal(size=32) for name in phrases.labels}
    features = np.stack([centres[name] + rng.normal(size=32) for name in phrases.labels])
    games = attacks.games(features, phrases.labels, (0.0, 1.0))
    table = attacks.membership_table(games, {0.0: 0.4, 1.0: 0.05})
    assert table["recognized, %"].tolist() == ["40.0", "5.0"]
    assert games[0.0].useful.mean() > games[1.0].useful.mean()
    assert games[0.0].auc.value > games[1.0].auc.value


def test_all_phrases_of_a_person_are_seen():
    phrases, features = attacks.phrases_of(1)
    assert phrases.texts == load_users()[1].learn.texts + load_users()[1].held_out.texts
    assert features.shape == (len(phrases), 384)


def test_perturbed_requests_come_back_and_lose_their_slots(few):
    found = attacks.perturb(load_bundle(), few, normalise)
    assert found["homoglyphs"].perturbed.value < found["homoglyphs"].normalised.value
    assert list(attacks.perturbed_table(found).columns) == ["as it is", "perturbed", "normalised"]
    assert attacks.tricked(few, "full width", normalise).texts == few.texts
    assert attacks.tricked(few, "full width", lambda text: text).texts != few.texts
    assert attacks.tricked(few, "full width", normalise).spans is None


def load_bundle():
    from edgelab.bundle.predict import Bundle

    return Bundle.load(POCKET)


def test_whose_requests_a_normaliser_leaves_alone():
    assert "Russian" in attacks.untouched(normalise) and "Persian" not in attacks.untouched(normalise)
    assert "Russian" not in attacks.untouched(normalise_hard)
