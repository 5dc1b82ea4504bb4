#include "compiler/tuning/comparison.h"

#include <algorithm>
#include <set>

namespace atrous {

namespace {

constexpr double little = 0.015;

std::vector<double> seconds_of(const RoundTimes& network, const Unit& unit) {
    std::vector<double> sum;
    for (const OperatorKey& key : unit) {
        const std::vector<double>& seconds = network.operators.at(key);
        sum.resize(seconds.size());
        for (size_t round = 0; round < seconds.size(); ++round) sum[round] += seconds[round];
    }
    return sum;
}

Times ratio(std::vector<double> seconds, const std::vector<double>& others) {
    constexpr double least = 1e-9;
    for (size_t round = 0; round < seconds.size(); ++round)
        seconds[round] = std::max(seconds[round], least) / std::max(others[round], least);
    return times_of(std::move(seconds));
}

}  // namespace

std::vector<Unit> units_of(const std::vector<const Probe*>& probes) {
    std::map<OperatorKey, size_t> unit_of;
    for (const auto& [key, op] : probes.front()->operators()) unit_of.emplace(key, unit_of.size());
    const auto join = [&](size_t from, size_t to) {
        for (auto& [key, unit] : unit_of)
            if (unit == from) unit = to;
    };
    for (const Probe* probe : probes) {
        for (const std::vector<OperatorKey>& loop : probe->row_loops())
            for (const OperatorKey& key : loop) join(unit_of.at(key), unit_of.at(loop.front()));
    }
    std::map<size_t, Unit> units;
    for (const auto& [key, unit] : unit_of) units[unit].push_back(key);
    std::vector<Unit> all;
    for (auto& [index, unit] : units) all.push_back(std::move(unit));
    return all;
}

Times ratio(const RoundTimes& network, const RoundTimes& other, const Unit& unit) {
    return ratio(seconds_of(network, unit), seconds_of(other, unit));
}

Times network_ratio(const RoundTimes& network, const RoundTimes& other) {
    return ratio(network.network, other.network);
}

bool is_faster(const Times& ratio) {
    return ratio.median < 1 - little && ratio.quartile_3 < 1;
}

bool is_slower(const Times& ratio) {
    return ratio.median > 1 + little && ratio.quartile_1 > 1;
}

}  // namespace atrous
