"""An ONNX graph as a PyTorch module: the operators that the cases use."""

import numpy as np
import onnx
import torch
from onnx import helper, numpy_helper
from torch.nn import functional as F


def attributes(node):
    return {a.name: helper.get_attribute_value(a) for a in node.attribute}


def tensor(proto):
    return torch.from_numpy(np.array(numpy_helper.to_array(proto)))


def numbers(value):
    """A tensor of sizes as a list."""
    return [int(v) for v in value.reshape(-1).tolist()]


def padded(x, pads, value=0.0):
    """x with ONNX's pads (top, left, bottom, right) where the sides differ, and what is left to pad."""
    top, left, bottom, right = pads
    if (top, left) == (bottom, right):
        return x, (top, left)
    return F.pad(x, (left, right, top, bottom), value=value), (0, 0)


def conv(a, x, weights, bias=None):
    x, pads = padded(x, a.get("pads", [0] * 4))
    return F.conv2d(x, weights, bias, a.get("strides", 1), pads, a.get("dilations", 1), a.get("group", 1))


def conv_transpose(a, x, weights, bias=None):
    top, left, bottom, right = a.get("pads", [0] * 4)
    if (top, left) != (bottom, right):
        raise ValueError("uneven pads of a transposed convolution")
    return F.conv_transpose2d(x, weights, bias, a.get("strides", 1), (top, left), a.get("output_padding", 0),
                              a.get("group", 1), a.get("dilations", 1))


def max_pool(a, x):
    x, pads = padded(x, a.get("pads", [0] * 4), -torch.inf)
    return F.max_pool2d(x, a["kernel_shape"], a.get("strides", 1), pads, ceil_mode=bool(a.get("ceil_mode", 0)))


def resize(a, x, roi=None, scales=None, sizes=None):
    modes = a.get("mode"), a.get("coordinate_transformation_mode")
    if modes not in ((b"linear", b"pytorch_half_pixel"), (b"linear", b"half_pixel")):
        raise ValueError("only bilinear Resize of half pixels")
    if sizes is None:
        sizes = [int(n * s) for n, s in zip(x.shape, scales.tolist())]
    else:
        sizes = numbers(sizes)
    return F.interpolate(x, size=sizes[2:], mode="bilinear", align_corners=False)


def sliced(a, x, starts, ends, axes=None, steps=None):
    index = [slice(None)] * x.dim()
    steps = numbers(steps) if steps is not None else [1] * starts.numel()
    axes = numbers(axes) if axes is not None else range(starts.numel())
    for start, end, axis, step in zip(numbers(starts), numbers(ends), axes, steps):
        index[axis] = slice(start, end, step)
    return x[tuple(index)]


def gather(a, x, index):
    axis = a.get("axis", 0)
    found = torch.index_select(x, axis, index.reshape(-1))
    return found.reshape((*x.shape[:axis], *index.shape, *x.shape[axis + 1 :]))


def unsqueezed(a, x, axes=None):
    for axis in sorted(a["axes"] if axes is None else numbers(axes)):
        x = x.unsqueeze(axis)
    return x


def depth_to_space(a, x):
    """Mode DCR: depth, column, row."""
    if a.get("mode", b"DCR") != b"DCR":
        raise ValueError("only DepthToSpace of mode DCR")
    n, c, h, w = x.shape
    b = a["blocksize"]
    x = x.reshape(n, b, b, c // (b * b), h, w)
    return x.permute(0, 3, 4, 1, 5, 2).reshape(n, c // (b * b), h * b, w * b)


OPERATORS = {
    "Add": lambda a, x, y: x + y,
    "ArgMax": lambda a, x: x.argmax(a.get("axis", 0), bool(a.get("keepdims", 1))),
    "Cast": lambda a, x: x.to({1: torch.float32, 6: torch.int32, 7: torch.int64}[a["to"]]),
    "Concat": lambda a, *x: torch.cat(x, a["axis"]),
    "Constant": lambda a: tensor(a["value"]),
    "Conv": conv,
    "ConvTranspose": conv_transpose,
    "DepthToSpace": depth_to_space,
    "Gather": gather,
    "GlobalAveragePool": lambda a, x: x.mean((2, 3), keepdim=True),
    "MaxPool": max_pool,
    "Relu": lambda a, x: F.relu(x),
    "Resize": resize,
    "Shape": lambda a, x: torch.tensor(x.shape),
    "Sigmoid": lambda a, x: torch.sigmoid(x),
    "Slice": sliced,
    "Unsqueeze": unsqueezed,
}


class Net(torch.nn.Module):
    """forward() takes the inputs in order and returns the first output."""

    def __init__(self, file):
        super().__init__()
        graph = onnx.load(str(file)).graph
        unknown = {node.op_type for node in graph.node} - OPERATORS.keys()
        if unknown:
            raise ValueError(f"no {', '.join(sorted(unknown))} here")
        self.constants = {t.name: tensor(t) for t in graph.initializer}
        self.names = [value.name for value in graph.input if value.name not in self.constants]
        self.output = graph.output[0].name
        self.nodes = [(OPERATORS[n.op_type], attributes(n), list(n.input), n.output[0]) for n in graph.node]

    def forward(self, *inputs):
        values = {**self.constants, **dict(zip(self.names, inputs)), "": None}
        for operator, attribute, names, result in self.nodes:
            values[result] = operator(attribute, *(values[name] for name in names))
        return values[self.output]


def compiled(file, inputs):
    """Traced, frozen, with what PyTorch does for inference: layers fused, weights in oneDNN's layout."""
    net = Net(file).eval()
    tensors = [torch.from_numpy(inputs[name]) for name in net.names]
    with torch.inference_mode():
        traced = torch.jit.freeze(torch.jit.trace(net, tensors, check_trace=False))
        return torch.jit.optimize_for_inference(traced), tensors
