// One ONNX node while it is imported: its inputs, attributes and outputs, and how it is refused.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "compiler/import_graph.h"

namespace atrous {

class NodeImport {
  public:
    NodeImport(ImportGraph& graph, const onnx::NodeProto& proto) : graph_(graph), proto_(proto) {}

    const OnnxModel& model() const { return graph_.model(); }
    const onnx::NodeProto& proto() const { return proto_; }
    const std::string& op() const { return proto_.op_type(); }
    int opset() const { return graph_.opset(); }
    std::string name() const;     // the node's, or its first output's
    std::string subject() const;  // FILE: node "NAME" (Conv)
    [[noreturn]] void refuse(const std::string& problem, const std::string& advice = {}) const;

    // Inputs. Index 0 is the first.
    size_t input_count() const { return static_cast<size_t>(proto_.input_size()); }
    bool has(size_t i) const { return i < input_count() && !proto_.input(static_cast<int>(i)).empty(); }
    const std::string& input_name(size_t i) const { return proto_.input(static_cast<int>(i)); }
    std::string label(size_t i) const { return "\"" + shown_name(input_name(i)) + "\""; }
    void expect_inputs(size_t least, size_t most) const;

    bool known(size_t i) const { return graph_.is_known(input_name(i)); }  // its elements are known now
    bool all_known() const;
    // Known elements; refused where they are not. `role` is the input's name in ONNX: "scales".
    Array array(size_t i, const char* role) const;
    std::vector<Size> sizes(size_t i, const char* role) const;        // at most one axis, integers
    std::vector<int64_t> integers(size_t i, const char* role) const;  // … and numbers
    std::optional<float> scalar(size_t i, const char* role) const;    // nothing where the input is absent
    // A tensor at run time; constants become values of the network.
    ValueId data(size_t i) const;
    ValueId float_data(size_t i) const;  // refused where the element type is another
    void check_float(size_t i) const;
    std::vector<Size> shape(size_t i) const;
    ElementType type(size_t i) const;
    int64_t rank(size_t i) const { return static_cast<int64_t>(shape(i).size()); }

    // Attributes; the second argument is the default.
    bool has_attribute(const char* name) const { return attribute(name) != nullptr; }
    const onnx::AttributeProto* attribute(const char* name) const;
    int64_t integer(const char* name, int64_t otherwise) const;
    bool flag(const char* name, bool otherwise) const;
    float real(const char* name, float otherwise) const;
    std::string text(const char* name, const std::string& otherwise) const;
    std::optional<std::vector<int64_t>> list(const char* name) const;
    std::vector<float> reals(const char* name) const;
    // An axis counted from 0, negative ones from the back.
    size_t axis(int64_t value, int64_t rank, const char* name = "axis") const;
    std::vector<size_t> axes(const std::vector<int64_t>& values, int64_t rank) const;  // distinct

    // Outputs.
    bool wants(size_t i) const;  // somebody reads it
    size_t output_count() const { return static_cast<size_t>(proto_.output_size()); }
    void result_is_input(size_t i = 0);  // the first output is that input
    void result(Array array, size_t i = 0);
    void loaded_result(Array array);  // whose elements are in the file
    void result(ValueId id, size_t i = 0);
    bool symbolic(size_t i) const { return graph_.is_symbolic(input_name(i)); }
    const Value& value(ValueId id) const { return graph_.value(id); }
    ValueId add(Op op, std::vector<ValueId> inputs, std::vector<Size> shape, ElementType type = ElementType::f32);
    void add_result(Op op, std::vector<ValueId> inputs, std::vector<Size> shape, ElementType type = ElementType::f32) {
        result(add(std::move(op), std::move(inputs), std::move(shape), type));
    }
    ValueId constant(Array array) { return graph_.add_constant(std::move(array)); }
    ValueId constant(float number);  // without axes
    // Refuses results of folding that no real model has.
    void check_count(const std::vector<int64_t>& shape) const;

    // Requirements: refused where they certainly fail, constraints of the network where they depend on the input.
    // `what` reads like `height of "a"`.
    void require_equal(const std::string& what_a, const Size& a, const std::string& what_b, const Size& b);
    void require_positive(const std::string& what, const Size& size);
    void require(const Size& condition, const std::string& sentence);
    std::string dim_label(size_t input, size_t axis) const;  // height of "a"
    // The dimension as a number; refused where it depends on the input.
    int64_t fixed(const Size& size, const std::string& what) const;

  private:
    ImportGraph& graph_;
    const onnx::NodeProto& proto_;
};

// The table of operators.
using ImportOperator = void (*)(NodeImport&);
struct OperatorEntry {
    const char* name;
    ImportOperator import;
    int known_through = 28;  // the newest opset whose definition is known to mean the same
};
// Nothing for an operator that is not in the table.
const OperatorEntry* find_operator(const std::string& name);
// Imports one node: picks the operator, and gives every problem its node. Throws Error.
void import_node(ImportGraph& graph, const onnx::NodeProto& proto);

}  // namespace atrous
