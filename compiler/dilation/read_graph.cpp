#include "compiler/dilation/read_graph.h"

#include <cmath>
#include <numeric>

#include "runtime/error.h"

namespace atrous::dilation {

namespace {

AxisReads identity() {
    return {WindowReads{}};
}

}  // namespace

bool ReadGraph::is_symmetric() const {
    for (const std::vector<Reads>& list : reads) {
        for (const Reads& each : list) {
            if (each.y != each.x) return false;
        }
    }
    for (const std::array<int64_t, 2>& size : extent) {
        if (size[0] != size[1]) return false;
    }
    return true;
}

Field field_of(const ReadGraph& graph, uint32_t output, const PathCounts& from, Borders borders, Axes axes,
               int64_t most, Work& work) {
    Field field;
    std::map<uint32_t, PathCounts> counts;  // of values that are still to be followed
    counts[output] = from;
    for (auto value = graph.order.rbegin(); value != graph.order.rend(); ++value) {
        const auto found = counts.find(*value);
        if (found == counts.end()) continue;
        const PathCounts here = std::move(found->second);
        counts.erase(found);
        for (const Reads& reads : graph.reads[*value]) {
            if (reads.is_whole()) {
                field.whole = true;
                continue;
            }
            work.left -= here.area() + 16;  // the least that an operator costs
            if (work.left < 0) {
                throw Error("receptive field", "takes too long to be followed through all layers",
                            "use a smaller --size, or a part of the model");
            }
            counts[reads.from].add(through(here, axes == Axes::x ? identity() : reads.y,
                                           axes == Axes::y ? identity() : reads.x, borders, most));
        }
    }
    for (auto& [value, map] : counts) {
        PathCounts trimmed = map.trimmed();
        if (!trimmed.empty()) field.inputs[value] = std::move(trimmed);
    }
    return field;
}

namespace {

constexpr int64_t largest_part = int64_t{1} << 20;  // of a step: products of two stay whole numbers

Step reduced(int64_t num, int64_t den) {
    const int64_t divisor = std::gcd(num, den);
    if (divisor == 0 || num / divisor > largest_part || den / divisor > largest_part) return {};
    return {num / divisor, den / divisor};
}

// scale as out/in of small numbers.
Step ratio_of(double scale) {
    for (int64_t den = 1; den <= 64; ++den) {
        const double num = scale * static_cast<double>(den);
        if (num >= 1 && num <= 4096 && std::abs(num - std::round(num)) < 1e-6 * num)
            return {static_cast<int64_t>(std::round(num)), den};
    }
    return {};
}

Step step_after(const Step& step, const AxisReads& axis) {
    if (step.num == 0) return {};
    if (const auto* window = std::get_if<WindowReads>(&axis.reads))
        return window->stride > 0 && window->stride <= largest_part ? reduced(step.num * window->stride, step.den)
                                                                    : Step{};
    if (const auto* window = std::get_if<TransposedReads>(&axis.reads))
        return window->stride <= largest_part ? reduced(step.num, step.den * window->stride) : Step{};
    if (const auto* resize = std::get_if<ResizeReads>(&axis.reads)) {
        const bool regular = resize->coordinates != ResizeCoordinates::align_corners || resize->scale == 1;
        const Step ratio = ratio_of(resize->scale);
        if (regular && ratio.num > 0) return reduced(step.num * ratio.den, step.den * ratio.num);
    }
    return {};
}

}  // namespace

std::vector<std::array<Step, 2>> steps_of(const ReadGraph& graph) {
    std::vector<std::array<Step, 2>> steps(graph.reads.size());
    std::vector<bool> known(graph.reads.size());
    if (graph.inputs.empty()) return steps;
    steps[graph.inputs[0]] = {Step{1, 1}, Step{1, 1}};
    known[graph.inputs[0]] = true;
    for (const uint32_t value : graph.order) {
        for (const Reads& reads : graph.reads[value]) {
            if (reads.is_whole() || reads.is_broadcast() || !known[reads.from]) continue;
            const std::array<Step, 2> through{step_after(steps[reads.from][0], reads.y),
                                              step_after(steps[reads.from][1], reads.x)};
            if (!known[value]) steps[value] = through;
            for (size_t axis = 0; axis < 2; ++axis) {
                if (!(steps[value][axis] == through[axis])) steps[value][axis] = {};
            }
            known[value] = true;
        }
    }
    return steps;
}

}  // namespace atrous::dilation
