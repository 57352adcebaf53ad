"""What `00_start_here` writes: where requests run, which true shares are plausible, the paired bootstrap, the tail met.

They are short and slow on purpose; what the course goes on with is in `stats`.
"""

import numpy as np

RUNS_WHERE = {
    "wake me at quarter past six": "device",
    "play some jazz": "device",
    "what should i see in lisbon": "cloud",
    "text ana that i'm running late": "device",
    "explain how vaccines work": "cloud",
    "what do my blood test results mean": "ask first",
    "send fifty euros to ben": "device",
    "write a poem about penguins": "cloud",
    "how do i tell my boss that i am pregnant": "ask first",
    "turn off the lights in the kitchen": "device",
}


def plausible(shares: np.ndarray, right: float, examples: int) -> np.ndarray:
    """For each of these true `shares` [n]: could it have given so many right ones of so many examples? bool [n].

    Yes if what was counted lies within 1.96 standard deviations of what that share gives; the shares for which it does
    are Wilson's interval (Wilson 1927).
    """
    away = np.abs(right / examples - shares)
    deviation = np.sqrt(shares * (1 - shares) / examples)
    return away <= 1.96 * deviation


def paired_draws(a: np.ndarray, b: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """How much higher the share of `a` is than that of `b`, both bool [examples], in each of the draws of examples:
    `drawn` int [draws, examples] holds their numbers; float [draws]."""
    of_a = a[drawn].mean(axis=1)
    of_b = b[drawn].mean(axis=1)
    return of_a - of_b


def days_met(percentile: float, requests: int) -> float:
    """On what share of days somebody with so many requests a day meets at least one slower than that percentile of all."""
    a_day_without = (percentile / 100) ** requests
    return 1 - a_day_without


def examples_needed(share: float, promise: float) -> int:
    """The fewest examples at which a true share of only `promise`, below `share`, is no longer plausible, if that
    `share` of them is right."""
    examples = 1
    while plausible(np.array([promise]), share * examples, examples)[0]:
        examples = examples + 1
    return examples
