"""What `data/pocket` promises: counts, legal slots, splits written apart, frozen test files."""

import hashlib
import json
import random
import re
import shutil
from collections import Counter, defaultdict

import pytest

from benchmarks import pocket_card
from benchmarks.pocket_card import HASHES, POCKET, public_test, unlabelled
from benchmarks.pocket_text import HASH_DIGITS, distinct, hashed, jaccard, masked, nearest, slot_values, words
from edgelab import datasets
from edgelab.datasets.pocket import load_pocket, read_hard, read_sample
from edgelab.datasets.slots import Span
from tests.shared_data import needs_shared

SLOTS = {
    "set_alarm": {"time", "date"},
    "set_timer": {"duration"},
    "add_reminder": {"task", "time", "date"},
    "add_event": {"title", "date", "time", "person"},
    "check_calendar": {"date"},
    "check_weather": {"place", "date"},
    "play_music": {"song", "artist", "genre", "playlist"},
    "set_volume": {"level"},
    "control_light": {"room", "setting"},
    "control_device": {"device", "room", "setting"},
    "send_message": {"person", "message", "app"},
    "make_call": {"person"},
    "read_messages": {"person", "app"},
    "get_directions": {"place", "mode"},
    "find_place": {"category", "place"},
    "add_to_list": {"item", "list"},
    "check_list": {"list"},
    "calculate": {"expression"},
    "convert_units": {"amount", "from_unit", "to_unit"},
    "translate": {"phrase", "language"},
    "define_word": {"word"},
    "find_photos": {"subject", "date"},
    "phone_setting": {"setting", "state"},
    "send_money": {"amount", "person"},
    "place_order": {"item", "merchant"},
    "delete_data": {"subject", "date"},
    "ask_cloud": set(),
}
PER_LABEL = {"train": 150, "validation": 15, "test": 30}
PER_LABEL_CLOUD = {"train": 600, "validation": 45, "test": 120}
KINDS = ("ambiguous", "negated", "corrected", "two_requests", "misheard")
# Words that say nothing about the topic of a question.
FUNCTION_WORDS = set(
    words("""
    a about actually all am an and any are as at be best between by can cant could decide did difference do does
    dont explain for from get give go good got had happen happens has have help how i id if ideas im in is it
    its ive just keep like long look make makes me mean more most much my name names no not of off on or our out
    over people put really recommend should so some someone something start stop suggest take tell than that the
    their them then these they think this time tips to too two up us use used usually want was we were what
    whats when where which who whos why whys will with wont work works would write you your
    """)
)


@pytest.fixture(scope="module")
def pocket():
    return load_pocket(POCKET)


@pytest.fixture(scope="module")
def rows(pocket):
    """(split, label, text, spans) of every utterance of the three splits."""
    return [
        (name, *row)
        for name in datasets.SPLITS
        for row in zip(*(getattr(getattr(pocket, name), c) for c in ("labels", "texts", "spans")), strict=True)
    ]


def lines(name: str) -> list[dict]:
    return [json.loads(line) for line in (POCKET / name).read_text("utf-8").splitlines()]


def test_counts(rows):
    """Exact where the files are held out; in train at least as many, and about as many of each label."""
    for label in SLOTS:
        found = Counter(split for split, other, *_ in rows if other == label)
        expected = PER_LABEL_CLOUD if label == "ask_cloud" else PER_LABEL
        assert {s: found[s] for s in ("validation", "test")} == {s: expected[s] for s in ("validation", "test")}, label
        assert expected["train"] <= found["train"] <= 1.5 * expected["train"], label
    assert len(rows) >= 2900


def test_files_are_named_after_labels():
    for split in datasets.SPLITS:
        assert {f.stem for f in (POCKET / split).iterdir()} == set(SLOTS)


def assert_legal(rows) -> dict[str, set[str]]:
    """A label's slots are its own, and a span cuts no word in two: tagging is by word. Which occur with each label."""
    from tokenizers.pre_tokenizers import BertPreTokenizer

    seen = defaultdict(set)
    for split, label, text, spans in rows:
        offsets = [offset for _, offset in BertPreTokenizer().pre_tokenize_str(text)]
        starts, ends = {a for a, _ in offsets}, {b for _, b in offsets}
        for span in spans:
            assert span.name in SLOTS[label], (split, label, text)
            assert span.start in starts and span.end in ends, (split, label, text)
            seen[label].add(span.name)
        assert text == " ".join(text.split()), (split, label, text)
        assert not set(text) & set("[]()\\"), (split, label, text)  # a mark that went wrong
    return seen


def test_slots_are_legal_and_whole_words(pocket, rows):
    hard = pocket.extra["hard"]
    seen = assert_legal(rows + [("hard", *r) for r in zip(hard.labels, hard.texts, hard.spans, strict=True)])
    assert seen == {label: slots for label, slots in SLOTS.items() if slots}


def test_no_masked_utterance_in_two_held_out_splits(rows):
    """Train may hold the plainest wordings: people say them all day. The words themselves stand in one split only."""
    where = defaultdict(set)
    for split, _, text, spans in rows:
        where[" ".join(words(text))].add(split)
        if split != "train":
            where[masked(text, spans)].add(split)
    assert {m: s for m, s in where.items() if len(s) > 1} == {}


def test_no_test_utterance_near_a_training_one(pocket):
    texts = pocket.test.texts
    assert [t for t, near in zip(texts, nearest(texts, pocket.train.texts), strict=True) if near >= 0.8] == []


def test_a_third_of_test_slot_values_are_new(pocket):
    known, values = set(slot_values(pocket.train)), slot_values(pocket.test)
    assert sum(value not in known for value in values) >= len(values) / 3


def test_openings_vary(rows):
    """No opening of four words begins more than 3 % of a label's lines, nor two lines of a held-out file."""
    totals, openings, in_file = Counter(), Counter(), Counter()
    for split, label, text, _ in rows:
        totals[label] += 1
        first = tuple(words(text)[:4])
        if len(first) == 4:
            openings[label, first] += 1
            in_file[split, label, first] += split != "train"
    assert [k for k, n in openings.items() if n > max(1, 0.03 * totals[k[0]])] == []
    assert [k for k, n in in_file.items() if n > 1] == []


def test_ask_cloud_topics_differ_between_splits(rows):
    """The card's topic lists are disjoint; questions of two splits share hardly any content words."""
    card = (POCKET / "README.md").read_text("utf-8")
    topics = {s: re.search(rf"^- {s} topics: (.+)\.$", card, re.M)[1].split("; ") for s in datasets.SPLITS}
    assert max(Counter(t for names in topics.values() for t in names).values()) == 1
    assert all(len(names) >= 10 for names in topics.values())

    content = {
        name: [set(words(t)) - FUNCTION_WORDS for split, label, t, _ in rows if (split, label) == (name, "ask_cloud")]
        for name in datasets.SPLITS
    }
    for one, other in (("train", "test"), ("validation", "test"), ("train", "validation")):
        near = [(a, b) for a in content[one] for b in content[other] if len(a & b) > 2]
        assert near == [], (one, other)
        # Vocabularies are compared at equal size: the more questions, the more words any two sets share by chance.
        size = min(len(content[one]), len(content[other]), 45)
        drawn = [set().union(*random.Random(0).sample(content[name], size)) for name in (one, other)]
        assert jaccard(*drawn) < 0.1, (one, other)


def test_hard_set():
    split, kinds = read_hard(POCKET / "hard.txt")
    assert len(split) == 120
    assert Counter(kinds) == {kind: 24 for kind in KINDS}
    assert set(split.labels) == set(SLOTS)


def test_notifications():
    found = lines("notifications.jsonl")
    assert len(found) == 200
    bundles = defaultdict(list)
    for item in found:
        assert item["priority"] in ("now", "today", "later", "never")
        assert 0 <= item["minute"] < 24 * 60
        assert all(item[key].strip() for key in ("app", "title", "body", "thread"))
        bundles[item["bundle"]].append(item)
    assert sorted(bundles) == list(range(1, 31))
    for items in bundles.values():
        assert items[0]["digest"].strip() and not any("digest" in other for other in items[1:])
        minutes = [item["minute"] for item in items]
        assert minutes == sorted(minutes)
        assert len({(item["app"], item["title"], item["body"]) for item in items}) == len(items)


def test_notes():
    found = lines("notes.jsonl")
    notes = {item["note"]: item for item in found if "text" in item}
    questions = [item for item in found if "question" in item]
    assert len(notes) == len(questions) == 80 and len(found) == 160
    assert sorted(notes) == list(range(1, 81))
    for question in questions:
        assert question["note"] in notes
        assert question["answer"].lower() in notes[question["note"]]["text"].lower(), question
    assert len({question["question"] for question in questions}) == 80


def test_replies():
    found = lines("replies.jsonl")
    pool = {item["reply"]: item["text"] for item in found if "text" in item}
    messages = [item for item in found if "message" in item]
    assert len(pool) == len(set(pool.values())) == 80 and len(messages) == 120 and len(found) == 200
    assert sorted(pool) == list(range(1, 81))
    for message in messages:
        assert 3 <= len(set(message["replies"])) == len(message["replies"]) <= 5, message
        assert set(message["replies"]) <= set(pool), message
    assert {r for message in messages for r in message["replies"]} == set(pool)


def test_users():
    files = sorted((POCKET / "users").glob("*.txt"))
    assert len(files) == 3
    seen = Counter()
    for file in files:
        header, *rest = file.read_text("utf-8").splitlines()
        assert re.fullmatch(rf"# {file.stem}: .+", header)
        commands, phrasings = {}, defaultdict(list)
        for line in rest:
            if match := re.fullmatch(r"## ([a-z_]+) -> (new|([a-z_]+) (.+))", line):
                command, target, tool, slots = match.groups()
                assert command not in commands
                commands[command] = target
                if tool:
                    assert {pair.split("=")[0] for pair in slots.split("; ")} <= SLOTS[tool], line
            else:
                kind, phrase = re.fullmatch(r"(learn|test): (\S.*)", line).groups()
                phrasings[command, kind].append(phrase)
                seen[phrase.lower()] += 1
        assert len(commands) == 10 and 1 <= list(commands.values()).count("new") < 10
        assert {key: len(p) for key, p in phrasings.items()} == {
            (c, kind): 8 for c in commands for kind in ("learn", "test")
        }
    assert max(seen.values()) == 1


def test_frozen_files_are_as_recorded():
    """A changed test file is a correction: the card records its reason and its new digest."""
    card = (POCKET / "README.md").read_text("utf-8")
    recorded = dict(re.findall(r"^\| `((?:test/)?[a-z_]+\.txt)` \| `([0-9a-f]{64})` \|$", card, re.M))
    frozen = {f"test/{label}.txt" for label in SLOTS} | {"hard.txt"}
    assert set(recorded) == frozen
    changed = [n for n in frozen if hashlib.sha256((POCKET / n).read_bytes()).hexdigest() != recorded[n]]
    assert changed == []


def test_mapping_names_labels_of_pocket():
    header, *found = (POCKET / "mapping.csv").read_text("utf-8").splitlines()
    assert header == "source,intent,label,note"
    pairs = {source: pocket_card.mapping(source) for source in ("clinc150", "snips2017")}
    assert sum(map(len, pairs.values())) == len(found)
    assert set().union(*(labels for intents in pairs.values() for labels in intents.values())) <= set(SLOTS)


def test_card_is_current(rows):
    assert pocket_card.stale() == []
    assert f"\n{len(rows):,} things" in (card := (POCKET / "README.md").read_text("utf-8"))
    assert f" {len(unlabelled()):,} more without labels" in card


@pytest.mark.slow
def test_figures_that_need_public_data_are_current():
    assert pocket_card.stale(with_public=True) == []


# --- the unlabelled lines, and the sample of them -------------------------------------------------


def test_unlabelled_lines_are_single_and_new(pocket, rows):
    """One utterance a line, none twice, none that stands in a split: case and punctuation don't make another line."""
    texts = unlabelled()
    normal = [" ".join(words(text)) for text in texts]
    assert len(texts) >= 8000 and all(normal)
    assert [text for text in texts if text != " ".join(text.split())] == []
    assert [text for text, times in Counter(normal).items() if times > 1] == []
    known = {" ".join(words(text)) for text in [*(row[2] for row in rows), *pocket.extra["hard"].texts]}
    assert [text for text, plain in zip(texts, normal, strict=True) if plain in known] == []


def test_unlabelled_openings_vary():
    openings = Counter(tuple(words(text)[:4]) for text in unlabelled())
    assert [o for o, n in openings.items() if len(o) == 4 and n > 0.03 * openings.total()] == []


def test_no_unlabelled_line_near_a_held_out_one(pocket):
    held_out = [t for split in (pocket.validation, pocket.test, pocket.extra["hard"]) for t in split.texts]
    assert [t for t, near in zip(unlabelled(), nearest(unlabelled(), held_out), strict=True) if near >= 0.8] == []


def test_no_unlabelled_line_has_the_words_of_a_public_test_line():
    """By hashes: it holds without the public data, too."""
    hashes = set(HASHES.read_text("utf-8").split())
    assert {len(digits) for digits in hashes} == {HASH_DIGITS}
    assert len(unlabelled()) * len(hashes) / 16**HASH_DIGITS < 1e-3  # the odds that any two agree by chance
    assert hashed("a timer: set 1 minute!") in hashes  # what CLINC150's test asks in another order would be found
    assert [text for text in unlabelled() if hashed(text) in hashes] == []


def test_unlabelled_lines_are_as_varied_as_peoples():
    """The card's figures are of the committed lines; of CLINC150's intents that mean a label of Pocket, as recorded."""
    card = (POCKET / "README.md").read_text("utf-8")
    rows = {
        name: re.search(rf"^\| {name} \|(.+)\|$", card, re.M)[1]
        for name in ("Pocket, without", "CLINC150, mapped intents")
    }
    ours, theirs = ([int(n) for n in row.split("|")[-3:]] for row in rows.values())
    assert ours == [round(distinct(unlabelled(), n)) for n in (1, 2, 3)]
    assert all(mine >= other for mine, other in zip(ours, theirs, strict=True))


@needs_shared
def test_no_unlabelled_line_near_a_public_test_line():
    theirs = public_test(*pocket_card.public())
    assert [t for t, near in zip(unlabelled(), nearest(unlabelled(), theirs), strict=True) if near >= 0.8] == []
    assert set(HASHES.read_text("utf-8").splitlines()) == {hashed(text) for text in theirs}


def test_sample():
    """300 unlabelled lines with legal calls; where its annotators agree, that is the answer, and `none` is `ask_cloud`."""
    sample, annotators = read_sample(POCKET / "unlabelled_sample.txt")
    assert len(sample) == len(set(sample.texts)) == 300
    assert set(sample.texts) <= set(unlabelled())
    assert_legal([("sample", *row) for row in zip(sample.labels, sample.texts, sample.spans, strict=True)])
    answers = [list(zip(a.labels, a.spans, strict=True)) for a in annotators]
    for label, text, spans, *given in zip(sample.labels, sample.texts, sample.spans, *answers, strict=True):
        assert all({span.name for span in said} <= SLOTS.get(name, set()) for name, said in given), text
        assert {name for name, _ in given} <= {*SLOTS, "none"}, text
        if given[0] == given[1]:
            assert (label, spans) == (given[0][0].replace("none", "ask_cloud"), given[0][1]), text


def test_an_answer_of_the_samples_annotators_is_read(tmp_path):
    (tmp_path / "sample.txt").write_text(
        "make_call\tring [Ana](person)\nask_cloud\tring\tnone\tmake_call [ring](person)\n"
    )
    sample, (one, other) = read_sample(tmp_path / "sample.txt")
    assert sample.labels == ("make_call", "ask_cloud") and sample.texts == one.texts == ("ring Ana", "ring")
    assert one.labels == ("make_call", "none") and other.labels == ("make_call", "make_call")
    assert sample.spans[0] == one.spans[0] == other.spans[0] == (Span(5, 8, "person"),)
    assert (sample.spans[1], one.spans[1], other.spans[1]) == ((), (), (Span(0, 4, "person"),))


def test_nearest_is_the_largest_jaccard():
    draw = random.Random(0)
    texts = [" ".join(draw.choices("abcdefgh", k=draw.randint(1, 6))) for _ in range(60)]
    one, other = texts[:30], texts[30:]
    by_hand = [max(jaccard(set(words(a)), set(words(b))) for b in other) for a in one]
    assert nearest(one, other) == by_hand and len(set(by_hand)) > 5
    assert nearest(["x", "what's a"], ["b", "whats a b"]) == [0, 2 / 3]


@pytest.mark.slow
@pytest.mark.parametrize("source", ["clinc150", "snips2017"])
def test_public_sets(rows, pocket, source):
    """Mapped intents exist there; nothing is copied from their test splits."""
    with pocket_card.public_data():
        public = datasets.load(source)
    assert set(pocket_card.mapping(source)) <= set(public.labels)
    held_out = [public.test, *(s for name, s in public.extra.items() if name.endswith("test"))]
    theirs = {" ".join(words(text)) for split in held_out for text in split.texts}
    ours = [text for _, _, text, _ in rows] + list(pocket.extra["hard"].texts)
    assert [text for text in ours if " ".join(words(text)) in theirs] == []


def test_unlabelled_lines_are_read_where_they_stand(tmp_path):
    folder = shutil.copytree(POCKET, tmp_path / "pocket")
    (folder / "unlabelled.txt").write_text("stop that\nplay something\n")
    given = load_pocket(folder)
    assert given.unlabelled == ("stop that", "play something")
    assert given.labelled.fingerprint != given.fingerprint


def test_the_sample_is_not_among_what_is_learned(pocket):
    assert len(pocket.extra["plain"]) == 300 and not set(pocket.extra["plain"].texts) & set(pocket.unlabelled)
    assert len(pocket.unlabelled) == len(unlabelled()) - 300
