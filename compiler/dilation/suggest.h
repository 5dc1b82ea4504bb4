// Rates for a chain of equal kernels that read their whole receptive field.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "compiler/dilation/chain.h"

namespace atrous::dilation {

struct SuggestOptions {
    int64_t kernel = 3, layers = 3;
    std::optional<int64_t> field;  // exactly this receptive field
    size_t list = 20;              // sequences to return
};

struct Suggestion {
    std::vector<int64_t> rates;
    int64_t field = 1;
    Sawtooth sawtooth;
    double evenness = 1;  // of one axis
    std::optional<int64_t> m2;
    Criterion criterion = Criterion::undefined;
};

struct Suggestions {
    std::vector<Suggestion> best;
    // Sequences that cover fully: of the field asked for, or of all fields down to the last that was looked at.
    double found = 0;
    int64_t largest_field = 0, smallest_field = 0;  // that were looked at
    // Nothing that belongs before the last of `best` was left out.
    bool exhaustive = true;
    std::string limit;  // what was left out, empty for nothing
};

// Sorted by field (largest first), then teeth of the sawtooth, then evenness, then rates. Throws Error: numbers out of
// range, or a field that such layers cannot have, naming those next to it.
Suggestions suggest(const SuggestOptions& options);

}  // namespace atrous::dilation
