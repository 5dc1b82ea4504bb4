"""ONNX models with seeded weights, a line a layer."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 17


class Graph:
    """g = Graph(1); x = g.input("x", [1, 3, 8, 8]); model = g.model(g.conv(x, 3, 16))"""

    def __init__(self, seed):
        self.random = np.random.default_rng(seed)
        self.nodes, self.constants, self.inputs = [], [], []

    def __call__(self, op, *inputs, **attributes):
        name = f"{op.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, inputs, [name], name=name, **attributes))
        return name

    def input(self, name, shape):
        self.inputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
        return name

    def constant(self, values):
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def weights(self, shape, reads, gain=1.0):
        """He's initialisation: `reads` is how many values make one output."""
        scale = gain * np.sqrt(2 / reads)
        return self.constant((self.random.standard_normal(shape) * scale).astype(np.float32))

    def bias(self, channels):
        return self.constant((self.random.standard_normal(channels) * 0.1).astype(np.float32))

    def conv(self, x, inputs, outputs, kernel=(3, 3), rate=1, stride=1, group=1, relu=True, gain=1.0):
        """With bias and `same` padding. The rate is that of axes along which the kernel is longer than one."""
        rates = [rate if k > 1 else 1 for k in kernel]
        pads = [r * (k - 1) // 2 for r, k in zip(rates, kernel)]
        shape = (outputs, inputs // group, *kernel)
        weights = self.weights(shape, int(np.prod(shape[1:])), gain)
        y = self("Conv", x, weights, self.bias(outputs), kernel_shape=kernel, dilations=rates, group=group,
                 strides=[stride, stride], pads=pads + pads)
        return self("Relu", y) if relu else y

    def transposed(self, x, weights, kernel, stride, pad, output_padding=0, group=1, bias=None):
        return self("ConvTranspose", x, weights, *([bias] if bias else []), kernel_shape=[kernel, kernel],
                    strides=[stride, stride], pads=[pad] * 4, output_padding=[output_padding] * 2, group=group)

    def resize(self, x, channels, height, width):
        """Bilinear, in PyTorch's words."""
        sizes = self.constant(np.array([1, channels, height, width], np.int64))
        return self("Resize", x, "", "", sizes, mode="linear",
                    coordinate_transformation_mode="pytorch_half_pixel")

    def model(self, output, element=TensorProto.FLOAT):
        """The model whose only output is `output`."""
        outputs = [helper.make_tensor_value_info(output, element, None)]
        graph = helper.make_graph(self.nodes, "bench", self.inputs, outputs, self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8,
                                  producer_name="apps/bench")
        model = onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)
        onnx.checker.check_model(model, full_check=True)
        return model
