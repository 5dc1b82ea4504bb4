#include "compiler/tuning/candidates.h"

#include <algorithm>
#include <cmath>

#include "schedules/registry.h"

namespace atrous {

namespace {

using Algorithm = OperatorTuning::Algorithm;

constexpr double hopeless = 2.5;        // times the least cost
constexpr double seldom_better = 1.06;  // what a decision that matters little costs, so that others are tried before it

// A part with all its ways, estimated once.
struct EstimatedPart {
    const ConvPart* part;
    std::vector<AlgorithmEstimate> ways;

    double cost(const std::optional<WinogradChoice>& choice) const {
        double direct = 0;
        for (const AlgorithmEstimate& way : ways) {
            if (!way.winograd) direct = way.cost;
            if (choice && way.winograd && is_same(*choice, *way.winograd)) return way.cost;
        }
        return direct;
    }

  private:
    static bool is_same(const WinogradChoice& a, const WinogradChoice& b) {
        const bool is_grouped_alike =
            a.blocks > 0 ? a.blocks == b.blocks : b.blocks == 0 && a.tiles_x == b.tiles_x && a.tiles_y == b.tiles_y;
        return a.tile.outputs_x == b.tile.outputs_x && a.tile.outputs_y == b.tile.outputs_y && is_grouped_alike;
    }
};

std::vector<EstimatedPart> estimate(const TunableOperator& op, const std::string& target) {
    std::vector<EstimatedPart> parts;
    for (const ConvPart& part : op.parts) {
        EstimatedPart& estimated = parts.emplace_back(EstimatedPart{&part, {}});
        if (const auto* spec = std::get_if<ConvSpec>(&part.spec))
            estimated.ways =
                estimate_algorithms(*spec, part.hint(), part.dilation_x, part.dilation_y, target, part.direct_share);
        else
            estimated.ways = {{std::nullopt, part.products()}};
        if (estimated.ways.front().cost == 0) estimated.ways.front().cost = part.products();
    }
    return parts;
}

double cost_of(const OperatorTuning& tuning, const std::vector<EstimatedPart>& parts) {
    double sum = 0;
    for (const EstimatedPart& part : parts)
        sum +=
            tuning.algorithm == Algorithm::open ? part.ways.front().cost : part.cost(winograd_of(tuning, *part.part));
    return sum;
}

// Along an axis without taps a Winograd tile has one output, whatever the tuning says.
OperatorTuning tuning_of(const WinogradChoice& choice) {
    OperatorTuning tuning;
    tuning.algorithm = Algorithm::winograd;
    const int most = std::max(choice.tile.outputs_x, choice.tile.outputs_y);
    tuning.outputs = {choice.tile.kernel_y > 1 ? choice.tile.outputs_y : most,
                      choice.tile.kernel_x > 1 ? choice.tile.outputs_x : most};
    tuning.blocks = choice.blocks;
    if (choice.blocks == 0) tuning.tiles = {choice.tiles_y, choice.tiles_x};
    return tuning;
}

std::vector<OperatorTuning> algorithms_of(const std::vector<EstimatedPart>& parts) {
    std::vector<OperatorTuning> all{OperatorTuning{}};
    const auto add = [&](const OperatorTuning& tuning) {
        if (std::ranges::find(all, tuning) == all.end()) all.push_back(tuning);
    };
    for (const EstimatedPart& part : parts) {
        for (const AlgorithmEstimate& way : part.ways) {
            if (way.winograd) add(tuning_of(*way.winograd));
        }
    }
    OperatorTuning direct;
    direct.algorithm = Algorithm::direct;
    if (all.size() > 1) add(direct);  // otherwise there is nothing else
    return all;
}

// The part that takes most of the time, and so decides about the loop nest.
const ConvPart& largest(const std::vector<EstimatedPart>& parts) {
    return *std::ranges::max_element(parts, {}, [](const EstimatedPart& p) { return p.part->products(); })->part;
}

// The kernel that multiplies for the part, and its legal loop nests; the schedule's own choice first.
struct LoopNests {
    std::string kernel;
    int width = 1;  // of rows that it goes along
    std::vector<Tuning> tunings;
};

LoopNests loop_nests(const OperatorTuning& tuning, const std::vector<EstimatedPart>& parts, const std::string& target) {
    const ConvPart& part = largest(parts);
    if (const auto* depthwise = std::get_if<DepthwiseConvSpec>(&part.spec))
        return {"depthwise", part.hint().width, legal_tunings(*depthwise, part.hint(), target)};
    const auto& spec = std::get<ConvSpec>(part.spec);
    auto choice = winograd_of(tuning, part);
    if (tuning.algorithm == Algorithm::open) {
        for (const EstimatedPart& estimated : parts)
            if (estimated.part == &part) choice = estimated.ways.front().winograd;
    }
    if (!choice) return {"conv", part.hint().width, legal_tunings(spec, part.hint(), target)};
    const SizeHint product = product_hint(*choice, part, target);
    return {"product", product.width, legal_tunings(BatchedGemmSpec{}, product, target)};
}

// Relative to a loop nest that never waits: every product reads one pixel or one vector of weights where the register
// tile is short in the other direction, and what lies past the end of a row is computed for nothing.
double tile_factor(const Tuning& tuning, int width) {
    if (tuning.tile_x <= 0) return 1;
    const double blocks = tuning.tile_blocks > 0 ? tuning.tile_blocks : 1, x = tuning.tile_x;
    const double reads = 1 / x + 1 / blocks, rows = std::ceil(width / x) * x / width;
    return std::max(1.0, 0.6 + reads / 1.5) * rows;
}

std::string way_of(const OperatorTuning& tuning, const LoopNests& nests) {
    std::string way = tuning.blocks > 0 ? nests.kernel + " by channels" : nests.kernel;
    if (tuning.by_rows) way += *tuning.by_rows ? " by rows" : " whole";
    return way;
}

std::string family_of(const OperatorTuning& tuning) {
    OperatorTuning family = tuning;
    family.kernel = {};
    if (family.algorithm == Algorithm::winograd && family.blocks == 0) family.tiles = {1, 1};
    if (family.blocks > 0) family.blocks = 1;
    return family.text();
}

}  // namespace

std::vector<Candidate> candidates_of(const TunableOperator& op, const std::string& target) {
    const std::vector<EstimatedPart> parts = estimate(op, target);
    std::vector<Candidate> all;
    const double least = cost_of({}, parts);
    for (OperatorTuning tuning : algorithms_of(parts)) {
        const double cost = cost_of(tuning, parts);
        if (cost > hopeless * least) continue;
        const LoopNests nests = loop_nests(tuning, parts, target);
        const Tuning usual = nests.tunings.empty() ? Tuning{} : nests.tunings.front();
        std::vector<std::optional<bool>> loops{std::nullopt};
        if (nests.kernel != "product") loops.emplace_back(!op.row_loop);  // Winograd tiles have loops of their own
        for (const std::optional<bool> by_rows : loops) {
            tuning.by_rows = by_rows;
            tuning.kernel = {};
            all.push_back({tuning, cost, way_of(tuning, nests), family_of(tuning), ""});
            const bool is_loop = by_rows.value_or(op.row_loop.has_value());
            for (int rows = 1; is_loop && nests.kernel != "product" && rows <= most_rows; rows *= 2) {
                tuning.rows = rows;
                all.push_back({tuning, cost * seldom_better, way_of(tuning, nests), family_of(tuning), ""});
            }
            tuning.rows = 0;
            for (const Tuning& nest : nests.tunings) {
                if (nest == usual) continue;
                tuning.kernel = nest;
                OperatorTuning kernel;
                kernel.kernel = nest;
                const double factor = tile_factor(nest, nests.width) / tile_factor(usual, nests.width) *
                                      (nest.unroll == usual.unroll ? 1 : seldom_better);
                all.push_back({tuning, cost * factor, way_of(tuning, nests), family_of(tuning),
                               nests.kernel + " " + kernel.text()});
            }
        }
    }
    std::stable_sort(all.begin() + 1, all.end(),
                     [](const Candidate& a, const Candidate& b) { return a.cost < b.cost; });
    return all;
}

}  // namespace atrous
