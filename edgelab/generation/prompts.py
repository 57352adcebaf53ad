"""What a generator is asked in each job, and on which held-out cases.

The prompts are short, since reading a prompt is half of the time, and show a few answers: a model of this size hardly
follows a description. What is shown is never a case's own: calls of train, notifications of other bundles, and of the others the first two, which are no cases.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edgelab.datasets.dataset import Dataset, Split
from edgelab.generation.calls import as_json, call_of, call_schema, tools_of
from edgelab.generation.personal import PRIORITIES, Message, Note, Notification, Personal, Question
from edgelab.generation.retrieval import Embed, similarity, word_similarity
from edgelab.generation.texts import Case

# How many cases a generator is asked of each job. All of them at three precisions take ten minutes of two quiet cores.
CASES = {"calls": 80, "triage": 60, "digest": 15, "titles": 30, "replies": 30, "answers": 40}
SHOWN = 4  # examples before a request or a notification: those nearest to it by words
TRIAGE = "Say how soon the reader must see this notification: now, today, later or never."
DIGEST = "Sum up what the reader must know from these notifications in one short sentence. Leave out what can wait."
TITLE = "Give the note a title of two to four words."
REPLY = "Write a short reply to the message."
ANSWER = "Answer the question from the note, in as few words as possible."
CALL = "Turn the request into a call as JSON."


@dataclass(frozen=True)
class HeldOut:
    """The cases of every job, and what is asked of each: as many `asked[job]` as items of the job."""

    calls: Split
    triage: tuple[Notification, ...]
    digest: tuple[int, ...]
    titles: tuple[Note, ...]
    replies: tuple[Message, ...]
    answers: tuple[Question, ...]
    found: tuple[Note, ...]
    asked: dict[str, tuple[Case, ...]]


def held_out(data: Dataset, personal: Personal, embed: Embed) -> HeldOut:
    """Draw the cases and write the prompts; each job's draw is its own, by a fixed seed.

    Args:
        embed: `models.encoder.sentence_embedder()`: it finds the note that a question is about.
    """
    calls = drawn_split(data.test, CASES["calls"])
    triage = _draw(personal.notifications, CASES["triage"])
    digest = _draw(sorted(personal.digests), CASES["digest"])
    titles = _draw(personal.notes[2:], CASES["titles"])
    replies = _draw(personal.messages[2:], CASES["replies"])
    answers = _draw(personal.questions[2:], CASES["answers"])
    scores = similarity(embed(tuple(q.text for q in answers)), embed(tuple(note.whole for note in personal.notes)))
    found = tuple(personal.notes[best] for best in scores.argmax(axis=1))
    asked = {
        "calls": call_cases(data.train, calls.texts),
        "triage": triage_cases(triage, personal),
        "digest": tuple(digest_case(personal.bundle(number)) for number in digest),
        "titles": tuple(title_case(note, personal) for note in titles),
        "replies": tuple(reply_case(message, personal) for message in replies),
        "answers": tuple(answer_case(note, q, personal) for note, q in zip(found, answers, strict=True)),
    }
    return HeldOut(calls, triage, digest, titles, replies, answers, found, asked)


def drawn_split(split: Split, count: int) -> Split:
    """So many examples of a split, drawn by a fixed seed, in the split's order."""
    chosen = _draw(range(len(split.texts)), count)
    spans = split.spans and tuple(split.spans[i] for i in chosen)
    return Split(tuple(split.texts[i] for i in chosen), tuple(split.labels[i] for i in chosen), spans)


def call_cases(train: Split, texts: Sequence[str]) -> tuple[Case, ...]:
    """Each request with the calls of the training requests nearest to it by words, the nearest last."""
    schema, spans = call_schema(tools_of(train)), train.spans or ((),) * len(train.texts)
    out = []
    for text, scores in zip(texts, word_similarity(texts, train.texts), strict=True):
        near = np.argsort(-scores, kind="stable")[:SHOWN][::-1]
        shown = [(train.texts[i], as_json(call_of(train.labels[i], train.texts[i], spans[i]))) for i in near]
        out.append(Case(_talk(CALL, shown, text), 96, schema))
    return tuple(out)


def bare_call_case(text: str, train: Split) -> Case:
    """A request and nothing else: for a generator that was tuned to answer it with a call."""
    return Case(({"role": "user", "content": text},), 96, call_schema(tools_of(train)))


def triage_cases(shown: Sequence[Notification], personal: Personal) -> tuple[Case, ...]:
    """How urgent is each? The notifications of other bundles nearest to it by words before, the nearest last."""
    known, out = personal.notifications, []
    for each, scores in zip(shown, word_similarity([n.text for n in shown], [n.text for n in known]), strict=True):
        others = [i for i in np.argsort(-scores, kind="stable") if known[i].bundle != each.bundle]
        examples = [(known[i].text, as_json(known[i].priority)) for i in others[:SHOWN][::-1]]
        out.append(Case(_talk(TRIAGE, examples, each.text), 8, {"enum": list(PRIORITIES)}))
    return tuple(out)


def digest_case(shown: Sequence[Notification]) -> Case:
    """One sentence about a bundle; without an example, which would be as long as the bundle."""
    return Case(_talk(DIGEST, [], "\n".join(each.text for each in shown)), 60)


def title_case(note: Note, personal: Personal) -> Case:
    """A title for a note; the first two notes and their titles before."""
    return Case(_talk(TITLE, [(each.text, each.title) for each in personal.notes[:2]], note.text), 16)


def reply_case(message: Message, personal: Personal) -> Case:
    """A reply; two messages with one of their replies before."""
    examples = [(each.text, personal.pool[each.replies[0]]) for each in personal.messages[:2]]
    return Case(_talk(REPLY, examples, message.text), 24)


def answer_case(note: Note, question: Question, personal: Personal) -> Case:
    """A question and the note that was found for it; two questions with notes and answers before."""
    examples = [(_reading(personal.note(q.note), q), q.answer) for q in personal.questions[:2]]
    return Case(_talk(ANSWER, examples, _reading(note, question)), 20)


def _reading(note: Note, question: Question) -> str:
    return f"Note: {note.whole}\nQuestion: {question.text}"


def _talk(system: str, examples: Sequence[tuple[str, str]], last: str) -> tuple[dict[str, str], ...]:
    said = [{"role": "system", "content": system}]
    for text, answer in examples:
        said += [{"role": "user", "content": text}, {"role": "assistant", "content": answer}]
    return (*said, {"role": "user", "content": last})


def _draw(items: Sequence, count: int) -> tuple:
    chosen = np.sort(np.random.default_rng(0).permutation(len(items))[:count])
    return tuple(items[i] for i in chosen)
