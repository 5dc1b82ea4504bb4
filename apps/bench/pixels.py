"""Time per pixel of stacks of dilated convolutions at growing sizes: one library for all of them."""

import numpy as np
import onnx

import measure
import models
from ours import Ours, SharedMemory, compile_model

CHANNELS, RATES = (16, 64), (1, 2, 3)
SIZES = (128, 256, 512, 1024, 2048, 4096)
ROUNDS = 5
TENSORS = 4  # of the largest picture's size: input, output, and two in the workspace
SHARE = 0.9  # of the memory that is free


def available_bytes():
    with open("/proc/meminfo") as lines:
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))


def fits(channels, size):
    return TENSORS * channels * size * size * 4 <= SHARE * available_bytes()


def pixels_of(channels, size, memory):
    """The numbers do not matter; all sizes begin with the same."""
    return memory[: channels * size * size].reshape(1, channels, size, size)


def measure_threads(bench, library, channels, sizes, numbers, threads):
    """The summary, and whether Ctrl-C ended it. All memory but the numbers is free again afterwards."""
    memory = SharedMemory()
    nets = {size: Ours(library, {"x": pixels_of(channels, size, numbers)}, threads, memory=memory)
            for size in sorted(sizes, reverse=True)}
    runs = {str(size): nets[size].run for size in sizes}
    rounds, interrupted = measure.measure(runs, threads, min(bench.rounds, ROUNDS), bench.peak, bench.random,
                                          bench.progress)
    summary = measure.summarise(rounds, bench.peak.best[threads])
    if summary:
        summary["ns_per_pixel"] = {size: s["median"] * 1e9 / int(size) ** 2 for size, s in summary["seconds"].items()}
    for net in nets.values():
        net.close()
    return summary, interrupted


def measure_stack(bench, library, channels, sizes, record):
    """Whether Ctrl-C ended it."""
    numbers = np.random.default_rng(bench.seed).standard_normal(channels * max(sizes) ** 2, np.float32)
    for threads in bench.threads:
        summary, interrupted = measure_threads(bench, library, channels, sizes, numbers, threads)
        if summary:
            record["threads"][str(threads)] = summary
        if interrupted:
            return True
    return False


def run(bench, folder, record):
    """Fills the record, so that what is measured stays after Ctrl-C."""
    record["stacks"] = []
    for channels in CHANNELS:
        onnx.save(models.stack(channels, None, RATES), folder / "model.onnx")
        library = compile_model(bench.atrous, folder / "model.onnx", folder, f"net{channels}")
        sizes = [size for size in SIZES if fits(channels, size)]
        stack = {"channels": channels, "sizes": sizes, "left_out": [s for s in SIZES if s not in sizes], "threads": {}}
        record["stacks"].append(stack)
        if measure_stack(bench, library, channels, sizes, stack):
            raise KeyboardInterrupt
