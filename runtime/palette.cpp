// Colours for any number of classes, easy to tell apart. Hues go round by the golden angle, so that any first few are
// far from each other; lightness changes from one to the next. In Oklab (B. Ottosson, "A perceptual color space for
// image processing", 2020), where equal steps look equal.
#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <numbers>
#include <optional>
#include <unordered_set>

#include "runtime/config.h"

namespace atrous {
namespace {

constexpr double golden_angle = 2.399963229728653;
constexpr std::array lightnesses{0.70, 0.50, 0.86, 0.60};
constexpr double strongest_chroma = 0.22;

double gamma_encoded(double linear) {
    return linear <= 0.0031308 ? 12.92 * linear : 1.055 * std::pow(linear, 1 / 2.4) - 0.055;
}

// nullopt: sRGB has no such colour.
std::optional<uint32_t> srgb(double lightness, double chroma, double hue) {
    const double a = chroma * std::cos(hue), b = chroma * std::sin(hue);
    const double l = std::pow(lightness + 0.3963377774 * a + 0.2158037573 * b, 3);
    const double m = std::pow(lightness - 0.1055613458 * a - 0.0638541728 * b, 3);
    const double s = std::pow(lightness - 0.0894841775 * a - 1.2914855480 * b, 3);
    const std::array linear{4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
                            -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
                            -0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s};
    uint32_t color = 0;
    for (const double part : linear) {
        if (part < 0 || part > 1) return std::nullopt;
        color = color << 8 | static_cast<uint32_t>(std::lround(255 * gamma_encoded(part)));
    }
    return color;
}

uint32_t color_of(size_t index) {
    const double hue = std::fmod(static_cast<double>(index) * golden_angle + 0.5, 2 * std::numbers::pi);
    const double lightness = lightnesses[index % lightnesses.size()];
    for (double chroma = strongest_chroma; chroma > 0; chroma -= 0.01) {
        if (const auto color = srgb(lightness, chroma, hue)) return *color;
    }
    return *srgb(lightness, 0, hue);
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
    std::vector<uint32_t> palette(config.palette.begin(), config.palette.begin() + static_cast<ptrdiff_t>(std::min(
                                                                                       count, config.palette.size())));
    std::unordered_set<uint32_t> used(palette.begin(), palette.end());
    if (palette.empty() && count > 0 && begins_with_background(config)) {
        palette.push_back(0);
        used.insert(0);
    }
    for (size_t index = 0; palette.size() < count; ++index) {
        uint32_t color = color_of(index);
        while (!used.insert(color).second) color = (color + 0x010305) & 0xffffff;  // thousands of classes
        palette.push_back(color);
    }
    return palette;
}

}  // namespace atrous
