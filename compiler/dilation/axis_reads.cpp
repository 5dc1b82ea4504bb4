#include "compiler/dilation/axis_reads.h"

#include <algorithm>
#include <cmath>

#include "runtime/error.h"

namespace atrous::dilation {

namespace {

int64_t floor_quotient(int64_t a, int64_t b) {
    return a / b - (a % b != 0 && (a < 0) != (b < 0));
}
int64_t floor_remainder(int64_t a, int64_t b) {
    return a - floor_quotient(a, b) * b;
}

// x_original of the ONNX specification, in single precision as generators/resize.cpp has it. Without borders the
// picture does not end, and neither does the special case for outputs of one pixel.
double source(const ResizeReads& resize, int64_t o, int64_t in) {
    const float position = static_cast<float>(o), scale = static_cast<float>(resize.scale);
    switch (resize.coordinates) {
    case ResizeCoordinates::half_pixel:
        return static_cast<double>((position + 0.5f) / scale - 0.5f);
    case ResizeCoordinates::pytorch_half_pixel:
        return resize.out > 1 ? static_cast<double>((position + 0.5f) / scale - 0.5f) : 0;
    case ResizeCoordinates::align_corners:
        return resize.out > 1
                   ? static_cast<double>(position * static_cast<float>(in - 1) / static_cast<float>(resize.out - 1))
                   : 0;
    case ResizeCoordinates::asymmetric:
        return static_cast<double>(position / scale);
    }
    return 0;
}

double nearest(NearestRounding rounding, double x) {
    switch (rounding) {
    case NearestRounding::round_prefer_floor:
        return std::ceil(x - 0.5);
    case NearestRounding::round_prefer_ceil:
        return std::floor(x + 0.5);
    case NearestRounding::floor:
        return std::floor(x);
    case NearestRounding::ceil:
        return std::ceil(x);
    }
    return x;
}

int64_t inside(int64_t i, int64_t in, Outside outside) {
    switch (outside) {
    case Outside::padding:
        return i;
    case Outside::edge:
        return std::clamp<int64_t>(i, 0, in - 1);
    case Outside::wrap:
        return floor_remainder(i, in);
    case Outside::reflect: {
        if (in == 1) return 0;
        const int64_t folded = floor_remainder(i, 2 * (in - 1));
        return std::min(folded, 2 * (in - 1) - folded);
    }
    }
    return i;
}

class Collector {
  public:
    Collector(const AxisReads& axis, Borders borders) : axis_(axis), borders_(borders) { taps_.begin.push_back(0); }

    void output(int64_t o) {
        std::visit([&](const auto& reads) { read(reads, o); }, axis_.reads);
        taps_.begin.push_back(static_cast<int64_t>(taps_.input.size()));
    }
    AxisTaps take() {
        if (!taps_.input.empty()) {
            const auto [low, high] = std::minmax_element(taps_.input.begin(), taps_.input.end());
            taps_.lowest = *low;
            taps_.highest = *high;
        }
        return std::move(taps_);
    }

  private:
    void tap(int64_t i) {
        if (borders_ == Borders::picture && (i < 0 || i >= axis_.in)) {
            if (axis_.outside == Outside::padding) return;
            i = inside(i, axis_.in, axis_.outside);
        }
        taps_.input.push_back(i);
    }
    void read(const WindowReads& window, int64_t o) {
        for (int64_t k = 0; k < window.kernel; ++k) tap(o * window.stride + k * window.rate - window.pad);
    }
    void read(const TransposedReads& window, int64_t o) {
        for (int64_t k = 0; k < window.kernel; ++k) {
            const int64_t position = o + window.pad - k * window.rate;
            if (floor_remainder(position, window.stride) == 0) tap(floor_quotient(position, window.stride));
        }
    }
    void read(const ResizeReads& resize, int64_t o) {
        const double x = source(resize, o, axis_.in);
        if (resize.mode == ResizeMode::nearest) return tap(static_cast<int64_t>(nearest(resize.rounding, x)));
        // At the border both neighbours are its last pixel, which is read once.
        const double clamped = borders_ == Borders::picture ? std::clamp(x, 0.0, static_cast<double>(axis_.in - 1)) : x;
        const double low = std::floor(clamped);
        tap(static_cast<int64_t>(low));
        if (clamped != low) tap(static_cast<int64_t>(low) + 1);
    }
    void read(const WholeReads&, int64_t) {
        for (int64_t i = 0; i < axis_.in; ++i) taps_.input.push_back(i);
    }

    const AxisReads& axis_;
    Borders borders_;
    AxisTaps taps_;
};

}  // namespace

namespace {

// A hostile model must neither overflow positions nor ask for more taps than there is memory for.
void check_reach(const AxisReads& axis, int64_t first, int64_t count) {
    struct {
        double in;
        double taps = 1, stride = 1, reach = 0;
        void operator()(const WindowReads& window) { window_of(window.kernel, window.stride, window.rate, window.pad); }
        void operator()(const TransposedReads& window) { window_of(window.kernel, 1, window.rate, window.pad); }
        void operator()(const ResizeReads& resize) { taps = 2, stride = 1 / resize.scale; }
        void operator()(const WholeReads&) { taps = in; }
        void window_of(int64_t kernel, int64_t step, int64_t rate, int64_t pad) {
            taps = static_cast<double>(kernel), stride = std::abs(static_cast<double>(step));
            reach = taps * static_cast<double>(rate) + std::abs(static_cast<double>(pad));
        }
    } size{static_cast<double>(axis.in)};
    std::visit(size, axis.reads);
    const double furthest = std::abs(static_cast<double>(first)) + static_cast<double>(count);
    constexpr double last_position = 4503599627370496, most_taps = 1 << 26;  // 2^52
    if (furthest * size.stride + size.reach < last_position && size.taps * static_cast<double>(count) <= most_taps)
        return;
    throw Error("receptive field", "reaches too far to be counted: beyond 2^52 pixels or 2^26 taps in one layer",
                "check the layers' strides, rates and kernels");
}

}  // namespace

bool AxisReads::is_broadcast() const {
    const auto* window = std::get_if<WindowReads>(&reads);
    return window && window->kernel == 1 && window->stride == 0;
}

bool AxisReads::is_identity() const {
    const auto* window = std::get_if<WindowReads>(&reads);
    return window && window->kernel == 1 && window->stride == 1 && window->pad == 0;
}

AxisTaps taps_of(const AxisReads& axis, int64_t first, int64_t count, Borders borders) {
    check_reach(axis, first, count);
    Collector collector(axis, borders);
    for (int64_t j = 0; j < count; ++j) collector.output(first + j);
    return collector.take();
}

namespace {

int64_t real_products_of(const WindowReads& window, int64_t in, int64_t out) {
    int64_t sum = 0;
    for (int64_t k = 0; k < window.kernel; ++k) {
        // 0 <= o·stride + offset < in
        const int64_t offset = k * window.rate - window.pad;
        const int64_t first = std::max<int64_t>(0, -floor_quotient(offset, window.stride));
        const int64_t last = std::min(out - 1, floor_quotient(in - 1 - offset, window.stride));
        sum += std::max<int64_t>(0, last - first + 1);
    }
    return sum;
}

}  // namespace

int64_t real_products(const AxisReads& axis, int64_t out) {
    if (const auto* window = std::get_if<WindowReads>(&axis.reads)) return real_products_of(*window, axis.in, out);
    const auto* transposed = std::get_if<TransposedReads>(&axis.reads);
    // The same products, counted from the input: i scatters to i·stride + k·rate − pad.
    if (transposed) {
        return real_products_of({transposed->kernel, transposed->stride, transposed->rate, transposed->pad}, out,
                                axis.in);
    }
    return out;
}

}  // namespace atrous::dilation
