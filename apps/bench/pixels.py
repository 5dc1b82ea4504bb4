"""Time per pixel of one stack of dilated convolutions at growing sizes: one library for all of them."""

import numpy as np
import onnx

import measure
import models
from ours import Ours, compile_model

CHANNELS, RATES = 16, (1, 2, 3)
SIZES = (128, 256, 512, 1024, 2048, 4096)
ROUNDS = 5
TENSORS = 6  # tensors of a picture's size that are there at the same time, at most
SHARE = 0.6  # of the memory that is free


def available_bytes():
    with open("/proc/meminfo") as lines:
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))


def fitting():
    """The sizes that fit into memory, all together."""
    left, sizes = SHARE * available_bytes(), []
    for size in SIZES:
        left -= TENSORS * CHANNELS * size * size * 4
        if left > 0:
            sizes.append(size)
    return sizes


def run(bench, folder, record):
    """Fills the record, so that what is measured stays after Ctrl-C."""
    onnx.save(models.stack(CHANNELS, None, RATES), folder / "model.onnx")
    library = compile_model(bench.atrous, folder / "model.onnx", folder, "net")
    random, sizes = np.random.default_rng(bench.seed), fitting()
    record |= {"sizes": sizes, "left_out": [s for s in SIZES if s not in sizes], "threads": {}}
    inputs = {size: random.standard_normal((1, CHANNELS, size, size), np.float32) for size in sizes}
    for threads in bench.threads:
        nets = {size: Ours(library, {"x": inputs[size]}, threads) for size in sizes}
        runs = {str(size): nets[size].run for size in sizes}
        rounds, interrupted = measure.measure(runs, threads, min(bench.rounds, ROUNDS), bench.peak, bench.random,
                                              bench.progress)
        summary = measure.summarise(rounds, bench.peak.best[threads])
        if summary:
            summary["ns_per_pixel"] = {size: s["median"] * 1e9 / int(size) ** 2
                                       for size, s in summary["seconds"].items()}
            record["threads"][str(threads)] = summary
        for net in nets.values():
            net.close()
        if interrupted:
            raise KeyboardInterrupt
