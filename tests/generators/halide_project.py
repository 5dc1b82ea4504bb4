"""Builds halide_project/, a CMake project of a Halide user, runs its operators through Halide's RunGen, and checks them:

halide_project.py CMAKE BUILD_FOLDER CMAKE_OPTION…
"""

import itertools
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np

TOLERANCE = 1e-4


def command(*words):
    done = subprocess.run([str(word) for word in words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, words))}\n{done.stdout}\nexit status {done.returncode}")


def build(cmake, folder, options):
    command(cmake, "-S", Path(__file__).parent / "halide_project", "-B", folder, "-DCMAKE_CXX_FLAGS=-O0", *options)
    command(cmake, "--build", folder, "--target", "run", "-j", "2")
    return folder / "run"


# ---- RunGen ------------------------------------------------------------------------------------------------------------

# Halide takes the first number of a shape for its innermost dimension: an array N,C,H,W is written as if it were W,H,C,N.


def save(path, array):
    np.save(path, np.ascontiguousarray(array, dtype=np.float32).reshape(array.shape[::-1]))


def load(path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # numpy thinks that Halide is Python 2
        array = np.load(path)
    return array.reshape(array.shape[::-1])


def run(program, name, arrays, scalars, shape):
    """The output, N,C,H,W, of the pipeline `name`."""
    folder = program.parent / "arrays"
    folder.mkdir(exist_ok=True)
    words = [f"{key}={value}" for key, value in scalars.items()]
    for key, array in arrays.items():
        save(folder / f"{key}.npy", array)
        words.append(f"{key}={folder / key}.npy")
    output = folder / "output.npy"
    output.unlink(missing_ok=True)
    extents = ",".join(str(extent) for extent in reversed(shape))
    command(program, f"--name={name}", f"--output_extents=[{extents}]", f"output={output}", *words)
    return load(output)


# ---- references in double precision --------------------------------------------------------------------------------------


def dilated_conv(x, weights, bias, rate):
    """Stride 1, "same" padding; weights (co, ci, ky, kx)."""
    height, width = x.shape[2:]
    pad = rate * (weights.shape[2] - 1) // 2
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    out = np.broadcast_to(bias[None, :, None, None], (x.shape[0], weights.shape[0], height, width)).copy()
    for ky, kx in np.ndindex(weights.shape[2:]):
        window = padded[:, :, ky * rate : ky * rate + height, kx * rate : kx * rate + width]
        out += np.einsum("nchw,oc->nohw", window, weights[:, :, ky, kx])
    return out


def hdc_block(x, layers, rates):
    y = x
    for index, ((weights, bias), rate) in enumerate(zip(layers, rates)):
        y = dilated_conv(y, weights, bias, rate)
        if index + 1 == len(rates):
            y = y + x
        y = np.maximum(y, 0)
    return y


def transposed_conv(x, weights, bias, stride, dilation, pads, output_padding, groups):
    """By its definition, every input pixel adds the kernel to the output; pairs are (y, x), pads (top, left, bottom,
    right); weights (ci, co in group, ky, kx)."""
    (n, ci, height, width), (co, kernel_y, kernel_x) = x.shape, weights.shape[1:]
    whole = [(size - 1) * s + d * (k - 1) + 1 + extra for size, s, d, k, extra in
             zip((height, width), stride, dilation, (kernel_y, kernel_x), output_padding)]
    out = np.zeros((n, co * groups, *whole))
    for channel, y, column in np.ndindex(ci, height, width):
        group = channel // (ci // groups)
        for ky, kx in np.ndindex(kernel_y, kernel_x):
            at = (slice(None), slice(group * co, (group + 1) * co), y * stride[0] + ky * dilation[0],
                  column * stride[1] + kx * dilation[1])
            out[at] += x[:, channel, y, column, None] * weights[None, channel, :, ky, kx]
    top, left, bottom, right = pads
    return out[:, :, top : whole[0] - bottom, left : whole[1] - right] + bias[None, :, None, None]


# ---- checks --------------------------------------------------------------------------------------------------------------


def check(what, expected, actual):
    worst = np.max(np.abs(expected - actual) / (1 + np.abs(expected)), initial=0)
    if expected.shape != actual.shape or not worst <= TOLERANCE:
        sys.exit(f"{what}: shapes {expected.shape} and {actual.shape}, largest difference {worst}")
    print(f"{what}: {'×'.join(map(str, actual.shape))}, largest difference {worst:.1e}")


def check_hdc_block(program, random):
    sizes = [(1, 1, 1, 1), (1, 5, 7, 13), (2, 33, 17, 29), (1, 64, 32, 40)]
    for n, channels, height, width in sizes:
        x = random.standard_normal((n, channels, height, width))
        layers = [(random.standard_normal((channels, channels, 3, 3)) / (3 * channels**0.5), random.standard_normal(channels))
                  for _ in range(3)]
        arrays = {"input": x}
        for index, (weights, bias) in enumerate(layers):
            arrays |= {f"weights_{index}": weights, f"bias_{index}": bias}
        expected = hdc_block(x, layers, (1, 2, 5))
        for name in ("hdc_block", "hdc_block_scheduled"):
            check(name, expected, run(program, name, arrays, {"alpha": 0, "beta": 0}, expected.shape))


def check_transposed_conv(program, random):
    # height, width; dilation (y, x); padding (top, left, bottom, right); output padding (y, x)
    geometry = [((1, 1), (1, 1), (0, 0, 0, 0), (0, 0)), ((5, 7), (1, 1), (0, 1, 0, 1), (2, 0)),
                ((8, 13), (2, 3), (1, 2, 3, 0), (1, 1)), ((19, 16), (1, 1), (1, 1, 1, 1), (0, 0))]
    for (size, dilation, pads, output_padding), (ci, co) in itertools.product(geometry, [(2, 3), (34, 5)]):
        x = random.standard_normal((1, ci, *size))
        weights = random.standard_normal((ci, co, 3, 4)) / (12 * ci) ** 0.5
        bias = random.standard_normal(2 * co)
        expected = transposed_conv(x, weights, bias, (3, 2), dilation, pads, output_padding, 2)
        expected = np.where(expected < 0, 0.1 * expected, expected)
        scalars = {"dilation_y": dilation[0], "dilation_x": dilation[1], "pad_top": pads[0], "pad_left": pads[1],
                   "alpha": 0.1, "beta": 0}
        for name in ("transposed_conv", "transposed_conv_scheduled"):
            arrays = {"input": x, "weights": weights, "bias": bias}
            check(name, expected, run(program, name, arrays, scalars, expected.shape))


def main(cmake, folder, *options):
    program = build(cmake, Path(folder).resolve(), options)
    random = np.random.default_rng(1)
    check_hdc_block(program, random)
    check_transposed_conv(program, random)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
