#include "compiler/plan_builder.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <stdexcept>

namespace atrous {
namespace {

// Appends a table to the blob, 8-byte aligned, and says where it lies.
plan::Table append(std::vector<uint8_t>& blob, const void* data, size_t count, size_t element_bytes) {
    blob.resize((blob.size() + 7) / 8 * 8);
    const plan::Table table{blob.size(), count};
    const auto* bytes = static_cast<const uint8_t*>(data);
    blob.insert(blob.end(), bytes, bytes + count * element_bytes);
    return table;
}

template <class T>
plan::Table append(std::vector<uint8_t>& blob, const std::vector<T>& table) {
    return append(blob, table.data(), table.size(), sizeof(T));
}

// The tensor lives in the steps first … last, too.
void extend(plan::Tensor& tensor, uint32_t first, uint32_t last) {
    const bool untouched = tensor.first_step > tensor.last_step;
    tensor.first_step = untouched ? first : std::min(tensor.first_step, first);
    tensor.last_step = untouched ? last : std::max(tensor.last_step, last);
}

}  // namespace

uint32_t PlanBuilder::add(const plan::Expr& expr) {
    const ExprKey key{expr.op, expr.a, expr.b, expr.c, std::bit_cast<uint64_t>(expr.value)};
    const auto [entry, added] = expression_index_.try_emplace(key, static_cast<uint32_t>(expressions_.size()));
    if (added) expressions_.push_back(expr);
    return entry->second;
}

uint32_t PlanBuilder::constant(double value) {
    return add({plan::ExprOp::constant, 0, 0, 0, value});
}

uint32_t PlanBuilder::atom(const SizeAtom& atom) {
    if (const auto known = atom_index_.find(atom.key); known != atom_index_.end()) return known->second;
    plan::Expr expr{atom.op, 0, 0, 0, 0};
    if (atom.op == plan::ExprOp::input_dim) {
        expr.a = atom.input;
        expr.b = atom.dim;
    } else {
        uint32_t operands[3] = {0, 0, 0};
        for (size_t i = 0; i < atom.operands.size() && i < 3; ++i) operands[i] = expression(atom.operands[i]);
        expr = {atom.op, operands[0], operands[1], operands[2], 0};
    }
    return atom_index_[atom.key] = add(expr);
}

uint32_t PlanBuilder::expression(const Size& size) {
    if (size.is_number()) return constant(size.constant());
    uint32_t sum = plan::none;
    for (const auto& [key, term] : size.terms()) {
        uint32_t product = atom(*term.first);
        if (term.second != 1) product = add({plan::ExprOp::mul, product, constant(term.second), 0, 0});
        sum = sum == plan::none ? product : add({plan::ExprOp::add, sum, product, 0, 0});
    }
    return size.constant() == 0 ? sum : add({plan::ExprOp::add, sum, constant(size.constant()), 0, 0});
}

uint32_t PlanBuilder::text(std::string_view string) {
    string = string.substr(0, string.find('\0'));
    const auto [entry, added] = string_index_.try_emplace(std::string(string), static_cast<uint32_t>(strings_.size()));
    if (added) (strings_ += string) += '\0';
    return entry->second;
}

uint32_t PlanBuilder::add_tensor(plan::TensorKind kind, plan::ElementType element, const Size& elements, uint32_t index,
                                 std::string_view name) {
    tensors_.push_back({kind, element, expression(elements), index, 1, 0, 0, text(name), 0});
    return static_cast<uint32_t>(tensors_.size() - 1);
}

uint32_t PlanBuilder::arena_tensor(plan::ElementType element, const Size& elements, std::string_view name) {
    return add_tensor(plan::TensorKind::arena, element, elements, plan::none, name);
}

uint32_t PlanBuilder::input_tensor(uint32_t index, plan::ElementType element, const Size& elements,
                                   std::string_view name) {
    return add_tensor(plan::TensorKind::input, element, elements, index, name);
}

uint32_t PlanBuilder::output_tensor(uint32_t index, plan::ElementType element, const Size& elements,
                                    std::string_view name) {
    return add_tensor(plan::TensorKind::output, element, elements, index, name);
}

uint32_t PlanBuilder::scratch_tensor(plan::ElementType element, const Size& elements, std::string_view name) {
    return add_tensor(plan::TensorKind::scratch, element, elements, plan::none, name);
}

uint32_t PlanBuilder::weights_tensor(plan::ElementType element, std::span<const std::byte> data,
                                     std::string_view name) {
    const Size elements(static_cast<int64_t>(data.size() / plan::size_of(element)));
    const uint32_t tensor = add_tensor(plan::TensorKind::weights, element, elements, plan::none, name);
    tensors_[tensor].offset = weights_.add(data);
    return tensor;
}

plan::Arg PlanBuilder::make_arg(const PlanArg& arg) {
    if (arg.kind == plan::ArgKind::iteration) return {arg.kind, 0};
    if (arg.kind != plan::ArgKind::buffer) return {arg.kind, expression(arg.number)};
    const BufferView& view = arg.view;
    const bool moves = view.per_iteration.integer() != 0;
    buffers_.push_back({view.tensor, view.element, expression(view.offset), static_cast<uint32_t>(view.dims.size()),
                        first_dim(view.dims), moves ? expression(view.per_iteration) : plan::none});
    return {plan::ArgKind::buffer, static_cast<uint32_t>(buffers_.size() - 1)};
}

// Views of the same extents and strides share them.
uint32_t PlanBuilder::first_dim(const std::vector<ViewDim>& dims) {
    std::vector<uint32_t> key;
    for (const ViewDim& dim : dims) key.insert(key.end(), {expression(dim.extent), expression(dim.stride)});
    const auto [entry, is_new] = dims_index_.try_emplace(key, static_cast<uint32_t>(dims_.size()));
    for (size_t i = 0; is_new && i < key.size(); i += 2) dims_.push_back({constant(0), key[i], key[i + 1]});
    return entry->second;
}

uint32_t PlanBuilder::add_operator(std::string_view name) {
    operators_.push_back({text(name)});
    return static_cast<uint32_t>(operators_.size() - 1);
}

plan::Step PlanBuilder::make_step(uint32_t kernel, const std::vector<PlanArg>& args, uint32_t operator_index) {
    std::vector<plan::Arg> made;
    made.reserve(args.size());
    for (const PlanArg& arg : args) made.push_back(make_arg(arg));
    const auto first_arg = static_cast<uint32_t>(args_.size());
    args_.insert(args_.end(), made.begin(), made.end());
    return {kernel, first_arg, static_cast<uint32_t>(made.size()), operator_index, plan::none};
}

// Calls body(tensor) for each buffer argument's tensor.
template <class Body>
void PlanBuilder::for_tensors(const plan::Step& step, Body&& body) {
    for (uint32_t a = step.first_arg; a < step.first_arg + step.arg_count; ++a)
        if (args_[a].kind == plan::ArgKind::buffer) body(tensors_.at(buffers_[args_[a].index].tensor));
}

void PlanBuilder::step(uint32_t kernel, const std::vector<PlanArg>& args, uint32_t operator_index, const Size& skip) {
    const auto index = static_cast<uint32_t>(steps_.size());
    plan::Step step = make_step(kernel, args, operator_index);
    const bool never = skip.is_number() && skip.constant() == 0;
    if (!never) step.skip = expression(skip);
    for_tensors(step, [&](plan::Tensor& tensor) { extend(tensor, index, index); });
    steps_.push_back(step);
}

void PlanBuilder::begin_loop(const Size& iterations) {
    if (in_loop_) throw std::logic_error("a loop inside a loop");
    in_loop_ = true;
    loops_.push_back({static_cast<uint32_t>(steps_.size()), 0, expression(iterations), 0});
}

// One iteration may be at the first step while another is at the last one: what they share lives through all of them.
void PlanBuilder::end_loop() {
    if (!in_loop_) throw std::logic_error("the end of a loop that did not begin");
    in_loop_ = false;
    plan::Loop& loop = loops_.back();
    if (loop.first_step == steps_.size()) return loops_.pop_back();
    loop.last_step = static_cast<uint32_t>(steps_.size() - 1);
    for (uint32_t s = loop.first_step; s <= loop.last_step; ++s)
        for_tensors(steps_[s], [&](plan::Tensor& tensor) {
            if (tensor.kind == plan::TensorKind::arena) extend(tensor, loop.first_step, loop.last_step);
        });
}

plan::Port PlanBuilder::make_port(const PlanPort& port) {
    plan::Port result{text(port.name), port.element, static_cast<uint32_t>(port.dims.size()), {}, {}};
    for (uint32_t d = 0; d < plan::max_rank; ++d) {
        const bool named = d < port.names.size() && !port.names[d].empty();
        result.dims[d] = d < port.dims.size() ? expression(port.dims[d]) : constant(1);
        result.names[d] = named ? text(port.names[d]) : plan::none;
    }
    return result;
}

void PlanBuilder::constraint(const Size& condition, std::string_view message) {
    const plan::Constraint entry{expression(condition), text(message)};
    if (constraint_index_.emplace(std::pair{entry.condition, entry.message}, true).second)
        constraints_.push_back(entry);
}

std::vector<uint8_t> PlanBuilder::finish(uint32_t kernel_count) const {
    if (in_loop_) throw std::logic_error("a loop without an end");
    plan::Header header{};
    header.magic = plan::magic;
    header.abi_version = plan::abi_version;
    header.kernel_count = kernel_count;
    std::vector<uint8_t> blob(sizeof(plan::Header));
    header.expressions = append(blob, expressions_);
    header.tensors = append(blob, tensors_);
    header.dims = append(blob, dims_);
    header.buffers = append(blob, buffers_);
    header.args = append(blob, args_);
    header.operators = append(blob, operators_);
    header.steps = append(blob, steps_);
    header.loops = append(blob, loops_);
    header.inputs = append(blob, inputs_);
    header.outputs = append(blob, outputs_);
    header.constraints = append(blob, constraints_);
    header.strings = append(blob, strings_.data(), strings_.size(), 1);
    blob.resize((blob.size() + 7) / 8 * 8);
    header.bytes = blob.size();
    std::memcpy(blob.data(), &header, sizeof(header));
    return blob;
}

}  // namespace atrous
