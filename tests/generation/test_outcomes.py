"""Each job by keywords, encoder and generator: what is counted, on texts whose score is known."""

import json
import re

import numpy as np
import pytest
from sklearn.metrics import f1_score

from edgelab.datasets.pocket import load_pocket
from edgelab.generation import outcomes, prompts
from edgelab.generation.calls import as_json, call_of
from edgelab.generation.extracts import across_bundles, digest_of, opening, sentence_by_words
from edgelab.generation.personal import PRIORITIES, load_personal
from edgelab.generation.scoring import Outcome, macro_f1, mean_row, rouge
from edgelab.generation.texts import Text
from edgelab.workspace import data_home


def embed(texts):
    """Stands for the encoder: counts of letters, of length 1."""
    rows = np.array([[text.lower().count(letter) for letter in "abcdefghijklmnopqrstuvwxyz"] for text in texts]) + 0.01
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture(scope="module")
def data():
    return load_pocket(data_home() / "pocket")


@pytest.fixture(scope="module")
def held(data):
    return prompts.held_out(data, load_personal(), embed)


def said(texts):
    return [Text(text, True) for text in texts]


def test_every_job_has_its_cases_and_shows_none_of_them(held, data):
    assert {job: len(cases) for job, cases in held.asked.items()} == prompts.CASES
    for job, cases in held.asked.items():
        items = getattr(held, job)
        assert len(items.texts if job == "calls" else items) == len(cases)
        for case in cases:
            *shown, last = [message["content"] for message in case.messages]
            assert last not in shown
    for case in held.asked["calls"]:
        assert {message["content"] for message in case.messages[1:-1:2]} <= set(data.train.texts)
    for each, case in zip(held.triage, held.asked["triage"], strict=True):
        others = {n.text for n in load_personal().notifications if n.bundle != each.bundle}
        assert {message["content"] for message in case.messages[1:-1:2]} <= others
    examples = [note.text for note in load_personal().notes[:2]]
    assert not {note.text for note in held.titles} & set(examples)


def test_calls_of_a_perfect_and_of_a_broken_generator(held, data, pocket):
    split = held.calls
    gold = [as_json(call_of(*row)) for row in zip(split.labels, split.texts, split.spans, strict=True)]
    labels = [json.dumps({"tool": label}) for label in split.labels]
    written = {"perfect": said(gold), "label only": said(labels), "cut": said(text[:-1] for text in gold)}
    table = outcomes.calls(split, data, pocket, written)
    means = {(row.who, row.measure): row.interval.value for row in table.rows}
    assert means["perfect", "call"] == means["perfect", "tool"] == means["perfect", "valid"] == 1
    assert means["label only", "tool"] == 1 and means["label only", "valid"] == 1
    assert means["label only", "call"] == np.mean([not spans for spans in split.spans])
    assert means["cut", "call"] == means["cut", "valid"] == 0
    assert means["keywords", "call"] < means["encoder", "call"] < 1
    ahead = table.leads("call")
    assert next(iter(ahead)) == "perfect" and ahead["perfect"].value == 0 and ahead["cut"].value == 1
    assert all(row.cases == len(split.texts) for row in table.rows) and "[" in table.table().loc["cut", "call"]


def test_the_encoder_makes_calls_as_a_bundle_is_evaluated(data, pocket):
    from edgelab.bundle.evaluation import evaluate

    split = prompts.drawn_split(data.test, 200)
    found = outcomes.calls(split, data, pocket, {})
    assert (found.scores("encoder", "call") == evaluate(pocket, split).calls).mean() > 0.98


def test_macro_f1_is_that_of_scikit_learn():
    generator = np.random.default_rng(0)
    for _ in range(20):
        gold, guess = generator.choice(PRIORITIES, 30), generator.choice(PRIORITIES[:3], 30)
        assert macro_f1(gold, guess) == pytest.approx(f1_score(gold, guess, average="macro"))


def test_triage_reads_the_json_and_learns_from_other_bundles(held):
    personal = load_personal()
    written = {
        "perfect": said(f'"{each.priority}"' for each in held.triage),
        "lazy": said(['"never"'] * len(held.triage)),
    }
    table = outcomes.triage(held, personal, embed, written)
    assert table.scores("perfect", "accuracy").all()
    assert table.scores("lazy", "accuracy").mean() == np.mean([each.priority == "never" for each in held.triage])
    seen = []

    def classify(learn, asked):
        bundles = [{personal.notifications[i].bundle for i in some} for some in (learn, asked)]
        seen.append(not bundles[0] & bundles[1])
        return ["now"] * len(asked)

    assert across_bundles(personal.notifications, classify) == ["now"] * 200 and seen == [True] * 5


def test_digests_and_titles_count_what_was_invented(held):
    personal = load_personal()
    references = [personal.digests[number] for number in held.digest]
    lies = [text + " Then Zebedee called at 03:33." for text in references]
    table = outcomes.digests(held, personal, embed, {"reference": said(references), "liar": said(lies)})
    assert table.scores("reference", "ROUGE-1").min() == pytest.approx(1)
    assert (table.scores("liar", "invented facts") - table.scores("reference", "invented facts") == 2).all()
    assert not table.scores("keywords", "invented facts").any() and not table.scores("encoder", "invented facts").any()
    titles = outcomes.titles(held, embed, {"writer": said(note.title for note in held.titles)})
    assert titles.scores("writer", "ROUGE-L").mean() == pytest.approx(1)
    assert list(titles.leads("ROUGE-L"))[0] == "writer"


def test_rouge_1_is_the_overlap_of_words():
    found = rouge(["the cat sat on the mat"], ["the cat lay on a mat"])
    words = [re.findall(r"\w+", text) for text in ("the cat sat on the mat", "the cat lay on a mat")]
    shared = sum(min(words[0].count(word), words[1].count(word)) for word in set(words[1]))
    assert found["ROUGE-1"][0] == pytest.approx(2 * shared / 12) == found["ROUGE-L"][0]


def test_replies_are_ranked_without_the_message_itself(held):
    personal = load_personal()
    written = {"perfect": said(personal.pool[message.replies[0]] for message in held.replies)}
    table = outcomes.replies(held, personal, embed, written)
    assert table.scores("perfect", "hit@3").all() and table.scores("perfect", "MRR").mean() > 0.9
    assert table.scores("keywords", "hit@3").mean() < 1
    assert table.said["perfect"][0] == written["perfect"][0].text


def test_notes_are_found_and_read(held):
    personal = load_personal()
    found = outcomes.notes_found(personal, embed)
    assert {row.cases for row in found.rows} == {80} and found.scores("keywords", "MRR").mean() > 0.05
    written = {"perfect": said(f"It is {question.answer}." for question in held.answers)}
    read = outcomes.answers(held, embed, written)
    assert read.scores("perfect", "answer in it").all()


def test_an_answer_stands_side_by_side():
    assert outcomes.contains("It's the Blue Folder, upstairs.", "blue folder")
    assert not outcomes.contains("blue, then folder", "blue folder") and not outcomes.contains("14,600", "4,600")


def test_extracts_are_taken_from_what_is_there():
    personal = load_personal()
    shown = personal.bundle(1)
    assert digest_of(shown, ["never"] * len(shown)) in shown[-1].body
    assert digest_of(shown, [n.priority for n in shown]).startswith("Theo has been sick in class")
    assert opening("Network is Seaholly_Guest, password x") == "Network is Seaholly_Guest"
    assert (
        sentence_by_words("where is the key", "Milk is out. The key is in the tin. Call Jo.")
        == "The key is in the tin."
    )


def test_scores_of_a_measure_without_a_mean_are_refused():
    row = mean_row("a", "m", np.array([True, False]))
    with pytest.raises(KeyError, match="no scores of a in n"):
        Outcome("job", (row,), {}, ()).scores("a", "n")
