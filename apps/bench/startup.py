"""From a model's file to an open network and to the first mask, and how large the emitted program is.

Each sample is a Python process of its own that has already loaded what it runs with (numpy, the peer's package):
only the call is timed. Ours is dlopen and NAME_open, and touching every page of the library, so that all weights
are in memory; a peer's is the call that makes its session of the ONNX file. The mask's time includes that and the
first run. All files were read before, so they are in the system's cache.
"""

import ctypes
import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from ours import Network, Ours, compile_model
from peers import PEERS, OpenVino

PAGE = 4096
SLACK = 3_000_000  # bytes that the program may have beside the weights
CAN_OPEN = ("onnxruntime", "openvino")


def touch(library):
    """Reads a byte of every page that the library is mapped to."""
    total = 0
    for line in Path("/proc/self/maps").read_text().splitlines():
        addresses, permissions, *_ = line.split()
        if line.endswith(str(library)) and permissions.startswith("r"):
            start, end = (int(address, 16) for address in addresses.split("-"))
            memory = (ctypes.c_uint8 * (end - start)).from_address(start)
            total += int(np.frombuffer(memory, np.uint8)[::PAGE].sum(dtype=np.int64))
    return total


def open_ours(library, threads):
    table = Network.in_dll(ctypes.CDLL(str(library)), "atrous_network_v1")
    net = ctypes.c_void_p()
    if table.open(None, ctypes.byref(net)):
        raise ValueError("the network does not open")
    touch(library)


def open_onnxruntime(model, threads):
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    return lambda: ort.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])


def open_openvino(model, threads):
    import openvino

    settings = OpenVino.options(threads)
    return lambda: openvino.Core().compile_model(str(model), "CPU", settings)


def job(what, name, file, inputs, outputs, threads):
    """The call to be timed, everything imported."""
    if what == "open":
        if name == Ours.name:
            return lambda: open_ours(file, threads)
        return {"onnxruntime": open_onnxruntime, "openvino": open_openvino}[name](file, threads)
    if name == Ours.name:
        return lambda: Ours(file, inputs, threads, outputs).run()
    __import__(PEERS[name].package)
    return lambda: PEERS[name](file, inputs, threads)


def measured(what, name, file, inputs_file, outputs, threads):
    """Seconds, from a process of its own."""
    arguments = [what, name, file, inputs_file, outputs, threads]
    done = subprocess.run([sys.executable, "-B", __file__, *map(str, arguments)], capture_output=True, text=True, errors="replace")
    if done.returncode:
        raise ValueError((done.stderr.strip().splitlines() or [f"exit {done.returncode}"])[-1])
    return json.loads(done.stdout)


def run(bench, folder, model, weight_bytes, inputs, outputs):
    """The record. Rounds in random order, as everywhere; medians."""
    compile_model(bench.atrous, model, folder, "net", "shared,app")
    np.savez(folder / "inputs.npz", **inputs)
    threads, size = bench.threads[-1], (folder / "net").stat().st_size
    record = {"threads": threads, "program_bytes": size, "weight_bytes": weight_bytes, "seconds": {}}
    names = [Ours.name, *(name for name in bench.peers if name in CAN_OPEN)]
    for what in ("open", "mask"):
        times = {name: [] for name in names}
        for _ in range(bench.rounds):
            bench.random.shuffle(names)
            for name in names:
                file = folder / "net.so" if name == Ours.name else model
                times[name].append(measured(what, name, file, folder / "inputs.npz", outputs, threads))
        record["seconds"][what] = {name: float(np.median(values)) for name, values in times.items()}
    record["goals"] = list(goals(record))
    return record


def goals(record):
    for what, words, goal in (("open", "opening U²-Net", 5.0), ("mask", "U²-Net's first mask", 2.0)):
        times = dict(record["seconds"][what])
        ours = times.pop(Ours.name)
        if times:
            fastest = min(times, key=times.get)
            ratio = times[fastest] / ours
            yield words, f"≥ {goal}", f"{ratio:.2f} over {fastest}", ratio >= goal
    more = record["program_bytes"] - record["weight_bytes"]
    yield "program's size", "weights + 3 MB", f"weights + {more / 1e6:.2f} MB", more <= SLACK


if __name__ == "__main__":
    what, name, file, inputs_file, outputs, threads = sys.argv[1:]
    with np.load(inputs_file) as values:
        call = job(what, name, file, dict(values), int(outputs), int(threads))
    start = time.perf_counter()
    kept = call()  # not freed before the clock is read
    print(json.dumps(time.perf_counter() - start))
