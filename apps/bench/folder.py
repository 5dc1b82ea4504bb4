"""A folder of photographs to cut-outs: `atrous segment` with the compiled network against `rembg p` with the same
ONNX file, as whole processes: their time from start to end, and their peak memory."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from measure import STEADY, spread
from ours import compile_model

ROUNDS = 5  # at most: each takes half a minute
NEAR = 1.0  # grey levels that two cut-outs' alpha may differ by on average
RATIO, MEMORY = 2.5, 1 / 3


def photographs(folder):
    """The demo's photographs in one folder. rembg drops folders and suffixes, so names differ without them."""
    script = Path(__file__).parents[1] / "demo" / "photographs.py"
    spec = importlib.util.spec_from_file_location("photographs", script)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.fill(folder / "tree")
    flat = folder / "photographs"
    flat.mkdir()
    for path in sorted(p for p in (folder / "tree").rglob("*") if p.is_file()):
        path.rename(flat / f"{path.stem}_{path.suffix[1:]}{path.suffix}")
    return flat


def last_line(text):
    return (text.strip().splitlines() or ["no message"])[-1]


def process(command, log, environment):
    """Seconds from start to end, and peak resident bytes."""
    program = [sys.executable, Path(__file__).with_name("timed_process.py"), log, *command]
    done = subprocess.run(program, capture_output=True, text=True, env=environment)
    if done.returncode:
        raise ValueError(last_line(done.stderr))
    record = json.loads(done.stdout)
    if record["exit"]:
        raise ValueError(f"exit {record['exit']}: {last_line(log.read_text(errors='replace'))}")
    return {name: record[name] for name in ("seconds", "peak_bytes")}


def commands(folder, photos, library, atrous):
    """name → command, given where the results go."""
    rembg = Path(sys.executable).parent / "rembg"
    return {
        "atrous": lambda out: [atrous, "segment", "--quiet", "--model", library, photos, "-o", out,
                               "--format", "cutout"],
        "rembg": lambda out: [rembg, "p", "-m", "u2net", photos, out],
    }


def alpha(path):
    return np.asarray(Image.open(path).convert("RGBA"), np.float32)[..., 3]


def compare(photos, outputs):
    """Pictures whose cut-outs are missing or far apart, in words."""
    for path in sorted(photos.iterdir()):
        ours, theirs = outputs["atrous"] / f"{path.name}.cutout.png", outputs["rembg"] / f"{path.stem}.png"
        missing = [name for name, file in (("atrous", ours), ("rembg", theirs)) if not file.exists()]
        if missing:
            yield f"{path.name}: no cut-out from {' and '.join(missing)}"
            continue
        a, b = alpha(ours), alpha(theirs)
        if a.shape != b.shape:
            yield f"{path.name}: cut-outs of {a.shape} and {b.shape}"
        elif np.abs(a - b).mean() > NEAR:
            yield f"{path.name}: alpha differs by {np.abs(a - b).mean():.1f} grey levels on average"


def run(bench, folder, model):
    library = compile_model(bench.atrous, model, folder, "u2net")
    photos = photographs(folder)
    (folder / "home").mkdir()
    os.symlink(Path(model).resolve(), folder / "home" / "u2net.onnx")
    environment = {**os.environ, "U2NET_HOME": str(folder / "home")}
    programs = commands(folder, photos, library, bench.atrous)
    if not bench.with_rembg:
        del programs["rembg"]
    outputs = {name: folder / f"{name}.warm" for name in programs}
    for name in programs:  # once untimed: files get into the system's cache, rembg compiles what it imports
        process(programs[name](outputs[name]), folder / "log", environment)
    problems = list(compare(photos, outputs)) if len(programs) > 1 else []
    samples, threads = [], max(bench.threads)
    for number in range(min(bench.rounds, ROUNDS)):
        names = list(programs)
        bench.random.shuffle(names)
        before = bench.peak(threads)
        found = {name: process(programs[name](folder / f"{name}.{number}"), folder / "log", environment)
                 for name in names}
        samples.append((min(before, bench.peak(threads)), found))
        bench.progress(number + 1)
    return summarise(samples, bench.peak.best[threads], problems, len(list(photos.iterdir())))


def summarise(samples, best, problems, pictures):
    steady = [found for peak, found in samples if peak >= STEADY * best]
    used = steady or [found for _, found in samples]
    record = {"pictures": pictures, "problems": problems,
              "rounds": len(steady), "discarded": len(samples) - len(steady),
              "seconds": {name: spread([found[name]["seconds"] for found in used]) for name in used[0]},
              "peak_bytes": {name: max(found[name]["peak_bytes"] for found in used) for name in used[0]}}
    if "rembg" in record["seconds"]:
        record["ratio"] = spread([found["rembg"]["seconds"] / found["atrous"]["seconds"] for found in used])
        share = record["peak_bytes"]["atrous"] / record["peak_bytes"]["rembg"]
        ratio = record["ratio"]["median"]
        record["goals"] = [
            ("folder of photographs, time", f"≥ {RATIO}", f"{ratio:.2f}", ratio >= RATIO),
            ("folder of photographs, memory", "a third of rembg's", f"{share:.2f} of it", share <= MEMORY),
        ]
    return record
