#include "schedules/algorithm.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace atrous {

namespace {

// Costs are in multiply-adds of 16 floats, of which a core with AVX-512 does one (AMD) or two (Intel) a cycle; the
// figures below are for one. Narrower vectors slow all of it alike.
constexpr double direct_efficiency = 0.93, gemm_efficiency = 0.92;
constexpr double odd_blocks_efficiency = 0.85;  // of register tiles that are one block high
// Transforms, per element of a tile and channel block: much of it is waiting for memory. Large tiles leave the
// registers.
constexpr double input_element = 20, output_element = 11;
constexpr double large_input_element = 26, large_output_element = 20;
constexpr int large_tile = 36;  // elements, above
constexpr double call = 2000;   // of the three kernels of a group
// To begin reading or writing pixels that lie side by side; where there are this many, the processor looks ahead.
constexpr double stretch = 110, long_stretch = 48;
// Likewise, in cycles, where pixels come from memory and a group has less than whole rows of them: memory is read and
// written best from its first to its last byte.
constexpr double piece = 800;
constexpr double cache_bytes = 1 << 20;
constexpr double from_own_cache = 0.03, from_shared_cache = 0.08, from_memory = 0.2;  // per byte
constexpr double filter_element = 2;  // per element of a filter and 16 output channels
constexpr int threads = 4;            // that should all have work
constexpr int most_group_tiles = 96;
constexpr double most_group_bytes = 2.5 * (1 << 20);
constexpr int most_pass_tiles = 1024, most_pass_blocks = 4;
constexpr double most_pass_bytes = 4 << 20;  // of a pass of more than two blocks
constexpr int fewest_part_blocks = 8;        // of input channels, in Winograd's domain
constexpr double most_filter_floats = 2147483647;
// Of outputs, relative to their root mean square, with tiles of so many elements along both axes: normal pixels and
// filters, 64 channels (docs/performance.md). It grows with the square root of the channels that are added up at once.
constexpr double errors[] = {0, 4e-7, 3e-7, 3e-7, 3e-7, 1e-6, 1.6e-6, 2.7e-6, 3.4e-6, 8.2e-6, 2e-5};
// U²-Net's outputs, some forty layers deep, are then within 7e-5 on photographs; with 2e-5 they are not within 1e-4.
constexpr double most_error = 1.3e-5;
constexpr int large_axis = 8;  // elements, above

struct Problem {
    int width, height;
    double depth, blocks_in;  // input channels that are multiplied; blocks of 16
    int blocks_out;
    int dilation_x, dilation_y;
    Core core;
};

int ceil_div(int a, int b) {
    return (a + b - 1) / b;
}

// Reading or writing what does not fit into a core's own cache.
double traffic_cost(const Problem& p, double bytes) {
    return p.core.traffic * bytes * (bytes > p.core.shared_cache ? from_memory : from_shared_cache);
}

double weight_bytes(const Problem& p, const ConvSpec& spec) {
    return 64.0 * spec.kernel_x * spec.kernel_y * p.depth * p.blocks_out;
}

// Whether it can be the sum of convolutions of parts of its input channels, each of which adds what the one before has
// left as its residual.
bool can_be_added_up(const ConvSpec& spec) {
    return !spec.grouped && spec.residual != Residual::after_activation;
}

// Sums of all parts but the last, to be written and read.
double sums_cost(const Problem& p, int parts) {
    return (parts - 1) * 2 * traffic_cost(p, 64.0 * p.width * p.height * p.blocks_out);
}

// Weights that the cache does not hold are read again for every row, those of a part from memory for the first one.
double direct_traffic(const Problem& p, const ConvSpec& spec, double share, int parts) {
    const double weights = weight_bytes(p, spec) / parts, rows = share * p.height;
    if (parts == 1) return weights > cache_bytes ? rows * traffic_cost(p, weights) : 0;
    const double first = p.core.traffic * from_memory * weights,
                 other = weights > cache_bytes ? traffic_cost(p, weights) : 0;
    return parts * (first + std::max(0.0, rows - 1) * other) + sums_cost(p, parts);
}

// As few as let the weights of a part leave room for the rest, if that is less than reading all of them from memory.
// (More parts, for a core's own cache, would be best by direct_traffic(), but were not.)
int direct_parts(const Problem& p, const ConvSpec& spec, double share) {
    const double weights = weight_bytes(p, spec);
    if (weights <= p.core.shared_cache || !can_be_added_up(spec)) return 1;
    int parts = 1;
    while (2 * weights / parts > p.core.shared_cache) parts *= 2;
    const bool is_even = static_cast<int>(p.blocks_in) % parts == 0;
    return is_even && direct_traffic(p, spec, share, parts) < direct_traffic(p, spec, share, 1) ? parts : 1;
}

double direct_cost(const Problem& p, const ConvSpec& spec, double share) {
    const double products = static_cast<double>(p.width) * spec.kernel_x * spec.kernel_y * p.depth * p.blocks_out;
    const double traffic = direct_traffic(p, spec, share, direct_parts(p, spec, share));
    return share * p.height * products / direct_efficiency + traffic;
}

// Tiles that are computed when register tiles of `width` cover so many, and what reading the weights costs, which wide
// ones do more seldom (register_tile.cpp): as many as could be done by the widest.
double covered_by(int width, int tiles, const Core& core) {
    return (width + 1.0) * ceil_div(tiles, width) * core.widest_tile / (core.widest_tile + 1);
}

// The register tile that covers so many at the least cost.
int register_tile(int tiles, const Core& core) {
    int best = core.narrowest_tile;
    for (int width = core.narrowest_tile + 1; width <= core.widest_tile; ++width)
        if (covered_by(width, tiles, core) < covered_by(best, tiles, core)) best = width;
    return best;
}

// Of the filters in Winograd's domain, floats.
double filter_elements(const Problem& p, const WinogradTile& tile) {
    return tile.size_x() * tile.size_y() * 256.0 * p.blocks_in * p.blocks_out;
}

bool is_large_on_an_axis(const WinogradTile& tile) {
    return tile.size_x() > large_axis || tile.size_y() > large_axis;
}

bool can_have(const Problem& p, const WinogradTile& tile) {
    if (filter_elements(p, tile) > most_filter_floats) return false;
    if (tile.size_x() * tile.size_y() > p.core.most_elements) return false;
    if (!is_large_on_an_axis(tile)) return true;
    const double depth = std::min<double>(p.depth, channels_at_once(tile));
    return std::sqrt(errors[tile.size_x()] * errors[tile.size_y()] * depth / 64) <= most_error;
}

double input_cost(const WinogradTile& tile) {
    const double elements = tile.size_x() * tile.size_y();
    return elements * (elements > large_tile ? large_input_element : input_element);
}

double output_cost(const WinogradTile& tile) {
    const double elements = tile.size_x() * tile.size_y();
    return elements * (elements > large_tile ? large_output_element : output_element);
}

// Of so many tiles, as register tiles cover them.
double product_cost(const Problem& p, const WinogradTile& tile, double tiles, int blocks_out) {
    const double efficiency = gemm_efficiency * (blocks_out % 2 == 0 ? 1 : odd_blocks_efficiency);
    return tile.size_x() * tile.size_y() * tiles * 16 * p.blocks_in * blocks_out / efficiency;
}

// Filters into the domain; what they come from has to be read by any algorithm.
double filter_cost(const Problem& p, const WinogradTile& tile, double blocks_out) {
    return tile.size_x() * tile.size_y() * 16 * p.blocks_in * blocks_out * filter_element;
}

// Of a group of tiles; `width`: of the register tile.
double group_cost(const Problem& p, const WinogradTile& tile, int tiles_x, int tiles_y, int width) {
    const int tiles = tiles_x * tiles_y;
    const double bytes = tile.size_x() * tile.size_y() * tiles * 64.0 * (p.blocks_in + p.blocks_out);
    const double filters = 4 * filter_elements(p, tile);
    double cost = call + product_cost(p, tile, covered_by(width, tiles, p.core), p.blocks_out);
    cost += filters * from_own_cache;
    cost += tiles * (p.blocks_in * input_cost(tile) + p.blocks_out * output_cost(tile));
    const double pieces = tiles_y * (p.blocks_in * tile.size_y() + p.blocks_out * tile.outputs_y);
    cost += stretch * std::max(0.0, 1 - tiles_x * tile.outputs_x / long_stretch) * pieces;
    const bool has_whole_rows = tiles_x >= winograd_tiles(p.width, tile.outputs_x, p.dilation_x);
    if (p.core.fetches_ahead && !has_whole_rows && 16.0 * p.width * p.height * p.blocks_in > cached_floats)
        cost += piece * p.core.products_per_cycle * pieces;
    if (filters + bytes > cache_bytes) cost += traffic_cost(p, filters);
    if (bytes > cache_bytes) cost += 2 * p.core.traffic * (bytes - cache_bytes) * from_shared_cache;
    return cost;
}

// Output channels in passes of so many blocks, over all tiles.
double pass_cost(const Problem& p, const WinogradTile& tile, int tiles, int blocks) {
    const double elements = tile.size_x() * tile.size_y();
    const double in = elements * tiles * 64 * p.blocks_in, out = elements * tiles * 64 * blocks;
    const double filters = elements * 1024 * p.blocks_in * blocks;
    double cost = call + filter_cost(p, tile, blocks) + product_cost(p, tile, covered(tiles, p.core), blocks);
    cost += tiles * blocks * output_cost(tile);
    if (in + out + filters > cache_bytes) cost += traffic_cost(p, in);
    if (out + filters > cache_bytes) cost += 2 * p.core.traffic * (out + filters - cache_bytes) * from_shared_cache;
    return cost;
}

// Of equal parts that all threads do together.
double shared_cost(int parts, double cost) {
    return ceil_div(parts, threads) * threads * cost;
}

// Tiles of an image along both axes.
struct TileGrid {
    int x, y;

    TileGrid(const Problem& p, const WinogradTile& tile)
        : x(winograd_tiles(p.width, tile.outputs_x, p.dilation_x)),
          y(winograd_tiles(p.height, tile.outputs_y, p.dilation_y)) {}
    double count() const { return double(x) * y; }
};

// With groups of tiles outside. Like the plan it makes them as equal as the image allows, all with the register tile
// that is best for the largest.
double groups_cost(const Problem& p, const WinogradChoice& choice) {
    const TileGrid all(p, choice.tile);
    const int count_x = ceil_div(all.x, choice.tiles_x), count_y = ceil_div(all.y, choice.tiles_y);
    const double filters =
        filter_cost(p, choice.tile, p.blocks_out) + traffic_cost(p, 4 * filter_elements(p, choice.tile));
    const double group = group_cost(p, choice.tile, ceil_div(all.x, count_x), ceil_div(all.y, count_y),
                                    register_tile(choice.tiles_x * choice.tiles_y, p.core));
    return filters + shared_cost(count_x * count_y, group);
}

void add_groups(const Problem& p, const WinogradTile& tile, std::vector<AlgorithmEstimate>& all) {
    const TileGrid tiles(p, tile);
    const double tile_bytes = tile.size_x() * tile.size_y() * 64.0 * (p.blocks_in + p.blocks_out);
    // The widest first: long rows are read and written faster than short ones.
    for (int x = std::min(tiles.x, most_group_tiles); x >= 1; --x) {
        if (ceil_div(tiles.x, ceil_div(tiles.x, x)) != x) continue;  // the same groups as a smaller x
        for (int y = 1; y <= std::min(tiles.y, most_group_tiles / x); ++y) {
            if (ceil_div(tiles.y, ceil_div(tiles.y, y)) != y) continue;
            if (x * y > 1 && x * y * tile_bytes > most_group_bytes) continue;
            const WinogradChoice choice{tile, x, y};
            all.push_back({choice, groups_cost(p, choice)});
        }
    }
}

// Of the input channels of passes over `tiles`, which all of them read: the fewest that the shared cache holds, of
// enough channels that adding up costs little.
int pass_parts(const Problem& p, const ConvSpec& spec, const WinogradTile& tile) {
    if (!can_be_added_up(spec)) return 1;
    const TileGrid tiles(p, tile);
    const double bytes = tile.size_x() * tile.size_y() * tiles.count() * 64 * p.blocks_in;
    const int blocks = static_cast<int>(p.blocks_in);
    int parts = 1;
    while (bytes / parts > p.core.shared_cache && blocks % (2 * parts) == 0 &&
           blocks / (2 * parts) >= fewest_part_blocks)
        parts *= 2;
    return parts;
}

// With filters outside.
double passes_cost(const Problem& whole, const ConvSpec& spec, const WinogradChoice& choice) {
    const WinogradTile& tile = choice.tile;
    const TileGrid grid(whole, tile);
    const double tiles = grid.count();
    if (tiles > most_pass_tiles) return std::numeric_limits<double>::infinity();
    const int parts = pass_parts(whole, spec, tile);
    Problem p = whole;
    p.blocks_in /= parts;
    double input = shared_cost(static_cast<int>(p.blocks_in), call + tiles * input_cost(tile));
    input += traffic_cost(p, tile.size_x() * tile.size_y() * tiles * 64 * p.blocks_in);
    const double pass = pass_cost(p, tile, grid.x * grid.y, choice.blocks);
    return parts * (input + shared_cost(p.blocks_out / choice.blocks, pass)) + sums_cost(p, parts);
}

void add_passes(const Problem& p, const ConvSpec& spec, const WinogradTile& tile, std::vector<AlgorithmEstimate>& all) {
    const TileGrid grid(p, tile);
    const double tiles = grid.count(), blocks_in = p.blocks_in / pass_parts(p, spec, tile);
    if (tiles > most_pass_tiles) return;
    for (int blocks = 1; blocks <= std::min(p.blocks_out, most_pass_blocks); ++blocks) {
        const double bytes = tile.size_x() * tile.size_y() * 64.0 * blocks * (tiles + 16 * blocks_in);
        if (p.blocks_out % blocks != 0 || (blocks > 2 && bytes > most_pass_bytes)) continue;
        const WinogradChoice choice{tile, grid.x, grid.y, blocks};
        all.push_back({choice, passes_cost(p, spec, choice)});
    }
}

// Outputs per tile along an axis of `taps`. With more elements, or more than eight for long filters, too much precision
// would be lost.
std::vector<int> outputs_for(int taps, WinogradPolicy policy, const Core& core) {
    if (taps == 1) return {1};
    const int most = taps <= 3 ? core.most_axis_elements : std::min(core.most_axis_elements, 8);
    std::vector<int> outputs;
    for (int m = 2; m + taps - 1 <= most && m <= core.most_axis_elements - 2; ++m) {
        const bool wanted = (policy != WinogradPolicy::f2 || m == 2) && (policy != WinogradPolicy::f4 || m == 4);
        if (wanted) outputs.push_back(m);
    }
    return outputs;
}

}  // namespace

double covered(int tiles, const Core& core) {
    return covered_by(register_tile(tiles, core), tiles, core);
}

int channels_at_once(const WinogradTile& tile) {
    return is_large_on_an_axis(tile) ? 128 : 0;
}

int winograd_tiles(int pixels, int outputs, int dilation) {
    const int chunk = outputs * dilation;
    return pixels / chunk * dilation + std::min(dilation, pixels % chunk);
}

namespace {

constexpr int largest = 1 << 20;  // beyond it the arithmetic here would overflow, and no padding makes sense

bool is_known(const SizeHint& hint) {
    if (hint.width < 1 || hint.height < 1 || hint.channels_in < 1 || hint.channels_out < 1) return false;
    return hint.width <= largest && hint.height <= largest;
}

bool can_be_in_winograds_domain(const ConvSpec& spec, const SizeHint& hint, int dilation_x, int dilation_y,
                                std::string_view target) {
    if (spec.packing != Packing::c16 || spec.grouped) return false;
    if (spec.stride_x != 1 || spec.stride_y != 1 || spec.kernel_x * spec.kernel_y == 1) return false;
    if (!is_known(hint) || dilation_x > largest || dilation_y > largest) return false;
    return has_winograd_schedules(target);
}

Problem problem_of(const SizeHint& hint, int dilation_x, int dilation_y, std::string_view target) {
    Problem p{hint.width, hint.height, 0, 0, 0, dilation_x, dilation_y, core_of(target)};
    p.blocks_in = ceil_div(hint.channels_in, channel_block);
    p.blocks_out = ceil_div(hint.channels_out, channel_block);
    p.depth = hint.channels_in < channel_block ? hint.channels_in : p.blocks_in * channel_block;
    return p;
}

std::vector<AlgorithmEstimate> winograd_estimates(const Problem& p, const ConvSpec& spec, WinogradPolicy policy) {
    std::vector<AlgorithmEstimate> all;
    for (int outputs_y : outputs_for(spec.kernel_y, policy, p.core)) {
        for (int outputs_x : outputs_for(spec.kernel_x, policy, p.core)) {
            const WinogradTile tile{outputs_x, outputs_y, spec.kernel_x, spec.kernel_y};
            if (!can_have(p, tile)) continue;
            add_groups(p, tile, all);
            add_passes(p, spec, tile, all);
        }
    }
    return all;
}

bool is_cheaper(const AlgorithmEstimate& a, const AlgorithmEstimate& b) {
    return a.cost < b.cost;
}

double winograd_cost(const Problem& p, const ConvSpec& spec, const WinogradChoice& choice) {
    return choice.blocks > 0 ? passes_cost(p, spec, choice) : groups_cost(p, choice);
}

// The cheapest of each tile.
std::vector<AlgorithmEstimate> best_of_each_tile(std::vector<AlgorithmEstimate> all) {
    const auto tile = [](const AlgorithmEstimate& e) {
        return std::pair(e.winograd->tile.outputs_x, e.winograd->tile.outputs_y);
    };
    std::ranges::stable_sort(all, {}, [&](const AlgorithmEstimate& e) { return std::pair(tile(e), e.cost); });
    all.erase(std::ranges::unique(all, {}, tile).begin(), all.end());
    return all;
}

// Of what is best somewhere, what costs least on average: at each size beside the best there.
std::optional<AlgorithmEstimate> best_on_average(const ConvSpec& spec, const std::vector<Problem>& sizes,
                                                 WinogradPolicy policy) {
    std::vector<AlgorithmEstimate> candidates;
    std::vector<double> least;
    for (const Problem& size : sizes) {
        const std::vector<AlgorithmEstimate> best = best_of_each_tile(winograd_estimates(size, spec, policy));
        if (best.empty()) return std::nullopt;
        least.push_back(std::ranges::min_element(best, is_cheaper)->cost);
        candidates.insert(candidates.end(), best.begin(), best.end());
    }
    for (AlgorithmEstimate& candidate : candidates) {
        candidate.cost = 0;
        for (size_t i = 0; i < sizes.size(); ++i)
            candidate.cost += winograd_cost(sizes[i], spec, *candidate.winograd) / least[i];
    }
    const WinogradChoice best = *std::ranges::min_element(candidates, is_cheaper)->winograd;
    return AlgorithmEstimate{best, winograd_cost(sizes.front(), spec, best)};
}

}  // namespace

std::optional<WinogradChoice> choose_winograd(const ConvSpec& spec, const std::vector<SizeHint>& sizes, int dilation_x,
                                              int dilation_y, WinogradPolicy policy, std::string_view target,
                                              double direct_share) {
    if (policy == WinogradPolicy::off) return std::nullopt;
    const auto can_be = [&](const SizeHint& size) {
        return can_be_in_winograds_domain(spec, size, dilation_x, dilation_y, target);
    };
    if (!can_be(sizes.front())) return std::nullopt;
    std::vector<Problem> problems;
    for (const SizeHint& size : sizes)
        if (can_be(size)) problems.push_back(problem_of(size, dilation_x, dilation_y, target));
    const std::optional<AlgorithmEstimate> best = best_on_average(spec, problems, policy);
    if (!best) return std::nullopt;
    const bool worthwhile =
        policy != WinogradPolicy::automatic || best->cost < direct_cost(problems.front(), spec, direct_share);
    return worthwhile ? best->winograd : std::nullopt;
}

std::vector<AlgorithmEstimate> estimate_algorithms(const ConvSpec& spec, const SizeHint& hint, int dilation_x,
                                                   int dilation_y, std::string_view target, double direct_share) {
    if (!can_be_in_winograds_domain(spec, hint, dilation_x, dilation_y, target)) return {AlgorithmEstimate{}};
    const Problem p = problem_of(hint, dilation_x, dilation_y, target);
    std::vector<AlgorithmEstimate> all = winograd_estimates(p, spec, WinogradPolicy::automatic);
    all.push_back({std::nullopt, direct_cost(p, spec, direct_share)});
    std::ranges::stable_sort(all, is_cheaper);
    return all;
}

int channel_parts(const std::optional<WinogradChoice>& winograd, const ConvSpec& spec, const SizeHint& hint,
                  int dilation_x, int dilation_y, std::string_view target, double direct_share) {
    if (spec.packing != Packing::c16 || !is_known(hint) || !can_be_added_up(spec)) return 1;
    const Problem p = problem_of(hint, dilation_x, dilation_y, target);
    if (!winograd) return direct_parts(p, spec, direct_share);
    if (winograd->blocks == 0) return 1;
    return pass_parts(p, spec, winograd->tile);
}

bool is_legal(const WinogradChoice& choice, const ConvSpec& spec, const SizeHint& hint, int dilation_x, int dilation_y,
              std::string_view target) {
    if (!can_be_in_winograds_domain(spec, hint, dilation_x, dilation_y, target)) return false;
    const WinogradTile& tile = choice.tile;
    const Problem p = problem_of(hint, dilation_x, dilation_y, target);
    const auto is_outputs = [&](int outputs, int taps) {
        const std::vector<int> legal = outputs_for(taps, WinogradPolicy::automatic, p.core);
        return std::ranges::find(legal, outputs) != legal.end();
    };
    if (tile.kernel_x != spec.kernel_x || tile.kernel_y != spec.kernel_y) return false;
    if (!is_outputs(tile.outputs_x, tile.kernel_x) || !is_outputs(tile.outputs_y, tile.kernel_y)) return false;
    if (!can_have(p, tile)) return false;
    if (choice.blocks == 0)
        return choice.tiles_x >= 1 && choice.tiles_y >= 1 && choice.tiles_x <= most_group_tiles &&
               choice.tiles_x * choice.tiles_y <= most_group_tiles;
    return choice.blocks > 0 && choice.blocks <= most_pass_blocks && p.blocks_out % choice.blocks == 0 &&
           TileGrid(p, tile).count() <= most_pass_tiles;
}

}  // namespace atrous
