"""Receptive fields of whole models against ONNX Runtime: receptive_fields.py ATROUS WORK_FOLDER [U2NET]

What `atrous inspect` says about the middle pixel of every output is compared with impulses: each operator is run by ONNX
Runtime, by itself, with all weights one, on an impulse at every position of an axis, which gives its matrix along that axis;
the product of all matrices, in double precision, from the output back to the picture, is the map of paths.
"""

import json
import shutil
import sys
import time
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper

from network import Graph, Program

WINDOWED = {"Conv", "ConvTranspose", "MaxPool", "AveragePool"}
PIXELWISE = {"Relu", "Sigmoid", "Add", "Concat", "BatchNormalization", "Mul", "Identity"}
SLOWEST = 8  # seconds for a model; most of it is reading weights and planning


def segmentation_net():
    """Strides, rates, residuals, ASPP, and the way back by a resize: in the manner of DeepLab."""
    g = Graph(17, seed=2)
    x = g("Relu", g.conv(g.input("x", [1, 3, 129, 161]), 3, 8, kernel=7, stride=2))
    x = g("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
    for rate, stride in ((1, 2), (1, 1), (2, 1), (2, 1), (4, 1)):
        inner = g("Relu", g.conv(x, 8, 8, rate=rate, stride=stride))
        x = g("Relu", g("Add", g.conv(inner, 8, 8, kernel=1), x if stride == 1 else g.conv(x, 8, 8, kernel=1, stride=2)))
    branches = [g.conv(x, 8, 8, kernel=1)] + [g.conv(x, 8, 8, rate=rate) for rate in (3, 6, 9)]
    x = g.conv(g("Concat", *branches, axis=1), 32, 4)
    g.output(g("Resize", x, None, None, g.ints(1, 4, 129, 161), mode="linear",
               coordinate_transformation_mode="half_pixel"))
    return g.model()


def factorised_net():
    """Kernels of 3×1 and 1×3, and transposed convolutions of several kernels back up: in the manner of ERFNet."""
    g = Graph(17, seed=3)
    x = g("Relu", g.conv(g.input("x", [1, 3, 96, 128]), 3, 8, stride=2))
    x = g("Relu", g.conv(x, 8, 8, stride=2))
    for rate in (2, 4, 8):
        y = g("Conv", x, g.weights(8, 8, 3, 1), kernel_shape=[3, 1], pads=[rate, 0, rate, 0], dilations=[rate, 1])
        y = g("Conv", y, g.weights(8, 8, 1, 3), kernel_shape=[1, 3], pads=[0, rate, 0, rate], dilations=[1, rate])
        x = g("Relu", g("Add", x, y))
    g.output(x)
    x = g("ConvTranspose", x, g.weights(8, 8, 3, 3), strides=[2, 2], pads=[1] * 4, output_padding=[1, 1])
    g.output(g("ConvTranspose", g("Relu", x), g.weights(8, 2, 2, 4), strides=[2, 2], pads=[0, 1, 0, 1]))
    return g.model()


def pooled_net():
    """A gridding chain of rates with a common divisor, even kernels, pooling that rounds up, and a skip connection."""
    g = Graph(17, seed=4)
    skip = x = g.conv(g.input("x", [1, 2, 61, 61]), 2, 4, rate=2)
    x = g("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1)
    for rate in (2, 4, 2):
        x = g("Relu", g.conv(x, 4, 4, rate=rate, group=4))
    x = g("Conv", x, g.weights(4, 4, 2, 2), kernel_shape=[2, 2], pads=[1, 1, 0, 0])
    x = g("Resize", x, None, None, g.ints(1, 4, 61, 61), mode="nearest", coordinate_transformation_mode="asymmetric",
          nearest_mode="floor")
    g.output(g.conv(g("Concat", x, skip, axis=1), 8, 2, kernel=1))
    return g.model()


class AxisMatrices:
    """An operator's matrix (outputs × inputs) along one axis, by ONNX Runtime."""

    def __init__(self, opset):
        self.opset, self.known = opset, {}

    def __call__(self, node, axis, kernel, extent, result):
        attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        if node.op_type == "Resize":
            wanted = {k: v for k, v in attributes.items()}
        else:
            one = lambda name, other: [attributes.get(name, [other] * 2)[axis], other]
            pads = attributes.get("pads", [0] * 4)
            wanted = {"kernel_shape": [kernel, 1], "strides": one("strides", 1), "pads": [pads[axis], 0, pads[axis + 2], 0]}
            wanted |= {} if node.op_type == "AveragePool" else {"dilations": one("dilations", 1)}
            wanted |= {"output_padding": one("output_padding", 0)} if node.op_type == "ConvTranspose" else {}
            wanted |= {"ceil_mode": attributes.get("ceil_mode", 0)} if "Pool" in node.op_type else {}
        key = (node.op_type, repr(sorted(wanted.items())), extent, result)
        if key not in self.known:
            self.known[key] = self.run(node.op_type, wanted, kernel, extent, result)
        return self.known[key]

    def run(self, operator, attributes, kernel, extent, result):
        constants, inputs = [], ["x"]
        if operator in ("Conv", "ConvTranspose"):
            constants = [onnx.numpy_helper.from_array(np.ones((1, 1, kernel, 1), np.float32), "w")]
            inputs.append("w")
        elif operator == "Resize":
            constants = [onnx.numpy_helper.from_array(np.array([extent, 1, result, 1]), "sizes"),
                         onnx.numpy_helper.from_array(np.zeros(0, np.float32), "none")]  # opset 11 needs both others
            inputs += ["none", "none", "sizes"]
        port = lambda name: helper.make_tensor_value_info(name, TensorProto.FLOAT, [None] * 4)
        graph = helper.make_graph([helper.make_node(operator, inputs, ["y"], **attributes)], "axis", [port("x")],
                                  [port("y")], constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=8)
        session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
        impulses = np.eye(extent, dtype=np.float32).reshape(extent, 1, extent, 1)
        matrix = session.run(None, {"x": impulses})[0][:, 0, :, 0].T.astype(np.float64)
        # A convolution counts its taps; how much of a pixel a resize or a mean takes is no number of paths.
        return matrix if "Conv" in operator else (matrix != 0).astype(np.float64)


def resize_sizes(model, picture):
    """Height and width of every Resize's result, by running the model."""
    names = [node.output[0] for node in model.graph.node if node.op_type == "Resize"]
    sizes = {}
    for first in range(0, len(names), 8):  # all at once would take gigabytes
        copy = onnx.ModelProto()
        copy.CopyFrom(model)
        del copy.graph.output[:]
        for name in names[first:first + 8]:
            copy.graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, [None] * 4))
        session = onnxruntime.InferenceSession(copy.SerializeToString(), providers=["CPUExecutionProvider"])
        for name, value in zip(names[first:], session.run(None, {session.get_inputs()[0].name: picture})):
            sizes[name] = value.shape[2:]
    return sizes


class Paths:
    """Maps of paths from the pixels of a model's input to an output pixel."""

    def __init__(self, model):
        self.model = model
        self.weights = {tensor.name: tuple(tensor.dims) for tensor in model.graph.initializer}
        self.input = next(port for port in model.graph.input if port.name not in self.weights)
        shape = [d.dim_value for d in self.input.type.tensor_type.shape.dim]
        self.sizes = resize_sizes(model, np.zeros(shape, np.float32))
        self.extents = {self.input.name: tuple(shape[2:])}
        opset = next(o.version for o in model.opset_import if not o.domain)
        self.matrix = AxisMatrices(opset)
        self.steps = [step for node in model.graph.node for step in self.steps_of(node)]

    def steps_of(self, node):
        """(result, operand, matrix of the rows or None, of the columns)"""
        operands = [name for name in dict.fromkeys(node.input) if name in self.extents]
        if not operands or node.op_type == "Shape":
            return
        if node.op_type in PIXELWISE:
            self.extents[node.output[0]] = self.extents[operands[0]]
            for operand in operands:
                assert self.extents[operand] == self.extents[operands[0]], node
                yield node.output[0], operand, None, None
            return
        assert node.op_type in WINDOWED | {"Resize"}, node.op_type
        attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        kernel = attributes.get("kernel_shape") or self.weights.get(node.input[1], (1,) * 4)[2:]
        wanted = self.sizes.get(node.output[0], (None, None))
        rows, columns = (self.matrix(node, axis, kernel[axis], self.extents[operands[0]][axis], wanted[axis])
                         for axis in (0, 1))
        self.extents[node.output[0]] = (rows.shape[0], columns.shape[0])
        yield node.output[0], operands[0], rows, columns

    def to_middle_of(self, output):
        height, width = self.extents[output]
        maps = {output: np.zeros((height, width))}
        maps[output][height // 2, width // 2] = 1
        for result, operand, rows, columns in reversed(self.steps):
            if result not in maps:
                continue
            through = maps[result] if rows is None else rows.T @ maps[result] @ columns
            maps[operand] = maps.get(operand, 0) + through
        return maps[self.input.name]


def facts_of(paths):
    rows, columns = (np.flatnonzero(paths.any(axis)) for axis in (1, 0))
    field = paths[rows[0]:rows[-1] + 1, columns[0]:columns[-1] + 1]
    return {"y": rows[0], "x": columns[0], "height": field.shape[0], "width": field.shape[1],
            "covered": np.count_nonzero(field), "evenness": (field.sum() / field.size) * (field.sum() / (field ** 2).sum())}


def check(program, name, file):
    """Lines about what differs."""
    start = time.monotonic()
    facts = json.loads(program("inspect", file, "--json"))
    seconds = time.monotonic() - start
    if seconds > SLOWEST:
        yield f"{name}: took {seconds:.1f} s, expected less than {SLOWEST}"
    paths = Paths(onnx.load(file))
    for output in facts["outputs"]:
        (field,) = output["fields"]
        told = field["middle_pixel"]["in_picture"]
        expected = facts_of(paths.to_middle_of(output["name"]))
        for key, value in expected.items():
            if not np.isclose(told[key], value, rtol=1e-9, atol=0):
                yield f"{name}, output {output['name']}: {key} is {told[key]}, expected {value}"
        print(f"{name} {output['name']}: {expected['height']}×{expected['width']}, {expected['covered']} read", flush=True)


def main(atrous, folder, u2net=""):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    files = {}
    for make in (segmentation_net, factorised_net, pooled_net):
        files[make.__name__] = folder / f"{make.__name__}.onnx"
        onnx.save(make(), files[make.__name__])
    if u2net:
        files["u2net"] = Path(u2net)
    else:
        print("SKIP u2net: the file was not named")
    program = Program(atrous, folder / "cache")
    problems = [problem for name, file in files.items() for problem in check(program, name, file)]
    print("\n".join(problems) or f"{len(files)} models")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:]))
