"""The binomial distribution, exactly: what intervals and bounds of counts rest on."""

import numpy as np


def binomial_bounds(n: int, p: float) -> tuple[int, int]:
    """The 2.5th and 97.5th percentiles of binomial(n, p), exactly."""
    cumulative = binomial_cumulative(n, p)
    return int(np.searchsorted(cumulative, 0.025)), int(np.searchsorted(cumulative, 0.975))


def binomial_cumulative(n: int, p: float) -> np.ndarray:
    """P(binomial(n, p) <= k) for k = 0 ... n, [n + 1]; in logarithms, so that n may be large."""
    k = np.arange(n + 1)
    if p in (0, 1):  # without a logarithm: always 0, or always n
        return np.where(k >= n * p, 1.0, 0.0)
    log_factorial = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, n + 1)))])
    log_mass = log_factorial[n] - log_factorial[k] - log_factorial[n - k] + k * np.log(p) + (n - k) * np.log1p(-p)
    return np.cumsum(np.exp(log_mass))
