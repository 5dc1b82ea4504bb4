"""Libraries for CPUs and GPUs, the GPU being an OpenCL device, which PoCL makes of any CPU: devices.py ATROUS WORK_FOLDER MODEL.onnx

U²-Net on the device: all outputs within 1e-4 of ONNX Runtime's, masks of the program within one grey level of the CPU's.
What is chosen, what is refused and how, and what the program needs. Exits with 77 (skipped), saying why, where
something is missing.
"""

import contextlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
from PIL import Image

import levels
import rembg_reference
from network import SKIPPED, Program, Refused, difference, opencl_device, reference, reference_session
from u2net import photographs

WITHIN = 1e-4
PHOTOGRAPHS = ("coffee.webp", "retina.jpg")
OPENCL, CUDA = "x86-64-linux-cl_doubles-opencl", "x86-64-linux-cuda-cuda_capability_75"
NO_OPENCL = {"OCL_ICD_VENDORS": "/nonexistent"}  # what the loader of OpenCL's drivers reads
BROKEN = {"HL_OCL_BUILD_OPTIONS": "--no-such-option"}  # what drivers compile kernels with
# The C library and its parts: all that a program with code for a GPU may need.
C_LIBRARY = {"linux-vdso.so.1", "libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0", "ld-linux-x86-64.so.2"}


# Prints the target that is taken for a device, and the sum of what is computed of a row of pixels.
C_PROGRAM = r"""
#include <stdio.h>
#include <stdlib.h>
#include "both.h"

int main(int count, char **words) {
    both_options options = {sizeof options, 0, 0, NULL};
    both_net *net;
    both_tensor in = {NULL, both_F32, 4, {1, 3, 5, 7}}, out;
    double sum = 0;
    int code, i;
    options.device = count > 1 ? atoi(words[1]) : both_DEVICE_AUTO;
    code = both_open(&options, &net);
    in.data = malloc(both_bytes(&in));
    for (i = 0; i < 3 * 5 * 7; ++i) ((float *)in.data)[i] = (float)(i % 11) - 5;
    if (!code) code = both_output_shape(net, &in, &out);
    if (!code) out.data = malloc(both_bytes(&out));
    if (!code) code = both_run(net, &in, &out, NULL, 1);
    for (i = 0; !code && i < 24 * 6 * 8; ++i) sum += ((float *)out.data)[i];
    if (code) puts(both_message(code));
    else printf("%s %.4f\n", both_target(net), sum);
    both_close(net);
    return code != both_OK;
}
"""


@contextlib.contextmanager
def environment(variables):
    os.environ.update(variables)
    try:
        yield
    finally:
        for name in variables:
            del os.environ[name]


def chosen(program, library, x, *options):
    return json.loads(program("run", "--json", "--model", library, "--input", x, *options))["target"]


def is_cpu(program):
    """Whether the OpenCL device is PoCL's, by its name."""
    return opencl_device(program.program).startswith(("pthread", "cpu"))


def refusal(program, *arguments):
    try:
        program(*arguments)
    except Refused as error:
        return str(error)
    return "not refused"


def check_small(program, folder):
    """A small network for every device: results, weights stored once, the choice, refusals."""
    model, x = folder / "small.onnx", folder / "x.npy"
    onnx.save(levels.model(), model)
    values = np.random.default_rng(5).standard_normal((1, 3, 37, 53)).astype(np.float32)
    np.save(x, values)
    made = {}
    for name, target in (("both", "x86-64-linux-cuda,x86-64-linux-opencl,host"), ("cpu", "host"),
                         ("gpu", "x86-64-linux-cuda,x86-64-linux-opencl")):
        made[name] = json.loads(program("compile", model, "--name", name, "-o", folder, "--target", target, "--emit",
                                        "shared", "--json"))["bytes"]
    expected = reference(model, {"x": values})
    for library in ("both", "gpu"):
        actual = program.run(folder / f"{library}.so", {"x": values}, list(expected), "--device", "opencl")
        for name in expected:
            if wrong := difference(actual[name], expected[name]):
                yield f"{library}: {name} {wrong}"
    # Of the filters only those of transposed and depthwise convolutions differ between CPUs and GPUs.
    if made["both"]["weights"] > 1.5 * made["cpu"]["weights"]:
        yield f"weights are stored more than once: {made}"

    both, gpu = folder / "both.so", folder / "gpu.so"
    for options, target in ((("--device", "opencl"), OPENCL), (("--target", OPENCL), OPENCL)):
        if (took := chosen(program, both, x, *options)) != target:
            yield f"{' '.join(options)} took {took}, expected {target}"
    # PoCL is the CPU, and slower than our code for that.
    for options in ((), ("--device", "auto"), ("--device", "cpu")) if is_cpu(program) else (("--device", "cpu"),):
        if "opencl" in (took := chosen(program, both, x, *options)):
            yield f"{' '.join(options)} took {took}, expected code for the CPU"
    run = ("run", "--input", x, "--model")
    for arguments, words in (
            ((*run, gpu, "--device", "cpu"), f"gpu: holds no code for --device cpu, only for {CUDA}, {OPENCL}; use another "
                                             "--device or leave it out"),
            ((*run, folder / "cpu.so", "--device", "cuda"), "cpu: holds no code for --device cuda, only for "),
            (("compile", model, "--target", "x86-64-linux-cuda-opencl"), "names two kinds of GPU"),
            (("compile", model, "--target", "arm-64-linux-cuda"), "code for GPUs is made for x86-64-linux only"),
            (("compile", model, "--target", "x86-64-linux-vulkan"), "code for GPUs is made for CUDA and OpenCL only"),
            (("compile", model, "--target", "x86-64-linux-cuda-cuda_capability_61"), "7.5, 8.0 and 8.6"),
            (("compile", model, "--emit", "ptx"), "none of the targets is for CUDA; add --target x86-64-linux-cuda")):
        if words not in (said := refusal(program, *arguments)):
            yield f"refused with '{said}', expected '{words}'"
    yield from check_absence(program, both, gpu, x)
    with environment(BROKEN):
        said = refusal(program, "run", "--input", x, "--model", both, "--device", "opencl")
    if "the device reported an error: " not in said:
        yield f"kernels that the driver cannot compile: '{said}'"


def check_absence(program, both, gpu, x):
    """Without a driver: the CPU where it is in the library, and words where it is not."""
    with environment(NO_OPENCL):
        if "opencl" in (took := chosen(program, both, x)):
            yield f"took {took} without a driver"
        advice = "look for its driver, and for permission to use it"
        for library, device, words in ((both, "opencl", f"{advice}, or use --device cpu"),
                                       (gpu, "opencl", f"{advice}, or compile the model with --target host"),
                                       (gpu, "auto", f"{advice}, or compile the model with --target host")):
            said = refusal(program, "run", "--input", x, "--model", library, "--device", device)
            if "the device cannot be used: " not in said or not said.endswith(words):
                yield f"{library.name} without a driver: '{said}', expected '{words}'"


def check_in_c(program, folder):
    """The static library in a C program."""
    program("compile", folder / "small.onnx", "--name", "both", "-o", folder, "--target", "x86-64-linux-cuda,x86-64-linux-opencl,host",
            "--emit", "lib,header", "--quiet")
    (folder / "both.c").write_text(C_PROGRAM)
    subprocess.run(["cc", "-std=c99", "-Wall", "-Wextra", "-Werror", "-o", "both", "both.c", "both.a", "-lpthread", "-ldl", "-lm"],
                   cwd=folder, check=True)
    said = {device: subprocess.run([folder / "both", str(device)], capture_output=True, text=True).stdout.split()
            for device in (1, 2, 3)}
    if "opencl" not in said[3][0] or "opencl" in said[1][0] or abs(float(said[1][1]) - float(said[3][1])) > 1e-2:
        yield f"in a C program: {said}"
    if not cuda_here(program) and said[2][:5] != ["the", "device", "cannot", "be", "used:"]:
        yield f"without CUDA a C program is told '{' '.join(said[2])}'"


def cuda_here(program):
    targets = json.loads(program("targets", "--json"))["targets"]
    return any(target["runs_here"] for target in targets if target["target"] == "x86-64-linux-cuda")


def check_ptx(program, folder):
    program("compile", folder / "small.onnx", "--name", "ptx", "-o", folder, "--target", "x86-64-linux-cuda,host", "--emit",
            "ptx", "--quiet")
    text = (folder / "ptx.ptx").read_text()
    if text.count(".version") < 5 or "\0" in text:
        yield f"the PTX has {text.count('.version')} modules"


def check_u2net(program, folder, model):
    """Its outputs, and its program on photographs."""
    program("compile", model, "--name", "u2net", "-o", folder, "--target", "x86-64-linux-opencl,host", "--emit", "shared,app",
            "--quiet")
    pictures = {path.name: path for path in photographs(folder / "photographs")}
    session = reference_session(model)
    names = [output.name for output in session.get_outputs()]
    tensor = rembg_reference.to_tensor(rembg_reference.read(pictures[PHOTOGRAPHS[0]]))
    expected = session.run(names, {session.get_inputs()[0].name: tensor})
    actual = program.run(folder / "u2net.so", {session.get_inputs()[0].name: tensor}, names, "--device", "opencl")
    worst = max(np.abs(actual[name] - values).max() for name, values in zip(names, expected))
    print(f"U²-Net: {len(names)} outputs, at most {worst:.3g} from ONNX Runtime's", flush=True)
    if not worst <= WITHIN:
        yield f"U²-Net's outputs differ by {worst:.3g}, allowed {WITHIN}"

    libraries = subprocess.run(["ldd", folder / "u2net"], capture_output=True, text=True, check=True).stdout.split("\n")
    needed = {Path(line.split()[0]).name for line in libraries if line}
    if needed - C_LIBRARY:
        yield f"the program needs {', '.join(sorted(needed - C_LIBRARY))}"
    (folder / "pictures").mkdir()
    for name in PHOTOGRAPHS:
        shutil.copy(pictures[name], folder / "pictures")
    for device in ("cpu", "opencl"):
        subprocess.run([folder / "u2net", folder / "pictures", "-o", folder / device, "--device", device, "--quiet"], check=True)
    for name in PHOTOGRAPHS:
        masks = [np.asarray(Image.open(folder / device / f"{name}.mask.png"), np.int32) for device in ("cpu", "opencl")]
        apart = np.abs(masks[0] - masks[1]).max()
        print(f"{name}: masks at most {apart} grey levels apart", flush=True)
        if not apart <= 1:
            yield f"{name}: masks differ by {apart} grey levels, allowed 1"


def main(program, folder, model):
    device = opencl_device(program)
    if not device or not Path(model).is_file():
        print("SKIP: no OpenCL device" if not device else "SKIP: u2net.onnx is not there; ./dev test unpacks it")
        return SKIPPED
    folder = Path(folder)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    print(f"OpenCL device: {device}", flush=True)
    program = Program(program, folder / "cache")
    problems = [*check_small(program, folder), *check_in_c(program, folder), *check_ptx(program, folder), *check_u2net(program, folder, model)]
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
