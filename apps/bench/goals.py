"""What is aimed at, beside what was found."""

import math

from cases import GOALS


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


def rows(results):
    found = list(network_rows(results["networks"]))
    for other in results["others"].values():
        found += [row(*goal) for goal in other.get("goals", [])]
    return found
