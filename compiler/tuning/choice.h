// Which candidates a search tries next. No Halide in here.
#pragma once

#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "compiler/tuning/candidates.h"
#include "compiler/tuning/cost_model.h"

namespace atrous {

// An operator, and what is known of it so far.
struct SearchedOperator {
    std::vector<Candidate> candidates;  // the default first
    Candidate best;
    double best_share = 1;  // of the default's time
    double share = 0;       // of the network's time
    int failures = 0;       // candidates since the last that was better
    bool is_ours = true;    // not another shard's
    std::map<std::string, std::optional<double>> tried;
};

// At most so many that were not tried, those first of which the model expects most; chance has a part in it, by
// `random` alone: what was measured being equal, equal seeds choose the same.
std::vector<Candidate> choose_candidates(const std::string& name, const SearchedOperator& op, const CostModel& model,
                                         size_t count, std::mt19937_64& random);

}  // namespace atrous
