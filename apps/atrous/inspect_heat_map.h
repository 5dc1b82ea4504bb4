// Maps of path counts as pictures.
#pragma once

#include <string>
#include <vector>

#include "apps/atrous/inspect_arguments.h"
#include "apps/atrous/pixel_text.h"
#include "compiler/dilation/path_counts.h"

namespace atrous {

struct CaptionedMap {
    dilation::PathCounts counts;
    std::vector<std::string> caption;  // lines, of the characters that pixel_text knows
    // Pixels outside the field that are shown too: the whole picture.
    int64_t margin_top = 0, margin_left = 0, margin_bottom = 0, margin_right = 0;
};

// How light a count is, from 0 (one path) to 1 (the most of the map): by square root, and by logarithm where that
// would leave the field's border black.
class Shade {
  public:
    explicit Shade(const dilation::PathCounts& counts);
    double operator()(dilation::Count count) const;
    bool logarithmic() const { return logarithmic_; }

  private:
    dilation::Count highest_;
    bool logarithmic_;
};
Colour heat_colour(double shade);
bool is_light(const Colour& colour);  // dark letters are read on it

CaptionedMap heat_map_of(const BareChain& chain);
std::vector<CaptionedMap> heat_maps_of(const Inspection& inspection);  // one per output and input, of the picture
// The product of two axes' counts.
dilation::PathCounts plane_of(const std::array<dilation::ChainFacts, 2>& facts);

// Side by side, all at one scale, with their numbers where they are few.
Image draw_heat_maps(const std::vector<CaptionedMap>& maps);
// One map, a pixel a position, nothing (alpha 0) where nothing is read.
Image bare_heat_map(const dilation::PathCounts& counts);

}  // namespace atrous
