"""U-shaped nets with random weights that together use every operator that the compiler knows (OPERATORS)."""

import numpy as np
from onnx import TensorProto

from network import Graph

OPERATORS = set(
    """Conv ConvTranspose BatchNormalization InstanceNormalization Relu LeakyRelu PRelu Clip Sigmoid HardSigmoid
    HardSwish Tanh Softmax Erf MaxPool AveragePool GlobalAveragePool ReduceMean Add Sub Mul Div Max Min Pow Sqrt Neg Exp
    Concat Split Slice Pad Resize Upsample DepthToSpace SpaceToDepth ArgMax Identity Dropout Cast Constant
    ConstantOfShape Shape Gather Squeeze Unsqueeze Reshape Flatten Expand Equal Where Transpose Range Floor Ceil Gemm
    MatMul""".split()
)


def size_of(g, x):
    """Height and width of x, as a tensor of two integers."""
    return g("Slice", g("Shape", x), g.ints(2), g.ints(4))


def resize_to(g, x, like, mode="linear"):
    """x scaled to the height and width of `like`, in the words of PyTorch's exporter."""
    channels = g("Slice", g("Shape", x), g.ints(0), g.ints(2))
    sizes = g("Concat", channels, size_of(g, like), axis=0)
    if mode == "nearest":
        return g("Resize", x, None, None, sizes, mode=mode, nearest_mode="floor",
                 coordinate_transformation_mode="asymmetric")
    return g("Resize", x, None, None, sizes, mode=mode, coordinate_transformation_mode="pytorch_half_pixel")


def squeeze_and_excite(g, x, channels):
    """A weight per channel, from the channels' means, as TensorFlow's exporters write it: Gemm and MatMul on vectors."""
    hidden = channels // 4
    means = g("Flatten", g("GlobalAveragePool", x))
    inner = g("Relu", g("Gemm", means, g.weights(hidden, channels), g.weights(hidden), transB=1))
    outer = g("Add", g("MatMul", inner, g.weights(hidden, channels)), g.weights(channels))
    scale = g("Unsqueeze", g("HardSigmoid", outer, alpha=0.2, beta=0.5), g.ints(2, 3))
    return g("Mul", x, scale)


def aspp(g, x, channels):
    """Parallel rates and the picture's mean, concatenated."""
    branches = [g("Relu", g.conv(x, channels, 16, kernel=3, rate=rate)) for rate in (1, 3, 6)]
    mean = g("Relu", g.conv(g("GlobalAveragePool", x), channels, 16, kernel=1))
    return g("Concat", *branches, resize_to(g, mean, x), axis=1)


def hdc_block(g, x, channels, rates):
    """A chain of dilated convolutions around a residual."""
    y = x
    for rate in rates:
        y = g("Relu", g.batch_norm(g.conv(y, channels, channels, rate=rate, bias=False), channels))
    return g("Add", x, y)


def cropped(g, x, like):
    """x's upper left corner, of the size of `like`."""
    return g("Slice", x, g.ints(0, 0), size_of(g, like), g.ints(2, 3))


def u_net():
    g = Graph(opset=17, seed=1)
    x = g.input("x", ["N", 3, "H", "W"])
    full = g("Relu", g.batch_norm(g.conv(x, 3, 16, bias=False), 16))
    full = g("PRelu", g.conv(full, 16, 16), g.positive(16, 1, 1))
    half = g("MaxPool", full, kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1)
    half = g("LeakyRelu", g.conv(half, 16, 16, group=16), alpha=0.1)
    half = g("HardSwish", g.conv(half, 16, 32, kernel=1))
    quarter = g("Clip", g.conv(half, 32, 48, stride=2), g.scalar(0), g.scalar(6))
    quarter = squeeze_and_excite(g, hdc_block(g, quarter, 48, (1, 2, 5)), 48)
    deep = aspp(g, quarter, 48)
    up = g("ConvTranspose", deep, g.weights(64, 24, 4, 4, scale=0.05), g.weights(24), kernel_shape=[4, 4],
           strides=[2, 2], pads=[1, 1, 1, 1])
    up = g("Relu", g.conv(g("Concat", cropped(g, up, half), half, axis=1), 56, 32))
    up = g("Concat", resize_to(g, up, full), full, axis=1)
    up = g("Tanh", g.conv(up, 48, 20, rate=2))
    g.output(g("Sigmoid", g.conv(up, 20, 1)))
    scores = g.conv(up, 20, 5, kernel=1)
    g.output(g("Softmax", scores, axis=1))
    g.output(g("ArgMax", scores, axis=1, keepdims=0), rank=3, element=TensorProto.INT64)
    g.output(resize_to(g, deep, x, mode="nearest"))
    return g.model()


def arithmetic():
    """Patterns of activations, element-wise operators with broadcasting, and those that move pixels."""
    g = Graph(opset=17, seed=2)
    x = g.input("x", ["N", 8, "H", "W"])
    x1 = g.conv(x, 8, 16)
    silu = g("Mul", x1, g("Sigmoid", x1))
    erf = g("Add", g("Erf", g("Div", x1, g.scalar(np.sqrt(2)))), g.scalar(1))
    gelu = g("Mul", g("Mul", x1, erf), g.scalar(0.5))
    joined = g("Concat", silu, gelu, axis=1)
    normal = g("InstanceNormalization", joined, g.positive(32), g.weights(32))
    first, second, third = g("Split", normal, g.ints(8, 16, 8), axis=1, results=3)
    low = g("Min", first, third, g.weights(8, 1, 1, scale=1))
    high = g("Max", first, third)
    g.output(g("Sub", high, low))
    g.output(g("Sqrt", g("Add", g("Pow", second, g.scalar(2)), g.scalar(1e-3))))
    g.output(g("Neg", g("Exp", g("Neg", g("Mul", second, second)))))
    g.output(g("Div", second, g("Add", g("ReduceMean", g("Mul", second, second), axes=[2, 3]), g.scalar(1))))
    padded = g("Pad", first, g.ints(0, 0, 1, 2, 0, 0, 3, 0), g.scalar(0.5))
    g.output(g("AveragePool", padded, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1], count_include_pad=1))
    deep = g("DepthToSpace", second, blocksize=2, mode="CRD")
    g.output(deep)
    g.output(g("SpaceToDepth", g.conv(deep, 4, 8), blocksize=2))
    g.output(g("Cast", g("Floor", g("Mul", first, g.scalar(3))), to=TensorProto.FLOAT))
    g.output(g("Ceil", g("Mul", third, g.scalar(3))))
    g.output(g("Identity", g("Dropout", g.conv(third, 8, 8, rate=3))))
    g.output(g("Transpose", second, perm=[0, 2, 3, 1]))
    return g.model()


def shape_arithmetic():
    """What exporters write around sizes: nothing of it may be left when the network runs."""
    g = Graph(opset=17, seed=3)
    x = g.input("x", ["N", 4, "H", "W"])
    shape = g("Shape", g.conv(x, 4, 8))
    height = g("Gather", shape, g.scalar(2, np.int64))
    width = g("Squeeze", g("Slice", shape, g.ints(3), g.ints(4)), g.ints(0))
    half = [
        g("Cast", g("Floor", g("Div", g("Cast", side, to=TensorProto.FLOAT), g.scalar(2))), to=TensorProto.INT64)
        for side in (height, width)
    ]
    sizes = g("Concat", g("Slice", shape, g.ints(0), g.ints(2)), *[g("Unsqueeze", side, g.ints(0)) for side in half],
              axis=0)
    y = g.conv(x, 4, 8)
    small = g("Resize", y, None, None, sizes, mode="linear", coordinate_transformation_mode="align_corners")
    g.output(small)
    twice = g("Resize", small, None, g.floats(1, 1, 2, 2), mode="nearest", nearest_mode="round_prefer_floor",
              coordinate_transformation_mode="half_pixel")
    g.output(twice)

    # Expand as PyTorch writes it: −1 stands for "as it is".
    wanted = g("Concat", g.ints(-1), g.ints(8), *[g("Unsqueeze", side, g.ints(0)) for side in (height, width)], axis=0)
    ones = g("ConstantOfShape", g.ints(4), value=_tensor(np.array([1], np.int64)))
    minus = g("Mul", ones, g("Constant", value=_tensor(np.array(-1, np.int64))))
    target = g("Where", g("Equal", wanted, minus), ones, wanted)
    g.output(g("Add", y, g("Expand", g("GlobalAveragePool", y), target)))

    # Reshape and Transpose that shuffle channels, and the picture as rows of a matrix.
    batch = g("Slice", shape, g.ints(0), g.ints(1))
    sides = g("Concat", g("Unsqueeze", height, g.ints(0)), g("Unsqueeze", width, g.ints(0)), axis=0)
    rows = g("Reshape", y, g("Concat", batch, g.ints(8, -1), axis=0))
    g.output(g("Reshape", rows, g("Concat", batch, g.ints(8), sides, axis=0)))
    grouped = g("Reshape", y, g("Concat", batch, g.ints(2, 4), sides, axis=0))
    shuffled = g("Transpose", grouped, perm=[0, 2, 1, 3, 4])
    g.output(g("Reshape", shuffled, g("Concat", batch, g.ints(8), sides, axis=0)))

    # Channels 0, 2, 4 … picked by a range.
    picked = g("Range", g.scalar(0, np.int64), g.scalar(8, np.int64), g.scalar(2, np.int64))
    g.output(g("Gather", y, picked, axis=1))
    ceiled = g("Ceil", g("Mul", g("Cast", sides, to=TensorProto.FLOAT), g.scalar(0.75)))
    g.output(g("Resize", y, None, None,
               g("Concat", g("Slice", shape, g.ints(0), g.ints(2)), g("Cast", ceiled, to=TensorProto.INT64), axis=0),
               mode="linear", coordinate_transformation_mode="half_pixel"))
    return g.model()


def transposed():
    """Transposed convolutions: every parameter different per axis."""
    g = Graph(opset=17, seed=4)
    x = g.input("x", ["N", 6, "H", "W"])
    for parameters in (
        dict(kernel_shape=[3, 2], strides=[2, 3]),
        dict(kernel_shape=[4, 5], strides=[2, 1], pads=[1, 2, 1, 2]),
        dict(kernel_shape=[3, 3], strides=[3, 2], pads=[1, 0, 1, 1], output_padding=[2, 1]),
        dict(kernel_shape=[3, 2], strides=[2, 2], dilations=[2, 3], pads=[2, 1, 2, 1]),
        dict(kernel_shape=[2, 2], strides=[2, 2], group=2),
        dict(kernel_shape=[3, 3], strides=[2, 2], auto_pad="SAME_UPPER"),
    ):
        group = parameters.get("group", 1)
        weights = g.weights(6, 10 // group, *parameters["kernel_shape"], scale=0.3)
        g.output(g("ConvTranspose", x, weights, g.weights(10), **parameters))
    return g.model()


def convolutions():
    """Convolutions: kernels, strides, rates, groups and paddings that no net would use together."""
    g = Graph(opset=17, seed=5)
    x = g.input("x", ["N", 12, "H", "W"])
    for parameters in (
        dict(kernel_shape=[1, 1]),
        dict(kernel_shape=[5, 3], pads=[2, 1, 2, 1]),
        dict(kernel_shape=[3, 3], pads=[0, 2, 3, 1]),
        dict(kernel_shape=[3, 3], strides=[2, 1], pads=[1, 1, 1, 1]),
        dict(kernel_shape=[3, 3], strides=[3, 3], dilations=[2, 2], pads=[2, 2, 2, 2]),
        dict(kernel_shape=[3, 3], dilations=[4, 7], pads=[4, 7, 4, 7]),
        dict(kernel_shape=[3, 3], group=3, pads=[1, 1, 1, 1]),
        dict(kernel_shape=[2, 4], auto_pad="SAME_UPPER"),
        dict(kernel_shape=[4, 2], strides=[2, 2], auto_pad="SAME_LOWER"),
        dict(kernel_shape=[7, 1], pads=[3, 0, 3, 0]),
    ):
        group = parameters.get("group", 1)
        g.output(g("Conv", x, g.weights(15, 12 // group, *parameters["kernel_shape"]), **parameters))
    g.output(g("Conv", x, g.weights(24, 1, 3, 3), g.weights(24), kernel_shape=[3, 3], group=12, pads=[1] * 4))
    g.output(g("MaxPool", x, kernel_shape=[3, 2], strides=[2, 1], pads=[1, 0, 1, 1], dilations=[1, 2]))
    g.output(g("AveragePool", x, kernel_shape=[2, 3], strides=[1, 2], pads=[0, 1, 1, 1], ceil_mode=1))
    return g.model()


def one_dimension():
    """A net for signals."""
    g = Graph(opset=17, seed=6)
    x = g.input("x", ["N", 2, "L"])
    full = g("Relu", g("Conv", x, g.weights(16, 2, 5), g.weights(16), kernel_shape=[5], pads=[2, 2]))
    half = g("MaxPool", full, kernel_shape=[2], strides=[2])
    half = g("Relu", g("Conv", half, g.weights(16, 16, 3), kernel_shape=[3], dilations=[4], pads=[4, 4]))
    up = g("ConvTranspose", half, g.weights(16, 8, 2, scale=0.2), g.weights(8), kernel_shape=[2], strides=[2])
    g.output(g("Sigmoid", up), rank=3)
    g.output(g("Concat", full, g("Conv", full, g.weights(4, 16, 1), kernel_shape=[1]), axis=1), rank=3)
    g.output(g("GlobalAveragePool", half), rank=3)
    return g.model()


def old_style():
    """Opset 9: Upsample, and attributes where there are inputs now."""
    g = Graph(opset=9, seed=7)
    x = g.input("x", ["N", 6, "H", "W"])
    y = g("Clip", g.batch_norm(g.conv(x, 6, 12), 12), min=-1.0, max=1.0)
    y = g("Dropout", y, ratio=0.3)
    first, second = g("Split", y, axis=1, split=[4, 8], results=2)
    g.output(g("Upsample", first, g.floats(1, 1, 2, 3), mode="nearest"))
    g.output(g("Upsample", first, g.floats(1, 1, 2, 2), mode="linear"))
    padded = g("Pad", second, mode="constant", pads=[0, 0, 2, 1, 0, 0, 0, 3], value=0.25)
    g.output(g("Slice", padded, axes=[2, 3], starts=[1, 0], ends=[9223372036854775807, -1]))
    means = g("Squeeze", g("ReduceMean", second, axes=[2, 3], keepdims=1), axes=[2, 3])
    scale = g("Unsqueeze", g("Gemm", means, g.weights(8, 8), g.weights(8), alpha=0.5, beta=2.0, transB=1), axes=[2, 3])
    g.output(g("Mul", second, scale))
    g.output(g("Softmax", g("Flatten", g("GlobalAveragePool", second)), axis=1), rank=2)
    return g.model()


def _tensor(values):
    from onnx import numpy_helper

    return numpy_helper.from_array(values)


# name → (model, input shapes to run it at)
def all_models():
    return {
        "u_net": (u_net(), [(1, 3, 64, 64), (2, 3, 37, 53), (1, 3, 21, 96), (1, 3, 17, 18)]),
        "arithmetic": (arithmetic(), [(1, 8, 24, 32), (2, 8, 18, 22), (1, 8, 2, 4)]),
        "shape_arithmetic": (shape_arithmetic(), [(1, 4, 32, 32), (2, 4, 33, 19), (1, 4, 5, 70)]),
        "transposed": (transposed(), [(1, 6, 16, 16), (2, 6, 7, 13), (1, 6, 1, 1)]),
        "convolutions": (convolutions(), [(1, 12, 32, 32), (2, 12, 13, 31), (1, 12, 9, 11)]),
        "one_dimension": (one_dimension(), [(1, 2, 64), (3, 2, 50)]),
        "old_style": (old_style(), [(1, 6, 20, 20), (2, 6, 11, 17)]),
    }
