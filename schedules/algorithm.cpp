#include "schedules/algorithm.h"

#include <algorithm>
#include <vector>

#include "schedules/registry.h"

namespace atrous {

namespace {

// Costs are in multiply-adds of 16 floats, what an AVX-512 core does in a cycle. Narrower vectors slow all of it alike.
constexpr double direct_efficiency = 0.93, gemm_efficiency = 0.92;
// Transforms, per element of a tile and channel block: much of it is waiting for memory. Large tiles leave the
// registers.
constexpr double input_element = 20, output_element = 11;
constexpr double large_input_element = 26, large_output_element = 20;
constexpr int large_tile = 36;  // elements, above
constexpr double call = 2000;   // of the three kernels of a group
constexpr double cache_bytes = 1 << 20, shared_cache_bytes = 16 << 20;
constexpr double from_shared_cache = 0.04, from_memory = 0.2;  // per byte
constexpr double prepared_byte = 0.15;  // what a byte of filters in Winograd's domain must save: memory, and opening
constexpr int threads = 4;              // that should all have work
constexpr int most_group_tiles = 96;
constexpr double most_group_bytes = 2.5 * (1 << 20);
constexpr double most_elements = 2147483647;

struct Problem {
    int width, height;
    double depth, blocks_in, blocks_out;  // input channels that are multiplied; blocks of 16
    int dilation_x, dilation_y;
};

int ceil_div(int a, int b) {
    return (a + b - 1) / b;
}

double direct_cost(const Problem& p, const ConvSpec& spec) {
    return static_cast<double>(p.width) * p.height * spec.kernel_x * spec.kernel_y * p.depth * p.blocks_out /
           direct_efficiency;
}

// Tiles that are computed when the register tile covers a group, the last one shifted inwards (x86/register_tile.cpp).
int covered(int tiles) {
    int least = 5 * ceil_div(tiles, 5);
    for (int tile = 6; tile <= 12; ++tile) least = std::min(least, tile * ceil_div(tiles, tile));
    return least;
}

double group_cost(const Problem& p, const WinogradTile& tile, int tiles) {
    const double elements = tile.size_x() * tile.size_y();
    const double bytes = elements * tiles * 64 * (p.blocks_in + p.blocks_out);
    const double weights = elements * 64 * 16 * p.blocks_in * p.blocks_out;
    double cost = call;
    cost += elements * covered(tiles) * 16 * p.blocks_in * p.blocks_out / gemm_efficiency;
    const bool large = elements > large_tile;
    cost += elements * tiles * p.blocks_in * (large ? large_input_element : input_element);
    cost += elements * tiles * p.blocks_out * (large ? large_output_element : output_element);
    if (weights + bytes > cache_bytes)
        cost += weights * (weights > shared_cache_bytes ? from_memory : from_shared_cache);
    if (bytes > cache_bytes) cost += 2 * (bytes - cache_bytes) * from_shared_cache;
    return cost;
}

struct Candidate {
    WinogradChoice choice;
    double cost = 0;
};

std::optional<Candidate> best_groups(const Problem& p, const WinogradTile& tile) {
    const int tiles_x = winograd_tiles(p.width, tile.outputs_x, p.dilation_x);
    const int tiles_y = winograd_tiles(p.height, tile.outputs_y, p.dilation_y);
    const double tile_bytes = tile.size_x() * tile.size_y() * 64.0 * (p.blocks_in + p.blocks_out);
    std::optional<Candidate> best;
    for (int x = 1; x <= std::min(tiles_x, most_group_tiles); ++x) {
        const int count_x = ceil_div(tiles_x, x);
        if (ceil_div(tiles_x, count_x) != x) continue;  // the same groups as a smaller x
        for (int y = 1; y <= std::min(tiles_y, most_group_tiles / x); ++y) {
            const int count_y = ceil_div(tiles_y, y);
            if (ceil_div(tiles_y, count_y) != y || (x * y > 1 && x * y * tile_bytes > most_group_bytes)) continue;
            const int rounds = ceil_div(count_x * count_y, threads);
            const double cost = rounds * threads * group_cost(p, tile, x * y);
            if (!best || cost < best->cost) best = {{tile, x, y}, cost};
        }
    }
    return best;
}

// Outputs per tile along an axis of `taps`. With more than eight elements too much precision would be lost.
std::vector<int> outputs_for(int taps, WinogradPolicy policy) {
    if (taps == 1) return {1};
    std::vector<int> outputs;
    for (int m = 2; m + taps - 1 <= 8; ++m) {
        const bool wanted = (policy != WinogradPolicy::f2 || m == 2) && (policy != WinogradPolicy::f4 || m == 4);
        if (wanted && m <= 6) outputs.push_back(m);
    }
    return outputs;
}

}  // namespace

int winograd_tiles(int pixels, int outputs, int dilation) {
    const int chunk = outputs * dilation;
    return pixels / chunk * dilation + std::min(dilation, pixels % chunk);
}

std::optional<WinogradChoice> choose_winograd(const ConvSpec& spec, const SizeHint& hint, int dilation_x,
                                              int dilation_y, WinogradPolicy policy, std::string_view target) {
    if (policy == WinogradPolicy::off || spec.packing != Packing::c16 || spec.grouped) return std::nullopt;
    if (spec.stride_x != 1 || spec.stride_y != 1 || spec.kernel_x * spec.kernel_y == 1) return std::nullopt;
    if (hint.width < 1 || hint.height < 1 || hint.channels_in < 1 || hint.channels_out < 1) return std::nullopt;
    if (!has_winograd_schedules(target)) return std::nullopt;
    const int limit = 1 << 20;  // beyond it the arithmetic below would overflow, and no padding makes sense
    if (hint.width > limit || hint.height > limit || dilation_x > limit || dilation_y > limit) return std::nullopt;

    Problem p{hint.width, hint.height, 0, 0, 0, dilation_x, dilation_y};
    p.blocks_in = ceil_div(hint.channels_in, channel_block);
    p.blocks_out = ceil_div(hint.channels_out, channel_block);
    p.depth = hint.channels_in < channel_block ? hint.channels_in : p.blocks_in * channel_block;

    std::optional<Candidate> best;
    for (int outputs_y : outputs_for(spec.kernel_y, policy)) {
        for (int outputs_x : outputs_for(spec.kernel_x, policy)) {
            const WinogradTile tile{outputs_x, outputs_y, spec.kernel_x, spec.kernel_y};
            const double weights = tile.size_x() * tile.size_y() * 256.0 * p.blocks_in * p.blocks_out;
            if (weights > most_elements) continue;
            auto candidate = best_groups(p, tile);
            if (candidate) candidate->cost += 4 * weights * prepared_byte;
            if (candidate && (!best || candidate->cost < best->cost)) best = candidate;
        }
    }
    if (!best) return std::nullopt;
    const bool worthwhile = policy != WinogradPolicy::automatic || best->cost < direct_cost(p, spec);
    return worthwhile ? std::optional(best->choice) : std::nullopt;
}

}  // namespace atrous
