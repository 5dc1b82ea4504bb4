"""`./dev bench --tuning` without its large networks: tuning_test.py ATROUS"""

import contextlib
import io
import json
import sys
import tempfile
import unittest
from functools import partial
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).parents[2] / "apps" / "bench"))

import bench  # noqa: E402
import cases  # noqa: E402
import goals  # noqa: E402
import measure  # noqa: E402
import models  # noqa: E402
import report  # noqa: E402
import tuning  # noqa: E402

ATROUS = Path(sys.argv.pop(1)).resolve()
SMALL = cases.Case("small", "dilated stacks", partial(models.stack, 16, 24, (1, 2)), "two layers")


def record_of(name, default, adams, steady=True):
    """A record whose tuned network takes a second, in four rounds of which none is like another."""
    peak = 100 if steady else 50
    raw = [{"seconds": {"default": default * noise, "tuned": 1.0, "Adams2019": adams}, "fma_peaks": [peak, peak]}
           for noise in (0.98, 0.99, 1.01, 1.02)]
    record = {"name": name, "about": "", "problems": {"Mullapudi2016": "was not done after 10 s"},
              "made": {"Adams2019": {"seconds": 41.5, "kernels": 9, "fallbacks": 2}},
              "threads": {"1": {"raw": raw, "search": {"candidates": 12, "operators": [
                  {"operator": "Conv 3x3", "input": [1, 16, 24, 24], "best": "direct", "gain": 1.25},
                  {"operator": "Conv 1x1", "input": [1, 16, 24, 24], "best": "default", "gain": 1.0}]}}}}
    tuning.derive(record, {1: 100})
    return record


class ReportTest(unittest.TestCase):
    def test_goals(self):
        rows = list(goals.tuning_rows([record_of("x", 1.44, 4.0), record_of("y", 1.0, 1.0)]))
        self.assertEqual([row[2:] for row in rows], [["none", "reached"], ["1.20, highest 1.44", "**missed**"],
                                                     ["2.00, lowest 1.00", "reached"]])

    def test_slower_beyond_noise(self):
        rows = list(goals.tuning_rows([record_of("x", 0.9, 4.0), record_of("y", 0.995, 4.0)]))
        self.assertEqual(rows[0][2:], ["x with 1", "**missed**"])

    def test_a_few_rounds_do_not_tell(self):
        record = record_of("x", 0.9, 4.0)
        record["threads"]["1"]["raw"].pop()
        tuning.derive(record, {1: 100})
        self.assertEqual(list(goals.tuning_rows([record]))[0][2], "none")

    def test_what_was_not_steady_counts_for_no_goal(self):
        self.assertEqual(list(goals.tuning_rows([record_of("x", 0.5, 0.5, steady=False)])), [])

    def test_markdown(self):
        text = report.markdown({"machine": {"cpu": "a cpu", "cores": 2, "memory_bytes": 1 << 30, "kernel": "6", "python": "3",
                                            "isa": ["avx2"]},
                                "fma_lanes": 8, "peers": {}, "rounds": 3, "seed": 1, "budget": 60,
                                "fma_peak_best": {"1": 100.0}, "networks": [], "others": {},
                                "tuning": [record_of("x", 1.1, 4.0)]})
        for line in ("# Atrous tuned and untuned", "Searches of 60 s each.",
                     "| x | 1 | 1.1 s | 1 s | 1.10 (1.09–1.11) | 4.00 (4.00–4.00) | – | 12 | 42 s (2 of 9) | – | 4 (0) |",
                     "| x | 1 | Conv 3x3 | 1×16×24×24 | direct | 1.25 |",
                     "| x | Mullapudi2016 | was not done after 10 s |"):
            self.assertIn(line, text)
        self.assertNotIn("Conv 1x1", text)


class RunTest(unittest.TestCase):
    """With the program itself; Adams2019 takes too long for a test."""

    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.enterContext(mock.patch.object(tuning, "AUTOSCHEDULERS", ("Mullapudi2016",)))
        self.enterContext(mock.patch.object(tuning, "BUDGETS", 100))  # however busy the machine is
        self.enterContext(mock.patch.object(measure, "SAMPLE", 0))
        self.output = self.enterContext(contextlib.redirect_stdout(io.StringIO()))

    def run_small(self, atrous=ATROUS, budget=4):
        options = bench.options(["--tuning", "--atrous", str(atrous), "--out", str(self.folder / "out"), "--rounds", "2",
                                 "--threads", "1,2", "--budget", str(budget)])
        running = bench.Bench(options)
        record, interrupted = tuning.run(running, SMALL)
        self.assertFalse(interrupted)
        running.results["tuning"].append(record)
        running.write()
        return record

    def test_all_ways(self):
        record = self.run_small()
        self.assertEqual(record["problems"], {})
        self.assertEqual(set(record["made"]), {"default", "tuned", "Mullapudi2016"})
        for threads, entry in record["threads"].items():
            self.assertEqual(set(entry["seconds"]), {"default", "tuned", "Mullapudi2016"})
            self.assertEqual(len(entry["search"]["operators"]), 2)
            written = json.loads((self.folder / f"out/small.t{threads}.tuning.json").read_text())
            self.assertEqual((written["threads"], len(written["operators"])), (int(threads), 2))
        self.assertEqual(list(record["threads"]), ["1", "2"])
        self.assertIn("| small | 2 | ", (self.folder / "out/tuning.md").read_text())
        self.assertFalse((self.folder / "out/work/small").exists())

    def test_a_search_that_fails_costs_the_tuned_one(self):
        program = self.folder / "atrous"
        program.write_text(f"""#!/bin/sh
[ "$1" = tune ] && {{ echo 'atrous: error: no board' >&2; exit 2; }}
exec {ATROUS} "$@"
""")
        program.chmod(0o755)
        record = self.run_small(program)
        self.assertEqual(record["problems"], {"tuned": "atrous: error: no board"})
        self.assertEqual(set(record["threads"]["1"]["seconds"]), {"default", "Mullapudi2016"})
        self.assertNotIn("ratios", record["threads"]["1"])

    def test_an_autoscheduler_that_takes_too_long(self):
        with mock.patch.object(tuning, "BUDGETS", 0.01):
            record = self.run_small(budget=1)
        self.assertEqual(record["problems"], {"Mullapudi2016": "was not done after 0.01 s"})
        self.assertEqual(set(record["threads"]["1"]["seconds"]), {"default", "tuned"})


if __name__ == "__main__":
    unittest.main()
