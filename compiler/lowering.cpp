#include "compiler/lowering.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "compiler/repack.h"
#include "runtime/error.h"
#include "schedules/registry.h"

namespace atrous {
namespace {

std::span<const std::byte> bytes_of(const std::vector<float>& numbers) {
    return std::as_bytes(std::span(numbers));
}

template <class T>
std::vector<std::byte> narrowed(const std::vector<int64_t>& integers) {
    std::vector<T> numbers(integers.begin(), integers.end());
    const auto bytes = std::as_bytes(std::span(numbers));
    return {bytes.begin(), bytes.end()};
}

std::vector<std::byte> constant_bytes(const Value& value) {
    const Constant& constant = *value.constant;
    switch (value.type) {
    case ElementType::f32: {
        const auto bytes = bytes_of(constant.floats);
        return {bytes.begin(), bytes.end()};
    }
    case ElementType::i64:
        return narrowed<int64_t>(constant.integers);
    case ElementType::i32:
        return narrowed<int32_t>(constant.integers);
    case ElementType::i8:
        return narrowed<int8_t>(constant.integers);
    case ElementType::f64: {
        const std::vector<double> numbers(constant.floats.begin(), constant.floats.end());
        const auto bytes = std::as_bytes(std::span(numbers));
        return {bytes.begin(), bytes.end()};
    }
    default:
        return narrowed<uint8_t>(constant.integers);
    }
}

struct Pixels {
    int64_t height, width;
};

// What to optimise for, where dimensions are free.
Pixels hinted_size(const LowerOptions& options) {
    constexpr int64_t usual = 320;
    return {options.height > 0 ? options.height : usual, options.width > 0 ? options.width : usual};
}

// Where one choice can suit several; the hinted one first.
std::vector<Pixels> likely_sizes(const LowerOptions& options) {
    std::vector<Pixels> sizes{hinted_size(options)};
    if (options.height > 0 || options.width > 0) return sizes;
    for (const int64_t size : {128, 192, 224, 256, 288, 384, 448, 512, 640, 720, 768, 1024})
        sizes.push_back({size, size});
    return sizes;
}

// A free dimension of an input whose images have this size.
int64_t free_dim(const Network& network, uint32_t input, uint32_t dim, const Pixels& size) {
    const size_t rank = network.values[network.inputs.at(input)].shape.size();
    if (rank == 4 && dim == 2) return size.height;
    if (rank >= 3 && dim + 1 == rank) return size.width;
    return 1;
}

int64_t value_at(const Network& network, const Pixels& pixels, const Size& size) {
    constexpr double largest = 9e15;  // whole numbers are exact so far
    const double value =
        size.evaluate([&](uint32_t input, uint32_t dim) { return free_dim(network, input, dim, pixels); });
    return std::isnan(value) ? 0 : static_cast<int64_t>(std::clamp(value, -largest, largest));
}

SizeHint hint_at(const Network& network, const Pixels& pixels, const ImageShape& out, int64_t channels_in,
                 int64_t channels_out) {
    const auto clamped = [](int64_t extent) { return static_cast<int>(std::clamp<int64_t>(extent, 0, 1 << 30)); };
    return {clamped(value_at(network, pixels, out.w)), clamped(value_at(network, pixels, out.h)), clamped(channels_in),
            clamped(channels_out)};
}

}  // namespace

Lowering::Lowering(Network network, const LowerOptions& options)
    : network_(std::move(network)),
      options_(options),
      graph_(network_),
      tuning_(looked_up_tuning()),
      layout_(choose_layout(network_, graph_, options_.targets.at(0),
                            [this](const Node& node) { return is_for_winograd(*this, node); })),
      plan_(options_.weights ? *options_.weights : own_weights_),
      planar_(network_.values.size()),
      blocked_(network_.values.size()),
      row_of_(network_.nodes.size(), plan::none) {
    row_loops_ = find_row_loops(*this);
}

LoweredNetwork Lowering::run() {
    declare_ports();
    for (uint32_t n = 0; n < network_.nodes.size(); ++n) {
        if (const auto loop = row_loops_.of_node[n]) {
            if (row_loops_.loops[*loop].nodes.back() == n) lower_rows(*this, row_loops_.loops[*loop]);
            continue;
        }
        begin_node(network_.nodes[n]);
        lower_node(network_.nodes[n]);
        end_node();
    }
    node_ = nullptr;
    for (size_t o = 0; o < network_.outputs.size(); ++o)
        if (graph_.producer[network_.outputs[o]] == Graph::no_node) write_output(o);
    for (const Constraint& constraint : network_.constraints)
        plan_.constraint(constraint.condition, constraint.message);
    result_.plan = plan_.finish(static_cast<uint32_t>(result_.kernels.size()));
    result_.weights = own_weights_.take();
    return std::move(result_);
}

void Lowering::begin_node(const Node& node) {
    node_ = &node;
    uint32_t& row = row_of_[static_cast<size_t>(&node - network_.nodes.data())];
    if (row == plan::none) {
        row = plan_.add_operator(node.name);
        result_.operators.emplace_back();
    }
    row_ = row;
    schedule_ = "view";
    kernels_.clear();
    scheduled_kernel_.reset();
    flop_ = 0;
    grid_ = {1, 1};
}

void Lowering::end_node() {
    fill_row(*node_);
    write_outputs(*node_);
}

void Lowering::declare_ports() {
    for (size_t i = 0; i < network_.inputs.size(); ++i) {
        const ValueId v = network_.inputs[i];
        PlanPort port{value(v).name, value(v).type, shape(v), {}};
        for (const Size& extent : shape(v))
            port.names.push_back(extent.is_number() ? "" : extent.terms().begin()->second.first->name);
        plan_.input(port);
        const uint32_t tensor =
            plan_.input_tensor(static_cast<uint32_t>(i), value(v).type, element_count(shape(v)), value(v).name);
        view(v, Packing::planar, {tensor, value(v).type, Packing::planar, Size(0), dense_strides(shape(v))});
    }
    for (size_t o = 0; o < network_.outputs.size(); ++o) {
        const ValueId v = network_.outputs[o];
        plan_.output({value(v).name, value(v).type, shape(v), {}});
        output_tensors_.push_back(
            plan_.output_tensor(static_cast<uint32_t>(o), value(v).type, element_count(shape(v)), value(v).name));
        outputs_of_[v].push_back(o);
    }
}

void Lowering::lower_node(const Node& node) {
    struct {
        Lowering& to;
        const Node& node;
        void operator()(const ConvOp&) const { lower_convolution(to, node); }
        void operator()(const TransposedConvOp&) const { lower_transposed_convolution(to, node); }
        void operator()(const LinearOp&) const { lower_linear(to, node); }
        void operator()(const PoolOp&) const { lower_pool(to, node); }
        void operator()(const GlobalPoolOp&) const { lower_global_pool(to, node); }
        void operator()(const ResizeOp&) const { lower_resize(to, node); }
        void operator()(const ElementwiseOp&) const { lower_elementwise(to, node); }
        void operator()(const SoftmaxOp&) const { lower_softmax(to, node); }
        void operator()(const ArgmaxOp&) const { lower_argmax(to, node); }
        void operator()(const InstanceNormOp&) const { lower_instance_norm(to, node); }
        void operator()(const ConcatOp&) const { lower_concat(to, node); }
        void operator()(const SliceOp&) const { lower_slice(to, node); }
        void operator()(const PadOp&) const { lower_pad(to, node); }
        void operator()(const TransposeOp&) const { lower_transpose(to, node); }
        void operator()(const ReshapeOp&) const { lower_reshape(to, node); }
        void operator()(const ExpandOp&) const { lower_expand(to, node); }
        void operator()(const DepthToSpaceOp&) const { lower_depth_to_space(to, node); }
        void operator()(const SpaceToDepthOp&) const { lower_space_to_depth(to, node); }
        void operator()(const CastOp&) const { lower_cast(to, node); }
    } const lowering{*this, node};
    std::visit(lowering, node.op);
}

void Lowering::write_outputs(const Node& node) {
    for (const ValueId v : node.outputs) {
        if (!has(v) || !graph_.is_output[v]) continue;
        for (const size_t output : outputs_of_.at(v)) write_output(output);
    }
}

void Lowering::write_output(size_t output) {
    const ValueId v = network_.outputs[output];
    const Location from = read(v, Packing::planar);
    if (from.tensor == output_tensors_[output]) return;
    const std::vector<Size> to = dense_strides(shape(v));
    std::vector<CopyDim> dims;
    for (size_t d = 0; d < to.size(); ++d) dims.push_back({shape(v)[d], from.strides[d], to[d]});
    copy(plan::size_of(from.element), dims, {from.tensor, from.element, from.offset, {}},
         {output_tensors_[output], from.element, Size(0), {}});
}

void Lowering::fill_row(const Node& node) {
    std::string text;
    for (const Size& extent : shape(node.outputs[0]))
        text += (text.empty() ? "" : "x") + std::to_string(at_hint(extent));
    OperatorRow& row = result_.operators[row_];
    row = {node.name, node.onnx_type, text, schedule_, flop_ / 1e9, grid_, tunable(node), scheduled_kernel_};
    const auto* transposed = std::get_if<TransposedConvOp>(&node.op);
    for (size_t axis = 0; transposed && axis < 2; ++axis) {  // its phases lie side by side
        if (grid_[axis] > 1) row.grid[axis] *= transposed->stride[axis];
    }
}

void Lowering::note_grid(int64_t rows, int64_t columns) {
    grid_ = {std::lcm(grid_[0], rows), std::lcm(grid_[1], columns)};
}

bool Lowering::is_read_as_planes(ValueId v) const {
    return std::ranges::all_of(graph_.consumers[v], [&](uint32_t n) {
        return !is_blocked(network_.nodes[n]) && !is_narrow(network_.nodes[n]);
    });
}

const Location& Lowering::read(ValueId v, Packing packing) {
    std::optional<Location>& found = at(v, packing);
    if (found) return *found;
    if (value(v).constant)
        return *(found = packing == Packing::planar ? planar_constant(v) : blocked_constant(v, shape(v)));
    if (is_put_off(v) && !at(v, Packing::c16)) {
        join_parts(*this, network_.nodes[graph_.producer[v]]);
        return read(v, packing);
    }
    const Packing other = packing == Packing::c16 ? Packing::planar : Packing::c16;
    const std::optional<Location>& home = at(v, other);
    if (!home) refuse("reads \"" + value(v).name + "\", which nothing has computed", "check the order of its nodes");
    const BufferView from = image_view(*home, shape(v));
    const BufferView to = image_view(place(v, packing), shape(v));
    if (packing == Packing::c16)
        side_step(PackSpec{}, {from, to}, hint_of(v));
    else
        side_step(UnpackSpec{}, {from, to}, hint_of(v));
    return *at(v, packing);
}

std::vector<BufferView> Lowering::read_blocks(ValueId v) {
    if (!is_put_off(v) || at(v, Packing::c16)) return {blocked_image(read(v, Packing::c16), image_of(shape(v)))};
    std::vector<BufferView> blocks;
    for (const ValueId part : network_.nodes[graph_.producer[v]].inputs)
        blocks.push_back(blocked_image(read(part, Packing::c16), image_of(shape(part))));
    return blocks;
}

Location Lowering::read_dense(ValueId v) {
    const Location& from = read(v, Packing::planar);
    if (is_dense(from, shape(v))) return from;
    const std::vector<Size> strides = dense_strides(shape(v));
    const uint32_t tensor = plan_.arena_tensor(from.element, element_count(shape(v)), value(v).name);
    std::vector<CopyDim> dims;
    for (size_t d = 0; d < strides.size(); ++d) dims.push_back({shape(v)[d], from.strides[d], strides[d]});
    copy(plan::size_of(from.element), dims, {from.tensor, from.element, from.offset, {}},
         {tensor, from.element, Size(0), {}});
    return {tensor, from.element, Packing::planar, Size(0), strides};
}

Location Lowering::planar_constant(ValueId v) {
    const Value& constant = value(v);
    const uint32_t tensor = plan_.weights_tensor(constant.type, constant_bytes(constant), constant.name);
    return {tensor, constant.type, Packing::planar, Size(0), dense_strides(constant.shape)};
}

Location Lowering::blocked_constant(ValueId v, const std::vector<Size>& shape) {
    const ImageShape image = image_of(shape);
    const ImageExtents extents{image.n.integer().value_or(1), image.c.integer().value_or(1),
                               image.h.integer().value_or(1), image.w.integer().value_or(1)};
    const std::vector<float> packed = pack_image(numbers(v), extents, layout_.halo[v]);
    const uint32_t tensor = plan_.weights_tensor(ElementType::f32, bytes_of(packed), value(v).name);
    return blocked_location(tensor, image, layout_.halo[v]);
}

const Location& Lowering::place(ValueId v, Packing packing) {
    std::optional<Location>& found = at(v, packing);
    if (found) return *found;
    const std::optional<Part>& part = layout_.part(v, packing);
    return *(found = part ? place_part(*part, packing) : allocate(v, packing));
}

Location Lowering::place_part(const Part& part, Packing packing) {
    Location location = place(part.whole, packing);
    if (packing == Packing::planar || part.axis == 0)
        location.offset = location.offset + part.begin * location.strides[part.axis];
    else
        location.offset = location.offset + floor_div(part.begin, Size(channel_block)) * location.strides[1];
    return location;
}

Location Lowering::allocate(ValueId v, Packing packing) {
    const Value& made = value(v);
    if (packing == Packing::planar) {
        const auto outputs = outputs_of_.find(v);
        const uint32_t tensor = outputs != outputs_of_.end()
                                    ? output_tensors_[outputs->second.front()]
                                    : plan_.arena_tensor(made.type, element_count(made.shape), made.name);
        return {tensor, made.type, Packing::planar, Size(0), dense_strides(made.shape)};
    }
    const ImageShape image = image_of(made.shape);
    const Halo& halo = layout_.halo[v];
    const uint32_t tensor = plan_.arena_tensor(made.type, blocked_elements(image, halo), made.name);
    Location location = blocked_location(tensor, image, halo);
    location.element = made.type;
    fill_halo(location, image, halo);
    return location;
}

// Channel blocks lie an odd number of cache lines apart, so that those of a pixel do not all fall into the same few
// sets.
void Lowering::place_in_scratch(ValueId v, const Size& rows) {
    const ImageShape image = image_of(shape(v));
    const Size x = channel_block, y = x * image.w, cb = odd_lines(image.w * rows), n = cb * channel_blocks(image.c);
    view(v, Packing::c16, {scratch(n, value(v).name), value(v).type, Packing::c16, Size(0), {n, cb, y, x}});
}

// Zeros around the image, before anything is written into it. All channel blocks of all images lie one behind the other
// in a tensor of its own, so the kernel's two outermost dimensions are free for: both sides, and all blocks.
void Lowering::fill_halo(const Location& location, const ImageShape& image, const Halo& halo) {
    const Size &x = location.strides[3], &y = location.strides[2], &block = location.strides[1];
    const Size blocks = image.n * channel_blocks(image.c), whole_width = image.w + Size(halo.left + halo.right);
    const auto fill = [&](const Size& offset, const Size& width, const Size& height, const ViewDim& sides) {
        if (width.integer() == 0 || height.integer() == 0) return;
        side_step(FillSpec{},
                  {FloatArg{Size(0)},
                   BufferView{location.tensor,
                              location.element,
                              location.offset + offset,
                              {{Size(channel_block), Size(1)}, {width, x}, {height, y}, sides, {blocks, block}}}});
    };
    const Size left = Size(-halo.left) * x, above = Size(-halo.top) * y;
    if (halo.top == halo.bottom) {
        fill(left + above, whole_width, Size(halo.top), {Size(2), (image.h + Size(halo.top)) * y});
    } else {
        fill(left + above, whole_width, Size(halo.top), {Size(1), Size(0)});
        fill(left + image.h * y, whole_width, Size(halo.bottom), {Size(1), Size(0)});
    }
    if (halo.left == halo.right) {
        fill(left, Size(halo.left), image.h, {Size(2), (image.w + Size(halo.left)) * x});
    } else {
        fill(left, Size(halo.left), image.h, {Size(1), Size(0)});
        fill(image.w * x, Size(halo.right), image.h, {Size(1), Size(0)});
    }
}

void Lowering::view(ValueId v, Packing packing, const Location& location) {
    at(v, packing) = location;
}

const std::vector<float>& Lowering::numbers(ValueId v) const {
    if (!value(v).constant || value(v).type != ElementType::f32)
        refuse("reads \"" + value(v).name + "\" as weights, but it is not a float constant",
               "store the weights in the model");
    return value(v).constant->floats;
}

BufferView Lowering::weights(const std::vector<float>& packed, const std::vector<Size>& extents,
                             const std::string& name) {
    return dense_view(plan_.weights_tensor(ElementType::f32, bytes_of(packed), name), ElementType::f32, extents);
}

bool Lowering::has_weights(const std::vector<float>& packed) const {
    return plan_.has_weights(bytes_of(packed));
}

BufferView Lowering::channel_vector(ValueId v, int64_t channels, Packing packing) {
    const std::vector<float> zero{0.0f};
    const std::vector<float>& from = has(v) ? numbers(v) : zero;
    std::vector<float> packed = pack_channels(from, channels);
    const std::string name = has(v) ? value(v).name : "zeros";
    if (packing == Packing::c16) return weights(packed, {Size(channel_block), channel_blocks(Size(channels))}, name);
    packed.resize(static_cast<size_t>(channels));
    return weights(packed, {Size(channels)}, name);
}

void Lowering::step(const KernelSpec& spec, const std::vector<PlanArg>& args, const SizeHint& hint, const Size& skip) {
    const uint32_t k = kernel(spec, hint, args);
    schedule_ = schedule_name(spec, hint, options_.targets[0]);
    scheduled_kernel_.reset();
    if (result_.kernels[k].autoscheduling) {
        schedule_ = options_.autoscheduler;
        scheduled_kernel_ = k;
    }
    plan_.step(k, args, row_, skip);
}

void Lowering::side_step(const KernelSpec& spec, const std::vector<PlanArg>& args, const SizeHint& hint) {
    const std::string schedule = schedule_;
    const auto kernel = scheduled_kernel_;
    step(spec, args, hint);
    schedule_ = schedule;
    scheduled_kernel_ = kernel;
}

// What an autoscheduler is told: the sizes that the call has at the size to optimise for. Zeros around images are a
// matter of layout, and not its own.
Autoscheduling Lowering::autoscheduling(const KernelSpec& spec, const std::vector<PlanArg>& args) const {
    if (std::holds_alternative<FillSpec>(spec)) return {};
    Autoscheduling how{options_.autoscheduler, {}};
    for (size_t i = 0; how && i < args.size(); ++i) {
        ArgumentEstimate& estimate = how.estimates.emplace_back();
        if (args[i].kind != plan::ArgKind::buffer) estimate.value = at_hint(args[i].number);
        for (const ViewDim& dim : args[i].view.dims)
            estimate.extents.push_back(std::clamp<int64_t>(at_hint(dim.extent), 1, 1 << 30));
    }
    return how;
}

uint32_t Lowering::kernel(const KernelSpec& spec, const SizeHint& hint, const std::vector<PlanArg>& args) {
    Autoscheduling how = autoscheduling(spec, args);
    std::string key = name_of(spec) + " " + how.text();
    for (const std::string& target : options_.targets) key += " " + kernel_name(spec, hint, target);
    if (node_) kernels_ += key + "\n";
    const auto [entry, added] = kernel_index_.try_emplace(key, static_cast<uint32_t>(result_.kernels.size()));
    if (added) result_.kernels.push_back({spec, hint, std::move(how)});
    return entry->second;
}

// Neighbouring dimensions that both sides walk without a gap become one; then the rest must fit the kernel's six.
void Lowering::copy(uint32_t element_bytes, const std::vector<CopyDim>& outermost_first, BufferView from,
                    BufferView to) {
    std::vector<CopyDim> dims;  // innermost first
    for (size_t d = outermost_first.size(); d-- > 0;) {
        const CopyDim& dim = outermost_first[d];
        if (dim.extent.integer() == 1) continue;
        if (!dims.empty() && dim.from == dims.back().from * dims.back().extent &&
            dim.to == dims.back().to * dims.back().extent)
            dims.back().extent = dims.back().extent * dim.extent;
        else
            dims.push_back(dim);
    }
    if (dims.size() > 6) refuse("moves elements along more than six axes", "reshape the tensor to fewer dimensions");
    if (dims.empty()) dims.push_back({Size(1), Size(1), Size(1)});
    while (dims.size() < 6) dims.push_back({Size(1), Size(0), Size(0)});
    CopySpec spec;
    spec.element_bytes = static_cast<int>(element_bytes);
    spec.strided = dims[0].from.integer() != 1;
    spec.scattered = dims[0].to.integer() != 1;
    for (const CopyDim& dim : dims) {
        from.dims.push_back({dim.extent, dim.from});
        to.dims.push_back({dim.extent, dim.to});
    }
    step(spec, {from, to});
}

int64_t Lowering::at_hint(const Size& size) const {
    return value_at(network_, hinted_size(options_), size);
}

std::vector<SizeHint> Lowering::hints_of(const ImageShape& out, int64_t channels_in, int64_t channels_out) const {
    std::vector<SizeHint> hints;
    for (const Pixels& size : likely_sizes(options_)) {
        const SizeHint hint = hint_at(network_, size, out, channels_in, channels_out);
        const bool is_new = std::ranges::none_of(
            hints, [&](const SizeHint& h) { return h.width == hint.width && h.height == hint.height; });
        if (is_new) hints.push_back(hint);
    }
    return hints;
}

SizeHint Lowering::hint_of(const ImageShape& out, int64_t channels_in, int64_t channels_out) const {
    return hint_at(network_, hinted_size(options_), out, channels_in, channels_out);
}

SizeHint Lowering::hint_of(ValueId out) const {
    const ImageShape image = image_of(shape(out));
    const int64_t channels = std::max<int64_t>(0, fixed_extent(value(out), 1));
    return hint_of(image, channels, channels);
}

void Lowering::require_equal(const Size& a, const Size& b, const std::string& what) {
    if (a == b) return;
    const Size equal = equals(a, b);
    const std::string message = "node \"" + node_->name + "\" (" + node_->onnx_type + "): " + what +
                                " must be equal: " + a.text() + " and " + b.text();
    if (equal.integer() == 0) refuse(what + " differ: " + a.text() + " and " + b.text(), "check the model's shapes");
    plan_.constraint(equal, message);
}

void Lowering::refuse(const std::string& problem, const std::string& advice) const {
    throw Error(node_ ? subject_of(network_, *node_) : network_.file, problem, advice);
}

}  // namespace atrous
