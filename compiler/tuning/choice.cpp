#include "compiler/tuning/choice.h"

#include <algorithm>
#include <cmath>
#include <set>

namespace atrous {

std::vector<Candidate> choose_candidates(const std::string& name, const SearchedOperator& op, const CostModel& model,
                                         size_t count, std::mt19937_64& random) {
    constexpr double not_hopeless = 2;
    std::normal_distribution<double> normal;
    std::vector<std::pair<double, const Candidate*>> scored;
    std::set<std::string> ways;  // of which at least one was tried
    for (const Candidate& candidate : op.candidates) {
        const double surprise = normal(random) * (model.knows(candidate) ? 0.03 : 0.1);
        if (candidate.tuning.is_open() || op.tried.contains(candidate.tuning.text())) {
            ways.insert(candidate.way);
            continue;
        }
        const double expected = model.ratio(name, candidate, op.best);
        if (expected < not_hopeless) scored.emplace_back(expected * std::exp(surprise), &candidate);
    }
    std::ranges::stable_sort(scored, {}, &std::pair<double, const Candidate*>::first);
    // Of a way that was not tried the best comes before all others, with the schedule's own loop nest.
    for (auto& [score, candidate] : scored)
        if (candidate->kernel.empty() && ways.insert(candidate->way).second) score = 0;
    std::ranges::stable_sort(scored, {}, &std::pair<double, const Candidate*>::first);
    std::vector<Candidate> chosen;
    for (size_t i = 0; i < std::min(count, scored.size()); ++i) chosen.push_back(*scored[i].second);
    return chosen;
}

}  // namespace atrous
