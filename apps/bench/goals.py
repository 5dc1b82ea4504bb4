"""What is aimed at, beside what was found."""

import math

from cases import GOALS
from tuning import AUTOSCHEDULERS, DEFAULT

# With --tuning: the default's time over the tuned one's, and an autoscheduler's.
DEFAULT_WITHIN, OVER_ADAMS = 1.15, 2.0
NOISE = 0.985  # gains nearer to 1 are noise to `atrous tune`


def geometric_mean(values):
    return math.exp(sum(map(math.log, values)) / len(values))


def row(what, goal, found, reached):
    return [what, goal, found, "reached" if reached else "**missed**"]


def network_rows(records):
    ratios = [(record, threads, s["ratio"]["median"])
              for record in records for threads, s in record["threads"].items() if "ratio" in s and s["steady"]]
    for group, (mean, worst) in GOALS.items():
        for threads in dict.fromkeys(t for record, t, _ in ratios if record["group"] == group):
            values = [ratio for record, t, ratio in ratios if record["group"] == group and t == threads]
            plural = "s" * (threads != "1")
            yield row(f"{group}, {threads} thread{plural}", f"≥ {mean}, none below {worst}",
                      f"{geometric_mean(values):.2f}, lowest {min(values):.2f}",
                      geometric_mean(values) >= mean and min(values) >= worst)


def is_slower(ratio, rounds):
    """The tuned one, beyond noise: by more than a search would believe, and in three of four rounds."""
    return rounds >= 4 and ratio["median"] < NOISE and ratio["q3"] < 1


def tuning_rows(records):
    measured = {f"{record['name']} with {threads}": entry for record in records
                for threads, entry in record["threads"].items() if entry.get("steady") and "ratios" in entry}

    def ratios(way):
        return {name: entry["ratios"][way] for name, entry in measured.items() if way in entry["ratios"]}

    defaults = ratios(DEFAULT)
    if defaults:
        slower = [name for name, ratio in defaults.items() if is_slower(ratio, measured[name]["rounds"])]
        yield row("tuned slower than the default", "in no case, beyond noise", ", ".join(slower) or "none", not slower)
        medians = [ratio["median"] for ratio in defaults.values()]
        mean = geometric_mean(medians)
        yield row("default's time over the tuned one's", f"≤ {DEFAULT_WITHIN}", f"{mean:.2f}, highest {max(medians):.2f}",
                  mean <= DEFAULT_WITHIN)
    theirs = [ratio["median"] for ratio in ratios(AUTOSCHEDULERS[0]).values()]
    if theirs:
        mean = geometric_mean(theirs)
        yield row(f"{AUTOSCHEDULERS[0]}'s time over the tuned one's", f"≥ {OVER_ADAMS}",
                  f"{mean:.2f}, lowest {min(theirs):.2f}", mean >= OVER_ADAMS)


def rows(results):
    found = [*network_rows(results["networks"]), *tuning_rows(results["tuning"])]
    for other in results["others"].values():
        found += [row(*goal) for goal in other.get("goals", [])]
    return found
