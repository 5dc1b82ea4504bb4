"""One case: the network is made, compiled, run by everybody, compared, timed."""

import importlib.util
import os
import shutil
from pathlib import Path

import numpy as np
import onnx

import compare
import flops
import measure
from ours import Ours, compile_model
from peers import PEERS, survives

OURS = Ours.name


def input_arrays(model, seed):
    """Standard normal tensors for a model's inputs."""
    random = np.random.default_rng(seed)
    constants = {tensor.name for tensor in model.graph.initializer}
    shapes = {value.name: [d.dim_value for d in value.type.tensor_type.shape.dim]
              for value in model.graph.input if value.name not in constants}
    return {name: random.standard_normal(shape, np.float32) for name, shape in shapes.items()}


def photograph_arrays(model):
    """One of the demo's photographs for a network of pictures: on noise, U²-Net's mask is next to nothing."""
    from PIL import Image

    (value,) = model.graph.input
    height, width = (d.dim_value for d in value.type.tensor_type.shape.dim[2:])
    folder = importlib.util.find_spec("skimage").submodule_search_locations[0]
    picture = Image.open(Path(folder) / "data" / "astronaut.png").convert("RGB").resize((width, height))
    pixels = (np.asarray(picture, np.float32) / 255 - 0.45) / 0.225
    return {value.name: np.ascontiguousarray(pixels.transpose(2, 0, 1)[None])}


def first_line(error):
    return f"{type(error).__name__}: {error}".strip().splitlines()[0][:300]


class TimedCase:
    """A case's model and inputs in a folder of their own; who takes part, and who could not."""

    def __init__(self, bench, case):
        self.bench, self.case = bench, case
        self.folder = bench.out / "work" / case.name
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.file = self.folder / "model.onnx"
        if case.make:
            onnx.save(case.make(), self.file)
        else:
            os.symlink(os.path.abspath(bench.u2net), self.file)
        self.model = onnx.load(self.file)
        self.inputs = input_arrays(self.model, bench.seed) if case.make else photograph_arrays(self.model)
        self.outputs = len(self.model.graph.output)
        self.record = {"name": case.name, "group": case.group, "about": case.about, "problems": {}, "threads": {}}
        self.makers = {}  # the runners' constructors by name, of a number of threads

    def problem(self, name, message):
        self.record["problems"].setdefault(name, message)
        self.bench.say(f"  {name}: {message}")

    def open_all(self, threads):
        runners = {}
        affinity = os.sched_getaffinity(0)
        for name, make in self.makers.items():
            try:
                runners[name] = make(threads)
                runners[name].run()
            except Exception as error:  # a peer may raise anything; it is reported, the others go on
                runners.pop(name, None)
                self.problem(name, f"cannot run: {first_line(error)}")
            os.sched_setaffinity(0, affinity)
        return runners

    def without_wrong(self, runners, errors):
        """Those whose results agree, the first being believed where two disagree and nobody else votes; the others are
        in the record."""
        if not runners:
            return {}
        right, found = compare.judge({name: np.array(runner.result()) for name, runner in runners.items()})
        errors.update(found)
        wrong = [name for name in runners if not found[name] <= compare.TOLERANCE]
        for name in wrong:
            self.problem(name, f"wrong: differs from {right} by {found[name]:.2g} of the output's RMS")
        return {name: runner for name, runner in runners.items() if name not in wrong}

    def measure(self, runners, threads):
        """Rounds of all, which are closed then; and whether Ctrl-C ended them."""
        runs = {name: runner.run for name, runner in runners.items()}
        found = measure.measure(runs, threads, self.bench.rounds, self.bench.peak, self.bench.random, self.bench.progress)
        for runner in runners.values():
            getattr(runner, "close", lambda: None)()
        return found


class NetworkCase(TimedCase):
    """What the numbers of threads have in common."""

    def __init__(self, bench, case):
        super().__init__(bench, case)
        self.record |= {"multiplications": flops.multiplications(self.model, self.inputs),
                        "weight_bytes": flops.weight_bytes(self.model)}
        np.savez(self.folder / "inputs.npz", **self.inputs)

    def prepare(self):
        """The runners' constructors by name; who cannot be had is in the record."""
        try:
            library = compile_model(self.bench.atrous, self.file, self.folder, "net")
            self.record["library_bytes"] = library.stat().st_size
            self.makers[OURS] = lambda threads: Ours(library, self.inputs, threads, self.outputs)
        except ValueError as error:
            self.problem(OURS, str(error))
        for name in self.bench.peers:
            peer = PEERS[name]
            trouble = survives(name, self.file, self.folder / "inputs.npz") if peer.fragile else None
            if trouble:
                self.problem(name, trouble)
            else:
                self.makers[name] = lambda threads, peer=peer: peer(self.file, self.inputs, threads)

    def time(self, threads):
        """Adds the record of one number of threads; true if Ctrl-C came."""
        bench, errors = self.bench, {}
        opened = sorted(self.open_all(threads).items(), key=lambda item: item[0] != "onnxruntime")
        runners = self.without_wrong(dict(opened), errors)
        if not runners:
            return False
        rounds, interrupted = self.measure(runners, threads)
        entry = {"raw": [r.as_dict() for r in rounds], "errors": errors}
        if OURS in runners:
            self.record["target"] = runners[OURS].target
            entry["workspace_bytes"] = runners[OURS].workspace_bytes
        if rounds:
            self.record["threads"][str(threads)] = entry
            derive(self.record, bench.peak.best)
            bench.say_times(self.record, threads)
        return interrupted


def derive(record, best):
    """The medians from the rounds. Done again at the end, when the best peak is known."""
    for threads, entry in record["threads"].items():
        rounds = [measure.Round.from_dict(r) for r in entry["raw"]]
        entry |= measure.summarise(rounds, best[int(threads)])
        if OURS in entry["seconds"]:
            entry["gflops"] = 2e-9 * record["multiplications"] / entry["seconds"][OURS]["median"]
            entry["share_of_peak"] = entry["gflops"] / entry["fma_peak"]
        entry["gain"] = thread_gain(record, threads)


def thread_gain(record, threads):
    """How many times faster ours is with so many threads than with one, and the same of the FMA loop."""
    one, many = record["threads"].get("1"), record["threads"].get(threads)
    if threads == "1" or not one or not many or OURS not in one["seconds"] or OURS not in many["seconds"]:
        return None
    return {"ours": one["seconds"][OURS]["median"] / many["seconds"][OURS]["median"],
            "fma": many["fma_peak"] / one["fma_peak"]}


def run(bench, case):
    """The record of a case, and whether Ctrl-C ended it."""
    network = NetworkCase(bench, case)
    network.prepare()
    for threads in bench.threads:
        interrupted = network.time(threads)
        if interrupted:
            return network.record, True
    shutil.rmtree(network.folder)
    return network.record, False
