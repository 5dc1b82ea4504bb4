"""Atrous side by side with its peers.

Every case runs in all of them with the same tensors; results are compared, then timed in rounds of random
order in one process. A round counts where the machine's rate of multiply-adds, measured before and after it, is
within 10 % of the best seen. The table, as Markdown and JSON, is in the output folder.
"""

import argparse
import os
import random
import shutil
import sys
from pathlib import Path

import onnx

import cases
import flops
import folder
import machine
import networks
import pixels
import report
import startup
import tuning
from measure import FmaPeak
from peers import PEERS, describe

OTHER_PEERS = ("rembg",)  # of one case only


def thread_counts(text):
    """`1,all` → [1, number of CPUs]."""
    cores = len(os.sched_getaffinity(0))
    counts = []
    for word in text.split(","):
        if word != "all" and not (word.isdigit() and int(word) > 0):
            raise argparse.ArgumentTypeError(f"'{word}' is neither a number above 0 nor 'all'")
        counts.append(cores if word == "all" else int(word))
    return list(dict.fromkeys(counts))


def positive(text):
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number above 0")
    return int(text)


def parser():
    p = argparse.ArgumentParser(prog="dev bench", description=__doc__, allow_abbrev=False,
                                epilog="Example: dev bench --case hdc --case u2net --rounds 5",
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--case", action="append", metavar="NAME", default=[],
                   help="only this case, or those whose names begin so; several may be given")
    p.add_argument("--peer", action="append", metavar="NAME", default=[],
                   help="only this peer; several may be given (pytorch takes part only where it is named)")
    p.add_argument("--rounds", type=positive, default=11, metavar="N",
                   help="steady rounds of each case (default: 11)")
    p.add_argument("--threads", type=thread_counts, default="1,all", metavar="N[,N…]",
                   help="numbers of threads; `all`: one a CPU (default: 1,all)")
    p.add_argument("--tuning", action="store_true",
                   help="not the peers: Atrous's defaults, what `atrous tune` finds, and Halide's autoschedulers, side by "
                        f"side (without --case: all but {', '.join(tuning.ON_DEMAND)}, which take an hour)")
    p.add_argument("--budget", type=positive, default=120, metavar="SECONDS",
                   help="of each search with --tuning (default: 120)")
    p.add_argument("--seed", type=int, default=1, metavar="N", help="of the inputs and the order (default: 1)")
    p.add_argument("--list", action="store_true", help="print the cases and peers, and stop")
    # What ./dev passes.
    p.add_argument("--check", action="store_true", help=argparse.SUPPRESS)  # of the options alone
    p.add_argument("--atrous", type=Path, help=argparse.SUPPRESS)
    p.add_argument("--u2net", type=Path, help=argparse.SUPPRESS)
    p.add_argument("--out", type=Path, default=Path("out/bench"), help=argparse.SUPPRESS)
    return p


def chosen(wanted, names, kind, fail, prefix=False):
    """The names that are wanted, in their own order; all without a wish."""
    found = set()
    for word in wanted:
        matches = [word] if word in names else [name for name in names if prefix and name.startswith(word)]
        if not matches:
            fail(f"no {kind} '{word}'; these exist: {', '.join(names)}")
        found.update(matches)
    return [name for name in names if name in found] if wanted else list(names)


def options(arguments):
    p = parser()
    result = p.parse_args(arguments)
    if result.tuning:
        if result.peer:
            p.error("--tuning has no peers; leave --peer out")
        names = list(cases.NETWORKS)
        result.cases = chosen(result.case or [name for name in names if name not in tuning.ON_DEMAND], names,
                              "network", p.error, prefix=True)
        result.peers = []
        return result
    result.cases = chosen(result.case, cases.NAMES, "case", p.error, prefix=True)
    default = [name for name, peer in PEERS.items() if not getattr(peer, "on_demand", False)]
    names = [*PEERS, *OTHER_PEERS]
    result.peers = chosen(result.peer, names, "peer", p.error) if result.peer else [*default, *OTHER_PEERS]
    return result


def print_list():
    print("cases:")
    for case in cases.NETWORKS.values():
        print(f"  {case.name:18} {case.about}")
    for name, about in cases.OTHERS.items():
        print(f"  {name:18} {about}")
    print("peers:")
    for peer in PEERS.values():
        print(f"  {peer.name:18} {peer.settings}")
    print(f"  {'rembg':18} the folder job only")


class Bench:
    """What the cases need, and where they say how far they are."""

    def __init__(self, options):
        self.atrous, self.u2net, self.out = options.atrous.resolve(), options.u2net, options.out.resolve()
        self.rounds, self.threads, self.seed = options.rounds, options.threads, options.seed
        self.tuning, self.budget = options.tuning, options.budget
        self.peers = [name for name in options.peers if name in PEERS]
        self.with_rembg = "rembg" in options.peers
        self.random = random.Random(options.seed)
        (self.out / "work").mkdir(parents=True, exist_ok=True)
        self.peak = FmaPeak(Path(__file__).parent / "fma_peak.c", self.out / "work")
        self.peak(1)
        self.results = {"machine": machine.describe(), "fma_lanes": self.peak.lanes,
                        "peers": describe(self.peers), "rounds": self.rounds, "seed": self.seed,
                        "networks": [], "tuning": [], "others": {}}
        if self.tuning:
            self.results["budget"] = self.budget

    def has_u2net(self):
        found = self.u2net and self.u2net.is_file()
        if not found:
            self.say("  skipped: u2net.onnx is not there")
        return found

    @staticmethod
    def say(text):
        print(text, flush=True)

    def progress(self, rounds):
        self.stage(f"round {rounds}")

    @staticmethod
    def stage(text):
        """What goes on now, to be overwritten."""
        if sys.stderr.isatty():
            print(f"\r\033[K  {text}", end="\r", file=sys.stderr, flush=True)

    def say_times(self, record, threads):
        self.say(report.terminal_line(record, threads))

    def write(self):
        self.results["fma_peak_best"] = {str(n): peak for n, peak in self.peak.best.items()}
        for record in self.results["networks"]:
            networks.derive(record, self.peak.best)
        for record in self.results["tuning"]:
            tuning.derive(record, self.peak.best)
        self.files = report.write(self.results, self.out, "tuning" if self.tuning else "bench")


def work_folder(bench, name):
    path = bench.out / "work" / name
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    return path


def run_other(bench, name):
    """A case with ways of its own."""
    work = work_folder(bench, name)
    try:
        if name == "pixels":
            record = bench.results["others"][name] = {}
            pixels.run(bench, work, record)
        elif not bench.has_u2net():
            return
        elif name == "folder":
            record = folder.run(bench, work, bench.u2net)
        else:
            model = onnx.load(bench.u2net)
            record = startup.run(bench, work, bench.u2net.resolve(), flops.weight_bytes(model),
                                 networks.photograph_arrays(model), len(model.graph.output))
    except ValueError as error:
        record = {"problems": [str(error)]}
        bench.say(f"  failed: {error}")
    bench.results["others"][name] = record
    bench.say(report.OTHERS[name](record))
    shutil.rmtree(work)


def run_network(bench, name):
    case = cases.NETWORKS[name]
    if not case.make and not bench.has_u2net():
        return False
    kind, way = ("tuning", tuning) if bench.tuning else ("networks", networks)
    record, interrupted = way.run(bench, case)
    bench.results[kind].append(record)
    return interrupted


def main(arguments):
    chosen_options = options(arguments)
    if chosen_options.list:
        print_list()
        return 0
    if chosen_options.check:
        return 0
    bench = Bench(chosen_options)
    bench.say(report.preamble(bench.results))
    interrupted = False
    try:
        for name in chosen_options.cases:
            bench.say(f"\n{name}")
            if name in cases.NETWORKS:
                interrupted = run_network(bench, name)
            else:
                run_other(bench, name)
            bench.write()
            if interrupted:
                break
    except KeyboardInterrupt:
        interrupted = True
    bench.write()
    bench.say("\n" + "\n".join(map(str, bench.files)))
    return 130 if interrupted else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
