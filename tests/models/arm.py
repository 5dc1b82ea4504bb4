"""U²-Net compiled for 64-bit ARM, run by an emulator, against the same for this machine: arm.py ATROUS WORK_FOLDER MODEL.onnx

The library in a C program: all outputs within 1e-4. The emitted program on photographs, made small because emulation is
slow: masks within one grey level, scores within 1e-4. Exits with 77 (skipped), saying why, where something is missing.
"""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
from PIL import Image

from network import SKIPPED, Program, Refused
from rembg_reference import MEAN, STD
from u2net import photographs

WITHIN = 1e-4
TARGET = "arm-64-linux"
COMPILER, EMULATOR = "aarch64-linux-gnu-gcc", "qemu-aarch64-static"
HEIGHT, WIDTH = 64, 96
PHOTOGRAPHS = {"retina.jpg": (64, 64), "coffee.webp": (WIDTH, HEIGHT)}  # width, height
CONFIG = """{"input": {"channels": "rgb", "divide": "max", "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225],
                       "resize": "none", "multiple": 32},
             "output": {"name": "1959", "activation": "minmax"}}"""

# Reads the input from stdin, writes all outputs to stdout, one after the other.
PROGRAM = r"""
#include <stdio.h>
#include <stdlib.h>
#include "net.h"

int main(void) {
    net_net *net;
    net_tensor in = {NULL, net_F32, 4, {1, 3, HEIGHT, WIDTH}}, out[OUTPUTS];
    int i, code = net_open(NULL, &net);
    in.data = malloc(net_bytes(&in));
    if (fread(in.data, 1, net_bytes(&in), stdin) != net_bytes(&in)) return 3;
    if (!code) code = net_output_shape(net, &in, out);
    for (i = 0; !code && i < OUTPUTS; ++i) out[i].data = malloc(net_bytes(&out[i]));
    if (!code) code = net_run(net, &in, out, NULL, 2);
    for (i = 0; !code && i < OUTPUTS; ++i) fwrite(out[i].data, 1, net_bytes(&out[i]), stdout);
    if (code) fprintf(stderr, "%s\n", net_message(code));
    net_close(net);
    return code != net_OK;
}
"""


def missing(program, model):
    if not Path(model).is_file():
        return "u2net.onnx is not there; ./dev test unpacks it from the wheel named in versions.lock"
    if not (Path(program).parent.parent / "support" / TARGET).is_dir():
        return f"no support for {TARGET} was built"
    for tool in (COMPILER, EMULATOR):
        if not shutil.which(tool):
            return f"{tool} is not installed"
    return None


def outputs_of_library(folder, tensor, count):
    """All outputs, end to end, of the library for ARM."""
    (folder / "program.c").write_text(PROGRAM)
    subprocess.run([COMPILER, "-O1", "-Wall", "-Werror", "-static", "-Iarm", f"-DHEIGHT={HEIGHT}", f"-DWIDTH={WIDTH}",
                    f"-DOUTPUTS={count}", "-o", "program", "program.c", "arm/net.a", "-lpthread", "-ldl", "-lm"],
                   cwd=folder, check=True)
    done = subprocess.run([EMULATOR, folder / "program"], input=tensor.tobytes(), capture_output=True, check=True)
    return np.frombuffer(done.stdout, np.float32)


def check_library(program, folder, model):
    loaded = onnx.load(model, load_external_data=False)
    names = [output.name for output in loaded.graph.output]
    pixels = np.asarray(Image.open(folder / "small/coffee.webp"), np.float32) / 255
    tensor = ((pixels - MEAN) / STD).transpose(2, 0, 1)[None].astype(np.float32)
    expected = program.run(folder / "here/net.so", {loaded.graph.input[0].name: tensor}, names)
    actual = outputs_of_library(folder, tensor, len(names))
    if actual.size != sum(expected[name].size for name in names):
        return f"the library for ARM gives {actual.size} numbers"
    worst = max(np.abs(part - expected[name].ravel()).max() for name, part in
                zip(names, np.split(actual, np.cumsum([expected[name].size for name in names])[:-1])))
    print(f"{len(names)} outputs of the library: at most {worst:.3g} apart", flush=True)
    return None if worst <= WITHIN else f"outputs differ by {worst:.3g}, allowed {WITHIN}"


def small_photographs(folder):
    """A few of the demo's, in their formats."""
    everything = {path.name: path for path in photographs(folder / "photographs")}
    (folder / "small").mkdir()
    for name, size in PHOTOGRAPHS.items():
        Image.open(everything[name]).convert("RGB").resize(size).save(folder / "small" / name, quality=90)


def check_program(program, folder):
    options = ["--quiet", "--format", "mask", "--format", "probabilities", "--threads", "2"]
    program("segment", "--model", folder / "here/net.so", folder / "small", "-o", folder / "expected", *options)
    subprocess.run([EMULATOR, folder / "arm/net", folder / "small", "-o", folder / "actual", *options], check=True)
    for name in PHOTOGRAPHS:
        masks, scores = (
            [load(folder / place / f"{name}.{ending}") for place in ("actual", "expected")]
            for load, ending in ((lambda file: np.asarray(Image.open(file), np.int32), "mask.png"),
                                 (np.load, "probabilities.npy")))
        grey, score = np.abs(masks[0] - masks[1]).max(), np.abs(scores[0] - scores[1]).max()
        print(f"{name}: masks at most {grey} grey levels apart, scores {score:.3g}", flush=True)
        if not grey <= 1 or not score <= WITHIN:
            yield f"{name}: the program for ARM differs by {grey} grey levels, allowed 1, scores {score:.3g}, {WITHIN}"


def check_refusal(program, folder):
    """What is for another processor does not run here, and says so."""
    try:
        program("segment", "--model", folder / "arm/net.so", folder / "small", "-o", folder / "none")
    except Refused as error:
        expected = "is for another processor, expected one for this machine (x86-64)"
        return None if expected in str(error) else f"a library for ARM is refused with '{error}', expected '{expected}'"
    return "a library for ARM is not refused"


def main(program, folder, model):
    lacking = missing(program, model)
    if lacking:
        print(f"SKIP: {lacking}")
        return SKIPPED
    folder = Path(folder)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(CONFIG)
    program = Program(program, folder / "cache")
    options = ["--quiet", "--dynamic", "--name", "net", "--config", folder / "config.json", "--cache", folder / "cache"]
    program("compile", model, "-o", folder / "here", "--emit", "shared", *options)
    program("compile", model, "-o", folder / "arm", "--emit", "lib,header,shared,app", "--target", TARGET, *options)
    small_photographs(folder)
    problems = [check_library(program, folder, model), *check_program(program, folder), check_refusal(program, folder)]
    problems = [problem for problem in problems if problem]
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
