"""What follows what: counted, packed, and the best path through it."""

import itertools

import numpy as np
import pytest

from edgelab.bundle.decoding import best_path, decode, grammars
from edgelab.bundle.transitions import STEP, WEIGHT, legal, pack, transition_scores, unpack
from edgelab.datasets.slots import Span, parse_marked, tag_names
from tests.words import Words

NAMES = ("artist", "song")
TAGS = tag_names(list(NAMES))
LINES = ("play [hey jude](song) by [the beatles](artist)", "[abba](artist) please", "play [waterloo](song)")


def marked(lines=LINES):
    texts, spans = zip(*(parse_marked(line) for line in lines), strict=True)
    return texts, spans


def test_i_follows_its_own_slot_only():
    may = legal(TAGS)
    pairs = {(a, b) for i, a in enumerate(["", *TAGS]) for j, b in enumerate(TAGS) if may[i, j]}
    assert {a for a, b in pairs if b == "I-song"} == {"B-song", "I-song"}
    assert {a for a, b in pairs if b == "B-song"} == {a for a, b in pairs if b == "O"} == {"", *TAGS}


def test_scores_are_log_ratios_of_what_was_counted():
    scores = transition_scores(*marked(), NAMES)
    # By hand: O 4 of 11 tags (play, by, please, play), B-song 2; after O: B-song 2, B-artist 1.
    tags = ["O", "B-song", "I-song", "O", "B-artist", "I-artist", "B-artist", "O", "O", "B-song"]
    follows = list(zip(["", "O", "B-song", "I-song", "O", "B-artist", "", "B-artist", "", "O"], tags, strict=True))
    small, kinds = 0.05, len(TAGS)
    for before, tag in [("O", "B-song"), ("", "O"), ("B-artist", "I-artist"), ("O", "O")]:
        given = (follows.count((before, tag)) + small) / (sum(a == before for a, _ in follows) + kinds * small)
        alone = (tags.count(tag) + small * (1 + kinds)) / (len(tags) + small * kinds * (1 + kinds))
        expected = WEIGHT * np.log(given / alone)
        row = 0 if not before else 1 + TAGS.index(before)
        assert scores[row, TAGS.index(tag)] == pytest.approx(expected, abs=STEP / 2 + 1e-9)


def test_packed_scores_come_back():
    scores = transition_scores(*marked(), NAMES)
    back = unpack(pack(scores), TAGS)
    assert np.array_equal(back[legal(TAGS)], scores[legal(TAGS)])
    assert np.isneginf(back[~legal(TAGS)]).all()


@pytest.mark.parametrize("text", ["!!", "AAAA", "é", pack(np.zeros((4, 3)))])
def test_other_text_is_refused(text):
    with pytest.raises(ValueError, match="transitions"):
        unpack(text, TAGS)


def test_best_path_is_the_best_of_all_paths():
    """Against every path there is, drawn scores, ruled-out pairs and tags included."""
    rng = np.random.default_rng(0)
    for words, kinds in itertools.product((1, 2, 4), (2, 3, 5)):
        for _ in range(20):
            logits, first, follows = (rng.normal(size=s) for s in ((words, kinds), kinds, (kinds, kinds)))
            follows[1:, 1:][rng.random((kinds - 1, kinds - 1)) < 0.3] = -np.inf
            logits[:, 1:][rng.random((words, kinds - 1)) < 0.2] = -np.inf

            def worth(path, logits=logits, first=first, follows=follows):
                pairs = sum(follows[b, a] for a, b in itertools.pairwise(path))
                return first[path[0]] + pairs + sum(logits[i, tag] for i, tag in enumerate(path))

            best = max(itertools.product(range(kinds), repeat=words), key=worth)
            assert worth(best_path(logits, first, follows)) == pytest.approx(worth(best))


def test_a_name_is_not_cut_into_slots_of_two_kinds():
    """`the beatles`, whose second word alone looks a little more like a song."""
    words = Words("play the beatles")
    logits = np.full((3, len(TAGS)), -4.0)
    logits[0, TAGS.index("O")] = 4
    logits[1, TAGS.index("B-artist")] = 2
    logits[2, TAGS.index("I-artist")], logits[2, TAGS.index("B-song")] = 1, 1.3
    label_slots = {"play": list(NAMES)}
    learned = unpack(pack(transition_scores(*marked(), NAMES)), TAGS)
    (with_neighbours,) = grammars(("play",), TAGS, label_slots, learned)
    (alone,) = grammars(("play",), TAGS, label_slots, np.zeros_like(learned))
    assert decode(logits, with_neighbours, words, TAGS) == (Span(5, 16, "artist"),)
    assert decode(logits, alone, words, TAGS) == (Span(5, 8, "artist"), Span(9, 16, "song"))


def test_a_label_has_only_its_own_slots():
    words = Words("waterloo by abba")
    logits = np.zeros((3, len(TAGS)))
    logits[:, TAGS.index("B-song")] = 9
    rules = grammars(("a", "b"), TAGS, {"a": ["artist"]}, unpack(None, TAGS))
    assert {span.name for span in decode(logits, rules[0], words, TAGS)} <= {"artist"}
    assert decode(logits, rules[1], words, TAGS) == ()
