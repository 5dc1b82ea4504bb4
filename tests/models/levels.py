"""One library for every x86 level: levels.py ATROUS WORK_FOLDER

Each level that this CPU has is run, forced by --target, and gives ONNX Runtime's results; the others are refused.
"""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import onnx

from network import Graph, Program, Refused, difference, reference

# What each level needs, in the words of /proc/cpuinfo.
AVX512 = "avx2 fma avx512f avx512cd avx512vl avx512dq avx512bw"
ZEN4 = AVX512 + " avx512ifma avx512vbmi avx512_vbmi2 avx512_vnni avx512_bf16"
LEVELS = {
    "x86-64-linux": "",
    "x86-64-linux-sse41": "sse4_1",
    "x86-64-linux-avx": "avx",
    "x86-64-linux-avx2-fma": "avx2 fma f16c bmi1 bmi2",
    "x86-64-linux-avx512_skylake": AVX512,
    "x86-64-linux-avx512_zen4": ZEN4,
    "x86-64-linux-avx512_zen5": ZEN4 + " avx_vnni sse4a",
    "x86-64-linux-avx512_sapphirerapids": ZEN4 + " avx_vnni avx512_fp16",
}


def cpu_flags():
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return set(next(line for line in lines if line.startswith("flags")).split(":")[1].split())


def model():
    """Dilated, depthwise, pointwise and transposed convolutions, and a residual."""
    g = Graph(17, seed=3)
    x = g.input("x", [1, 3, "H", "W"])
    y = g("Relu", g.conv(x, 3, 32, stride=2))
    y = g("Add", y, g("Relu", g.conv(y, 32, 32, rate=2)))
    y = g("Relu", g.conv(g("Relu", g.conv(y, 32, 32, rate=2, group=32)), 32, 48, kernel=1))
    g.output(g("ConvTranspose", y, g.weights(48, 24, 2, 2), strides=[2, 2]))
    return g.model()


def check_levels(program, library, values, expected):
    """Runs every level; lines about what is wrong. Says which were left out, and why."""
    flags = cpu_flags()
    for level, needed in LEVELS.items():
        missing = set(needed.split()) - flags
        try:
            actual = program.run(library, {"x": values}, list(expected), "--target", level)
        except Refused as refusal:
            if not missing or "which this CPU cannot run" not in str(refusal):
                yield f"{level}: refused: {refusal}"
            else:
                print(f"SKIP {level}: this CPU lacks {', '.join(sorted(missing))}", flush=True)
            continue
        if missing:
            yield f"{level}: ran on a CPU without {', '.join(sorted(missing))}"
        for name in expected:
            if wrong := difference(actual[name], expected[name]):
                yield f"{level}: {name} {wrong}"
        print(f"{level}: ok", flush=True)


def check_choice(program, library, folder):
    """Left alone, the best level that runs here is taken."""
    listed = json.loads(program("targets", "--json"))["targets"]
    flags = cpu_flags()
    for target in listed:
        if target["target"] not in LEVELS:
            continue
        if target["runs_here"] != (set(LEVELS[target["target"]].split()) <= flags):
            yield f"targets says that {target['target']} {'runs' if target['runs_here'] else 'does not run'} here"
    best = [target["canonical"] for target in listed if target["target"] in LEVELS and target["runs_here"]][-1]
    np.save(folder / "x.npy", np.zeros((1, 3, 8, 8), np.float32))
    chosen = json.loads(program("run", "--json", "--model", library, "--input", folder / "x.npy"))["target"]
    if chosen != best:
        yield f"took {chosen}, expected {best}"


def main(program, folder):
    folder = Path(folder)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    onnx.save(model(), folder / "levels.onnx")
    program = Program(program, folder / "cache")
    compiled = {}
    for name, targets in (("all", ",".join(LEVELS)), ("one", "x86-64-linux-sse41")):
        compiled[name] = json.loads(program("compile", folder / "levels.onnx", "--name", name, "-o", folder,
                                            "--target", targets, "--winograd", "off", "--json"))["bytes"]
    values = np.random.default_rng(1).standard_normal((1, 3, 46, 54)).astype(np.float32)
    library, expected = folder / "all.so", reference(folder / "levels.onnx", {"x": values})

    problems = [*check_levels(program, library, values, expected), *check_choice(program, library, folder)]
    everything, one = compiled["all"], compiled["one"]
    more = everything["shared"] - one["shared"]
    if everything["weights"] != one["weights"] or more > 1.5 * (everything["kernels"] - one["kernels"]):
        problems.append(f"weights are stored more than once: {compiled}")
    try:
        program.run(folder / "one.so", {"x": values}, list(expected), "--target", "x86-64-linux-avx2-fma")
        problems.append("a level that the library does not hold was run")
    except Refused as refusal:
        if "holds no code for --target" not in str(refusal):
            problems.append(f"a level that the library does not hold: {refusal}")
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
