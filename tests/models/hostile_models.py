"""Models that nobody should have to run: name → (bytes of the .onnx file, words that the refusal must hold)."""

import numpy as np
from onnx import AttributeProto, TensorProto, helper

from network import Graph


def _value(name, shape, element=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, element, shape)


def _model(nodes, initializers=(), inputs=None, outputs=None, opset=17, domain=""):
    graph = helper.make_graph(nodes, "hostile", inputs or [_value("x", [1, 4, 8, 8])],
                              outputs or [_value("y", None)], list(initializers))
    imports = [helper.make_opsetid(domain, opset)] if opset else []
    return helper.make_model(graph, opset_imports=imports, ir_version=8)


def _weights(name, *shape):
    return helper.make_tensor(name, TensorProto.FLOAT, shape, np.zeros(shape, np.float32).ravel())


def _conv(weights_shape=(4, 4, 3, 3), **attributes):
    node = helper.make_node("Conv", ["x", "w"], ["y"], name="the_conv", **attributes)
    return _model([node], [_weights("w", *weights_shape)])


def _unary(op, **keywords):
    return _model([helper.make_node(op, ["x"], ["y"], name="the_node")], **keywords)


def cycle():
    return _model([helper.make_node("Add", ["x", "b"], ["a"], name="first"),
                   helper.make_node("Relu", ["a"], ["b"], name="second"), helper.make_node("Relu", ["b"], ["y"])])


def external(location, length="16"):
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[4], data_location=TensorProto.EXTERNAL)
    for key, value in {"location": location, "offset": "0", "length": length}.items():
        tensor.external_data.add(key=key, value=value)
    return _model([helper.make_node("PRelu", ["x", "w"], ["y"])], [tensor])


def claims_data(dims):
    """A tensor that has no bytes for the size it claims."""
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=dims)
    return _model([helper.make_node("Add", ["x", "w"], ["y"], name="the_add")], [tensor])


def filled(*shape):
    sizes = helper.make_tensor("shape", TensorProto.INT64, [len(shape)], shape)
    return _model([helper.make_node("ConstantOfShape", ["shape"], ["c"], name="the_fill"),
                   helper.make_node("Add", ["x", "c"], ["y"])], [sizes])


def wrong_attribute():
    model = _conv()
    attribute = model.graph.node[0].attribute.add(name="strides", type=AttributeProto.STRING)
    attribute.s = b"two"
    return model


def ugly_name():
    node = helper.make_node("Det", ["x"], ["y"], name='a\n\x1b[31m"b\x00')
    return _model([node])


def deep_chain(length=20000):
    """Not broken: only long."""
    names = ["x", *(f"v{i}" for i in range(length - 1)), "y"]
    return _model([helper.make_node("Relu", [a], [b]) for a, b in zip(names, names[1:])])


def _varint(number):
    low, rest = number & 127, number >> 7
    return bytes([low | 128]) + _varint(rest) if rest else bytes([low])


def _field(number, content):
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def deep_subgraph(depth=2000):
    """Branches within branches, deeper than a parser's stack might be. In bytes: onnx itself would not make it."""
    graph = b""
    for _ in range(depth):
        branch = _field(1, b"then_branch") + _field(6, graph)
        graph = _field(1, _field(1, b"x") + _field(2, b"y") + _field(4, b"If") + _field(5, branch))
    return b"\x08\x08" + _field(7, graph)


def three_dimensions():
    return _model([helper.make_node("Conv", ["x", "w"], ["y"], name="the_conv")], [_weights("w", 4, 4, 3, 3, 3)],
                  inputs=[_value("x", [1, 4, 8, 8, 8])])


def quantised():
    node = helper.make_node("DequantizeLinear", ["x", "s"], ["y"], name="the_node")
    return _model([node], [_weights("s")], inputs=[_value("x", [1, 4, 8, 8], TensorProto.UINT8)])


def integers_into_conv():
    model = _conv()
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.INT64
    return model


def whole():
    g = Graph(opset=17)
    x = g.input("x", [1, 3, 16, 16])
    g.output(g("Sigmoid", g.conv(x, 3, 1)))
    return g.model()


def models():
    """A word that must be in the message is a node, an operator, a tensor or a size: what the user has to look for."""
    valid = whole().SerializeToString()
    made = {
        "cycle": (cycle(), ["cycle"]),
        "value_that_nobody_makes": (_model([helper.make_node("Add", ["x", "ghost"], ["y"], name="the_add")]), ["ghost"]),
        "output_that_nobody_makes": (_model([helper.make_node("Relu", ["x"], ["z"])]), ["y"]),
        "two_nodes_make_one_value": (
            _model([helper.make_node("Relu", ["x"], ["y"]), helper.make_node("Neg", ["x"], ["y"])]), ["y"]),
        "no_outputs": (helper.make_model(helper.make_graph([], "g", [_value("x", [1])], [])), ["output"]),
        "external_file_missing": (external("not_there.bin"), ["not_there.bin"]),
        "external_file_elsewhere": (external("../../../../etc/passwd"), ["w"]),
        "external_file_absolute": (external("/etc/passwd"), ["w"]),
        "external_length_huge": (external("external_length_huge.onnx", str(2**62)), ["w"]),
        "external_length_no_number": (external("external_length_no_number.onnx", "sixteen"), ["w"]),
        "weights_without_data": (claims_data([1, 4, 8, 8]), ["w"]),
        "weights_of_absurd_size": (claims_data([2**40, 2**40]), ["w"]),
        "weights_of_negative_size": (claims_data([-4]), ["w"]),
        "constant_of_absurd_size": (filled(1, 4, 10**9, 10**9), []),
        "constant_of_negative_size": (filled(1, -4, 8, 8), ["the_fill"]),
        "input_of_absurd_size": (_unary("Relu", inputs=[_value("x", [1, 2**40, 2**40, 8])]), ["x"]),
        "input_of_negative_size": (_unary("Relu", inputs=[_value("x", [1, -3, 8, 8])]), ["x"]),
        "attribute_of_a_wrong_type": (wrong_attribute(), ["the_conv", "strides"]),
        "integers_into_conv": (integers_into_conv(), ["the_conv"]),
        "strides_of_zero": (_conv(strides=[0, 1]), ["the_conv", "strides"]),
        "strides_negative": (_conv(strides=[-1, 1]), ["the_conv", "strides"]),
        "dilations_of_zero": (_conv(dilations=[1, 0]), ["the_conv", "dilations"]),
        "pads_huge": (_conv(pads=[2**62, 0, 2**62, 0]), ["the_conv", "pads"]),
        "pads_too_few": (_conv(pads=[1, 1]), ["the_conv", "pads"]),
        "group_of_zero": (_conv(group=0), ["the_conv", "group"]),
        "group_that_does_not_divide": (_conv(group=3), ["the_conv"]),
        "channels_that_differ": (_conv(weights_shape=(4, 5, 3, 3)), ["the_conv"]),
        "kernel_larger_than_the_picture": (_conv(weights_shape=(4, 4, 9, 9)), ["the_conv"]),
        "kernel_shape_that_differs": (_conv(kernel_shape=[5, 5]), ["the_conv", "kernel_shape"]),
        "auto_pad_unheard_of": (_conv(auto_pad="SAME_MIDDLE"), ["the_conv", "auto_pad"]),
        "too_few_inputs": (_model([helper.make_node("Conv", ["x"], ["y"], name="the_conv")]), ["the_conv"]),
        "operator_unheard_of": (_unary("Frobnicate"), ["the_node", "Frobnicate"]),
        "operator_of_another_domain": (
            _model([helper.make_node("Relu", ["x"], ["y"], name="the_node", domain="com.example")]), ["com.example"]),
        "opset_too_old": (_unary("Relu", opset=6), ["6", "7"]),
        "opset_missing": (_unary("Relu", opset=None), ["opset"]),
        "three_dimensions": (three_dimensions(), ["the_conv", "Conv"]),
        "quantised": (quantised(), ["the_node", "DequantizeLinear"]),
        "ugly_name": (ugly_name(), ["Det"]),
    }
    files = {name: (model.SerializeToString(), words) for name, (model, words) in made.items()}
    files["deep_subgraph"] = (deep_subgraph(), [])
    files["empty"] = (b"", [])
    files["text"] = (b"This is not a model.\n", [])
    files["picture"] = (b"\x89PNG\r\n\x1a\n" + bytes(64), [])
    files["cut"] = (valid[: len(valid) // 2], [])
    return files
