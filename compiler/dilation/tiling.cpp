#include "compiler/dilation/tiling.h"

#include <algorithm>
#include <numeric>

namespace atrous::dilation {

namespace {

// Values that the output depends on, itself included.
std::vector<bool> needed_by(const ReadGraph& graph, uint32_t output) {
    std::vector<bool> needed(graph.reads.size());
    needed[output] = true;
    for (auto value = graph.order.rbegin(); value != graph.order.rend(); ++value) {
        if (!needed[*value]) continue;
        for (const Reads& reads : graph.reads[*value]) needed[reads.from] = true;
    }
    return needed;
}

std::string quoted(const Network& network, uint32_t value) {
    return "\"" + network.values[value].name + "\"";
}

std::string refusal_of(const Network& network, const ReadGraph& graph, const std::vector<bool>& needed,
                       const std::vector<std::array<Step, 2>>& steps, uint32_t output) {
    for (const uint32_t value : graph.order) {
        if (!needed[value]) continue;
        for (const Reads& reads : graph.reads[value]) {
            if (reads.is_whole()) return quoted(network, value) + " depends on the whole picture";
            const bool wraps = reads.y.outside == Outside::wrap || reads.x.outside == Outside::wrap;
            if (wraps) return quoted(network, value) + " continues the picture at its opposite border";
        }
    }
    for (size_t axis = 0; axis < 2; ++axis) {
        if (steps[output][axis].num == 0) {
            return "the pixels of " + quoted(network, output) +
                   " are no fixed distance of input pixels apart: a resize depends on the picture's size";
        }
    }
    return {};
}

constexpr int64_t largest_alignment = int64_t{1} << 20;

// Input pixels after which all values are back on their grids.
int64_t alignment_of(const ReadGraph& graph, const std::vector<bool>& needed,
                     const std::vector<std::array<Step, 2>>& steps, const std::vector<Grid>& grids, size_t axis) {
    int64_t alignment = 1;
    for (const uint32_t value : graph.order) {
        const Step step = steps[value][axis];
        if (!needed[value] || step.num == 0) continue;
        const int64_t pixels = step.num * (grids.empty() ? 1 : grids[value][axis]);
        alignment = std::lcm(alignment, pixels / std::gcd(pixels, step.den));
        if (alignment > largest_alignment) return 0;
    }
    return alignment;
}

// One aligned tile in the middle of a picture without borders.
AxisTiling axis_tiling(const ReadGraph& graph, uint32_t output, const Step& step, int64_t alignment, Axes axis,
                       Work& work) {
    AxisTiling tiling;
    tiling.alignment = alignment;
    tiling.output_alignment = alignment * step.den / step.num;
    const int64_t pixels = tiling.output_alignment;
    const PathCounts tile = axis == Axes::y ? PathCounts::ones(0, 0, pixels, 1) : PathCounts::ones(0, 0, 1, pixels);
    for (const auto& [input, counts] :
         field_of(graph, output, tile, Borders::none, axis, int64_t{1} << 22, work).inputs) {
        const int64_t first = axis == Axes::y ? counts.y : counts.x;
        const int64_t end = first + (axis == Axes::y ? counts.height : counts.width);
        tiling.before = std::max(tiling.before, -first);
        tiling.after = std::max(tiling.after, end - alignment);
    }
    return tiling;
}

}  // namespace

std::array<int64_t, 2> period_of(const ReadGraph& graph, uint32_t output) {
    const std::vector<bool> needed = needed_by(graph, output);
    const std::vector<std::array<Step, 2>> steps = steps_of(graph);
    std::array<int64_t, 2> period{};
    for (size_t axis = 0; axis < 2; ++axis) {
        const Step step = steps[output][axis];
        if (step.num > 0) period[axis] = alignment_of(graph, needed, steps, {}, axis) * step.den / step.num;
    }
    return period;
}

Tiling tiling_of(const Network& network, const ReadGraph& graph, uint32_t output, const std::vector<Grid>& grids,
                 Work& work) {
    Tiling tiling;
    const std::vector<bool> needed = needed_by(graph, output);
    const std::vector<std::array<Step, 2>> steps = steps_of(graph);
    tiling.refusal = refusal_of(network, graph, needed, steps, output);
    if (!tiling.refusal.empty()) return tiling;
    const int64_t y = alignment_of(graph, needed, steps, grids, 0), x = alignment_of(graph, needed, steps, grids, 1);
    if (y == 0 || x == 0) {
        tiling.refusal = "tiles would have to begin at multiples of more than " + std::to_string(largest_alignment) +
                         " pixels, for all layers to be on their grids";
        return tiling;
    }
    tiling.y = axis_tiling(graph, output, steps[output][0], y, Axes::y, work);
    tiling.x =
        y == x && graph.is_symmetric() ? tiling.y : axis_tiling(graph, output, steps[output][1], x, Axes::x, work);
    return tiling;
}

}  // namespace atrous::dilation
