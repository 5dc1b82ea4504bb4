// Whether one of two networks, measured in the same rounds, is faster than the other, and in which operators.
#pragma once

#include <map>
#include <vector>

#include "compiler/tuning/probe.h"

namespace atrous {

// Operators that are judged together, as they share loops over rows in one of the networks.
using Unit = std::vector<OperatorKey>;
std::vector<Unit> units_of(const std::vector<const Probe*>& probes);

// The time of a network over another's, in each round, of these operators or as a whole.
Times ratio(const RoundTimes& network, const RoundTimes& other, const Unit& unit);
Times network_ratio(const RoundTimes& network, const RoundTimes& other);

// Beyond noise: by more than a little, in three of four rounds.
bool is_faster(const Times& ratio);
bool is_slower(const Times& ratio);

}  // namespace atrous
