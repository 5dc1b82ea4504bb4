// The state of an import: what is known of every ONNX value, and the network as it grows.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "compiler/array.h"
#include "compiler/ir.h"
#include "compiler/onnx_reader.h"

namespace atrous {

// The network's element type for an ONNX type: every float is f32.
std::optional<ElementType> element_type(int onnx_type);
// A name as it may stand in a message: without control characters, not endless.
std::string shown_name(const std::string& name);
// "height" for axis 2 of 4, "dimension 5" where axes have no names.
std::string axis_name(size_t rank, size_t axis);

// The nodes that the outputs need, in an order in which every value is there before it is read. Throws Error for
// cycles, values that nothing produces and values produced twice.
std::vector<int> execution_order(const OnnxModel& model);
// `FILE: node "NAME" (Conv)`.
std::string subject_of(const OnnxModel& model, const onnx::NodeProto& node);
bool is_standard_domain(const std::string& domain);

class ImportGraph {
  public:
    // `free`: heights and widths that are declared as numbers are free all the same.
    ImportGraph(const OnnxModel& model, bool free);

    // Reads inputs, nodes and outputs. Throws Error.
    void run();
    Network take() { return std::move(network_); }
    // The declared size of every input dimension that was made free: input, dimension → size.
    const std::map<std::pair<uint32_t, uint32_t>, int64_t>& declared() const { return declared_; }

    // What follows is for NodeImport and the operators.

    int opset() const { return opset_; }
    const OnnxModel& model() const { return model_; }
    const Value& value(ValueId id) const { return network_.values[id]; }
    bool is_known(const std::string& name);  // its elements are known now
    Array array(const std::string& name);    // a copy, only if known
    std::vector<Size> shape(const std::string& name);
    ElementType type(const std::string& name);
    ValueId value_of(const std::string& name);  // no_value where a known array is symbolic
    bool is_symbolic(const std::string& name);  // known, but not as numbers
    bool is_read(const std::string& name) const { return read_.contains(name); }
    bool is_defined(const std::string& name) const { return entries_.contains(name) || aliases_.contains(name); }
    void define_alias(const std::string& name, const std::string& original);
    void define(const std::string& name, Array array);
    void define(const std::string& name, ValueId id);
    ValueId add_value(ElementType type, std::vector<Size> shape);  // unnamed
    ValueId add_constant(Array array);                             // unnamed; elements are numbers
    void add_node(Node node) { network_.nodes.push_back(std::move(node)); }
    void add_constraint(Size condition, std::string message);
    // Counts elements that folding creates; false when there are more than any model needs. What that is follows from
    // the elements that the file itself holds.
    bool afford(int64_t elements);
    void note_loaded(const Array& array) { affordable_ += 8 * array.count(); }
    bool is_function(const onnx::NodeProto& node) const { return functions_.contains({node.domain(), node.op_type()}); }

  private:
    // An ONNX value: a stored tensor not looked at yet, known elements, a value of the network, or both of these.
    struct Entry {
        const onnx::TensorProto* stored = nullptr;
        std::optional<Array> array;
        ValueId value = no_value;
    };

    void read_opset();
    void note_readers(const std::vector<int>& order);
    void read_initializers();
    void read_inputs();
    void read_input(const onnx::ValueInfoProto& input);
    Size free_dim(const std::string& input, uint32_t index, uint32_t dim, const std::string& name,
                  const std::string& identity);
    void read_outputs();
    ValueId copied(ValueId id);
    Entry& entry(const std::string& name);
    [[noreturn]] void refuse(const std::string& problem, const std::string& advice) const;

    const OnnxModel& model_;
    const bool free_;
    int opset_ = 0;
    Network network_;
    std::unordered_map<std::string, Entry> entries_;
    std::unordered_map<std::string, std::string> aliases_;  // name → the entry it stands for
    std::unordered_set<std::string> read_;                  // by a node that is needed, or as an output
    std::map<std::string, Size> free_dims_;                 // by what makes two of them the same
    std::set<std::string> free_names_;
    std::map<std::pair<uint32_t, uint32_t>, int64_t> declared_;
    std::set<std::pair<std::string, std::string>> functions_;  // the model's own: domain, name
    std::set<std::string> constraints_;                        // the conditions, each required once
    int64_t affordable_ = int64_t{1} << 25;
};

}  // namespace atrous
