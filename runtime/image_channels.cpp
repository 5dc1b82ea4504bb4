// Samples of other widths, pixels of other numbers of channels.
#include <cstring>

#include "runtime/image.h"

namespace atrous {
namespace {

// ITU-R 601-2 luma in 16-bit fixed point, as Pillow's convert("L") has it.
template <typename Sample>
Sample luma(const Sample* rgb) {
    constexpr uint64_t red = 19595, green = 38470, blue = 7471, half = 0x8000;
    return static_cast<Sample>((red * rgb[0] + green * rgb[1] + blue * rgb[2] + half) >> 16);
}

template <typename Sample>
void convert_pixel(const Sample* from, int from_channels, Sample* to, int to_channels) {
    constexpr Sample opaque = static_cast<Sample>(~Sample{0});
    const bool color = from_channels >= 3;
    const Sample alpha = from_channels % 2 == 0 ? from[from_channels - 1] : opaque;
    if (to_channels >= 3) {
        for (int c = 0; c < 3; ++c) to[c] = color ? from[c] : from[0];
    } else {
        to[0] = color ? luma(from) : from[0];
    }
    if (to_channels % 2 == 0) to[to_channels - 1] = alpha;
}

template <typename Sample>
void convert_pixels(const Image& from, Image& to) {
    const auto* source = reinterpret_cast<const Sample*>(from.pixels.data());
    auto* target = reinterpret_cast<Sample*>(to.pixels.data());
    const size_t count = static_cast<size_t>(from.width) * static_cast<size_t>(from.height);
    for (size_t i = 0; i < count; ++i) {
        convert_pixel(source + i * from.channels, from.channels, target + i * to.channels, to.channels);
    }
}

}  // namespace

Image to_eight_bits(const Image& image) {
    if (image.bits == 8) return image;
    Image result{image.width, image.height, image.channels, 8, std::vector<uint8_t>(image.pixels.size() / 2),
                 image.icc};
    for (size_t i = 0; i < result.pixels.size(); ++i) {
        uint16_t sample;
        std::memcpy(&sample, image.pixels.data() + 2 * i, sizeof sample);
        result.pixels[i] = static_cast<uint8_t>((uint32_t{sample} * 255 + 32767) / 65535);
    }
    return result;
}

Image to_channels(const Image& image, int channels) {
    if (image.channels == channels) return image;
    const size_t samples = static_cast<size_t>(image.width) * static_cast<size_t>(image.height) * channels;
    Image result{image.width, image.height, channels, image.bits, std::vector<uint8_t>(samples * (image.bits / 8)),
                 image.icc};
    if (image.bits == 8) {
        convert_pixels<uint8_t>(image, result);
    } else {
        convert_pixels<uint16_t>(image, result);
    }
    return result;
}

}  // namespace atrous
