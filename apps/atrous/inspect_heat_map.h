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

// How light a count is, from 0 (the fewest paths that a position of the map has) to 1 (the most): by square root, and
// by logarithm where that would leave all but the middle dark.
class Shade {
  public:
    explicit Shade(const dilation::PathCounts& counts);
    double operator()(dilation::Count count) const;
    bool logarithmic() const { return logarithmic_; }
    dilation::Count lowest() const { return lowest_; }
    dilation::Count highest() const { return highest_; }

  private:
    dilation::Count scaled(dilation::Count count) const;

    dilation::Count lowest_ = 0, highest_ = 0;  // of what is read
    bool logarithmic_ = false;
};
Colour heat_colour(double shade);
bool is_light(const Colour& colour);  // dark letters are read on it

CaptionedMap heat_map_of(const BareChain& chain);
// One per output and input, of the picture; and one per transposed convolution with a checkerboard.
std::vector<CaptionedMap> heat_maps_of(const Inspection& inspection);
// Taps that each output of a transposed convolution gets, some strides wide.
dilation::PathCounts phase_map(const PhaseTaps& phases);
// The product of two axes' counts.
dilation::PathCounts plane_of(const std::array<dilation::ChainFacts, 2>& facts);

// Side by side, all at one scale, with their numbers where they are few.
Image draw_heat_maps(const std::vector<CaptionedMap>& maps);
// One map, a pixel a position, nothing (alpha 0) where nothing is read.
Image bare_heat_map(const dilation::PathCounts& counts);

}  // namespace atrous
