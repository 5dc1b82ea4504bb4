#include "tests/reference/kernels.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "tests/reference/kernel_arguments.h"
#include "tests/reference/winograd.h"

namespace atrous::reference {
namespace {

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
    const View &x = args.view(4), &weights = args.view(spec.blocked_filters ? 6 : 4), &bias = args.view(1);
    const int64_t channels = spec.blocked_filters ? x.dims[2].extent : weights.dims[2].extent;
    const auto weight = [&](int64_t kx, int64_t ky, int64_t ci, int64_t co) {
        if (!spec.blocked_filters) return load(weights, {kx, ky, ci, co});
        return load(weights, {co % channel_block, ci % channel_block, kx, ky, ci / channel_block, co / channel_block});
    };
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
        for (int64_t ci = 0; ci < channels; ++ci)
            for (int64_t ky = 0; ky < spec.kernel_y; ++ky)
                for (int64_t kx = 0; kx < spec.kernel_x; ++kx) {
                    const int64_t ix = i[0] * spec.stride_x + kx * dx - left;
                    const int64_t iy = i[1] * spec.stride_y + ky * dy - top;
                    if (!inside(x.dims[0], ix) || !inside(x.dims[1], iy)) continue;
                    sum += weight(kx, ky, ci, i[2]) * load(x, {ix, iy, group * channels + ci, i[3]});
                }
        store(out, {i[0], i[1], i[2], i[3]},
              epilogue(sum, epilogue.slope ? load(*epilogue.slope, {i[2]}) : 0,
                       epilogue.added ? load(*epilogue.added, {i[0], i[1], i[2], i[3]}) : 0));
    });
}

void run(const ConvSpec& spec, Arguments args) {
    spec.packing == Packing::c16 ? conv_c16(spec, args) : conv_planar(spec, args);
}

void run(const NarrowConvSpec& spec, Arguments args) {
    const View &x = args.view(5), &weights = args.view(5), &bias = args.view(1);
    Epilogue epilogue{spec.activation, Residual::none};
    if (spec.activation == ElementwiseFunction::prelu) epilogue.slope = &args.view(1);
    const int64_t dx = args.integer(), dy = args.integer(), left = args.integer(), top = args.integer();
    epilogue.alpha = args.real();
    epilogue.beta = args.real();
    const View& out = args.view(4);
    args.end();
    for_each(out, [&](const Index& i) {
        double sum = load(bias, {i[2]});
        for (int64_t cib = 0; cib < weights.dims[3].extent; ++cib)
            for (int64_t ky = 0; ky < spec.kernel_y; ++ky)
                for (int64_t kx = 0; kx < spec.kernel_x; ++kx)
                    for (int64_t c = 0; c < channel_block; ++c)
                        sum += load(weights, {c, kx, ky, cib, i[2]}) *
                               load(x, {c, i[0] * spec.stride_x + kx * dx - left, i[1] * spec.stride_y + ky * dy - top,
                                        cib, i[3]});
        store(out, {i[0], i[1], i[2], i[3]}, epilogue(sum, epilogue.slope ? load(*epilogue.slope, {i[2]}) : 0, 0));
    });
}

void run(const DepthwiseConvSpec& spec, Arguments args) {
    const bool c16 = spec.packing == Packing::c16;
    const bool wide = spec.widening > 0;
    const size_t rank = c16 || wide ? 5 : 4;
    const View &x = args.view(c16 ? 5 : 4), &weights = args.view(4), &bias = args.view(c16 ? 2 : 1);
    Epilogue epilogue = read_epilogue_buffers(spec, args, c16 ? 2 : 1, rank);
    const int64_t dx = args.integer(), dy = args.integer(), left = args.integer(), top = args.integer();
    epilogue.alpha = args.real();
    epilogue.beta = args.real();
    const View& out = args.view(rank);
    args.end();
    if (wide)
        return for_each(out, [&](const Index& i) {
            double sum = load(bias, {i[3]});
            for (int64_t ky = 0; ky < spec.kernel_y; ++ky)
                for (int64_t kx = 0; kx < spec.kernel_x; ++kx) {
                    const int64_t ix = i[1] * spec.stride_x + kx * dx - left, iy = i[2] * spec.stride_y + ky * dy - top;
                    sum += load(weights, {i[0], kx, ky, i[3]}) * load(x, {ix, iy, i[3], i[4]});
                }
            const double slope = epilogue.slope ? load(*epilogue.slope, {i[3]}) : 0;
            const double added = epilogue.added ? load(*epilogue.added, {i[0], i[1], i[2], i[3], i[4]}) : 0;
            store(out, {i[0], i[1], i[2], i[3], i[4]}, epilogue(sum, slope, added));
        });
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

void run(const PhasedConvSpec& spec, Arguments args) {
    const View &x = args.view(4), &weights = args.view(5), &bias = args.view(1);
    Epilogue epilogue = read_epilogue_buffers(spec, args, 1, 6);
    epilogue.alpha = args.real();
    epilogue.beta = args.real();
    const View& out = args.view(6);
    args.end();
    const int64_t filters = weights.dims[0].extent;
    for_each(out, [&](const Index& i) {
        const int64_t co = i[4];
        double sum = load(bias, {co});
        for (int64_t ky = 0; ky < spec.kernel_y; ++ky)
            for (int64_t kx = 0; kx < spec.kernel_x; ++kx) {
                // In outputs: where this one is, padding included, and how far from it the tap's input.
                const int64_t ox = i[1] * spec.stride_x + i[0] + spec.pad_left - kx;
                const int64_t oy = i[3] * spec.stride_y + i[2] + spec.pad_top - ky;
                if (floor_mod(ox, spec.stride_x) || floor_mod(oy, spec.stride_y)) continue;
                for (int64_t ci = 0; ci < x.dims[2].extent; ++ci)
                    sum += load(weights, {co % filters, kx, ci, ky, co / filters}) *
                           load(x, {ox / spec.stride_x, oy / spec.stride_y, ci, i[5]});
            }
        store(out, {i[0], i[1], i[2], i[3], co, i[5]},
              epilogue(sum, epilogue.slope ? load(*epilogue.slope, {co}) : 0,
                       epilogue.added ? load(*epilogue.added, {i[0], i[1], i[2], i[3], co, i[5]}) : 0));
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
    args.integer(), args.integer();  // the output's extents
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

// Which rectangle of an image: where it begins, and its rows' distance.
struct Rectangle {
    int64_t index, count_x, count_y, step_x, step_y, dilation_y;

    explicit Rectangle(Arguments& args)
        : index(args.integer()),
          count_x(args.integer()),
          count_y(args.integer()),
          step_x(args.integer()),
          step_y(args.integer()),
          dilation_y(args.integer()) {}
    int64_t image() const { return index / (count_x * count_y); }
    int64_t x() const { return index % count_x * step_x; }
    int64_t y() const {
        const int64_t row = index / count_x % count_y;
        return row / dilation_y * dilation_y * step_y + row % dilation_y;
    }
};

void run(const AreaSpec& spec, Arguments args) {
    const bool c16 = spec.packing == Packing::c16;
    const View& x = args.view(4);
    const Rectangle rectangle(args);
    const int64_t left = args.integer(), top = args.integer();
    const View& out = args.view(c16 ? 5 : 4);
    args.end();
    for_each(out, [&](const Index& i) {
        const int64_t u = rectangle.x() - left + i[c16 ? 1 : 0];
        const int64_t v = rectangle.y() - top + i[c16 ? 2 : 1] * rectangle.dilation_y;
        const int64_t channel = c16 ? i[3] * channel_block + i[0] : i[2], n = rectangle.image() + i[c16 ? 4 : 3];
        const bool exists = inside(x.dims[0], u) && inside(x.dims[1], v) && channel < x.dims[2].extent;
        const double value = exists ? load(x, {u, v, channel, n}) : 0;
        c16 ? store(out, {i[0], i[1], i[2], i[3], i[4]}, value) : store(out, {i[0], i[1], i[2], i[3]}, value);
    });
}

void run(const UnpackAreaSpec&, Arguments args) {
    const View& x = args.view(5);
    const Rectangle rectangle(args);
    for (int i = 0; i < 3; ++i) args.integer();  // the output's extents
    const View& out = args.view(4);
    args.end();
    for_each(out, [&](const Index& i) {
        const int64_t u = i[0] - rectangle.x(), below = i[1] - rectangle.y(), v = below / rectangle.dilation_y;
        if (u < 0 || u >= rectangle.step_x || i[3] != rectangle.image()) return;
        if (below < 0 || below % rectangle.dilation_y != 0 || v >= rectangle.step_y) return;
        store(out, {i[0], i[1], i[2], i[3]}, load(x, {i[2] % channel_block, u, v, i[2] / channel_block, 0}));
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
    const View &x = args.view(spec.scattered ? 6 : 3), &out = args.view(spec.scattered ? 5 : 2);
    args.end();
    if (spec.scattered)
        return for_each(out, [&](const Index& i) {
            int64_t best = 0;
            for (int64_t k = 1; k < x.dims[5].extent; ++k) {
                const double value = load(x, {i[0], i[1], i[2], i[3], i[4], k});
                const double champion = load(x, {i[0], i[1], i[2], i[3], i[4], best});
                if (spec.select_last ? value >= champion : value > champion) best = k;
            }
            store(out, {i[0], i[1], i[2], i[3], i[4]}, static_cast<double>(best));
        });
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

void run_reference(const KernelSpec& spec, std::span<const Arg> args) {
    std::visit([&](const auto& s) { run(s, Arguments(args)); }, spec);
}

}  // namespace atrous::reference
