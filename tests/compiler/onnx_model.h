// Small ONNX models made in memory through the official schema, for the tests of the import.
#pragma once

#include <onnx.pb.h>

#include <numeric>
#include <string>
#include <variant>
#include <vector>

#include "compiler/import.h"

namespace atrous::test {

using Attribute =
    std::variant<int64_t, float, std::string, std::vector<int64_t>, std::vector<float>, onnx::TensorProto>;
using Attributes = std::vector<std::pair<std::string, Attribute>>;

// A dimension of an input: a number, a name, or "" for one that is left unset.
using Dim = std::variant<int64_t, std::string>;

class OnnxBuilder {
  public:
    explicit OnnxBuilder(int64_t opset = 17) {
        model.set_ir_version(8);
        model.add_opset_import()->set_version(opset);
        model.mutable_graph()->set_name("graph");
    }

    OnnxBuilder& input(const std::string& name, const std::vector<Dim>& dims,
                       onnx::TensorProto::DataType type = onnx::TensorProto::FLOAT) {
        auto* info = model.mutable_graph()->add_input();
        info->set_name(name);
        auto* tensor = info->mutable_type()->mutable_tensor_type();
        tensor->set_elem_type(type);
        tensor->mutable_shape();
        for (const Dim& dim : dims) {
            auto* added = tensor->mutable_shape()->add_dim();
            if (const auto* number = std::get_if<int64_t>(&dim))
                added->set_dim_value(*number);
            else if (!std::get<std::string>(dim).empty())
                added->set_dim_param(std::get<std::string>(dim));
        }
        return *this;
    }

    // Float weights 1, 2, 3 … 7, 1 …: never zero.
    OnnxBuilder& weights(const std::string& name, const std::vector<int64_t>& shape) {
        const int64_t count = std::accumulate(shape.begin(), shape.end(), int64_t{1}, std::multiplies<>());
        std::vector<float> values;
        for (int64_t i = 0; i < count; ++i) values.push_back(static_cast<float>(i % 7 + 1));
        return floats(name, shape, values);
    }
    OnnxBuilder& floats(const std::string& name, const std::vector<int64_t>& shape, const std::vector<float>& values) {
        *model.mutable_graph()->add_initializer() = float_tensor(name, shape, values);
        return *this;
    }
    OnnxBuilder& integers(const std::string& name, const std::vector<int64_t>& values) {
        auto* tensor = model.mutable_graph()->add_initializer();
        tensor->set_name(name);
        tensor->set_data_type(onnx::TensorProto::INT64);
        tensor->add_dims(static_cast<int64_t>(values.size()));
        for (const int64_t value : values) tensor->add_int64_data(value);
        return *this;
    }
    OnnxBuilder& integer(const std::string& name, int64_t value) {
        integers(name, {value});
        model.mutable_graph()->mutable_initializer()->rbegin()->clear_dims();
        return *this;
    }

    // The node is called after its first output: node_y.
    OnnxBuilder& node(const std::string& op, const std::vector<std::string>& inputs,
                      const std::vector<std::string>& outputs, const Attributes& attributes = {}) {
        auto* added = model.mutable_graph()->add_node();
        added->set_op_type(op);
        added->set_name("node_" + outputs.at(0));
        for (const std::string& name : inputs) added->add_input(name);
        for (const std::string& name : outputs) added->add_output(name);
        for (const auto& [name, value] : attributes) set(*added->add_attribute(), name, value);
        return *this;
    }

    OnnxBuilder& output(const std::string& name) {
        model.mutable_graph()->add_output()->set_name(name);
        return *this;
    }

    std::string bytes() const { return model.SerializeAsString(); }
    Network import(bool dynamic = false) const { return import_onnx_bytes(bytes(), "m.onnx", {dynamic}); }
    // What describe() says, without the inputs' lines.
    std::string described(bool dynamic = false) const {
        const std::string text = describe(import(dynamic));
        return text.substr(text.rfind("input ", 0) == 0 ? text.find("\n", text.rfind("\ninput ") + 1) + 1 : 0);
    }
    // The message of the Error that the import must throw.
    std::string error(bool dynamic = false) const {
        try {
            import(dynamic);
        } catch (const std::exception& error) {
            return error.what();
        }
        return "no error";
    }
    // The shape of output i, as text: "1,8,H,W".
    std::string shape(size_t i = 0, bool dynamic = false) const { return shape_of(import(dynamic), i); }

    static std::string shape_of(const Network& network, size_t i = 0) {
        std::string text;
        for (const Size& size : network.values[network.outputs.at(i)].shape)
            text += (text.empty() ? "" : ",") + size.text();
        return text;
    }

    static onnx::TensorProto float_tensor(const std::string& name, const std::vector<int64_t>& shape,
                                          const std::vector<float>& values) {
        onnx::TensorProto tensor;
        tensor.set_name(name);
        tensor.set_data_type(onnx::TensorProto::FLOAT);
        for (const int64_t extent : shape) tensor.add_dims(extent);
        tensor.set_raw_data(values.data(), values.size() * sizeof(float));
        return tensor;
    }

    onnx::ModelProto model;

  private:
    static void set(onnx::AttributeProto& attribute, const std::string& name, const Attribute& value) {
        attribute.set_name(name);
        if (const auto* number = std::get_if<int64_t>(&value)) {
            attribute.set_type(onnx::AttributeProto::INT);
            attribute.set_i(*number);
        } else if (const auto* real = std::get_if<float>(&value)) {
            attribute.set_type(onnx::AttributeProto::FLOAT);
            attribute.set_f(*real);
        } else if (const auto* text = std::get_if<std::string>(&value)) {
            attribute.set_type(onnx::AttributeProto::STRING);
            attribute.set_s(*text);
        } else if (const auto* list = std::get_if<std::vector<int64_t>>(&value)) {
            attribute.set_type(onnx::AttributeProto::INTS);
            for (const int64_t entry : *list) attribute.add_ints(entry);
        } else if (const auto* reals = std::get_if<std::vector<float>>(&value)) {
            attribute.set_type(onnx::AttributeProto::FLOATS);
            for (const float entry : *reals) attribute.add_floats(entry);
        } else {
            attribute.set_type(onnx::AttributeProto::TENSOR);
            *attribute.mutable_t() = std::get<onnx::TensorProto>(value);
        }
    }
};

using Ints = std::vector<int64_t>;

}  // namespace atrous::test
