// Which positions of which values a network's values read: the network as far as receptive fields are concerned.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "compiler/dilation/path_counts.h"

namespace atrous::dilation {

// A value's positions read some of an earlier value's.
struct Reads {
    uint32_t from;
    AxisReads y, x;
    bool is_identity() const { return y.is_identity() && x.is_identity(); }
    bool is_broadcast() const { return y.is_broadcast() || x.is_broadcast(); }
    bool is_whole() const { return y.is_whole() || x.is_whole(); }
};

struct ReadGraph {
    std::vector<std::vector<Reads>> reads;       // by value
    std::vector<std::array<int64_t, 2>> extent;  // by value: height and width; 1 where it has none
    std::vector<uint32_t> order;                 // computed values, each after what it reads
    std::vector<uint32_t> inputs, outputs;
    // Whether height and width are treated alike everywhere, so that one axis tells about both.
    bool is_symmetric() const;
};

enum class Axes { both, y, x };  // of one axis: as if the network had no other

// What positions of an output read of each input. Counts of paths in each.
struct Field {
    std::map<uint32_t, PathCounts> inputs;  // by value; inputs that are not read are missing
    // It also depends on the whole of a value (global pooling …), on top of these paths, which leave that out.
    bool whole = false;
};

// What following fields may still cost, in positions visited: some nanoseconds each. One budget for a whole model keeps
// the time in bounds, whatever the model.
struct Work {
    int64_t left = int64_t{1} << 27;
};

// `from`: the positions of the output to begin with, which may lie outside it with Borders::none; of one row or column
// where only one axis is followed. Throws Error where a map would have more than `most` positions, or the work is
// spent.
Field field_of(const ReadGraph& graph, uint32_t output, const PathCounts& from, Borders borders, Axes axes,
               int64_t most, Work& work);

// How far a value's neighbouring pixels are apart in the input: num/den input pixels; num = 0: unknown, where a resize
// is no ratio of small numbers, where branches disagree, and where there is no picture any more.
struct Step {
    int64_t num = 0, den = 1;
    bool operator==(const Step&) const = default;
    double pixels() const { return static_cast<double>(num) / static_cast<double>(den); }
};
// By value and axis (y, x), relative to the first input.
std::vector<std::array<Step, 2>> steps_of(const ReadGraph& graph);

}  // namespace atrous::dilation
