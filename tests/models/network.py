"""Small ONNX models, written in a line a node; running them with `atrous run` and with ONNX Runtime; comparing the two."""

import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper


SKIPPED = 77  # the exit code of a test that could not run


class Graph:
    """g = Graph(opset=17, seed=1); x = g.input("x", ["N", 3, "H", "W"]); y = g("Relu", x); g.output(y); g.model()"""

    def __init__(self, opset, seed=0, name="net"):
        self.opset = opset
        self.name = name
        self.random = np.random.default_rng(seed)
        self.nodes, self.initializers, self.inputs, self.outputs = [], [], [], []
        self.counts = {}

    def _name(self, stem):
        self.counts[stem] = self.counts.get(stem, 0) + 1
        return f"{stem}_{self.counts[stem]}"

    def __call__(self, op, *inputs, results=1, **attributes):
        """Adds a node; returns the name of its result, or a list of names. None is an absent optional input."""
        name = self._name(op.lower())
        outputs = [name] if results == 1 else [f"{name}.{i}" for i in range(results)]
        inputs = ["" if value is None else value for value in inputs]
        self.nodes.append(helper.make_node(op, inputs, outputs, name=name, **attributes))
        return outputs[0] if results == 1 else outputs

    def input(self, name, shape, element=TensorProto.FLOAT):
        self.inputs.append(helper.make_tensor_value_info(name, element, shape))
        return name

    def output(self, name, rank=4, element=TensorProto.FLOAT):
        shape = [f"{name}.{axis}" for axis in range(rank)]
        self.outputs.append(helper.make_tensor_value_info(name, element, shape))

    def initializer(self, values, stem="constant"):
        name = self._name(stem)
        self.initializers.append(numpy_helper.from_array(np.asarray(values, order="C"), name))
        return name

    def ints(self, *values):
        return self.initializer(np.array(values, np.int64))

    def floats(self, *values):
        return self.initializer(np.array(values, np.float32))

    def scalar(self, value, dtype=np.float32):
        return self.initializer(np.array(value, dtype))

    def weights(self, *shape, scale=None):
        """Random, of a size that keeps activations near one."""
        if scale is None:
            scale = 1 / np.sqrt(max(1, np.prod(shape[1:])))
        return self.initializer((self.random.standard_normal(shape) * scale).astype(np.float32), "weights")

    def positive(self, *shape):
        return self.initializer(self.random.uniform(0.5, 1.5, shape).astype(np.float32), "positive")

    def conv(self, x, inputs, outputs, kernel=3, rate=1, stride=1, group=1, bias=True):
        """A convolution with `same` padding."""
        pad = rate * (kernel - 1) // 2
        parameters = [self.weights(outputs, inputs // group, kernel, kernel)] + ([self.weights(outputs)] if bias else [])
        return self("Conv", x, *parameters, kernel_shape=[kernel, kernel], dilations=[rate, rate],
                    strides=[stride, stride], pads=[pad] * 4, group=group)

    def batch_norm(self, x, channels):
        return self("BatchNormalization", x, self.positive(channels), self.weights(channels, scale=0.3),
                    self.weights(channels, scale=0.3), self.positive(channels), epsilon=1e-5)

    def model(self, check=True):
        graph = helper.make_graph(self.nodes, self.name, self.inputs, self.outputs, self.initializers)
        ir = helper.find_min_ir_version_for([helper.make_opsetid("", self.opset)])
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=max(ir, 4),
                                  producer_name="tests/models")
        if check:
            onnx.checker.check_model(model, full_check=True)
        return model


def operators(model):
    return {node.op_type for node in model.graph.node}


class Refused(Exception):
    """atrous said no: exit 2 and one line."""


class Program:
    """The program under test, the cache that its compiled networks go to, and options for every run of a network."""

    def __init__(self, program, cache, *options):
        self.program = Path(program)
        self.cache = Path(cache)
        self.options = options

    def __call__(self, *arguments):
        """Runs a verb; returns what it prints. Refused for exit 2 with one line of reason, RuntimeError for anything else."""
        done = subprocess.run([self.program, *map(str, arguments)], capture_output=True, text=True, errors="replace")
        if done.returncode == 0:
            return done.stdout
        lines = done.stderr.strip().splitlines()
        prefix = "atrous: error: "
        if done.returncode == 2 and len(lines) == 1 and lines[0].startswith(prefix):
            raise Refused(lines[0][len(prefix):])
        raise RuntimeError(f"exit {done.returncode}, expected 0, or 2 with one line of reason: {done.stderr.strip()!r}")

    def run(self, model, inputs, outputs, *options):
        """model: a file. inputs: name → array. Returns name → array for the names in `outputs`."""
        with tempfile.TemporaryDirectory() as folder:
            arguments = ["run", "--quiet", "--cache", self.cache, "--model", model, *self.options, *options]
            for index, (name, value) in enumerate(inputs.items()):
                file = Path(folder) / f"input{index}.npy"
                np.save(file, value)
                arguments += ["--input", f"{name}={file}"]
            files = {name: Path(folder) / f"output{index}.npy" for index, name in enumerate(outputs)}
            for name, file in files.items():
                arguments += ["-o", f"{name}={file}"]
            self(*arguments)
            return {name: np.load(file) for name, file in files.items()}


def opencl_device(program):
    """The name of this machine's OpenCL device, or None."""
    targets = json.loads(subprocess.run([program, "targets", "--json"], capture_output=True, text=True, check=True).stdout)
    return next((target.get("device") for target in targets["targets"] if target["target"] == "x86-64-linux-opencl"), None)


def reference_session(model):
    """ONNX Runtime on a file, with one thread, so that it leaves the machine to the tests beside it."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])


def reference(model, inputs):
    session = reference_session(model)
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, inputs)))


def difference(actual, expected):
    """What is wrong with `actual`, in words, or None. Floats may differ by 1e-4 of the largest value, at least 1e-4."""
    if actual.dtype != expected.dtype or actual.shape != expected.shape:
        return f"is {actual.dtype}{list(actual.shape)}, expected {expected.dtype}{list(expected.shape)}"
    if expected.dtype.kind != "f":
        wrong = np.count_nonzero(actual != expected)
        return f"{wrong} of {expected.size} values differ" if wrong else None
    if expected.size == 0 or np.array_equal(actual, expected, equal_nan=True):
        return None
    finite = np.isfinite(expected)
    if not np.array_equal(actual[~finite], expected[~finite], equal_nan=True):
        return "infinities or NaN differ"
    if not np.isfinite(actual[finite]).all():
        return "holds infinities or NaN"
    allowed = 1e-4 * max(1.0, np.abs(expected[finite]).max(initial=0))
    worst = np.abs(actual - expected)[finite].max(initial=0)
    return None if worst <= allowed else f"differs by {worst:.3g}, allowed {allowed:.3g}"
