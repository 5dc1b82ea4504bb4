// A serial chain of convolutions along one axis: what hybrid dilated convolution (HDC; Wang et al., "Understanding
// Convolution for Semantic Segmentation", arXiv 1702.08502, section 3.2) asks of its rates, and what is true of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "compiler/dilation/path_counts.h"

namespace atrous::dilation {

struct ChainLayer {
    int64_t kernel = 3, rate = 1, stride = 1;
};
using Chain = std::vector<ChainLayer>;  // from the input to the output

// The largest numbers that analyse() takes.
inline constexpr int64_t most_layers = 1000, largest_rate = 65536, largest_kernel = 1024;
inline constexpr int64_t longest_field = int64_t{1} << 20;

// The paper's criterion: M₂ ≤ K, with K the first layer's kernel. Layers with one tap along the axis do not count.
enum class Criterion {
    undefined,  // fewer than two layers have no M₂, and the formula knows no strides
    passes,
    fails,
};
const char* name_of(Criterion criterion);  // "undefined", "passes", "fails"

// Rates that rise strictly over `period` layers and start anew: 1,2,5,1,2,5 has two teeth. The last may be cut short.
struct Sawtooth {
    int64_t period = 0;  // 0: no sawtooth
    double teeth = 0;    // layers / period
};
Sawtooth sawtooth_of(const std::vector<int64_t>& rates);

struct LayerFacts {
    int64_t effective_kernel = 1;  // k + (k − 1)(r − 1)
    int64_t field = 1;             // receptive field of this layer's output in the chain's input
    int64_t m = 0;                 // M_i of the paper; 0 where the formula does not apply: strides, one tap
    int64_t gap = 0;  // the largest distance between neighbours among the positions of this layer's input that the
                      // chain's output reads; 0 where it reads only one. What M_i estimates.
};

struct ChainFacts {
    std::vector<LayerFacts> layers;
    int64_t receptive_field = 1;
    int64_t covered = 1;        // positions of the field that are read
    std::vector<Count> counts;  // paths to each position of the field
    std::optional<int64_t> m2;
    Criterion criterion = Criterion::undefined;
    int64_t divisor = 1;  // greatest common divisor of the rates of layers that have more than one tap
    Sawtooth sawtooth;
    double evenness = 1;  // PathCounts::evenness() of one axis; two equal axes have its square
    // Outputs fall into so many sets along this axis, every so-manieth into the same; no two outputs of different sets
    // have an input in common, nor are they linked by outputs between them that have. 0: each output is a set of its
    // own. (Of chains with strides and fields of many thousand positions, an upper bound.)
    int64_t separate_sets = 1;
    // Distances (below the field's, and at most 64) at which two outputs have no input in common.
    std::vector<int64_t> unrelated;

    bool is_covered() const { return covered == receptive_field; }
    // The criterion says one thing and the coverage another. The coverage is right.
    bool disagrees() const;
};

// Throws Error: no layer, too many layers, a kernel, rate or stride out of range, a field above longest_field.
ChainFacts analyse(const Chain& chain);

// Whether a chain of stride 1 reads its whole field, without making the field: sorted by rate, every rate must be at
// most one more than what the layers of smaller rate reach, 1 + Σ (k_j − 1)·r_j. (A gap below a rate can be filled by
// smaller rates only, and they fill it as coins make up every sum.) The order of the layers does not matter.
bool covers_fully(const Chain& chain);

// One sentence: what the criterion says, what is true, and which of them to trust.
std::string verdict_text(const ChainFacts& facts);

}  // namespace atrous::dilation
