"""Whose results agree."""

import numpy as np

TOLERANCE = 1e-3  # of the root mean square; for class numbers, the share that may differ


def error(actual, expected):
    """Largest difference over the root mean square of what is expected; infinite where they cannot be compared."""
    if actual.size != expected.size:
        return np.inf
    actual, expected = actual.reshape(-1), expected.reshape(-1)
    if expected.dtype.kind != "f":
        return float(np.mean(actual != expected))
    rms = float(np.sqrt(np.mean(np.square(expected, dtype=np.float64))))
    worst = float(np.abs(actual - expected).max(initial=0))
    return worst / max(rms, 1e-30) if np.isfinite(worst) else np.inf


def judge(results):
    """results: name → array. Whose result most agree with, the first of several, is right; and name → error."""
    agreeing = {name: sum(error(other, expected) <= TOLERANCE for other in results.values())
                for name, expected in results.items()}
    right = max(results, key=lambda name: agreeing[name])
    return right, {name: error(actual, results[right]) for name, actual in results.items()}
