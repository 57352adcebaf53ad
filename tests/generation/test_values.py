"""What is said as values; what is missing as a question."""

import pytest

from edgelab.generation.values import amount, clock_time, missing_question, usable

NOON = 12 * 60


@pytest.mark.parametrize(
    ("said", "after", "time"),
    [
        ("half six", NOON, "18:30"),
        ("half six", 0, "06:30"),
        ("half past six", NOON, "18:30"),
        ("half-past 6 in the morning", NOON, "06:30"),
        ("quarter to nine", NOON, "20:45"),
        ("five to one", NOON, "12:55"),
        ("ten past 7 tonight", 0, "19:10"),
        ("7:30pm", 0, "19:30"),
        ("7.30", NOON, "19:30"),
        ("18:05", 20 * 60, "18:05"),
        ("07:15", NOON, "07:15"),
        ("seven twenty five", 0, "07:25"),
        ("12 am", 0, "00:00"),
        ("12 pm", 0, "12:00"),
        ("midnight", NOON, "00:00"),
        ("noon", 0, "12:00"),
        ("6", 23 * 60, "06:00"),
        ("99:99", 0, None),
        ("when the match ends", 0, None),
        ("", 0, None),
    ],
)
def test_times(said, after, time):
    assert clock_time(said, after=after) == time


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ("a tenner", 10),
        ("two tenners", 20),
        ("a fiver", 5),
        ("twenty five quid", 25),
        ("twenty-five and a half", 25.5),
        ("half a dozen", 6),
        ("a hundred and five euros", 105),
        ("two thousand and ten", 2010),
        ("£1,250.50", 1250.5),
        ("3k", 3000),
        ("a couple of grand", 2000),
        ("half", 0.5),
        ("all of it", None),
    ],
)
def test_amounts(said, number):
    assert amount(said) == number


def test_a_call_becomes_usable_and_keeps_what_is_not_understood():
    assert usable({"tool": "send_money", "amount": "a tenner", "person": "Joe"})["amount"] == 10
    assert usable({"tool": "set_alarm", "time": "when the match ends"})["time"] == "when the match ends"


def test_the_first_missing_argument_is_asked_for():
    assert missing_question({"tool": "send_money", "person": "Joe"}) == "How much shall I send?"
    assert missing_question({"tool": "send_money", "person": "Joe", "amount": "a tenner"}) is None
    assert missing_question({"tool": "ask_cloud"}) is None
