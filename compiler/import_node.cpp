#include "compiler/import_node.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "compiler/onnx_tensor.h"
#include "runtime/error.h"

namespace atrous {

namespace {

constexpr int64_t largest_extent = 2147483647, largest_rank = 16;
constexpr int64_t symbolic_cost = 256;  // a symbolic element weighs as much as so many numbers
constexpr int newest_opset = 24;
const char* const simplify = "simplify the model (fold its constants) before compiling it";

const char* name_of(ElementType type) {
    switch (type) {
    case ElementType::f32:
        return "float";
    case ElementType::i64:
        return "int64";
    case ElementType::i32:
        return "int32";
    case ElementType::u8:
        return "uint8";
    case ElementType::boolean:
        return "bool";
    case ElementType::i8:
        return "int8";
    case ElementType::f64:
        return "double";
    case ElementType::f16:
        return "float16";
    }
    return "?";
}

}  // namespace

std::string NodeImport::name() const {
    return shown_name(proto_.name().empty() && proto_.output_size() > 0 ? proto_.output(0) : proto_.name());
}

std::string NodeImport::subject() const {
    return subject_of(graph_.model(), proto_);
}

void NodeImport::refuse(const std::string& problem, const std::string& advice) const {
    throw Error(subject(), problem, advice);
}

void NodeImport::expect_inputs(size_t least, size_t most) const {
    const bool present = input_count() <= most && [&] {
        for (size_t i = 0; i < least; ++i)
            if (!has(i)) return false;
        return true;
    }();
    if (present) return;
    const std::string expected =
        least == most ? std::to_string(least) : std::to_string(least) + " to " + std::to_string(most);
    refuse("it has " + std::to_string(input_count()) + " inputs, expected " + expected, "export the model again");
}

bool NodeImport::all_known() const {
    for (size_t i = 0; i < input_count(); ++i)
        if (has(i) && !known(i)) return false;
    return true;
}

Array NodeImport::array(size_t i, const char* role) const {
    if (!has(i)) refuse(std::string("its input \"") + role + "\" is missing", "export the model again");
    if (!known(i))
        refuse(std::string("its input \"") + role + "\" (" + label(i) +
                   ") is computed from the data, supported are constants and arithmetic on shapes",
               simplify);
    return graph_.array(input_name(i));
}

std::vector<Size> NodeImport::sizes(size_t i, const char* role) const {
    const Array known = array(i, role);
    if (known.rank() > 1 || known.count() > 1024)
        refuse(std::string("its input \"") + role + "\" has " + std::to_string(known.rank()) + " dimensions and " +
                   std::to_string(known.count()) + " elements, expected one dimension",
               "export the model again");
    return sizes_of(known);
}

std::vector<int64_t> NodeImport::integers(size_t i, const char* role) const {
    std::optional<std::vector<int64_t>> numbers = integers_of(array(i, role));
    if (!numbers)
        refuse(std::string("its input \"") + role + "\" depends on the size of the model's input, expected numbers",
               simplify);
    if (numbers->size() > 1024) refuse(std::string("its input \"") + role + "\" has too many elements");
    return *numbers;
}

std::optional<float> NodeImport::scalar(size_t i, const char* role) const {
    if (!has(i)) return std::nullopt;
    const std::optional<std::vector<float>> numbers = floats_of(array(i, role));
    if (!numbers || numbers->size() != 1)
        refuse(std::string("its input \"") + role + "\" must be one number", simplify);
    return numbers->front();
}

ValueId NodeImport::data(size_t i) const {
    if (!has(i)) refuse("its input " + std::to_string(i) + " is missing", "export the model again");
    const ValueId id = graph_.value_of(input_name(i));
    if (id == no_value)
        refuse("its input " + label(i) +
                   " holds sizes that depend on the model's input, which can be used for shapes only",
               "export the model for one size");
    const std::vector<Size>& shape = graph_.value(id).shape;
    if (std::any_of(shape.begin(), shape.end(), [](const Size& size) { return size == Size(0); }))
        refuse("its input " + label(i) + " has no elements", simplify);
    if (shape.size() > plan::max_rank)
        refuse("its input " + label(i) + " has " + std::to_string(shape.size()) + " dimensions, supported are up to 6");
    return id;
}

ValueId NodeImport::float_data(size_t i) const {
    const ValueId id = data(i);
    check_float(i);
    return id;
}

void NodeImport::check_float(size_t i) const {
    if (type(i) != ElementType::f32)
        refuse("its input " + label(i) + " has element type " + name_of(type(i)) + ", supported is float",
               "put a Cast in front of it");
}

std::vector<Size> NodeImport::shape(size_t i) const {
    if (!has(i)) refuse("its input " + std::to_string(i) + " is missing", "export the model again");
    return graph_.shape(input_name(i));
}

ElementType NodeImport::type(size_t i) const {
    return graph_.type(input_name(i));
}

const onnx::AttributeProto* NodeImport::attribute(const char* name) const {
    for (const auto& attribute : proto_.attribute())
        if (attribute.name() == name) return &attribute;
    return nullptr;
}

namespace {

void expect_type(const NodeImport& node, const onnx::AttributeProto& attribute,
                 onnx::AttributeProto::AttributeType type) {
    if (attribute.type() == type) return;
    node.refuse("attribute \"" + attribute.name() + "\" has type " +
                    onnx::AttributeProto_AttributeType_Name(attribute.type()) + ", expected " +
                    onnx::AttributeProto_AttributeType_Name(type),
                "export the model again");
}

}  // namespace

int64_t NodeImport::integer(const char* name, int64_t otherwise) const {
    const auto* found = attribute(name);
    if (!found) return otherwise;
    expect_type(*this, *found, onnx::AttributeProto::INT);
    return found->i();
}

bool NodeImport::flag(const char* name, bool otherwise) const {
    return integer(name, otherwise) != 0;
}

float NodeImport::real(const char* name, float otherwise) const {
    const auto* found = attribute(name);
    if (!found) return otherwise;
    expect_type(*this, *found, onnx::AttributeProto::FLOAT);
    return found->f();
}

std::string NodeImport::text(const char* name, const std::string& otherwise) const {
    const auto* found = attribute(name);
    if (!found) return otherwise;
    expect_type(*this, *found, onnx::AttributeProto::STRING);
    return shown_name(found->s());
}

std::optional<std::vector<int64_t>> NodeImport::list(const char* name) const {
    const auto* found = attribute(name);
    if (!found) return std::nullopt;
    expect_type(*this, *found, onnx::AttributeProto::INTS);
    return std::vector<int64_t>(found->ints().begin(), found->ints().end());
}

std::vector<float> NodeImport::reals(const char* name) const {
    const auto* found = attribute(name);
    if (!found) return {};
    expect_type(*this, *found, onnx::AttributeProto::FLOATS);
    return {found->floats().begin(), found->floats().end()};
}

size_t NodeImport::axis(int64_t value, int64_t rank, const char* name) const {
    if (value < -rank || value >= rank)
        refuse(std::string(name) + " is " + std::to_string(value) + ", expected " + std::to_string(-rank) + " to " +
                   std::to_string(rank - 1),
               "export the model again");
    return static_cast<size_t>(value < 0 ? value + rank : value);
}

std::vector<size_t> NodeImport::axes(const std::vector<int64_t>& values, int64_t rank) const {
    std::vector<size_t> result;
    for (const int64_t value : values) {
        const size_t found = axis(value, rank, "axes");
        if (std::find(result.begin(), result.end(), found) != result.end())
            refuse("axes has " + std::to_string(value) + " twice, expected distinct axes", "export the model again");
        result.push_back(found);
    }
    return result;
}

bool NodeImport::wants(size_t i) const {
    return static_cast<int>(i) < proto_.output_size() && !proto_.output(static_cast<int>(i)).empty() &&
           graph_.is_read(proto_.output(static_cast<int>(i)));
}

void NodeImport::result(Array array, size_t i) {
    if (wants(i)) graph_.define(proto_.output(static_cast<int>(i)), std::move(array));
}

void NodeImport::loaded_result(Array array) {
    graph_.note_loaded(array);
    result(std::move(array));
}

void NodeImport::result(ValueId id, size_t i) {
    if (wants(i)) graph_.define(proto_.output(static_cast<int>(i)), id);
}

void NodeImport::result_is_input(size_t i) {
    if (wants(0)) graph_.define_alias(proto_.output(0), input_name(i));
}

ValueId NodeImport::add(Op op, std::vector<ValueId> inputs, std::vector<Size> shape, ElementType type) {
    if (shape.size() > plan::max_rank)
        refuse("its output has " + std::to_string(shape.size()) + " dimensions, supported are up to 6");
    double elements = 1;
    for (size_t axis = 0; axis < shape.size(); ++axis) {
        require_positive(axis_name(shape.size(), axis) + " of the output", shape[axis]);
        elements *= shape[axis].number().value_or(1);
    }
    if (elements > 0x1p40) refuse("its output has more than 2^40 elements");
    const ValueId output = graph_.add_value(type, std::move(shape));
    graph_.add_node({name(), this->op(), std::move(op), std::move(inputs), {output}, {}});
    return output;
}

ValueId NodeImport::constant(float number) {
    return graph_.add_constant({onnx::TensorProto::FLOAT, {}, std::vector<float>{number}});
}

void NodeImport::check_count(const std::vector<int64_t>& shape) const {
    bool symbolic = false, fits = true;
    if (static_cast<int64_t>(shape.size()) > largest_rank)
        refuse("its result has " + std::to_string(shape.size()) + " dimensions, supported are up to 16 on constants");
    for (size_t i = 0; i < input_count(); ++i) symbolic |= has(i) && known(i) && graph_.is_symbolic(input_name(i));
    int64_t count = 1;
    for (const int64_t extent : shape) {
        if (extent < 0) refuse("a dimension of its result is " + std::to_string(extent), "export the model again");
        fits &= extent <= largest_extent && !__builtin_mul_overflow(count, std::max<int64_t>(extent, 1), &count);
    }
    if (!fits || count > largest_extent || !graph_.afford(count * (symbolic ? symbolic_cost : 1)))
        refuse("folding constants would take more memory than the model's own weights justify", simplify);
}

namespace {

// 2·floor(H/2) is positive where floor(H/2) is: one requirement for both.
Size without_factor(const Size& size) {
    if (size.terms().size() != 1 || size.constant() != 0) return size;
    const double factor = size.terms().begin()->second.second;
    return factor > 0 ? size * Size(1 / factor) : size;
}

}  // namespace

void NodeImport::require(const Size& condition, const std::string& sentence) {
    if (condition.is_number()) {
        if (condition.constant() == 0) refuse(sentence, "export the model again");
        return;
    }
    graph_.add_constraint(condition, op() + " \"" + name() + "\": " + sentence);
}

void NodeImport::require_equal(const std::string& what_a, const Size& a, const std::string& what_b, const Size& b) {
    require(equals(a, b), what_a + " (" + a.text() + ") and " + what_b + " (" + b.text() + ") must be equal");
}

void NodeImport::require_positive(const std::string& what, const Size& size) {
    const std::optional<double> number = size.number();
    if (number && (*number > static_cast<double>(largest_extent) || *number != std::floor(*number)))
        refuse(what + " would be " + size.text() + ", supported are 1 to 2147483647");
    require(less(0, without_factor(size)), what + " (" + size.text() + ") must be at least 1");
}

std::string NodeImport::dim_label(size_t input, size_t axis) const {
    return axis_name(shape(input).size(), axis) + " of " + label(input);
}

int64_t NodeImport::fixed(const Size& size, const std::string& what) const {
    const std::optional<int64_t> number = size.integer();
    if (!number)
        refuse(what + " depends on the model's input (" + size.text() + "), supported is a fixed number",
               "declare it in the model");
    return *number;
}

namespace {

void check_operator(const ImportGraph& graph, const NodeImport& node, const OperatorEntry* entry) {
    const onnx::NodeProto& proto = node.proto();
    if (graph.is_function(proto))
        node.refuse("it calls a function of the model, supported are operators only",
                    "inline the model's functions (onnx.inliner)");
    if (!is_standard_domain(proto.domain()))
        node.refuse("its operator belongs to domain \"" + shown_name(proto.domain()) + "\", supported is ai.onnx",
                    "export the model with standard operators");
    if (!entry) node.refuse("the operator is not supported", "docs/onnx_operators.md lists those that are");
    if (node.opset() > newest_opset && node.opset() > entry->known_through)
        node.refuse("the operator may have changed in opset " + std::to_string(node.opset()) +
                        ", it is known through " + std::to_string(entry->known_through),
                    "export the model with opset " + std::to_string(newest_opset));
    for (const auto& attribute : proto.attribute())
        if (!attribute.ref_attr_name().empty())
            node.refuse("attribute \"" + shown_name(attribute.name()) + "\" refers to a function's attribute",
                        "inline the model's functions (onnx.inliner)");
}

}  // namespace

void import_node(ImportGraph& graph, const onnx::NodeProto& proto) {
    NodeImport node(graph, proto);
    const OperatorEntry* entry = find_operator(proto.op_type());
    check_operator(graph, node, entry);
    try {
        entry->import(node);
    } catch (const std::length_error& problem) {
        node.refuse(problem.what(), "simplify the model's arithmetic on shapes");
    } catch (const std::domain_error& problem) {
        node.refuse(problem.what(), "simplify the model's arithmetic on shapes");
    }
    for (int i = 0; i < proto.output_size(); ++i)
        if (node.wants(static_cast<size_t>(i)) && !graph.is_defined(proto.output(i)))
            node.refuse("its output " + std::to_string(i) + " (\"" + shown_name(proto.output(i)) +
                            "\") is not supported, supported are those before it",
                        "remove what uses it");
}

}  // namespace atrous
