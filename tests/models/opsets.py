"""One net in the words of every opset, with external data and with half-precision weights: opsets.py ATROUS WORK_FOLDER

The net uses the operators whose inputs or attributes changed between opsets. The reference is ONNX Runtime.
"""

import shutil
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from network import Graph, Program, Refused, difference, reference

OPSETS = (7, 9, 10, 11, 12, 13, 18, 21, 24)
SHAPES = ((1, 6, 16, 20), (2, 6, 9, 14))


def upsampled(g, x):
    """Twice the size, nearest."""
    if g.opset < 9:
        return g("Upsample", x, mode="nearest", scales=[1.0, 1.0, 2.0, 2.0])
    scales = g.floats(1, 1, 2, 2)
    if g.opset < 10:
        return g("Upsample", x, scales, mode="nearest")
    if g.opset < 11:
        return g("Resize", x, scales, mode="nearest")
    if g.opset < 13:  # the region of interest could not be left out yet
        return g("Resize", x, g.floats(), scales, mode="nearest", coordinate_transformation_mode="asymmetric",
                 nearest_mode="floor")
    return g("Resize", x, None, scales, mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor")


def upsampled_along_axes(g, x):
    """Opset 18 can name the axes that it scales."""
    return g("Resize", x, None, g.floats(3, 2), mode="linear", axes=[2, 3], coordinate_transformation_mode="half_pixel")


def clipped(g, x):
    if g.opset < 11:
        return g("Clip", x, min=-0.5, max=0.75)
    return g("Clip", x, g.scalar(-0.5), g.scalar(0.75))


def padded(g, x):
    """A row above, two columns on the right."""
    if g.opset < 11:
        return g("Pad", x, mode="constant", pads=[0, 0, 1, 0, 0, 0, 0, 2], value=0.5)
    if g.opset < 18:
        return g("Pad", x, g.ints(0, 0, 1, 0, 0, 0, 0, 2), g.scalar(0.5))
    return g("Pad", x, g.ints(1, 0, 0, 2), g.scalar(0.5), g.ints(2, 3))


def sliced(g, x):
    """Without the first row and the last column."""
    if g.opset < 10:
        return g("Slice", x, axes=[2, 3], starts=[1, 0], ends=[2**31 - 1, -1])
    return g("Slice", x, g.ints(1, 0), g.ints(2**31 - 1, -1), g.ints(2, 3))


def split(g, x):
    """Eight channels into two and six; from opset 18 on into four and four by their number."""
    if g.opset < 13:
        return g("Split", x, axis=1, split=[2, 6], results=2)
    if g.opset < 18:
        return g("Split", x, g.ints(2, 6), axis=1, results=2)
    return g("Split", x, axis=1, num_outputs=2, results=2)


def means(g, x):
    """The mean over height and width, as N×C."""
    if g.opset < 13:
        return g("Squeeze", g("ReduceMean", x, axes=[2, 3]), axes=[2, 3])
    mean = g("ReduceMean", x, axes=[2, 3]) if g.opset < 18 else g("ReduceMean", x, g.ints(2, 3))
    return g("Squeeze", mean, g.ints(2, 3))


def as_map(g, x):
    """N×C → N×C×1×1."""
    return g("Unsqueeze", x, axes=[2, 3]) if g.opset < 13 else g("Unsqueeze", x, g.ints(2, 3))


def net(opset):
    g = Graph(opset, seed=opset, name=f"opset_{opset}")
    x = g.input("x", ["N", 6, "H", "W"])
    y = clipped(g, g.batch_norm(g.conv(x, 6, 8), 8))
    first, second = split(g, y)
    g.output(upsampled(g, first))
    if opset >= 18:
        g.output(upsampled_along_axes(g, second))
    g.output(sliced(g, padded(g, second)))
    g.output(g("MaxPool", y, kernel_shape=[3, 3], strides=[2, 2], **({"ceil_mode": 1} if opset >= 10 else {})))
    inner = g("Gemm", means(g, y), g.weights(8, 8), g.weights(8), transB=1)
    g.output(g("Mul", y, as_map(g, g("Sigmoid", inner))))
    g.output(g("Softmax", inner, axis=1), rank=2)
    return g.model()


def half_weights(model):
    """Weights in half precision, widened by a Cast each, as converters store them."""
    graph, nodes = model.graph, []
    for tensor in graph.initializer:
        if tensor.data_type == TensorProto.FLOAT and tensor.name.startswith("weights"):
            narrow = numpy_helper.to_array(tensor).astype(np.float16)
            nodes.append(helper.make_node("Cast", [f"{tensor.name}.half"], [tensor.name], to=TensorProto.FLOAT))
            tensor.CopyFrom(numpy_helper.from_array(narrow, f"{tensor.name}.half"))
    for node in reversed(nodes):
        graph.node.insert(0, node)
    onnx.checker.check_model(model, full_check=True)
    return model


def half_network():
    """Everything in half precision, as PyTorch's .half() exports it; the weights are widened, and so are the tensors."""
    g = Graph(17, seed=17, name="half")
    x = g.input("x", ["N", 4, "H", "W"], TensorProto.FLOAT16)
    half = lambda *shape: g.initializer((g.random.standard_normal(shape) / 6).astype(np.float16), "weights")
    y = g("Relu", g("Conv", x, half(8, 4, 3, 3), half(8), kernel_shape=[3, 3], pads=[1] * 4))
    g.output(g("Conv", y, half(2, 8, 1, 1), half(2), kernel_shape=[1, 1]), element=TensorProto.FLOAT16)
    return g.model()


def check(program, folder, name, file):
    """Lines about what is wrong."""
    problems = []
    for shape in SHAPES:
        values = np.random.default_rng(len(problems)).standard_normal(shape).astype(np.float32)
        expected = reference(file, {"x": values})
        try:
            actual = program.run(file, {"x": values}, list(expected))
        except Refused as refusal:
            return [f"{name}: refused: {refusal}"]
        for output in expected:
            wrong = difference(actual[output], expected[output])
            if wrong:
                problems.append(f"{name} at {shape}: {output} {wrong}")
    print(f"{name}: {'WRONG' if problems else 'ok'}", flush=True)
    return problems


def check_half(program, folder):
    """A network of half-precision tensors gives what float gives within half precision, or is refused by its type."""
    file = folder / "half.onnx"
    onnx.save(half_network(), file)
    values = np.random.default_rng(0).standard_normal((1, 4, 10, 12)).astype(np.float16)
    expected = reference(file, {"x": values})
    try:
        actual = program.run(file, {"x": values}, list(expected))
    except Refused as refusal:
        print(f"half tensors: refused: {refusal}")
        return [] if "float16" in str(refusal).lower() else [f"half tensors: refused without naming the type: {refusal}"]
    return [
        f"half tensors: {name} differs"
        for name in expected
        if not np.allclose(actual[name].astype(np.float32), expected[name].astype(np.float32), rtol=1e-2, atol=1e-2)
    ]


def main(program, folder):
    folder = Path(folder)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    program = Program(program, folder / "cache")
    problems = []
    for opset in OPSETS:
        file = folder / f"opset_{opset}.onnx"
        onnx.save(net(opset), file)
        problems += check(program, folder, f"opset {opset}", file)

    external = folder / "external" / "net.onnx"
    external.parent.mkdir()
    onnx.save(net(18), external, save_as_external_data=True, location="net.weights", size_threshold=100)
    problems += check(program, folder, "external data", external)

    narrow = folder / "half_weights.onnx"
    onnx.save(half_weights(net(13)), narrow)
    problems += check(program, folder, "half-precision weights", narrow)
    problems += check_half(program, folder)
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
