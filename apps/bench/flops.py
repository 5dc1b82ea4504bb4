"""How many multiplications of a network meet real pixels: taps in the padding, and weights between channels that
are zero, do not count."""

import numpy as np
import onnx
from onnx import numpy_helper


def axis_pairs(size, outputs, kernel, stride=1, rate=1, pad=0):
    """Along one axis: pairs of output and tap that read a pixel: output·stride + tap·rate - pad in 0 … size-1."""
    pairs = 0
    for tap in range(kernel):
        offset = tap * rate - pad
        first = max(0, -(offset // stride))  # the smallest output with output·stride + offset >= 0
        last = min(outputs - 1, (size - 1 - offset) // stride)
        pairs += max(0, last - first + 1)
    return pairs


def window(node, kernel):
    """For each of two axes: kernel, stride, rate, pad before."""
    attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
    if attributes.get("auto_pad", b"NOTSET") not in (b"NOTSET", b"VALID"):
        raise ValueError(f"{node.name}: auto_pad is not counted")
    strides, rates = attributes.get("strides", [1, 1]), attributes.get("dilations", [1, 1])
    pads = attributes.get("pads", [0] * 4)
    return list(zip(kernel, strides, rates, pads[:2]))


def channel_pairs(weights):
    """Pairs of input and output channel with a weight other than zero between them, of all groups together."""
    return int(np.count_nonzero(np.abs(weights).max(axis=(2, 3))))


def node_multiplications(node, shapes, constants):
    x, y = shapes[node.input[0]], shapes[node.output[0]]
    if node.op_type in ("Gemm", "MatMul"):
        transposed = any(a.name == "transA" and a.i for a in node.attribute)
        return int(np.prod(y)) * (x[-2] if transposed else x[-1])
    weights = constants[node.input[1]]
    axes = window(node, weights.shape[2:])
    # A transposed convolution is the transpose of one: what it writes is what the other would read.
    image, positions = (x, y) if node.op_type == "Conv" else (y, x)
    taps = [axis_pairs(image[2 + i], positions[2 + i], *axis) for i, axis in enumerate(axes)]
    return x[0] * channel_pairs(weights) * taps[0] * taps[1]


COUNTED = ("Conv", "ConvTranspose", "Gemm", "MatMul")


def known_shapes(model):
    model = onnx.shape_inference.infer_shapes(model, data_prop=True)
    values = [*model.graph.input, *model.graph.value_info, *model.graph.output]
    dims = {v.name: [d.dim_value for d in v.type.tensor_type.shape.dim] for v in values
            if v.type.tensor_type.HasField("shape")}
    return {name: shape for name, shape in dims.items() if all(shape)}


def observed_shapes(model, names, inputs):
    """From running it: for graphs that compute their shapes in ways that ONNX does not follow."""
    import onnxruntime

    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    present = {value.name for value in copy.graph.output} | set(inputs)
    copy.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names if name not in present)
    session = onnxruntime.InferenceSession(copy.SerializeToString(), providers=["CPUExecutionProvider"])
    shapes = {name: list(value.shape) for name, value in inputs.items()}
    wanted = [name for name in names if name not in inputs]
    return shapes | {name: list(value.shape) for name, value in zip(wanted, session.run(wanted, inputs))}


def multiplications(model, inputs):
    """Of the whole network, for these inputs (name → array)."""
    nodes = [node for node in model.graph.node if node.op_type in COUNTED]
    constants = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
    names = {name for node in nodes for name in (node.input[0], node.output[0])}
    shapes = known_shapes(model)
    if not names <= shapes.keys():
        shapes = observed_shapes(model, sorted(names), inputs)
    return sum(node_multiplications(node, shapes, constants) for node in nodes)


def weight_bytes(model):
    return sum(len(t.raw_data) or numpy_helper.to_array(t).nbytes for t in model.graph.initializer)
