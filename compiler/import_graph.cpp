#include "compiler/import_graph.h"

#include <algorithm>

#include "compiler/import_node.h"
#include "compiler/onnx_tensor.h"
#include "runtime/error.h"

namespace atrous {

namespace {

constexpr int oldest_opset = 7, newest_opset = 24, newest_known_opset = 28;

std::string identifier(const std::string& name) {
    std::string result = name.substr(0, 40);
    for (char& c : result)
        if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
    return result.empty() || std::isdigit(static_cast<unsigned char>(result[0])) ? "dim_" + result : result;
}

// Where an image input keeps its height and width: N,C,H,W, or N,H,W,C as TensorFlow's exporters leave it.
bool is_channels_last(const onnx::TensorShapeProto& shape) {
    return shape.dim_size() == 4 && shape.dim(3).dim_value() >= 1 && shape.dim(3).dim_value() <= 4 &&
           !(shape.dim(1).dim_value() >= 1 && shape.dim(1).dim_value() <= 4);
}

std::string input_axis_name(const onnx::TensorShapeProto& shape, int dim) {
    if (is_channels_last(shape)) return std::vector<std::string>{"batch", "height", "width", "channels"}[dim];
    return axis_name(static_cast<size_t>(shape.dim_size()), static_cast<size_t>(dim));
}

}  // namespace

std::optional<ElementType> element_type(int onnx_type) {
    switch (onnx_type) {
    case onnx::TensorProto::FLOAT:
    case onnx::TensorProto::FLOAT16:
    case onnx::TensorProto::BFLOAT16:
    case onnx::TensorProto::DOUBLE:
        return ElementType::f32;
    case onnx::TensorProto::INT64:
        return ElementType::i64;
    case onnx::TensorProto::INT32:
        return ElementType::i32;
    case onnx::TensorProto::UINT8:
        return ElementType::u8;
    case onnx::TensorProto::INT8:
        return ElementType::i8;
    case onnx::TensorProto::BOOL:
        return ElementType::boolean;
    default:
        return std::nullopt;
    }
}

std::string shown_name(const std::string& name) {
    std::string result = name.substr(0, 100);
    for (char& c : result)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
    return result.size() < name.size() ? result + "…" : result;
}

std::string axis_name(size_t rank, size_t axis) {
    static const char* const image[] = {"batch", "channels", "height", "width"};
    static const char* const signal[] = {"batch", "channels", "length"};
    if (rank == 4) return image[axis];
    if (rank == 3) return signal[axis];
    if (rank == 2) return axis == 0 ? "batch" : "features";
    return "dimension " + std::to_string(axis);
}

std::string subject_of(const OnnxModel& model, const onnx::NodeProto& node) {
    const bool named = !node.name().empty() || node.output_size() == 0;
    return model.file + ": node \"" + shown_name(named ? node.name() : node.output(0)) + "\" (" +
           shown_name(node.op_type()) + ")";
}

bool is_standard_domain(const std::string& domain) {
    return domain.empty() || domain == "ai.onnx";
}

ImportGraph::ImportGraph(const OnnxModel& model, bool free) : model_(model), free_(free) {
    network_.file = model.file;
    network_.metadata = model.metadata;
    network_.sha256 = model.sha256;
    for (const auto& function : model.proto.functions()) functions_.emplace(function.domain(), function.name());
}

void ImportGraph::refuse(const std::string& problem, const std::string& advice) const {
    throw Error(model_.file, problem, advice);
}

void ImportGraph::run() {
    read_opset();
    const std::vector<int> order = execution_order(model_);
    note_readers(order);
    read_initializers();
    read_inputs();
    for (const int node : order) import_node(*this, model_.proto.graph().node(node));
    read_outputs();
}

void ImportGraph::read_opset() {
    for (const auto& import : model_.proto.opset_import())
        if (is_standard_domain(import.domain()))
            opset_ = static_cast<int>(std::clamp<int64_t>(import.version(), 0, 1000));
    const std::string supported = "supported are 7 to 24, and up to 28 where no operator used has changed";
    if (opset_ == 0) refuse("the model does not say which opset of ai.onnx it uses", "export the model again");
    if (opset_ < oldest_opset || opset_ > newest_known_opset)
        refuse("the model uses opset " + std::to_string(opset_) + ", " + supported,
               "convert it with onnx.version_converter or export it with another opset");
    static_assert(newest_opset <= newest_known_opset);
}

void ImportGraph::note_readers(const std::vector<int>& order) {
    for (const int node : order)
        for (const std::string& input : model_.proto.graph().node(node).input()) read_.insert(input);
    for (const auto& output : model_.proto.graph().output()) read_.insert(output.name());
}

void ImportGraph::read_initializers() {
    const onnx::GraphProto& graph = model_.proto.graph();
    if (graph.sparse_initializer_size() > 0)
        refuse("the graph has sparse initializers, supported are dense ones", "export the model with dense weights");
    for (const auto& tensor : graph.initializer()) {
        const auto [found, added] = entries_.emplace(tensor.name(), Entry{&tensor, {}, no_value});
        if (!added)
            refuse("initializer \"" + shown_name(tensor.name()) + "\" is there twice, expected once",
                   "export the model again");
    }
}

void ImportGraph::read_inputs() {
    for (const auto& input : model_.proto.graph().input())
        if (!entries_.contains(input.name())) read_input(input);  // old models list initializers among the inputs
}

void ImportGraph::read_input(const onnx::ValueInfoProto& input) {
    const std::string name = "input \"" + shown_name(input.name()) + "\"";
    if (!input.type().has_tensor_type())
        refuse(name + " is no tensor, supported are tensors", "change the model's inputs");
    const auto& tensor = input.type().tensor_type();
    const std::optional<ElementType> type = element_type(tensor.elem_type());
    if (!type || tensor.elem_type() == onnx::TensorProto::DOUBLE)
        refuse(name + " has element type " + type_name(tensor.elem_type()) +
                   ", supported are float, float16, bfloat16, int64, int32, uint8, int8 and bool",
               "put a Cast in front of the model, or export it in float");
    if (!tensor.has_shape())
        refuse(name + " declares no shape, its number of dimensions must be known", "export the model with shapes");
    const auto& shape = tensor.shape();
    if (shape.dim_size() > static_cast<int>(plan::max_rank))
        refuse(name + " has " + std::to_string(shape.dim_size()) + " dimensions, supported are up to 6",
               "change the model's inputs");
    const auto index = static_cast<uint32_t>(network_.inputs.size());
    std::vector<Size> sizes;
    for (int d = 0; d < shape.dim_size(); ++d) {
        const auto& dim = shape.dim(d);
        const auto at = static_cast<uint32_t>(d);
        const std::string axis = input_axis_name(shape, d);
        const bool spatial = axis == "height" || axis == "width" || axis == "length";
        const int64_t declared = dim.dim_value();
        if (declared < -1 || declared > 2147483647 || (declared == 0 && dim.has_dim_value()))
            refuse(name + " declares " + std::to_string(declared) + " as its " + axis + ", expected 1 to 2147483647",
                   "export the model again");
        if (declared > 0 && !(spatial && free_)) {
            sizes.emplace_back(declared);
        } else if (declared > 0) {
            declared_[{index, at}] = declared;
            sizes.push_back(free_dim(input.name(), index, at, axis, axis + " " + std::to_string(declared)));
        } else if (!dim.dim_param().empty()) {
            sizes.push_back(free_dim(input.name(), index, at, dim.dim_param(), "named " + dim.dim_param()));
        } else {
            sizes.push_back(
                free_dim(input.name(), index, at, axis, "unset " + std::to_string(index) + " " + std::to_string(d)));
        }
    }
    const ValueId id = add_value(*type, std::move(sizes));
    network_.inputs.push_back(id);
    define(input.name(), id);
}

// Dimensions with the same identity have the same size: the first input that has it stands for all, the others are
// required to agree.
Size ImportGraph::free_dim(const std::string& input, uint32_t index, uint32_t dim, const std::string& name,
                           const std::string& identity) {
    std::string unique = identifier(name);
    if (free_names_.contains(unique)) unique += "_of_" + identifier(input);
    while (free_names_.contains(unique)) unique += "_";
    free_names_.insert(unique);
    const Size size = Size::input_dim(index, dim, unique);
    const auto [found, added] = free_dims_.emplace(identity, size);
    if (!added)
        add_constraint(equals(found->second, size), "input \"" + shown_name(input) + "\": its dimension " +
                                                        std::to_string(dim) + " must be the same as " +
                                                        found->second.text());
    return found->second;
}

ImportGraph::Entry& ImportGraph::entry(const std::string& name) {
    const auto alias = aliases_.find(name);
    const auto found = entries_.find(alias == aliases_.end() ? name : alias->second);
    if (found == entries_.end()) refuse("value \"" + shown_name(name) + "\" is not there", "export the model again");
    Entry& entry = found->second;
    if (entry.stored) {
        entry.array = array_of(model_, *entry.stored);
        entry.stored = nullptr;
        note_loaded(*entry.array);
    }
    return entry;
}

bool ImportGraph::is_known(const std::string& name) {
    return entry(name).array.has_value();
}

bool ImportGraph::is_symbolic(const std::string& name) {
    const Entry& known = entry(name);
    return known.array && known.array->data.index() == 2 && known.value == no_value && !constant_of(*known.array);
}

void ImportGraph::define_alias(const std::string& name, const std::string& original) {
    const auto alias = aliases_.find(original);
    aliases_[name] = alias == aliases_.end() ? original : alias->second;
}

Array ImportGraph::array(const std::string& name) {
    const Entry& known = entry(name);
    if (known.value == no_value) return *known.array;
    Array array{known.array->type, known.array->shape, {}};
    const Constant& constant = *network_.values[known.value].constant;
    if (is_float(array.type)) {
        array.data = constant.floats;
    } else {
        array.data = constant.integers;
    }
    return array;
}

std::vector<Size> ImportGraph::shape(const std::string& name) {
    const Entry& known = entry(name);
    if (known.array) return {known.array->shape.begin(), known.array->shape.end()};
    return network_.values[known.value].shape;
}

ElementType ImportGraph::type(const std::string& name) {
    const Entry& known = entry(name);
    if (known.array) return element_type(known.array->type).value_or(ElementType::i64);
    return network_.values[known.value].type;
}

// The elements of a known array move into the network; array() reads them from there.
ValueId ImportGraph::value_of(const std::string& name) {
    Entry& known = entry(name);
    if (known.value != no_value) return known.value;
    if (is_symbolic(name)) return no_value;
    Array shell{known.array->type, known.array->shape, {}};
    const ValueId id = add_constant(std::move(*known.array));
    known.array = std::move(shell);
    define(name, id);
    return id;
}

void ImportGraph::define(const std::string& name, Array array) {
    entries_[name].array = std::move(array);
}

void ImportGraph::define(const std::string& name, ValueId id) {
    entries_[name].value = id;
    if (network_.values[id].name.empty()) network_.values[id].name = name;
}

ValueId ImportGraph::add_value(ElementType type, std::vector<Size> shape) {
    network_.values.push_back({{}, type, std::move(shape), {}});
    return static_cast<ValueId>(network_.values.size() - 1);
}

ValueId ImportGraph::add_constant(Array array) {
    const ElementType type = element_type(array.type).value_or(ElementType::i64);
    const ValueId id = add_value(type, {array.shape.begin(), array.shape.end()});
    network_.values[id].constant = constant_of(std::move(array));
    return id;
}

void ImportGraph::add_constraint(Size condition, std::string message) {
    if (constraints_.insert(condition.text()).second)
        network_.constraints.push_back({std::move(condition), std::move(message)});
}

bool ImportGraph::afford(int64_t elements) {
    affordable_ -= std::min(elements, affordable_ + 1);
    return affordable_ >= 0;
}

void ImportGraph::read_outputs() {
    const onnx::GraphProto& graph = model_.proto.graph();
    if (graph.output_size() == 0) refuse("the graph has no outputs", "export the model again");
    std::set<std::string> names;
    std::set<ValueId> taken(network_.inputs.begin(), network_.inputs.end());
    for (const auto& output : graph.output()) {
        const std::string label = "output \"" + shown_name(output.name()) + "\"";
        if (!names.insert(output.name()).second)
            refuse(label + " is there twice, expected once", "export the model again");
        ValueId id = value_of(output.name());
        if (id == no_value)
            refuse(label + " holds sizes that depend on the input's shape, supported are tensors", "remove the output");
        if (network_.values[id].shape.size() > plan::max_rank)
            refuse(label + " has more than 6 dimensions", "change the model's outputs");
        for (const Size& size : network_.values[id].shape)
            if (size == Size(0)) refuse(label + " has no elements", "remove the output");
        if (network_.values[id].constant || taken.contains(id)) id = copied(id);
        taken.insert(id);
        network_.values[id].name = output.name();
        network_.outputs.push_back(id);
    }
}

// A value of its own for an output that is an input, a constant or another output.
ValueId ImportGraph::copied(ValueId id) {
    const ValueId copy = add_value(network_.values[id].type, network_.values[id].shape);
    const bool floats = network_.values[id].type == ElementType::f32;
    const std::string name = network_.values[id].name;
    if (network_.values[id].constant) network_.values[id].name.clear();
    network_.nodes.push_back({name, "Identity", floats ? Op(ElementwiseOp{}) : Op(ReshapeOp{}), {id}, {copy}, {}});
    return copy;
}

}  // namespace atrous
