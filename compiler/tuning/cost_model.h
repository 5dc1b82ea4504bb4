// From what the compiler's model says of candidates to what is to be expected of them, learnt from what was measured.
#pragma once

#include <map>
#include <string>

#include "compiler/tuning/candidates.h"

namespace atrous {

// Logarithms of time over cost are sums of what is peculiar to a family and to a loop nest, both for all operators of
// a machine and for one; fitted by stochastic gradient descent (normalised least mean squares: B. Widrow, M. E. Hoff,
// Adaptive Switching Circuits, 1960).
class CostModel {
  public:
    // Expected time of a candidate for the operator over that of another.
    double ratio(const std::string& op, const Candidate& candidate, const Candidate& other) const;
    // Was measured.
    void learn(const std::string& op, const Candidate& candidate, const Candidate& other, double ratio);
    // Whether something is known of the family and the loop nest, for any operator.
    bool knows(const Candidate& candidate) const;

  private:
    double log_factor(const std::string& op, const Candidate& candidate) const;

    std::map<std::string, double> terms_;
};

}  // namespace atrous
