"""Invented facts: names, times and numbers that a source does not hold."""

import pytest

from edgelab.generation.facts import invented, names_of, numbers_of
from edgelab.generation.personal import load_personal

SOURCE = "Marek comes between 13:00 and 15:00. priya wants 3 slides by 5, room 4.5; call at half seven. Rent 1,820.00."


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Then Marek comes at 1 pm, or at one, until three.", ()),
        ("Send Priya three slides by five.", ()),
        ("Send Priya four slides by 17:00.", ("four",)),
        ("Then Sandra comes at 2 pm and at 13:30.", ("Sandra", "2 pm", "13:30")),
        ("The rent of 1820 and room 4.5.", ()),
        ("The rent of 1,280.", ("1,280",)),
        ("Call at 7.30, or 19:30.", ()),
        ("Call at quarter past seven.", ("quarter past seven",)),
        ("Call Marek and Priya's boss.", ()),
        ("Wednesday's rent: Wednesday, and on Wednesday", ("Wednesday",)),
        ("I'm told that I know.", ()),
        ("", ()),
    ],
)
def test_what_a_source_does_not_hold(text, found):
    assert invented(text, SOURCE) == found


def test_a_name_that_begins_a_sentence_is_not_told_from_a_word():
    assert names_of("Sandra waits. Peter, too: Ada and Grace") == ("Grace",)


def test_readings():
    assert numbers_of("17:00") == {"17:00", "5:00", "17", "5"}
    assert numbers_of("noon") == {"12:00", "0:00", "12", "0"}
    assert numbers_of("at 4.30") == {"4:30", "16:30", "4.3"}
    assert numbers_of("version 2.71") == {"2.71"}
    assert numbers_of("ten to one") >= {"0:50", "12:50"}


def test_a_source_holds_its_own_facts_and_references_nearly_all():
    """Of the thirty references written by hand, three state what only reasoning or translating finds: the difference of
    two sums, a Friday in Serbian, the Saturday of "Sat"."""
    personal = load_personal()
    kept = {number: "\n".join(each.source for each in personal.bundle(number)) for number in personal.digests}
    assert all(invented(source, source) == () for source in kept.values())
    found = {number: invented(personal.digests[number], source) for number, source in kept.items()}
    assert {number for number, facts in found.items() if facts} == {2, 5, 8}
    others = {number: invented(personal.digests[number], kept[number % 30 + 1]) for number in kept}
    assert sum(map(len, others.values())) > 60
