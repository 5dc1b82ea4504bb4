// Colours for any number of classes, easy to tell apart: each next one is, of a few hundred candidates all around the
// colour circle, the farthest from all before it. Distances are those of Oklab (B. Ottosson, "A perceptual color space
// for image processing", 2020), where equal distances look equal.
#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <limits>
#include <numbers>
#include <optional>
#include <unordered_set>

#include "runtime/config.h"

namespace atrous {
namespace {

struct Lab {
    double lightness, a, b;
};

double distance(const Lab& x, const Lab& y) {
    return std::hypot(x.lightness - y.lightness, x.a - y.a, x.b - y.b);
}

double encoded(double linear) {
    return linear <= 0.0031308 ? 12.92 * linear : 1.055 * std::pow(linear, 1 / 2.4) - 0.055;
}

double decoded(double encoded) {
    return encoded <= 0.04045 ? encoded / 12.92 : std::pow((encoded + 0.055) / 1.055, 2.4);
}

// nullopt: sRGB has no such colour.
std::optional<uint32_t> srgb_of(const Lab& lab) {
    const double l = std::pow(lab.lightness + 0.3963377774 * lab.a + 0.2158037573 * lab.b, 3);
    const double m = std::pow(lab.lightness - 0.1055613458 * lab.a - 0.0638541728 * lab.b, 3);
    const double s = std::pow(lab.lightness - 0.0894841775 * lab.a - 1.2914855480 * lab.b, 3);
    const std::array linear{4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
                            -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
                            -0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s};
    uint32_t color = 0;
    for (const double part : linear) {
        if (part < 0 || part > 1) return std::nullopt;
        color = color << 8 | static_cast<uint32_t>(std::lround(255 * encoded(part)));
    }
    return color;
}

Lab lab_of(uint32_t color) {
    const double red = decoded((color >> 16 & 255) / 255.0), green = decoded((color >> 8 & 255) / 255.0);
    const double blue = decoded((color & 255) / 255.0);
    const double l = std::cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue);
    const double m = std::cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue);
    const double s = std::cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue);
    return {0.2104542553 * l + 0.7936177850 * m - 0.0040720468 * s,
            1.9779984951 * l - 2.4285922050 * m + 0.4505937099 * s,
            0.0259040371 * l + 0.7827717662 * m - 0.8086757660 * s};
}

// The strongest colour of that lightness and hue, weakened to a share.
uint32_t color_of(double lightness, double hue, double share) {
    for (int step = 48; step > 0; --step) {
        const double chroma = 0.005 * step;
        if (!srgb_of({lightness, chroma * std::cos(hue), chroma * std::sin(hue)})) continue;
        if (const auto color = srgb_of({lightness, share * chroma * std::cos(hue), share * chroma * std::sin(hue)})) {
            return *color;
        }
    }
    return *srgb_of({lightness, 0, 0});
}

// Neither so dark nor so light that a tint of it would not show, nor gray.
std::vector<uint32_t> candidates() {
    constexpr int hues = 30;
    std::vector<uint32_t> colors;
    for (const double share : {1.0, 0.55}) {
        for (const double lightness : {0.65, 0.80, 0.50, 0.90, 0.40}) {
            for (int hue = 0; hue < hues; ++hue) {
                colors.push_back(color_of(lightness, 2 * std::numbers::pi * hue / hues, share));
            }
        }
    }
    return colors;
}

// Appends candidates, the farthest from all others first, until there are `count` colours or no candidates left.
void append_distinct(std::vector<uint32_t>& palette, size_t count) {
    struct Candidate {
        uint32_t color;
        Lab lab;
        double nearest = std::numeric_limits<double>::infinity();  // to the palette
    };
    std::vector<Candidate> rest;
    for (const uint32_t color : candidates()) rest.push_back({color, lab_of(color)});
    const auto used = [&](uint32_t color) {
        for (Candidate& candidate : rest) {
            candidate.nearest = std::min(candidate.nearest, distance(candidate.lab, lab_of(color)));
        }
    };
    for (const uint32_t color : palette) used(color);
    while (palette.size() < count) {
        const auto best = std::max_element(
            rest.begin(), rest.end(), [](const Candidate& x, const Candidate& y) { return x.nearest < y.nearest; });
        if (best->nearest <= 0) return;
        palette.push_back(best->color);
        used(best->color);
    }
}

// Hundreds and thousands of classes: any colours that are not the same.
void append_any(std::vector<uint32_t>& palette, size_t count) {
    std::unordered_set<uint32_t> used(palette.begin(), palette.end());
    for (uint32_t color = 0x9e3779; palette.size() < count; color = (color + 0x9e3779) & 0xffffff) {
        if (used.insert(color).second) palette.push_back(color);
    }
}

bool begins_with_background(const Config& config) {
    if (config.classes.empty()) return true;
    std::string name = config.classes[0];
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    constexpr std::array background{"background", "__background__", "bg",        "void",
                                    "none",       "other",          "unlabeled", "unlabelled"};
    return std::find(background.begin(), background.end(), name) != background.end();
}

}  // namespace

std::vector<uint32_t> palette_of(const Config& config, int classes) {
    const auto count = static_cast<size_t>(std::max(classes, 0));
    std::vector<uint32_t> palette = config.palette;
    if (palette.empty() && begins_with_background(config)) palette.push_back(0);
    if (palette.size() < count) append_distinct(palette, count);
    append_any(palette, count);
    palette.resize(count);
    return palette;
}

}  // namespace atrous
