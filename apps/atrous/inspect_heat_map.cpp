#include "apps/atrous/inspect_heat_map.h"

#include <algorithm>
#include <cmath>

#include "apps/atrous/inspect_words.h"
#include "runtime/error.h"

namespace atrous {

using namespace dilation;

Shade::Shade(const PathCounts& counts) : highest_(counts.highest()) {
    lowest_ = highest_;
    for (const Count count : counts.numbers) {
        if (count > 0) lowest_ = std::min(lowest_, count);
    }
    logarithmic_ = highest_ > 1e4L * lowest_;
}

Count Shade::scaled(Count count) const {
    return logarithmic_ ? std::log(count) : std::sqrt(count);
}

double Shade::operator()(Count count) const {
    if (count <= 0) return 0;
    if (highest_ <= lowest_) return 1;
    return static_cast<double>((scaled(count) - scaled(lowest_)) / (scaled(highest_) - scaled(lowest_)));
}

// Dark violet over blue and green to yellow: lightness rises all the way, so that it survives printing in grey.
Colour heat_colour(double shade) {
    constexpr double stops[][3] = {{52, 38, 108}, {42, 98, 148}, {38, 152, 138}, {150, 200, 82}, {255, 228, 92}};
    const double position = std::clamp(shade, 0.0, 1.0) * 4;
    const size_t low = std::min<size_t>(3, static_cast<size_t>(position));
    Colour colour;
    for (size_t c = 0; c < 3; ++c) {
        const double mixed =
            stops[low][c] + (stops[low + 1][c] - stops[low][c]) * (position - static_cast<double>(low));
        colour[c] = static_cast<uint8_t>(std::lround(mixed));
    }
    return colour;
}

bool is_light(const Colour& colour) {
    return 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2] > 120;
}

PathCounts plane_of(const std::array<ChainFacts, 2>& facts) {
    const std::vector<Count>&y = facts[0].counts, &x = facts[1].counts;
    constexpr size_t largest = size_t{1} << 22;
    if (y.size() > largest / x.size()) return {};
    PathCounts plane{0, 0, static_cast<int64_t>(y.size()), static_cast<int64_t>(x.size()), {}};
    plane.numbers.reserve(y.size() * x.size());
    for (const Count row : y) {
        for (const Count column : x) plane.numbers.push_back(row * column);
    }
    return plane;
}

CaptionedMap heat_map_of(const BareChain& chain) {
    CaptionedMap map{plane_of(chain.facts), {}, 0, 0, 0, 0};
    if (map.counts.empty()) {
        throw Error("--rates", "the receptive field of " + chain.rates + " is too large to be drawn",
                    "use smaller rates or fewer layers, or leave --png out");
    }
    std::string rates;
    for (size_t i = 0; i < chain.axes[0].size(); ++i) {
        const int64_t y = chain.axes[0][i].rate, x = chain.axes[1][i].rate;
        rates += (i ? "," : "") + std::to_string(y) + (y == x ? "" : "x" + std::to_string(x));
    }
    map.caption = {"r = " + rates,
                   std::to_string(map.counts.height) + "x" + std::to_string(map.counts.width) + ", " +
                       percent_text(static_cast<double>(map.counts.covered()), static_cast<double>(map.counts.area())) +
                       " read"};
    return map;
}

PathCounts phase_map(const PhaseTaps& phases) {
    const auto repeated = [](const std::vector<int64_t>& taps) {
        constexpr size_t about = 12;
        return std::max<size_t>(1, about / taps.size()) * taps.size();
    };
    PathCounts map{0, 0, static_cast<int64_t>(repeated(phases.y)), static_cast<int64_t>(repeated(phases.x)), {}};
    for (size_t y = 0; y < repeated(phases.y); ++y) {
        for (size_t x = 0; x < repeated(phases.x); ++x) {
            map.numbers.push_back(static_cast<Count>(phases.y[y % phases.y.size()]) *
                                  static_cast<Count>(phases.x[x % phases.x.size()]));
        }
    }
    return map;
}

std::vector<CaptionedMap> heat_maps_of(const Inspection& inspection) {
    std::vector<CaptionedMap> maps;
    for (size_t i = 0; i < inspection.outputs.size(); ++i) {
        for (const InputField& field : inspection.outputs[i].fields) {
            if (field.map.empty()) continue;
            const PathCounts& counts = field.map;
            CaptionedMap map{counts, {}, 0, 0, 0, 0};
            if (field.picture[0] <= (int64_t{1} << 22) / field.picture[1]) {
                map.margin_top = counts.y;
                map.margin_left = counts.x;
                map.margin_bottom = field.picture[0] - counts.y - counts.height;
                map.margin_right = field.picture[1] - counts.x - counts.width;
            }
            map.caption = {"output " + std::to_string(i + 1),
                           std::to_string(counts.height) + "x" + std::to_string(counts.width) + ", " +
                               percent_text(static_cast<double>(counts.covered()), static_cast<double>(counts.area())) +
                               " read"};
            maps.push_back(std::move(map));
        }
    }
    for (const InspectedLayer& layer : inspection.layers) {
        if (!layer.phases || !layer.phases->is_uneven()) continue;
        const auto pair = [](const Pair& numbers) {
            return std::to_string(numbers[0]) + "x" + std::to_string(numbers[1]);
        };
        maps.push_back(
            {phase_map(*layer.phases),
             {"taps of outputs", "kernel " + pair(layer.cost.kernel) + ", stride " + pair(layer.cost.stride)},
             0,
             0,
             0,
             0});
    }
    return maps;
}

namespace {

constexpr Colour background{250, 250, 252}, unread{226, 226, 233}, unread_dot{190, 190, 202}, ink{40, 42, 54};
constexpr int gap = 24, caption_scale = 2, line_height = 22;

int64_t height_of(const CaptionedMap& map) {
    return map.margin_top + map.counts.height + map.margin_bottom;
}
int64_t width_of(const CaptionedMap& map) {
    return map.margin_left + map.counts.width + map.margin_right;
}

class Drawing {
  public:
    explicit Drawing(const std::vector<CaptionedMap>& maps) {
        int64_t largest = 1, lines = 0;
        for (const CaptionedMap& map : maps) {
            largest = std::max({largest, height_of(map), width_of(map)});
            lines = std::max<int64_t>(lines, static_cast<int64_t>(map.caption.size()));
        }
        cell_ = static_cast<int>(std::clamp<int64_t>(480 / largest, 1, 36));
        int width = gap, height = 0;
        for (const CaptionedMap& map : maps) {
            width += room_of(map) + gap;
            height = std::max(height, static_cast<int>(height_of(map)) * cell_);
        }
        base_ = gap + height;
        image_.width = width;
        image_.height = base_ + gap / 2 + static_cast<int>(lines) * line_height + gap / 2;
        image_.channels = 3;
        image_.pixels.resize(static_cast<size_t>(image_.width) * static_cast<size_t>(image_.height) * 3);
        rectangle(0, 0, image_.width, image_.height, background);
        int x = gap;
        for (const CaptionedMap& map : maps) {
            draw(map, x);
            x += room_of(map) + gap;
        }
    }
    Image take() { return std::move(image_); }

  private:
    int room_of(const CaptionedMap& map) const {
        int room = static_cast<int>(width_of(map)) * cell_;
        for (const std::string& line : map.caption) room = std::max(room, text_width(line, caption_scale));
        return room;
    }
    void rectangle(int x, int y, int width, int height, const Colour& colour) {
        for (int row = y; row < y + height; ++row) {
            auto pixel = image_.pixels.begin() + (static_cast<int64_t>(row) * image_.width + x) * 3;
            for (int column = 0; column < width; ++column) pixel = std::copy(colour.begin(), colour.end(), pixel);
        }
    }
    // All maps stand on one line, in the middle of their captions.
    void draw(const CaptionedMap& map, int x) {
        const int width = static_cast<int>(width_of(map)) * cell_, height = static_cast<int>(height_of(map)) * cell_;
        const int left = x + (room_of(map) - width) / 2, top = base_ - height;
        if (width_of(map) != map.counts.width || height_of(map) != map.counts.height) {
            rectangle(left - 1, top - 1, width + 2, height + 2, unread_dot);
            rectangle(left, top, width, height, background);
        }
        const Shade shade(map.counts);
        const int number_scale = number_scale_of(map.counts);
        for (int64_t row = 0; row < map.counts.height; ++row) {
            for (int64_t column = 0; column < map.counts.width; ++column) {
                draw_cell(left + static_cast<int>(column + map.margin_left) * cell_,
                          top + static_cast<int>(row + map.margin_top) * cell_, map.counts.at(row, column), shade,
                          number_scale);
            }
        }
        for (size_t line = 0; line < map.caption.size(); ++line) {
            const std::string& text = map.caption[line];
            draw_text(image_, x + (room_of(map) - text_width(text, caption_scale)) / 2,
                      base_ + gap / 2 + static_cast<int>(line) * line_height, text, caption_scale, ink);
        }
    }
    void draw_cell(int x, int y, Count count, const Shade& shade, int number_scale) {
        const int line = cell_ >= 6 ? 1 : 0;  // between cells
        const Colour colour = count > 0 ? heat_colour(shade(count)) : unread;
        rectangle(x, y, cell_ - line, cell_ - line, colour);
        if (count == 0) {
            const int dot = cell_ / 6;
            return rectangle(x + (cell_ - dot) / 2, y + (cell_ - dot) / 2, dot, dot, unread_dot);
        }
        if (number_scale == 0) return;
        const std::string number = std::to_string(static_cast<int64_t>(count));
        draw_text(image_, x + (cell_ - line - text_width(number, number_scale)) / 2,
                  y + (cell_ - line - text_height(number_scale)) / 2, number, number_scale,
                  is_light(colour) ? ink : background);
    }
    // At which the largest number of a map fits into a cell; 0: none are shown.
    int number_scale_of(const PathCounts& counts) const {
        if (counts.highest() >= 1e6L) return 0;
        const std::string longest = std::to_string(static_cast<int64_t>(counts.highest()));
        for (const int scale : {2, 1}) {
            if (text_width(longest, scale) + 2 + 2 * scale <= cell_) return scale;
        }
        return 0;
    }

    Image image_;
    int cell_ = 1, base_ = 0;
};

}  // namespace

Image draw_heat_maps(const std::vector<CaptionedMap>& maps) {
    return Drawing(maps).take();
}

Image bare_heat_map(const PathCounts& counts) {
    Image image;
    image.width = static_cast<int>(counts.width);
    image.height = static_cast<int>(counts.height);
    image.channels = 4;
    const Shade shade(counts);
    for (const Count count : counts.numbers) {
        const Colour colour = heat_colour(shade(count));
        image.pixels.insert(image.pixels.end(), colour.begin(), colour.end());
        image.pixels.push_back(count > 0 ? 255 : 0);
    }
    return image;
}

}  // namespace atrous
