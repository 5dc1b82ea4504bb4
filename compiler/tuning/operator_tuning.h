// What can be tuned: an operator's identity, and what was decided for it. No Halide in here.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "generators/kernel_spec.h"
#include "schedules/algorithm.h"

namespace atrous {

// What makes two operators the same to a tuner: everything but their weights.
struct OperatorKey {
    std::string text;            // "Conv 3x3, rate 2x2, pad 2,2,2,2, 64 -> 64, relu"
    std::vector<int64_t> input;  // N, C, H, W

    auto operator<=>(const OperatorKey&) const = default;
    std::string name() const;  // the text and the sizes, for messages
};

constexpr int most_rows = 16;

// Decisions about a convolution, transposed or not; what is left open the compiler decides. Pairs are y, x.
struct OperatorTuning {
    enum class Algorithm { open, direct, winograd };
    Algorithm algorithm = Algorithm::open;
    std::array<int, 2> outputs{1, 1};  // of a Winograd tile, along axes with more than one tap
    std::array<int, 2> tiles{1, 1};    // of a group, at most; where blocks is 0
    int blocks = 0;                    // of output channels at a time, see WinogradChoice
    std::optional<bool> by_rows;       // in a loop over rows, where that is possible
    int rows = 0;                      // that an iteration of that loop makes, where they divide the height; 0: open
    Tuning kernel;                     // of the kernel that multiplies: direct, depthwise or matrix product

    bool operator==(const OperatorTuning&) const = default;
    bool is_open() const { return *this == OperatorTuning{}; }
    std::string text() const;  // "winograd 4x4, 1x16 tiles, tile_x 12"; "default"
};

// One call of a convolution kernel: all of a Conv, or a phase of a ConvTranspose.
struct ConvPart {
    std::variant<ConvSpec, DepthwiseConvSpec> spec;
    std::vector<SizeHint> sizes{{}};  // to choose for; the first is what kernels are made for
    int dilation_x = 1, dilation_y = 1;
    double direct_share = 1;

    const SizeHint& hint() const { return sizes.front(); }
    // Multiplications, of 16 floats.
    double products() const;
};

// The tuning's choice for a part; nullopt: directly.
std::optional<WinogradChoice> winograd_of(const OperatorTuning& tuning, const ConvPart& part);

// The hint of the matrix product in Winograd's domain.
SizeHint product_hint(const WinogradChoice& choice, const ConvPart& part, const std::string& target,
                      const Tuning& tuning = {});

// Whether the schedules for the target can do what is asked for, in at least one part each.
bool is_legal(const OperatorTuning& tuning, const std::vector<ConvPart>& parts, const std::string& target);

struct TunableOperator {
    OperatorKey key;
    std::vector<ConvPart> parts;
    std::optional<uint32_t> row_loop;  // operators with equal numbers are done together, a few rows at a time
    std::string kernels;               // names of those that it calls: equal names, equal code
};

}  // namespace atrous
