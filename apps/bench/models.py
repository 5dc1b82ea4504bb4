"""The networks that are timed, made with seeded weights."""

import numpy as np
from onnx import TensorProto

from graph import Graph

SEED = 2026


def stack(channels, size, rates):
    """3×3 convolutions one after the other. `size` may be None: any height and width."""
    g = Graph(SEED)
    shape = [size, size] if size else ["H", "W"]
    x = g.input("x", [1, channels, *shape])
    for rate in rates:
        x = g.conv(x, channels, channels, rate=rate)
    return g.model(x)


def bottleneck(g, x, inputs, inner, outputs, rate=1, stride=1):
    """ResNet's residual block; the shortcut is a convolution where the shapes differ."""
    y = g.conv(x, inputs, inner, (1, 1))
    y = g.conv(y, inner, inner, rate=rate, stride=stride)
    y = g.conv(y, inner, outputs, (1, 1), relu=False, gain=0.3)
    if inputs != outputs or stride != 1:
        x = g.conv(x, inputs, outputs, (1, 1), stride=stride, relu=False, gain=0.7)
    return g("Relu", g("Add", x, y))


def bottlenecks(size=60, outer=1024, inner=256, rates=(1, 2, 5)):
    g = Graph(SEED)
    x = g.input("x", [1, outer, size, size])
    for rate in rates:
        x = bottleneck(g, x, outer, inner, outer, rate)
    return g.model(x)


def aspp_head(g, x, inputs, channels, size, rates):
    """Parallel rates, a 1×1 and the picture's mean; concatenated, then 1×1."""
    branches = [g.conv(x, inputs, channels, (1, 1))]
    branches += [g.conv(x, inputs, channels, rate=rate) for rate in rates]
    mean = g.conv(g("GlobalAveragePool", x), inputs, channels, (1, 1))
    branches.append(g.resize(mean, channels, size, size))
    return g.conv(g("Concat", *branches, axis=1), len(branches) * channels, channels, (1, 1))


def aspp(size=33, inputs=512, channels=256, rates=(6, 12, 18)):
    g = Graph(SEED)
    return g.model(aspp_head(g, g.input("x", [1, inputs, size, size]), inputs, channels, size, rates))


def depthwise(size=64, channels=256, rates=(2, 4)):
    """Depthwise 3×3, each followed by a pointwise 1×1."""
    g = Graph(SEED)
    x = g.input("x", [1, channels, size, size])
    for rate in rates:
        x = g.conv(x, channels, channels, rate=rate, group=channels)
        x = g.conv(x, channels, channels, (1, 1))
    return g.model(x)


def factorised(height=64, width=128, channels=128, rates=(2, 4, 8, 16)):
    """ERFNet's non-bottleneck-1d blocks: 3×1, 1×3, the same two dilated, and the input added."""
    g = Graph(SEED)
    x = g.input("x", [1, channels, height, width])
    for rate in rates:
        y = x
        for kernel, r in (((3, 1), 1), ((1, 3), 1), ((3, 1), rate)):
            y = g.conv(y, channels, channels, kernel, rate=r)
        y = g.conv(y, channels, channels, (1, 3), rate=rate, relu=False, gain=0.3)
        x = g("Relu", g("Add", x, y))
    return g.model(x)


def transposed(kernel, pad=0, output_padding=0, size=128, channels=64):
    """A learnt upsampling by two."""
    g = Graph(SEED)
    x = g.input("x", [1, channels, size, size])
    weights = g.weights((channels, channels, kernel, kernel), channels * kernel * kernel / 4)
    return g.model(g("Relu", g.transposed(x, weights, kernel, 2, pad, output_padding, bias=g.bias(channels))))


def bilinear(grouped, size=32, classes=21, factor=8):
    """Bilinear upsampling as a transposed convolution: a group per class, or dense weights on the diagonal."""
    g = Graph(SEED)
    x = g.input("x", [1, classes, size, size])
    ramp = 1 - np.abs((np.arange(2 * factor) + 0.5) / factor - 1)
    kernel = np.outer(ramp, ramp).astype(np.float32)
    if grouped:
        weights = np.broadcast_to(kernel, (classes, 1, *kernel.shape))
    else:
        weights = np.eye(classes, dtype=np.float32)[:, :, None, None] * kernel
    return g.model(g.transposed(x, g.constant(weights), 2 * factor, factor, factor // 2,
                                group=classes if grouped else 1))


def depth_to_space(size=64, classes=21, factor=8):
    """Sub-pixel logits and the class of each pixel."""
    g = Graph(SEED)
    x = g.input("x", [1, classes * factor * factor, size, size])
    y = g("DepthToSpace", x, blocksize=factor)
    return g.model(g("ArgMax", y, axis=1, keepdims=0), TensorProto.INT64)


def deeplab(size=513, width=64, blocks=(3, 4, 6, 3), classes=21, rates=(12, 24, 36)):
    """DeepLabV3 on a ResNet-50 of output stride 8: the strides of the last two stages became rates 2 and 4."""
    g = Graph(SEED)
    x = g.conv(g.input("x", [1, 3, size, size]), 3, width, (7, 7), stride=2)
    x = g("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
    inputs = width
    for stage, (count, stride, rate) in enumerate(zip(blocks, (1, 2, 1, 1), (1, 1, 2, 4))):
        inner = width << stage
        for block in range(count):
            # A stage's first block still has the rate of the stage before.
            first_rate = max(1, rate // 2) if block == 0 else rate
            x = bottleneck(g, x, inputs, inner, 4 * inner, first_rate, stride if block == 0 else 1)
            inputs = 4 * inner
    head, small = 4 * width, (((size + 1) // 2 + 1) // 2 + 1) // 2
    x = aspp_head(g, x, inputs, head, small, rates)
    x = g.conv(g.conv(x, head, head), head, classes, (1, 1), relu=False)
    return g.model(g.resize(x, classes, size, size))
