// Pictures of a result: the cut-out and the overlay.
#include <algorithm>
#include <cstring>

#include "runtime/config.h"

namespace atrous {
namespace {

// The mask times the picture's alpha, for samples of one width. Rounded to the nearest.
template <typename Sample>
void multiply_alpha(const Image& mask, Image& rgba) {
    constexpr uint64_t opaque = static_cast<Sample>(~Sample{0});
    auto* samples = reinterpret_cast<Sample*>(rgba.pixels.data());
    for (size_t i = 0; i < mask.pixels.size(); ++i) {
        Sample& alpha = samples[4 * i + 3];
        alpha = static_cast<Sample>((uint64_t{alpha} * mask.pixels[i] * 2 + 255) / 510);
        static_assert(opaque % 255 == 0);
    }
}

struct Color {
    float r, g, b;
};

Color mixed(const Color& a, const Color& b, float share_of_b) {
    const float rest = 1 - share_of_b;
    return {a.r * rest + b.r * share_of_b, a.g * rest + b.g * share_of_b, a.b * rest + b.b * share_of_b};
}

Color color_of(uint32_t rgb) {
    return {static_cast<float>(rgb >> 16 & 255), static_cast<float>(rgb >> 8 & 255), static_cast<float>(rgb & 255)};
}

void store(const Color& color, uint8_t* rgb) {
    constexpr float half = 0.5f;
    rgb[0] = static_cast<uint8_t>(color.r + half);
    rgb[1] = static_cast<uint8_t>(color.g + half);
    rgb[2] = static_cast<uint8_t>(color.b + half);
}

// The picture as RGB, on white where it is transparent.
Image flattened(const Image& picture) {
    const Image rgba = to_channels(to_eight_bits(picture), 4);
    Image rgb = to_channels(rgba, 3);
    for (size_t i = 0; i < rgb.pixels.size(); ++i) {
        const int alpha = rgba.pixels[i / 3 * 4 + 3];
        rgb.pixels[i] = static_cast<uint8_t>((rgb.pixels[i] * alpha + 255 * (255 - alpha) + 127) / 255);
    }
    return rgb;
}

// What is not in the mask: half way to gray, and dark.
Color background_of(const Color& color) {
    const float luma = 0.299f * color.r + 0.587f * color.g + 0.114f * color.b;
    const Color pale = mixed(color, {luma, luma, luma}, 0.6f);
    return mixed(pale, {0, 0, 0}, 0.7f);
}

void overlay_mask(const Image& mask, Image& rgb) {
    for (size_t i = 0; i < mask.pixels.size(); ++i) {
        uint8_t* pixel = rgb.pixels.data() + 3 * i;
        const Color color{static_cast<float>(pixel[0]), static_cast<float>(pixel[1]), static_cast<float>(pixel[2])};
        store(mixed(background_of(color), color, static_cast<float>(mask.pixels[i]) / 255.0f), pixel);
    }
}

// Whether another class is found within `reach` to the left or above.
bool on_edge(const std::vector<uint16_t>& labels, int width, int x, int y, int reach) {
    const size_t here = static_cast<size_t>(y) * static_cast<size_t>(width) + static_cast<size_t>(x);
    const uint16_t label = labels[here];
    for (int step = 1; step <= reach; ++step) {
        if (x >= step && labels[here - static_cast<size_t>(step)] != label) return true;
        if (y >= step && labels[here - static_cast<size_t>(step) * static_cast<size_t>(width)] != label) return true;
    }
    return false;
}

void overlay_classes(const std::vector<uint16_t>& labels, const std::vector<uint32_t>& palette, Image& rgb) {
    constexpr float tint = 0.5f, edge_light = 0.75f;
    constexpr int pixels_per_line_width = 500;  // a line is as wide on a large picture as on a small one
    const int reach = std::max(1, std::min(rgb.width, rgb.height) / pixels_per_line_width);
    for (int y = 0; y < rgb.height; ++y) {
        for (int x = 0; x < rgb.width; ++x) {
            const size_t i = static_cast<size_t>(y) * static_cast<size_t>(rgb.width) + static_cast<size_t>(x);
            uint8_t* pixel = rgb.pixels.data() + 3 * i;
            const Color color{static_cast<float>(pixel[0]), static_cast<float>(pixel[1]), static_cast<float>(pixel[2])};
            const Color tinted = mixed(color, color_of(palette[std::min<size_t>(labels[i], palette.size() - 1)]), tint);
            const bool edge = on_edge(labels, rgb.width, x, y, reach);
            store(edge ? mixed(tinted, {255, 255, 255}, edge_light) : tinted, pixel);
        }
    }
}

}  // namespace

Image cutout(const Image& picture, const Image& mask) {
    Image rgba = to_channels(picture, 4);
    if (rgba.bits == 8) {
        multiply_alpha<uint8_t>(mask, rgba);
    } else {
        multiply_alpha<uint16_t>(mask, rgba);
    }
    return rgba;
}

Image overlay(const Image& picture, const Segmentation& segmentation, const Config& config) {
    Image rgb = flattened(picture);
    if (segmentation.labels.empty()) {
        overlay_mask(segmentation.mask, rgb);
    } else {
        overlay_classes(segmentation.labels, palette_of(config, segmentation.classes), rgb);
    }
    return rgb;
}

}  // namespace atrous
