"""Each job done by keywords, by an encoder and by generators, on the same held-out cases."""

from collections.abc import Mapping, Sequence

import numpy as np

from edgelab.bundle.evaluation import calls_right
from edgelab.bundle.predict import Bundle
from edgelab.datasets.dataset import Dataset, Split
from edgelab.generation.calls import as_json, call_faults, call_key, call_of, call_schema, read_call, tools_of
from edgelab.generation.extracts import (
    digest_of,
    key_phrase,
    opening,
    sentence_by_encoder,
    sentence_by_words,
    triage_by_encoder,
    triage_by_keywords,
)
from edgelab.generation.facts import invented
from edgelab.generation.keywords import Gazetteer
from edgelab.generation.personal import Personal
from edgelab.generation.prompts import HeldOut
from edgelab.generation.retrieval import (
    Embed,
    int8_index,
    int8_similarity,
    ranks_of_best,
    similarity,
    word_similarity,
)
from edgelab.generation.scoring import Outcome, Row, macro_f1_row, mean_row, rouge
from edgelab.generation.texts import Text

KEYWORDS, ENCODER = "keywords", "encoder"
Written = Mapping[str, Sequence[Text]]  # generator -> its text for each case


def calls(split: Split, data: Dataset, bundle: Bundle, written: Written) -> Outcome:
    """Requests as calls: label right, call right as a whole, valid by the schema. Without `written` any split will do:
    all of test."""
    gold = [call_of(*row) for row in zip(split.labels, split.texts, split.spans or (), strict=True)]
    found = {KEYWORDS: Gazetteer.fit(data.train).calls(split.texts)}
    found[ENCODER] = [call_of(p.label, p.text, p.spans) for p in bundle.predict_many(split.texts)]
    said = {who: tuple(as_json(call) for call in made) for who, made in found.items()}
    for who, texts in written.items():
        said[who] = tuple(text.text for text in texts)
        found[who] = [read_call(text) for text in said[who]]
    schema = call_schema(tools_of(data.train))
    rows: list[Row] = []
    due = [call_key(call) for call in gold]
    for who, made in found.items():
        keys = [call_key(call) for call in made]
        labels = np.array([key[0] == right[0] for key, right in zip(keys, due, strict=True)])
        slots = np.array([key[1] == right[1] for key, right in zip(keys, due, strict=True)])
        rows += [mean_row(who, "call", calls_right(labels, slots)), mean_row(who, "tool", labels)]
        if who in written:
            rows.append(mean_row(who, "valid", np.array([not call_faults(text, schema) for text in said[who]])))
    said = {"gold": tuple(as_json(call) for call in gold), **said}
    return Outcome("calls", tuple(rows), said, tuple(split.texts))


def triage(held: HeldOut, personal: Personal, embed: Embed, written: Written) -> Outcome:
    """How urgent is a notification: accuracy and macro-F1. Keywords and encoder learned from other bundles."""
    place = {each: i for i, each in enumerate(personal.notifications)}
    asked = [place[each] for each in held.triage]
    learned = {
        KEYWORDS: triage_by_keywords(personal.notifications),
        ENCODER: triage_by_encoder(personal.notifications, embed),
    }
    gold = [each.priority for each in held.triage]
    said = {who: tuple(labels[i] for i in asked) for who, labels in learned.items()}
    said |= {who: tuple(text.text.strip('"') for text in texts) for who, texts in written.items()}
    rows: list[Row] = []
    for who, labels in said.items():
        rows.append(mean_row(who, "accuracy", np.array([a == b for a, b in zip(labels, gold, strict=True)])))
        rows.append(macro_f1_row(who, gold, labels))
    return Outcome("triage", tuple(rows), {"gold": tuple(gold), **said}, tuple(each.text for each in held.triage))


def digests(held: HeldOut, personal: Personal, embed: Embed, written: Written) -> Outcome:
    """A bundle in a sentence: ROUGE against the reference, and invented facts. Keywords and encoder say the beginnings of
    what they take to be urgent."""
    place = {each: i for i, each in enumerate(personal.notifications)}
    bundles = [personal.bundle(number) for number in held.digest]
    urgent = {
        KEYWORDS: triage_by_keywords(personal.notifications),
        ENCODER: triage_by_encoder(personal.notifications, embed),
    }
    said = {
        who: tuple(digest_of(shown, [labels[place[each]] for each in shown]) for shown in bundles)
        for who, labels in urgent.items()
    }
    references = [personal.digests[number] for number in held.digest]
    sources = ["\n".join(each.source for each in shown) for shown in bundles]
    return _summaries("digest", said, written, references, sources)


def titles(held: HeldOut, embed: Embed, written: Written) -> Outcome:
    """A title for a note, beside the one its writer gave: ROUGE, and invented facts."""
    said = {
        KEYWORDS: tuple(opening(note.text) for note in held.titles),
        ENCODER: tuple(key_phrase(note.text, embed) for note in held.titles),
    }
    references, sources = [note.title for note in held.titles], [note.text for note in held.titles]
    return _summaries("titles", said, written, references, sources)


def _summaries(
    job: str, said: dict[str, tuple[str, ...]], written: Written, references: Sequence[str], sources: Sequence[str]
) -> Outcome:
    said |= {who: tuple(text.text for text in texts) for who, texts in written.items()}
    rows: list[Row] = []
    for who, texts in said.items():
        rows += [mean_row(who, measure, scores) for measure, scores in rouge(texts, references).items()]
        facts = [len(invented(text, source)) for text, source in zip(texts, sources, strict=True)]
        rows.append(mean_row(who, "invented facts", np.array(facts, dtype=float)))
    return Outcome(job, tuple(rows), {"reference": tuple(references), **said}, tuple(sources))


def replies(held: HeldOut, personal: Personal, embed: Embed, written: Written) -> Outcome:
    """The pool of replies in order: hit@3 and the mean of 1 / the place of the first that would do (MRR).

    Keywords and encoder look at which replies would do for the messages most like it, itself left out; a generator writes
    its own words, and the pool is ordered by how near they are.
    """
    known = personal.messages
    texts, asked = [message.text for message in known], [message.text for message in held.replies]
    due = np.array(
        [[reply in message.replies for reply in range(len(personal.pool))] for message in known], dtype=float
    )
    vectors = embed(tuple(texts))
    place = [texts.index(text) for text in asked]
    likeness = {KEYWORDS: word_similarity(asked, texts), ENCODER: similarity(vectors[place], vectors)}
    scores = {}
    for who, near in likeness.items():
        near[np.arange(len(place)), place] = 0
        scores[who] = np.maximum(near, 0) ** 3 @ due  # the nearest count most
    said = {who: tuple(text.text for text in texts) for who, texts in written.items()}
    pool = embed(tuple(personal.pool))
    for who, drafts in said.items():
        scores[who] = similarity(embed(tuple(draft or "…" for draft in drafts)), pool)
    first = {who: tuple(personal.pool[row.argmax()] for row in score) for who, score in scores.items()}
    shown = {who: said.get(who, first[who]) for who in scores}
    rows = _ranked(scores, [message.replies for message in held.replies], "hit@3", 3)
    return Outcome("replies", rows, shown, tuple(asked))


def notes_found(personal: Personal, embed: Embed) -> Outcome:
    """The note that a question is about, among all notes: hit@1 and MRR over all questions; also by embeddings that are
    kept in 8 bits."""
    asked, texts = [q.text for q in personal.questions], [note.whole for note in personal.notes]
    queries, kept = embed(tuple(asked)), embed(tuple(texts))
    scores = {
        KEYWORDS: word_similarity(asked, texts),
        ENCODER: similarity(queries, kept),
        f"{ENCODER}, int8 index": int8_similarity(queries, int8_index(kept)),
    }
    place = {note.number: i for i, note in enumerate(personal.notes)}
    rows = _ranked(scores, [(place[q.note],) for q in personal.questions], "hit@1", 1)
    first = {who: tuple(personal.notes[row.argmax()].title for row in score) for who, score in scores.items()}
    gold = tuple(personal.note(q.note).title for q in personal.questions)
    return Outcome("notes found", rows, {"gold": gold, **first}, tuple(asked))


def answers(held: HeldOut, embed: Embed, written: Written) -> Outcome:
    """The found note read: whether what is said holds the answer's words, and how many words are said. Keywords and
    encoder say the sentence that fits best."""
    pairs = list(zip(held.answers, held.found, strict=True))
    said = {
        KEYWORDS: tuple(sentence_by_words(q.text, note.text) for q, note in pairs),
        ENCODER: tuple(sentence_by_encoder(q.text, note.text, embed) for q, note in pairs),
    }
    said |= {who: tuple(text.text for text in texts) for who, texts in written.items()}
    rows: list[Row] = []
    for who, texts in said.items():
        held_in = [contains(text, q.answer) for text, q in zip(texts, held.answers, strict=True)]
        rows.append(mean_row(who, "answer in it", np.array(held_in)))
        rows.append(mean_row(who, "words said", np.array([len(text.split()) for text in texts], dtype=float)))
    gold = tuple(q.answer for q in held.answers)
    return Outcome("answers", tuple(rows), {"gold": gold, **said}, tuple(q.text for q in held.answers))


def contains(text: str, answer: str) -> bool:
    """Whether the answer's words stand in a text in their order, side by side; case and outer marks do not count."""
    words, wanted = ([w.strip(".,!?;:'\"()").lower() for w in each.split()] for each in (text, answer))
    return any(words[i : i + len(wanted)] == wanted for i in range(len(words) - len(wanted) + 1))


def _ranked(
    scores: Mapping[str, np.ndarray], accepted: Sequence[Sequence[int]], hit: str, within: int
) -> tuple[Row, ...]:
    rows: list[Row] = []
    for who, score in scores.items():
        ranks = ranks_of_best(score, accepted)
        rows += [mean_row(who, hit, ranks <= within), mean_row(who, "MRR", 1 / ranks)]
    return tuple(rows)
