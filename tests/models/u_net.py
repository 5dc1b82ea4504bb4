"""U-shaped nets that use every operator, at several sizes, against ONNX Runtime: u_net.py ATROUS WORK_FOLDER DEVICE [NAME…]

Exits with 77 (skipped) where the device is opencl and this machine has none.
"""

import shutil
import sys
from pathlib import Path

import numpy as np
import onnx

from network import SKIPPED, Program, Refused, difference, opencl_device, operators, reference
from u_net_models import OPERATORS, all_models

STEPS = ("argmax", "cast", "ceil")  # outputs that jump: where two scores are alike or a value is an integer, rounding decides
STEPS_OFF = 1e-3  # the share of their values that may differ


def compare(name, actual, expected):
    if name.startswith(STEPS) and actual.shape == expected.shape and actual.dtype == expected.dtype:
        share = np.mean(actual != expected)
        return f"differs in {share:.2%} of its values" if share > STEPS_OFF else None
    return difference(actual, expected)


def check(program, folder, name, model, shapes):
    """Lines about what is wrong."""
    file = folder / f"{name}.onnx"
    onnx.save(model, file)
    problems = []
    for shape in shapes:
        values = np.random.default_rng(len(problems)).standard_normal(shape).astype(np.float32)
        expected = reference(file, {"x": values})
        try:
            actual = program.run(file, {"x": values}, list(expected))
        except Refused as refusal:
            return [f"{name} at {shape}: refused: {refusal}"]
        for output in expected:
            wrong = compare(output, actual[output], expected[output])
            if wrong:
                problems.append(f"{name} at {shape}: {output} {wrong}")
    return problems


def main(program, folder, device, only):
    if device == "opencl" and not opencl_device(program):
        print("SKIP: no OpenCL device")
        return SKIPPED
    folder = Path(folder)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    models = all_models()
    missing = OPERATORS - set.union(*(operators(model) for model, _ in models.values()))
    problems = [f"no net uses {', '.join(sorted(missing))}"] if missing else []
    for name, (model, shapes) in models.items():
        if only and name not in only:
            continue
        found = check(Program(program, folder / "cache", "--device", device), folder, name, model, shapes)
        print(f"{name}: {len(model.graph.node)} nodes, {len(shapes)} sizes: {'ok' if not found else 'WRONG'}", flush=True)
        problems += found
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:4], sys.argv[4:]))
