"""Default, tuned and autoscheduled: one network compiled in each way, run side by side.

The search and each of Halide's autoschedulers get the same generators. The autoschedulers may take several budgets, because none
of them can be stopped half way with a result; how long each took is in the record."""

import json
import shutil
import subprocess
import time

import measure
from networks import TimedCase
from ours import Ours, compile_facts

DEFAULT, TUNED = "default", "tuned"
AUTOSCHEDULERS = ("Adams2019", "Mullapudi2016")
BUDGETS = 5  # that an autoscheduler may take
ON_DEMAND = ("u2net", "deeplab")  # their many kernels take Adams2019 an hour


def search(bench, model, record_file, threads):
    """Tunes into record_file; what the search says of itself. Ctrl-C ends both."""
    command = [bench.atrous, "tune", model, "-o", record_file, "--budget", f"{bench.budget}s", "--threads", str(threads),
               "--seed", str(bench.seed), "--json", "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace")
    if done.returncode == 130:
        raise KeyboardInterrupt
    if done.returncode:
        raise ValueError(done.stderr.strip() or f"atrous tune: exit {done.returncode}")
    facts = json.loads(done.stdout)
    return {name: facts[name] for name in ("gain", "candidates", "generations", "exhausted", "operators")}


class TuningCase(TimedCase):
    def __init__(self, bench, case):
        super().__init__(bench, case)
        self.record["made"] = {}

    def make(self, way, name, options=(), timeout=None):
        """Compiles the network in one way, with a kernel cache of its own: what is compiled is part of the time."""
        start = time.monotonic()
        try:
            facts = compile_facts(self.bench.atrous, self.file, self.folder, name,
                                  options=[*options, "--cache", self.folder / f"cache-{name}"], timeout=timeout)
        except subprocess.TimeoutExpired:
            return self.problem(way, f"was not done after {timeout} s")
        except ValueError as error:
            return self.problem(way, str(error))
        self.record["made"][way] = {"seconds": time.monotonic() - start, "kernels": facts["kernels"],
                                    "fallbacks": len(facts.get("fallbacks", []))}
        library = self.folder / f"{name}.so"
        self.makers[way] = lambda threads: Ours(library, self.inputs, threads, self.outputs)

    def prepare(self):
        """All but the tuned one, which is another for every number of threads."""
        self.make(DEFAULT, DEFAULT)
        for name in AUTOSCHEDULERS:
            self.bench.stage(name)
            self.make(name, name.lower(), ["--autoscheduler", name], timeout=BUDGETS * self.bench.budget)

    def tune(self, threads):
        self.bench.stage(f"tuning, {threads} thread{'s' * (threads > 1)}")
        record_file = self.bench.out / f"{self.case.name}.t{threads}.tuning.json"
        self.makers.pop(TUNED, None)
        try:
            found = search(self.bench, self.file, record_file, threads)
        except ValueError as error:
            return self.problem(TUNED, str(error))
        self.make(TUNED, f"{TUNED}_{threads}", ["--tuning", record_file])
        self.record["threads"].setdefault(str(threads), {})["search"] = found

    def time(self, threads):
        """Adds the record of one number of threads; true if Ctrl-C came."""
        self.tune(threads)
        runners = self.without_wrong(self.open_all(threads), {})
        if not runners:
            return False
        rounds, interrupted = self.measure(runners, threads)
        if rounds:
            self.record["threads"].setdefault(str(threads), {})["raw"] = [r.as_dict() for r in rounds]
            derive(self.record, self.bench.peak.best)
            self.bench.say_times(self.record, threads)
        return interrupted


def derive(record, best):
    """The medians from the rounds; ratios are times over the tuned one's."""
    for threads, entry in record["threads"].items():
        rounds = [measure.Round.from_dict(r) for r in entry.get("raw", [])]
        if rounds:
            entry |= measure.summarise(rounds, best[int(threads)], ours=TUNED)


def run(bench, case):
    """The record of a case, and whether Ctrl-C ended it."""
    tuning = TuningCase(bench, case)
    try:
        tuning.prepare()
        interrupted = any(tuning.time(threads) for threads in bench.threads)
    except KeyboardInterrupt:
        interrupted = True
    if not interrupted:
        shutil.rmtree(tuning.folder)
    return tuning.record, interrupted
