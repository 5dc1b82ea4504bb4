// What a tuner may try for an operator, each with its cost by the compiler's own model. No Halide in here.
#pragma once

#include <string>
#include <vector>

#include "compiler/tuning/operator_tuning.h"

namespace atrous {

struct Candidate {
    OperatorTuning tuning;
    double cost = 0;     // by the model, as AlgorithmEstimate has it; only to be compared
    std::string way;     // algorithm and loop order in short: "direct by rows"
    std::string family;  // algorithm and loop order: what the model may misjudge as a whole
    std::string kernel;  // the loop nest of the kernel that multiplies, likewise
};

// What the compiler does by itself, first; then all ways to compute the operator whose cost is not hopeless, the
// cheapest first.
std::vector<Candidate> candidates_of(const TunableOperator& op, const std::string& target);

}  // namespace atrous
