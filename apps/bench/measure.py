"""Times of several runners, interleaved, beside what the machine can do at that moment."""

import ctypes
import math
import os
import statistics
import subprocess
import time

SAMPLE = 0.05  # seconds that a sample takes at least
PEAK_SAMPLE = 0.01
STEADY = 0.9  # share of the best peak seen that a round must find before and after it
TRIES = 3  # rounds are repeated until enough were steady, but not more often than so many times
PAUSE = 0.003  # seconds for the threads of the runner before to go to sleep


class FmaPeak:
    """The machine's rate of multiply-adds now, GFLOP/s; and the best seen, by number of threads."""

    def __init__(self, source, folder):
        library = folder / "fma_peak.so"
        command = ["cc", "-O3", "-march=native", "-shared", "-fPIC", "-pthread", "-o", library, source]
        subprocess.run(command, check=True)
        self.library = ctypes.CDLL(str(library))
        self.library.fma_peak.restype = ctypes.c_double
        self.library.fma_peak.argtypes = [ctypes.c_int, ctypes.c_int64]
        self.lanes = self.library.fma_lanes()
        self.best = {}
        self.rounds = {}

    def __call__(self, threads):
        if threads not in self.rounds:
            trial = 1 << 20
            gflops = max(self.library.fma_peak(threads, trial) for _ in range(3))
            per_round = 24 * self.lanes * threads  # of fma_peak.c
            self.rounds[threads] = max(trial >> 4, int(PEAK_SAMPLE * gflops * 1e9 / per_round))
        peak = self.library.fma_peak(threads, self.rounds[threads])
        self.best[threads] = max(peak, self.best.get(threads, 0))
        return peak


class Round:
    """`times`: runner → seconds of one run. `peaks`: before and after, GFLOP/s."""

    def __init__(self, times, peaks):
        self.times, self.peaks = times, peaks

    @classmethod
    def from_dict(cls, values):
        return cls(values["seconds"], values["fma_peaks"])

    def as_dict(self):
        return {"seconds": self.times, "fma_peaks": self.peaks}

    def steady(self, best):
        return min(self.peaks) >= STEADY * best


def seconds_of(run, repeats):
    start = time.perf_counter()
    for _ in range(repeats):
        run()
    return (time.perf_counter() - start) / repeats


def repeats_for(run):
    """How many runs make a sample, from a few trial runs."""
    shortest = min(seconds_of(run, 1) for _ in range(2))
    return max(1, math.ceil(SAMPLE / max(shortest, 1e-7)))


def sample(run, repeats):
    if repeats > 1:
        run()  # the caches held another runner's data
    return seconds_of(run, repeats)


def measure(runs, threads, rounds, peak, random, progress=lambda *_: None):
    """runs: name → function. Rounds in which each runs, in random order; and whether Ctrl-C ended them."""
    done = []
    affinity = os.sched_getaffinity(0)
    try:
        repeats = {name: repeats_for(run) for name, run in runs.items()}
        while len(done) < TRIES * rounds and sum(r.steady(peak.best[threads]) for r in done) < rounds:
            order = list(runs)
            random.shuffle(order)
            before, times = peak(threads), {}
            for name in order:
                time.sleep(PAUSE)
                times[name] = sample(runs[name], repeats[name])
            time.sleep(PAUSE)
            done.append(Round(times, (before, peak(threads))))
            progress(len(done))
    except KeyboardInterrupt:
        return done, True
    finally:
        os.sched_setaffinity(0, affinity)  # a peer may have bound this thread to a core
    return done, False


def spread(values):
    """Median, quartiles, ends."""
    values = sorted(values)
    if len(values) == 1:
        quartiles = [values[0]] * 3
    else:
        quartiles = statistics.quantiles(values, n=4, method="inclusive")
    return {"median": statistics.median(values), "q1": quartiles[0], "q3": quartiles[2], "min": values[0],
            "max": values[-1]}


def summarise(rounds, best, ours="atrous"):
    """Medians over the steady rounds, or over all, and said so, where none was. None without rounds."""
    if not rounds:
        return None
    steady = [r for r in rounds if r.steady(best)]
    used = steady or rounds
    names = list(used[0].times)
    result = {
        "steady": bool(steady),
        "rounds": len(steady),
        "discarded": len(rounds) - len(steady),
        "seconds": {name: spread([r.times[name] for r in used]) for name in names},
        "fma_peak": statistics.median(sum(r.peaks) / 2 for r in used),
    }
    others = [name for name in names if name != ours]
    if ours in names and others:
        ratios = {name: spread([r.times[name] / r.times[ours] for r in used]) for name in others}
        fastest = min(others, key=lambda name: ratios[name]["median"])
        result |= {"ratios": ratios, "fastest": fastest, "ratio": ratios[fastest]}
    return result
