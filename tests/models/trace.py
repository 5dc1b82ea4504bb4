"""`run --trace` and `run --compare` against ONNX Runtime's own intermediate tensors: trace.py ATROUS WORK_FOLDER"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx

import u_net_models
from network import Program, difference, reference

SHAPE = (1, 3, 22, 30)
SHARE_TRACED = 0.5  # of the float values of the graph: what is fused or folded has none of its own


def expose(model):
    """The same model with every float value as an output, for ONNX Runtime."""
    model = onnx.shape_inference.infer_shapes(model)
    have = {output.name for output in model.graph.output}
    for value in model.graph.value_info:
        if value.type.tensor_type.elem_type == onnx.TensorProto.FLOAT and value.name not in have:
            model.graph.output.append(value)
    return model


def compared(program, model, inputs, folder):
    """Exit code and report of --compare."""
    arguments = ["run", "--json", "--cache", program.cache, "--model", model, "--input", inputs, "--compare", folder]
    done = subprocess.run([program.program, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode not in (0, 1):
        raise RuntimeError(done.stderr)
    return done.returncode, json.loads(done.stdout)["compared"]


def main(program, folder):
    folder = Path(folder)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    program = Program(program, folder / "cache")
    model, exposed, inputs = folder / "u_net.onnx", folder / "exposed.onnx", folder / "x.npy"
    onnx.save(u_net_models.u_net(), model)
    onnx.save(expose(u_net_models.u_net()), exposed)
    values = np.random.default_rng(0).standard_normal(SHAPE).astype(np.float32)
    np.save(inputs, values)
    expected = {name: tensor for name, tensor in reference(exposed, {"x": values}).items() if tensor.dtype == np.float32}

    problems = []
    trace = folder / "trace"
    program("run", "--quiet", "--cache", program.cache, "--model", model, "--input", inputs, "--trace", trace)
    files = json.loads((trace / "index.json").read_text())
    traced = [name for name in files if name in expected]
    if len(traced) < SHARE_TRACED * len(expected):
        problems.append(f"only {len(traced)} of {len(expected)} tensors were traced")
    for name in traced:
        wrong = difference(np.load(trace / files[name]), expected[name])
        if wrong:
            problems.append(f"{name} {wrong}")

    theirs = folder / "theirs"
    theirs.mkdir()
    for name, tensor in expected.items():
        np.save(theirs / f"{name}.npy", tensor)
    code, report = compared(program, model, inputs, theirs)
    if code != 0 or report["first_difference"]:
        problems.append(f"equal tensors: exit {code}, {report}")

    # Two tensors are made to differ; the first one in the graph's order is the answer.
    for name in (traced[len(traced) // 3], traced[len(traced) // 2]):
        np.save(theirs / f"{name}.npy", expected[name] + np.float32(1))
    code, report = compared(program, model, inputs, theirs)
    if code != 1 or report["first_difference"]["tensor"] != traced[len(traced) // 3]:
        problems.append(f"expected {traced[len(traced) // 3]} to be the first difference: exit {code}, {report}")

    print("\n".join(problems))
    print(f"{len(traced)} of {len(expected)} tensors traced and compared")
    return 1 if problems else 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
