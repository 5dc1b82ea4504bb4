#include "compiler/repack.h"

#include <algorithm>

namespace atrous {
namespace {

int64_t blocks_of(int64_t channels) {
    return (channels + channel_block - 1) / channel_block;
}

}  // namespace

DenseWeights phase_weights(std::span<const float> weights, int64_t channels_in, int64_t channels_out_per_group,
                           int64_t groups, int64_t kernel_y, int64_t kernel_x, const PhaseTaps& y, const PhaseTaps& x) {
    const int64_t in_per_group = channels_in / groups;
    DenseWeights result{channels_out_per_group * groups, in_per_group, y.taps, x.taps, {}};
    result.numbers.reserve(static_cast<size_t>(result.channels_out * in_per_group * y.taps * x.taps));
    for (int64_t co = 0; co < result.channels_out; ++co)
        for (int64_t ci = 0; ci < in_per_group; ++ci)
            for (int64_t v = 0; v < y.taps; ++v)
                for (int64_t u = 0; u < x.taps; ++u) {
                    const int64_t input = co / channels_out_per_group * in_per_group + ci;
                    const int64_t filter = input * channels_out_per_group + co % channels_out_per_group;
                    const int64_t ky = y.first + (y.taps - 1 - v) * y.step, kx = x.first + (x.taps - 1 - u) * x.step;
                    result.numbers.push_back(weights[static_cast<size_t>((filter * kernel_y + ky) * kernel_x + kx)]);
                }
    return result;
}

int64_t packed_inner_channels(int64_t channels_in) {
    return std::min<int64_t>(channel_block, channels_in);
}

std::vector<float> pack_conv_weights(const DenseWeights& weights, FilterOrder order) {
    const int64_t inner = packed_inner_channels(weights.channels_in);
    const int64_t blocks_in = blocks_of(weights.channels_in), blocks_out = blocks_of(weights.channels_out);
    const int64_t taps = weights.kernel_y * weights.kernel_x;
    std::vector<float> packed(static_cast<size_t>(blocks_out * blocks_in * taps * inner * channel_block));
    for (int64_t co = 0; co < weights.channels_out; ++co)
        for (int64_t ci = 0; ci < weights.channels_in; ++ci) {
            const int64_t block = co / channel_block * blocks_in + ci / channel_block;
            const float* from = weights.numbers.data() + (co * weights.channels_in + ci) * taps;
            for (int64_t tap = 0; tap < taps; ++tap) {
                const int64_t lane = ci % channel_block;
                const int64_t at = order == FilterOrder::taps_inside ? lane * taps + tap : tap * inner + lane;
                packed[static_cast<size_t>((block * taps * inner + at) * channel_block + co % channel_block)] =
                    from[tap];
            }
        }
    return packed;
}

std::vector<float> pack_phased_weights(std::span<const float> weights, int64_t channels_in, int64_t channels_out,
                                       int64_t kernel_y, int64_t kernel_x, int64_t side_by_side) {
    std::vector<float> packed;
    for (int64_t block = 0; block < channels_out; block += side_by_side)
        for (int64_t ky = 0; ky < kernel_y; ++ky)
            for (int64_t ci = 0; ci < channels_in; ++ci)
                for (int64_t kx = 0; kx < kernel_x; ++kx)
                    for (int64_t co = block; co < block + side_by_side; ++co) {
                        const int64_t from = ((ci * channels_out + co) * kernel_y + ky) * kernel_x + kx;
                        packed.push_back(co < channels_out ? weights[static_cast<size_t>(from)] : 0.0f);
                    }
    return packed;
}

std::vector<float> pack_depthwise_weights(const DenseWeights& weights) {
    const int64_t taps = weights.kernel_y * weights.kernel_x;
    std::vector<float> packed(static_cast<size_t>(blocks_of(weights.channels_out) * taps * channel_block));
    for (int64_t c = 0; c < weights.channels_out; ++c)
        for (int64_t tap = 0; tap < taps; ++tap)
            packed[static_cast<size_t>((c / channel_block * taps + tap) * channel_block + c % channel_block)] =
                weights.numbers[static_cast<size_t>(c * taps + tap)];
    return packed;
}

std::vector<float> pack_channels(std::span<const float> numbers, int64_t channels) {
    std::vector<float> packed(static_cast<size_t>(blocks_of(channels) * channel_block));
    for (int64_t c = 0; c < channels; ++c)
        packed[static_cast<size_t>(c)] = numbers[numbers.size() == 1 ? 0 : static_cast<size_t>(c)];
    return packed;
}

std::vector<float> pack_image(std::span<const float> numbers, const ImageExtents& image, const Halo& halo) {
    const int64_t width = image.w + halo.left + halo.right, height = image.h + halo.top + halo.bottom;
    const int64_t blocks = blocks_of(image.c);
    std::vector<float> packed(static_cast<size_t>(image.n * blocks * height * width * channel_block));
    size_t i = 0;
    for (int64_t n = 0; n < image.n; ++n)
        for (int64_t c = 0; c < image.c; ++c)
            for (int64_t y = 0; y < image.h; ++y)
                for (int64_t x = 0; x < image.w; ++x, ++i) {
                    const int64_t row = ((n * blocks + c / channel_block) * height + y + halo.top) * width;
                    packed[static_cast<size_t>((row + x + halo.left) * channel_block + c % channel_block)] = numbers[i];
                }
    return packed;
}

}  // namespace atrous
