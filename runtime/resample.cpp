// Pillow's resampling. A picture is resampled along x and along y; each output sample is a weighted mean of the input
// samples under a filter that is widened by the scale when shrinking (so nothing is skipped over), and that never
// reaches outside the picture.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>

#include "runtime/image.h"

namespace atrous {
namespace {

double triangle(double x) {
    return std::max(0.0, 1.0 - std::abs(x));
}

double sinc(double x) {
    if (x == 0.0) return 1.0;
    x *= std::numbers::pi;
    return std::sin(x) / x;
}

double lanczos3(double x) {
    return -3.0 <= x && x < 3.0 ? sinc(x) * sinc(x / 3.0) : 0.0;
}

// 8-bit samples: weights in fixed point, 22 bits after the point (8 of the 32 are the sample's, 2 are reserve for the
// filter's overshoot).
struct Fixed {
    using Sample = uint8_t;
    using Weight = int32_t;
    using Sum = int32_t;
    static constexpr int precision = 22;
    static constexpr Sum start = 1 << (precision - 1);
    static Weight weight(double w) { return static_cast<Weight>(w * (1 << precision) + (w < 0 ? -0.5 : 0.5)); }
    static Sample sample(Sum sum) { return static_cast<Sample>(std::clamp(sum >> precision, 0, 255)); }
};

struct Real {
    using Sample = float;
    using Weight = double;
    using Sum = double;
    static constexpr Sum start = 0;
    static Weight weight(double w) { return w; }
    static Sample sample(Sum sum) { return static_cast<Sample>(sum); }
};

// For every output position the input positions it reads, and their weights.
template <typename Number>
struct Taps {
    struct Range {
        int first, count;
        size_t weights;  // where in `weights`
    };
    std::vector<Range> ranges;
    std::vector<typename Number::Weight> weights;
};

template <typename Number>
Taps<Number> taps_of(int in_size, float begin, float end, int out_size, Filter filter) {
    const auto kernel = filter == Filter::lanczos ? lanczos3 : triangle;
    const double scale = static_cast<double>(end - begin) / out_size;
    const double widening = std::max(scale, 1.0);
    const double support = (filter == Filter::lanczos ? 3.0 : 1.0) * widening;
    Taps<Number> taps;
    taps.ranges.reserve(static_cast<size_t>(out_size));
    std::vector<double> weights;
    for (int out = 0; out < out_size; ++out) {
        const double center = begin + (out + 0.5) * scale;
        const int first = std::max(0, static_cast<int>(std::floor(center - support + 0.5)));
        const int last = std::min(in_size, static_cast<int>(std::floor(center + support + 0.5)));
        weights.clear();
        double sum = 0;
        for (int in = 0; in < last - first; ++in) {
            weights.push_back(kernel((in + first - center + 0.5) * (1.0 / widening)));
            sum += weights.back();
        }
        taps.ranges.push_back({first, static_cast<int>(weights.size()), taps.weights.size()});
        for (const double weight : weights) taps.weights.push_back(Number::weight(sum != 0 ? weight / sum : weight));
    }
    return taps;
}

template <typename Number, int channels>
void resample_row(const typename Number::Sample* from, typename Number::Sample* to, const Taps<Number>& taps) {
    for (const auto& range : taps.ranges) {
        typename Number::Sum sums[channels];
        std::fill_n(sums, channels, Number::start);
        const auto* weights = taps.weights.data() + range.weights;
        const auto* pixel = from + static_cast<size_t>(range.first) * channels;
        for (int i = 0; i < range.count; ++i, pixel += channels) {
            for (int c = 0; c < channels; ++c) sums[c] += pixel[c] * weights[i];
        }
        for (int c = 0; c < channels; ++c) *to++ = Number::sample(sums[c]);
    }
}

// Rows of interleaved samples, somewhere else.
template <typename Sample>
struct View {
    int width, height, channels;
    const Sample* samples;
    size_t row() const { return static_cast<size_t>(width) * static_cast<size_t>(channels); }
};

// Along x, for `rows` rows from `first_row` on.
template <typename Number>
std::vector<typename Number::Sample> resample_x(const View<typename Number::Sample>& from, int first_row, int rows,
                                                const Taps<Number>& taps) {
    const size_t row = taps.ranges.size() * static_cast<size_t>(from.channels);
    std::vector<typename Number::Sample> to(row * static_cast<size_t>(rows));
    for (int y = 0; y < rows; ++y) {
        const auto* source = from.samples + from.row() * static_cast<size_t>(first_row + y);
        auto* target = to.data() + row * static_cast<size_t>(y);
        switch (from.channels) {
        case 1:
            resample_row<Number, 1>(source, target, taps);
            break;
        case 2:
            resample_row<Number, 2>(source, target, taps);
            break;
        case 3:
            resample_row<Number, 3>(source, target, taps);
            break;
        default:
            resample_row<Number, 4>(source, target, taps);
            break;
        }
    }
    return to;
}

// Along y; the taps count rows from `first_row` of the original on. Whole rows at a time, which vectorises.
template <typename Number>
std::vector<typename Number::Sample> resample_y(const typename Number::Sample* from, size_t row, int first_row,
                                                const Taps<Number>& taps) {
    std::vector<typename Number::Sample> to(row * taps.ranges.size());
    std::vector<typename Number::Sum> sums(row);
    auto* target = to.data();
    for (const auto& range : taps.ranges) {
        std::fill(sums.begin(), sums.end(), Number::start);
        for (int i = 0; i < range.count; ++i) {
            const auto weight = taps.weights[range.weights + static_cast<size_t>(i)];
            const auto* source = from + row * static_cast<size_t>(range.first - first_row + i);
            for (size_t x = 0; x < row; ++x) sums[x] += source[x] * weight;
        }
        for (size_t x = 0; x < row; ++x) *target++ = Number::sample(sums[x]);
    }
    return to;
}

// Each pass rounds, so the order shows. Pillow's, since 13: y first if the height loses more than twice what the width
// loses.
bool y_comes_first(int width, int height, int new_width, int new_height) {
    const int64_t lost_height = int64_t{height} - new_height, lost_width = int64_t{width} - new_width;
    return lost_height > 0 && lost_height > 2 * lost_width;
}

template <typename Number>
std::vector<typename Number::Sample> filtered(const View<typename Number::Sample>& from, int width, int height,
                                              Filter filter, const Box& box) {
    const bool along_x = width != from.width || box.left != 0 || box.right != static_cast<float>(width);
    const bool along_y = height != from.height || box.top != 0 || box.bottom != static_cast<float>(height);
    const size_t samples = from.row() * static_cast<size_t>(from.height);
    if (!along_x && !along_y) return {from.samples, from.samples + samples};
    if (!along_y) {
        return resample_x(from, 0, from.height, taps_of<Number>(from.width, box.left, box.right, width, filter));
    }
    const auto taps_y = taps_of<Number>(from.height, box.top, box.bottom, height, filter);
    if (!along_x) return resample_y(from.samples, from.row(), 0, taps_y);

    const auto taps_x = taps_of<Number>(from.width, box.left, box.right, width, filter);
    if (y_comes_first(from.width, from.height, width, height)) {
        const auto between = resample_y(from.samples, from.row(), 0, taps_y);
        return resample_x<Number>({from.width, height, from.channels, between.data()}, 0, height, taps_x);
    }
    const int first_row = taps_y.ranges.front().first;
    const int last_row = taps_y.ranges.back().first + taps_y.ranges.back().count;
    const auto between = resample_x(from, first_row, last_row - first_row, taps_x);
    return resample_y(between.data(), static_cast<size_t>(width) * from.channels, first_row, taps_y);
}

// Positions are added up, not multiplied, so that they round as Pillow's do.
std::vector<size_t> nearest_positions(int in_size, float begin, float end, int out_size) {
    const double scale = static_cast<double>(end - begin) / out_size;
    double position = begin + scale * 0.5;
    std::vector<size_t> positions(static_cast<size_t>(out_size));
    for (size_t& in : positions) {
        in = static_cast<size_t>(std::clamp(static_cast<int>(position), 0, in_size - 1));
        position += scale;
    }
    return positions;
}

template <typename Sample>
std::vector<Sample> nearest(const View<Sample>& from, int width, int height, const Box& box) {
    const auto columns = nearest_positions(from.width, box.left, box.right, width);
    const auto rows = nearest_positions(from.height, box.top, box.bottom, height);
    const auto channels = static_cast<size_t>(from.channels);
    std::vector<Sample> to(columns.size() * rows.size() * channels);
    Sample* target = to.data();
    for (const size_t row : rows) {
        for (const size_t column : columns) {
            target = std::copy_n(from.samples + row * from.row() + column * channels, channels, target);
        }
    }
    return to;
}

template <typename Number>
std::vector<typename Number::Sample> resampled(const View<typename Number::Sample>& from, int width, int height,
                                               Filter filter, const Box& box) {
    if (filter == Filter::nearest) return nearest(from, width, height, box);
    return filtered<Number>(from, width, height, filter, box);
}

Image nearest_16(const Image& image, int width, int height, const Box& box) {
    const auto* samples = reinterpret_cast<const uint16_t*>(image.pixels.data());
    const auto chosen = nearest(View<uint16_t>{image.width, image.height, image.channels, samples}, width, height, box);
    Image result{width, height, image.channels, 16, std::vector<uint8_t>(chosen.size() * 2), image.icc};
    std::memcpy(result.pixels.data(), chosen.data(), result.pixels.size());
    return result;
}

Box whole(int width, int height) {
    return {0, 0, static_cast<float>(width), static_cast<float>(height)};
}

}  // namespace

Image resize(const Image& image, int width, int height, Filter filter) {
    return resize(image, width, height, filter, whole(image.width, image.height));
}

Image resize(const Image& image, int width, int height, Filter filter, const Box& box) {
    if (image.bits == 16 && filter == Filter::nearest) return nearest_16(image, width, height, box);
    if (image.bits == 16) return resize(to_eight_bits(image), width, height, filter, box);
    const View<uint8_t> from{image.width, image.height, image.channels, image.pixels.data()};
    return {width, height, image.channels, 8, resampled<Fixed>(from, width, height, filter, box), image.icc};
}

std::vector<float> resize(const std::vector<float>& plane, int width, int height, int new_width, int new_height,
                          Filter filter) {
    return resize(plane, width, height, new_width, new_height, filter, whole(width, height));
}

std::vector<float> resize(const std::vector<float>& plane, int width, int height, int new_width, int new_height,
                          Filter filter, const Box& box) {
    const View<float> from{width, height, 1, plane.data()};
    return resampled<Real>(from, new_width, new_height, filter, box);
}

}  // namespace atrous
