#include "compiler/tuning/cost_model.h"

#include <array>
#include <cmath>

namespace atrous {

namespace {

std::array<std::string, 4> terms_of(const std::string& op, const Candidate& candidate) {
    const std::string family = "family " + candidate.family, kernel = "kernel " + candidate.kernel;
    return {family, kernel, family + "\n" + op, kernel + "\n" + op};
}

}  // namespace

double CostModel::log_factor(const std::string& op, const Candidate& candidate) const {
    double sum = 0;
    for (const std::string& term : terms_of(op, candidate)) {
        const auto found = terms_.find(term);
        if (found != terms_.end()) sum += found->second;
    }
    return sum;
}

double CostModel::ratio(const std::string& op, const Candidate& candidate, const Candidate& other) const {
    return candidate.cost / other.cost * std::exp(log_factor(op, candidate) - log_factor(op, other));
}

void CostModel::learn(const std::string& op, const Candidate& candidate, const Candidate& other, double ratio) {
    std::map<std::string, double> inputs;  // 1 or −1; what both have cancels
    for (const std::string& term : terms_of(op, candidate)) inputs[term] += 1;
    for (const std::string& term : terms_of(op, other)) inputs[term] -= 1;
    double norm = 0;
    for (const auto& [term, input] : inputs) norm += input * input;
    if (norm == 0) return;
    constexpr double rate = 0.7;
    const double error = std::log(ratio / this->ratio(op, candidate, other));
    for (const auto& [term, input] : inputs) terms_[term] += rate * error * input / norm;
}

bool CostModel::knows(const Candidate& candidate) const {
    return terms_.contains("family " + candidate.family) && terms_.contains("kernel " + candidate.kernel);
}

}  // namespace atrous
