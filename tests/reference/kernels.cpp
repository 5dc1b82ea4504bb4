#include "tests/reference/kernels.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>

namespace atrous::reference {
namespace {

using Index = std::array<int64_t, 6>;

// The address of a coordinate; may lie outside the described extents (a halo), never outside the storage.
std::byte* address(const View& view, std::initializer_list<int64_t> index, size_t bytes, bool write) {
    if (index.size() != view.dims.size())
        throw Violation("a buffer has rank " + std::to_string(view.dims.size()) + ", the spec wants " +
                        std::to_string(index.size()));
    int64_t offset = 0;
    const Dim* dim = view.dims.data();
    for (int64_t i : index) {
        offset += (i - dim->min) * dim->stride;
        ++dim;
    }
    std::byte* result = static_cast<std::byte*>(view.data) + offset * static_cast<int64_t>(bytes);
    Storage* storage = view.storage;
    if (!storage) return result;
    if (result < storage->data || result + bytes > storage->data + storage->bytes)
        throw Violation(std::string(write ? "write" : "read") + " outside " + storage->name + " at byte " +
                        std::to_string(result - storage->data) + " of " + std::to_string(storage->bytes));
    const size_t first = static_cast<size_t>(result - storage->data);
    if (write && storage->read_only) throw Violation("write into the constant " + storage->name);
    if (storage->written.empty()) return result;
    for (size_t i = first; i < first + bytes; ++i) {
        if (write)
            storage->written[i] = true;
        else if (!storage->written[i])
            throw Violation("read of " + storage->name + " at byte " + std::to_string(i) + ", which nobody wrote");
    }
    return result;
}

template <class T>
T read(const std::byte* from) {
    T value;
    std::memcpy(&value, from, sizeof(T));
    return value;
}

template <class T>
void write(std::byte* to, T value) {
    std::memcpy(to, &value, sizeof(T));
}

double load(const View& view, std::initializer_list<int64_t> index) {
    const std::byte* from = address(view, index, plan::size_of(view.element), false);
    switch (view.element) {
    case ElementType::f32:
        return read<float>(from);
    case ElementType::f64:
        return read<double>(from);
    case ElementType::i64:
        return static_cast<double>(read<int64_t>(from));
    case ElementType::i32:
        return read<int32_t>(from);
    case ElementType::i8:
        return read<int8_t>(from);
    case ElementType::u8:
    case ElementType::boolean:
        return read<uint8_t>(from);
    case ElementType::f16:
        break;
    }
    throw Violation("f16 buffers are not read by any kernel");
}

// Conversions as a C++ compiler for x86 makes them; out-of-range values do not occur in tests.
void store(const View& view, std::initializer_list<int64_t> index, double value) {
    std::byte* to = address(view, index, plan::size_of(view.element), true);
    switch (view.element) {
    case ElementType::f32:
        return write(to, static_cast<float>(value));
    case ElementType::f64:
        return write(to, value);
    case ElementType::i64:
        return write(to, static_cast<int64_t>(value));
    case ElementType::i32:
        return write(to, static_cast<int32_t>(value));
    case ElementType::i8:
        return write(to, static_cast<int8_t>(static_cast<int64_t>(value)));
    case ElementType::u8:
        return write(to, static_cast<uint8_t>(static_cast<int64_t>(value)));
    case ElementType::boolean:
        return write(to, static_cast<uint8_t>(value != 0));
    case ElementType::f16:
        break;
    }
    throw Violation("f16 buffers are not written by any kernel");
}

// The arguments, taken one after the other.
class Arguments {
  public:
    explicit Arguments(std::span<const Arg> args) : args_(args) {}
    const View& view(size_t rank) {
        const View& result = take<View>("a buffer");
        if (result.dims.size() != rank)
            throw Violation("argument " + std::to_string(next_ - 1) + " has rank " +
                            std::to_string(result.dims.size()) + ", the spec wants " + std::to_string(rank));
        return result;
    }
    int64_t integer() { return take<int32_t>("an int32"); }
    float real() { return take<float>("a float"); }
    void end() const {
        if (next_ != args_.size()) throw Violation("the spec wants " + std::to_string(next_) + " arguments");
    }

  private:
    template <class T>
    const T& take(const char* what) {
        if (next_ >= args_.size() || !std::holds_alternative<T>(args_[next_]))
            throw Violation("argument " + std::to_string(next_) + " is not " + what);
        return std::get<T>(args_[next_++]);
    }
    std::span<const Arg> args_;
    size_t next_ = 0;
};

// Calls body(i0, i1, …) for every coordinate of the output, innermost first.
template <class Body>
void for_each(const View& view, Body&& body) {
    Index low{}, high{}, at{};
    for (size_t d = 0; d < 6; ++d) {
        const Dim dim = d < view.dims.size() ? view.dims[d] : Dim{};
        low[d] = at[d] = dim.min;
        high[d] = dim.min + dim.extent;
        if (dim.extent <= 0) return;
    }
    for (;;) {
        body(at);
        size_t d = 0;
        while (d < 6 && ++at[d] == high[d]) {
            at[d] = low[d];
            ++d;
        }
        if (d == 6) return;
    }
}

bool inside(const Dim& dim, int64_t i) {
    return i >= dim.min && i < dim.min + dim.extent;
}
int64_t floor_mod(int64_t a, int64_t b) {
    return ((a % b) + b) % b;
}

// What ConvSpec, DepthwiseConvSpec and TransposedConvSpec do after the sum.
struct Epilogue {
    ElementwiseFunction activation;
    Residual residual;
    const View* slope = nullptr;
    const View* added = nullptr;
    float alpha = 0, beta = 0;

    double operator()(double sum, double slope_value, double added_value) const {
        if (residual == Residual::before_activation) sum += added_value;
        sum = apply_function(activation, sum, slope_value, 0, alpha, beta);
        return residual == Residual::after_activation ? sum + added_value : sum;
    }
};

template <class Spec>
Epilogue read_epilogue_buffers(const Spec& spec, Arguments& args, size_t slope_rank, size_t rank) {
    Epilogue epilogue{spec.activation, spec.residual};
    if (spec.activation == ElementwiseFunction::prelu) epilogue.slope = &args.view(slope_rank);
    if (spec.residual != Residual::none) epilogue.added = &args.view(rank);
    return epilogue;
}

void conv_c16(const ConvSpec& spec, Arguments args) {
    const View &x = args.view(5), &weights = args.view(6), &bias = args.view(2);
    Epilogue epilogue = read_epilogue_buffers(spec, args, 2, 5);
    const int64_t dx = args.integer(), dy = args.integer(), left = args.integer(), top = args.integer();
    const int64_t blocks_per_group = args.integer();
    epilogue.alpha = args.real();
    epilogue.beta = args.real();
    const View& out = args.view(5);
    args.end();
    for_each(out, [&](const Index& i) {
        const int64_t group = spec.grouped ? i[3] / blocks_per_group : 0;
        double sum = load(bias, {i[0], i[3]});
        for (int64_t cib = 0; cib < weights.dims[4].extent; ++cib)
            for (int64_t ky = 0; ky < spec.kernel_y; ++ky)
                for (int64_t kx = 0; kx < spec.kernel_x; ++kx)
                    for (int64_t ci = 0; ci < weights.dims[1].extent; ++ci)
                        sum += load(weights, {i[0], ci, kx, ky, cib, i[3]}) *
                               load(x, {ci, i[1] * spec.stride_x + kx * dx - left, i[2] * spec.stride_y + ky * dy - top,
                                        group * weights.dims[4].extent + cib, i[4]});
        store(out, {i[0], i[1], i[2], i[3], i[4]},
              epilogue(sum, epilogue.slope ? load(*epilogue.slope, {i[0], i[3]}) : 0,
                       epilogue.added ? load(*epilogue.added, {i[0], i[1], i[2], i[3], i[4]}) : 0));
    });
}

void conv_planar(const ConvSpec& spec, Arguments args) {
    const View &x = args.view(4), &weights = args.view(4), &bias = args.view(1);
    Epilogue epilogue = read_epilogue_buffers(spec, args, 1, 4);
    const int64_t dx = args.integer(), dy = args.integer(), left = args.integer(), top = args.integer();
    const int64_t channels_per_group = args.integer();
    epilogue.alpha = args.real();
    epilogue.beta = args.real();
    const View& out = args.view(4);
    args.end();
    for_each(out, [&](const Index& i) {
        const int64_t group = spec.grouped ? i[2] / channels_per_group : 0;
        double sum = load(bias, {i[2]});
        for (int64_t ci = 0; ci < weights.dims[2].extent; ++ci)
            for (int64_t ky = 0; ky < spec.kernel_y; ++ky)
                for (int64_t kx = 0; kx < spec.kernel_x; ++kx) {
                    const int64_t ix = i[0] * spec.stride_x + kx * dx - left;
                    const int64_t iy = i[1] * spec.stride_y + ky * dy - top;
                    if (!inside(x.dims[0], ix) || !inside(x.dims[1], iy)) continue;
                    sum += load(weights, {kx, ky, ci, i[2]}) *
                           load(x, {ix, iy, group * weights.dims[2].extent + ci, i[3]});
                }
        store(out, {i[0], i[1], i[2], i[3]},
              epilogue(sum, epilogue.slope ? load(*epilogue.slope, {i[2]}) : 0,
                       epilogue.added ? load(*epilogue.added, {i[0], i[1], i[2], i[3]}) : 0));
    });
}

void run(const ConvSpec& spec, Arguments args) {
    spec.packing == Packing::c16 ? conv_c16(spec, args) : conv_planar(spec, args);
}

void run(const DepthwiseConvSpec& spec, Arguments args) {
    const bool c16 = spec.packing == Packing::c16;
    const size_t rank = c16 ? 5 : 4;
    const View &x = args.view(rank), &weights = args.view(4), &bias = args.view(c16 ? 2 : 1);
    Epilogue epilogue = read_epilogue_buffers(spec, args, c16 ? 2 : 1, rank);
    const int64_t dx = args.integer(), dy = args.integer(), left = args.integer(), top = args.integer();
    epilogue.alpha = args.real();
    epilogue.beta = args.real();
    const View& out = args.view(rank);
    args.end();
    for_each(out, [&](const Index& i) {
        double sum = c16 ? load(bias, {i[0], i[3]}) : load(bias, {i[2]});
        for (int64_t ky = 0; ky < spec.kernel_y; ++ky)
            for (int64_t kx = 0; kx < spec.kernel_x; ++kx) {
                const int64_t ix = i[c16 ? 1 : 0] * spec.stride_x + kx * dx - left;
                const int64_t iy = i[c16 ? 2 : 1] * spec.stride_y + ky * dy - top;
                if (c16)
                    sum += load(weights, {i[0], kx, ky, i[3]}) * load(x, {i[0], ix, iy, i[3], i[4]});
                else if (inside(x.dims[0], ix) && inside(x.dims[1], iy))
                    sum += load(weights, {kx, ky, 0, i[2]}) * load(x, {ix, iy, i[2], i[3]});
            }
        const auto at = [&](const View& view) {
            return c16 ? load(view, {i[0], i[1], i[2], i[3], i[4]}) : load(view, {i[0], i[1], i[2], i[3]});
        };
        const auto slope = [&] { return c16 ? load(*epilogue.slope, {i[0], i[3]}) : load(*epilogue.slope, {i[2]}); };
        const double value = epilogue(sum, epilogue.slope ? slope() : 0, epilogue.added ? at(*epilogue.added) : 0);
        if (c16)
            store(out, {i[0], i[1], i[2], i[3], i[4]}, value);
        else
            store(out, {i[0], i[1], i[2], i[3]}, value);
    });
}

void run(const TransposedConvSpec& spec, Arguments args) {
    const View &x = args.view(4), &weights = args.view(4), &bias = args.view(1);
    Epilogue epilogue = read_epilogue_buffers(spec, args, 1, 4);
    const int64_t dx = args.integer(), dy = args.integer(), left = args.integer(), top = args.integer();
    const int64_t channels_in = args.integer(), channels_out = args.integer();
    epilogue.alpha = args.real();
    epilogue.beta = args.real();
    const View& out = args.view(4);
    args.end();
    for_each(out, [&](const Index& i) {
        const int64_t group = i[2] / channels_out;
        double sum = load(bias, {i[2]});
        for (int64_t ky = 0; ky < spec.kernel_y; ++ky)
            for (int64_t kx = 0; kx < spec.kernel_x; ++kx) {
                const int64_t x_times_stride = i[0] + left - kx * dx, y_times_stride = i[1] + top - ky * dy;
                if (floor_mod(x_times_stride, spec.stride_x) || floor_mod(y_times_stride, spec.stride_y)) continue;
                const int64_t ix = x_times_stride / spec.stride_x, iy = y_times_stride / spec.stride_y;
                if (!inside(x.dims[0], ix) || !inside(x.dims[1], iy)) continue;
                for (int64_t ci = group * channels_in; ci < (group + 1) * channels_in; ++ci)
                    sum += load(weights, {kx, ky, i[2] % channels_out, ci}) * load(x, {ix, iy, ci, i[3]});
            }
        store(out, {i[0], i[1], i[2], i[3]},
              epilogue(sum, epilogue.slope ? load(*epilogue.slope, {i[2]}) : 0,
                       epilogue.added ? load(*epilogue.added, {i[0], i[1], i[2], i[3]}) : 0));
    });
}

// An image seen as (x, y, further…): planar or channel-blocked.
struct Image {
    const View& view;
    bool c16;
    const Dim& width() const { return view.dims[c16 ? 1 : 0]; }
    const Dim& height() const { return view.dims[c16 ? 2 : 1]; }
    double at(const Index& i, int64_t x, int64_t y) const {
        return c16 ? load(view, {i[0], x, y, i[3], i[4]}) : load(view, {x, y, i[2], i[3]});
    }
    void set(const Index& i, double value) const {
        if (c16)
            store(view, {i[0], i[1], i[2], i[3], i[4]}, value);
        else
            store(view, {i[0], i[1], i[2], i[3]}, value);
    }
};

void run(const PoolSpec& spec, Arguments args) {
    const bool c16 = spec.packing == Packing::c16;
    const Image x{args.view(c16 ? 5 : 4), c16};
    const int64_t kx = args.integer(), ky = args.integer(), sx = args.integer(), sy = args.integer();
    const int64_t dx = args.integer(), dy = args.integer(), left = args.integer(), top = args.integer();
    const int64_t right = args.integer(), bottom = args.integer();
    const Image out{args.view(c16 ? 5 : 4), c16};
    args.end();
    for_each(out.view, [&](const Index& i) {
        double largest = -std::numeric_limits<double>::infinity(), sum = 0;
        int64_t taps = 0;
        for (int64_t v = 0; v < ky; ++v)
            for (int64_t u = 0; u < kx; ++u) {
                const int64_t ix = i[c16 ? 1 : 0] * sx + u * dx - left, iy = i[c16 ? 2 : 1] * sy + v * dy - top;
                const bool in = inside(x.width(), ix) && inside(x.height(), iy);
                const bool in_padded = ix < x.width().extent + right && iy < x.height().extent + bottom;
                taps += spec.count_include_pad ? in_padded : in;
                if (!in) continue;
                const double value = x.at(i, ix, iy);
                largest = std::max(largest, value);
                sum += value;
            }
        out.set(i, spec.kind == PoolKind::max ? largest : sum / static_cast<double>(taps));
    });
}

void run(const GlobalPoolSpec& spec, Arguments args) {
    const bool c16 = spec.packing == Packing::c16;
    const Image x{args.view(c16 ? 5 : 4), c16}, out{args.view(c16 ? 5 : 4), c16};
    args.end();
    for_each(out.view, [&](const Index& i) {
        double largest = -std::numeric_limits<double>::infinity(), sum = 0;
        for (int64_t iy = 0; iy < x.height().extent; ++iy)
            for (int64_t ix = 0; ix < x.width().extent; ++ix) {
                const double value = x.at(i, ix, iy);
                largest = std::max(largest, value);
                sum += value;
            }
        const auto count = static_cast<double>(x.width().extent * x.height().extent);
        out.set(i, spec.kind == PoolKind::max ? largest : sum / count);
    });
}

void run(const ResizeSpec& spec, Arguments args) {
    const bool c16 = spec.packing == Packing::c16;
    const Image x{args.view(c16 ? 5 : 4), c16};
    const float scale_x = args.real(), scale_y = args.real();
    const int64_t out_width = args.integer(), out_height = args.integer();
    const Image out{args.view(c16 ? 5 : 4), c16};
    args.end();
    const int64_t width = x.width().extent, height = x.height().extent;
    for_each(out.view, [&](const Index& i) {
        const float at_x = source_coordinate(spec.coordinates, i[c16 ? 1 : 0], width, out_width, scale_x);
        const float at_y = source_coordinate(spec.coordinates, i[c16 ? 2 : 1], height, out_height, scale_y);
        const auto pixel = [&](int64_t ix, int64_t iy) {
            return x.at(i, std::clamp<int64_t>(ix, 0, width - 1), std::clamp<int64_t>(iy, 0, height - 1));
        };
        if (spec.mode == ResizeMode::nearest) {
            out.set(i, pixel(nearest_coordinate(spec.rounding, at_x), nearest_coordinate(spec.rounding, at_y)));
            return;
        }
        const auto left = static_cast<int64_t>(std::floor(at_x)), top = static_cast<int64_t>(std::floor(at_y));
        const double u = at_x - static_cast<float>(left), v = at_y - static_cast<float>(top);
        out.set(i, (1 - v) * ((1 - u) * pixel(left, top) + u * pixel(left + 1, top)) +
                       v * ((1 - u) * pixel(left, top + 1) + u * pixel(left + 1, top + 1)));
    });
}

void run(const ElementwiseSpec& spec, Arguments args) {
    const int count = operands_of(spec.function);
    std::array<const View*, 3> operands{};
    for (int k = 0; k < count; ++k) operands[k] = &args.view(5);
    const int64_t channels = args.integer();
    const float alpha = args.real(), beta = args.real();
    const View& out = args.view(5);
    args.end();
    for_each(out, [&](const Index& i) {
        std::array<double, 3> values{};
        for (int k = 0; k < count; ++k) {
            const bool repeated = spec.inner_broadcast >> k & 1;
            values[k] = load(*operands[k], {repeated ? operands[k]->dims[0].min : i[0], i[1], i[2], i[3], i[4]});
        }
        const bool beyond = spec.packing == Packing::c16 && i[3] * channel_block + i[0] >= channels;
        store(out, {i[0], i[1], i[2], i[3], i[4]},
              beyond ? 0 : apply_function(spec.function, values[0], values[1], values[2], alpha, beta));
    });
}

void run(const CopySpec& spec, Arguments args) {
    const View &x = args.view(6), &out = args.view(6);
    args.end();
    if (!spec.strided && x.dims[0].extent > 1 && x.dims[0].stride != 1)
        throw Violation("a copy that is not strided has an input stride of " + std::to_string(x.dims[0].stride));
    if (!spec.scattered && out.dims[0].extent > 1 && out.dims[0].stride != 1)
        throw Violation("a copy that is not scattered has an output stride of " + std::to_string(out.dims[0].stride));
    const auto bytes = static_cast<size_t>(spec.element_bytes);
    for_each(out, [&](const Index& i) {
        const std::byte* from = address(x, {i[0], i[1], i[2], i[3], i[4], i[5]}, bytes, false);
        std::memcpy(address(out, {i[0], i[1], i[2], i[3], i[4], i[5]}, bytes, true), from, bytes);
    });
}

void run(const PackSpec&, Arguments args) {
    const View &x = args.view(4), &out = args.view(5);
    args.end();
    for_each(out, [&](const Index& i) {
        const int64_t channel = i[3] * channel_block + i[0];
        store(out, {i[0], i[1], i[2], i[3], i[4]},
              channel < x.dims[2].extent ? load(x, {i[1], i[2], channel, i[4]}) : 0);
    });
}

void run(const UnpackSpec&, Arguments args) {
    const View &x = args.view(5), &out = args.view(4);
    args.end();
    for_each(out, [&](const Index& i) {
        store(out, {i[0], i[1], i[2], i[3]}, load(x, {i[2] % channel_block, i[0], i[1], i[2] / channel_block, i[3]}));
    });
}

void run(const FillSpec&, Arguments args) {
    const float value = args.real();
    const View& out = args.view(5);
    args.end();
    for_each(out, [&](const Index& i) { store(out, {i[0], i[1], i[2], i[3], i[4]}, value); });
}

void run(const PadSpec& spec, Arguments args) {
    const View& x = args.view(4);
    std::array<int64_t, 4> begin{};
    for (int64_t& b : begin) b = args.integer();
    const float value = args.real();
    const View& out = args.view(4);
    args.end();
    for_each(out, [&](const Index& i) {
        std::array<int64_t, 4> from{};
        bool outside = false;
        for (size_t d = 0; d < 4; ++d) {
            from[d] = padded_coordinate(spec.mode, i[d] - begin[d], x.dims[d].extent);
            outside |= from[d] < 0;
        }
        store(out, {i[0], i[1], i[2], i[3]}, outside ? value : load(x, {from[0], from[1], from[2], from[3]}));
    });
}

void run(const DepthToSpaceSpec& spec, Arguments args) {
    const View& x = args.view(4);
    const int64_t block = args.integer();
    const View& out = args.view(4);
    args.end();
    const int64_t channels = out.dims[2].extent;
    for_each(out, [&](const Index& i) {
        const int64_t bx = i[0] % block, by = i[1] % block, c = i[2];
        const int64_t channel =
            spec.column_row_depth ? (c * block + by) * block + bx : (by * block + bx) * channels + c;
        store(out, {i[0], i[1], i[2], i[3]}, load(x, {i[0] / block, i[1] / block, channel, i[3]}));
    });
}

void run(const SoftmaxSpec& spec, Arguments args) {
    const View &x = args.view(3), &out = args.view(3);
    args.end();
    for_each(out, [&](const Index& i) {
        double largest = -std::numeric_limits<double>::infinity(), sum = 0;
        for (int64_t k = 0; k < x.dims[1].extent; ++k) largest = std::max(largest, load(x, {i[0], k, i[2]}));
        for (int64_t k = 0; k < x.dims[1].extent; ++k) sum += std::exp(load(x, {i[0], k, i[2]}) - largest);
        const double shifted = load(x, {i[0], i[1], i[2]}) - largest;
        store(out, {i[0], i[1], i[2]}, spec.logarithm ? shifted - std::log(sum) : std::exp(shifted) / sum);
    });
}

void run(const ArgmaxSpec& spec, Arguments args) {
    const View &x = args.view(3), &out = args.view(2);
    args.end();
    for_each(out, [&](const Index& i) {
        int64_t best = 0;
        for (int64_t k = 1; k < x.dims[1].extent; ++k) {
            const double value = load(x, {i[0], k, i[1]}), champion = load(x, {i[0], best, i[1]});
            if (spec.select_last ? value >= champion : value > champion) best = k;
        }
        store(out, {i[0], i[1]}, static_cast<double>(best));
    });
}

void run(const InstanceNormSpec&, Arguments args) {
    const View &x = args.view(3), &scale = args.view(1), &bias = args.view(1);
    const float epsilon = args.real();
    const View& out = args.view(3);
    args.end();
    const int64_t count = x.dims[0].extent;
    for_each(out, [&](const Index& i) {
        double mean = 0, variance = 0;
        for (int64_t k = 0; k < count; ++k) mean += load(x, {k, i[1], i[2]});
        mean /= static_cast<double>(count);
        for (int64_t k = 0; k < count; ++k) variance += std::pow(load(x, {k, i[1], i[2]}) - mean, 2);
        variance /= static_cast<double>(count);
        store(out, {i[0], i[1], i[2]},
              (load(x, {i[0], i[1], i[2]}) - mean) / std::sqrt(variance + epsilon) * load(scale, {i[1]}) +
                  load(bias, {i[1]}));
    });
}

void run(const CastSpec& spec, Arguments args) {
    const View &x = args.view(1), &out = args.view(1);
    args.end();
    if (x.element != spec.from || out.element != spec.to) throw Violation("a cast's buffers have other types");
    for_each(out, [&](const Index& i) { store(out, {i[0]}, load(x, {i[0]})); });
}

}  // namespace

double apply_function(ElementwiseFunction function, double x, double y, double z, double alpha, double beta) {
    using F = ElementwiseFunction;
    switch (function) {
    case F::identity:
        return x;
    case F::relu:
        return std::max(x, 0.0);
    case F::leaky_relu:
        return x < 0 ? alpha * x : x;
    case F::prelu:
        return x < 0 ? y * x : x;
    case F::clip:
        return std::min(std::max(x, alpha), beta);
    case F::sigmoid:
        return 1 / (1 + std::exp(-x));
    case F::hard_sigmoid:
        return std::max(0.0, std::min(1.0, alpha * x + beta));
    case F::hard_swish:
        return x * std::max(0.0, std::min(1.0, x / 6 + 0.5));
    case F::tanh:
        return std::tanh(x);
    case F::silu:
        return x / (1 + std::exp(-x));
    case F::gelu:
        return x / 2 * (1 + std::erf(x / std::sqrt(2.0)));
    case F::gelu_tanh:
        return x / 2 * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
    case F::elu:
        return x < 0 ? alpha * std::expm1(x) : x;
    case F::softplus:
        return x > 30 ? x : std::log1p(std::exp(x));
    case F::neg:
        return -x;
    case F::sqrt:
        return std::sqrt(x);
    case F::exp:
        return std::exp(x);
    case F::log:
        return std::log(x);
    case F::erf:
        return std::erf(x);
    case F::floor:
        return std::floor(x);
    case F::ceil:
        return std::ceil(x);
    case F::abs:
        return std::abs(x);
    case F::reciprocal:
        return 1 / x;
    case F::add:
        return x + y;
    case F::sub:
        return x - y;
    case F::mul:
        return x * y;
    case F::div:
        return x / y;
    case F::max:
        return std::max(x, y);
    case F::min:
        return std::min(x, y);
    case F::pow:
        return std::pow(x, y);
    case F::equal:
        return x == y;
    case F::where:
        return x != 0 ? y : z;
    }
    throw Violation("unknown function");
}

float source_coordinate(ResizeCoordinates coordinates, int64_t i, int64_t length_in, int64_t length_out, float scale) {
    const auto at = static_cast<float>(i);
    switch (coordinates) {
    case ResizeCoordinates::half_pixel:
        return (at + 0.5f) / scale - 0.5f;
    case ResizeCoordinates::pytorch_half_pixel:
        return length_out > 1 ? (at + 0.5f) / scale - 0.5f : 0;
    case ResizeCoordinates::align_corners:
        return length_out > 1 ? at * static_cast<float>(length_in - 1) / static_cast<float>(length_out - 1) : 0;
    case ResizeCoordinates::asymmetric:
        return at / scale;
    }
    throw Violation("unknown coordinate transformation");
}

int64_t nearest_coordinate(NearestRounding rounding, float at) {
    switch (rounding) {
    case NearestRounding::round_prefer_floor:
        return static_cast<int64_t>(std::ceil(at - 0.5f));
    case NearestRounding::round_prefer_ceil:
        return static_cast<int64_t>(std::floor(at + 0.5f));
    case NearestRounding::floor:
        return static_cast<int64_t>(std::floor(at));
    case NearestRounding::ceil:
        return static_cast<int64_t>(std::ceil(at));
    }
    throw Violation("unknown rounding");
}

int64_t padded_coordinate(PadMode mode, int64_t i, int64_t extent) {
    if (i >= 0 && i < extent) return i;
    switch (mode) {
    case PadMode::constant:
        return -1;
    case PadMode::edge:
        return std::clamp<int64_t>(i, 0, extent - 1);
    case PadMode::wrap:
        return floor_mod(i, extent);
    case PadMode::reflect:
        break;
    }
    if (extent == 1) return 0;
    const int64_t folded = floor_mod(i, 2 * (extent - 1));
    return std::min(folded, 2 * (extent - 1) - folded);
}

View dense(void* data, ElementType element, const std::vector<int64_t>& extents) {
    View view{data, element, {}, nullptr};
    int64_t stride = 1;
    for (int64_t extent : extents) {
        view.dims.push_back({0, extent, stride});
        stride *= extent;
    }
    return view;
}

void run_reference(const KernelSpec& spec, std::span<const Arg> args) {
    std::visit([&](const auto& s) { run(s, Arguments(args)); }, spec);
}

}  // namespace atrous::reference
