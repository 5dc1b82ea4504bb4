#include "compiler/tuning/tune_search.h"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace atrous {

namespace {

constexpr size_t networks = 4;  // of a generation, before it is halved
constexpr int first_rounds = 3, second_rounds = 5, last_rounds = 11;
constexpr double least_share = 0.003;  // of the network's time: less is not worth compiling for
constexpr int patience = 24;           // candidates in a row that are no better
constexpr double not_worse = 1.02;
constexpr double part_for_search = 0.85;  // of the budget; the rest is for the last comparison

}  // namespace

TuneResult TuneSearch::run() {
    begin();
    bench_.set_deadline(options_.seconds * part_for_search);
    try {
        while (generation()) {
        }
        result_.is_exhausted = true;
    } catch (const Bench::OutOfTime&) {
    }
    bench_.set_deadline(std::numeric_limits<double>::infinity());
    verify();
    return std::move(result_);
}

void TuneSearch::begin() {
    bench_.begin();
    result_.record = TuningRecord(bench_.identity());
    if (options_.known) result_.record.merge(*options_.known);
    const ProbeTimes& times = bench_.first_times();
    for (const auto& [key, tunable] : bench_.untuned().operators()) {
        SearchedOperator& op = operators_[key];
        op.candidates = candidates_of(tunable, bench_.identity().target);
        op.best = op.candidates.front();
        op.share = times_of(times.operators.at(key)).median / times_of(times.seconds).median;
        take_known(op, key);
    }
    // By what the compiler expects of them: measured, they would be others for each shard.
    const auto shards = static_cast<size_t>(options_.shards), shard = static_cast<size_t>(options_.shard - 1);
    std::vector<SearchedOperator*> by_cost;
    for (auto& [key, op] : operators_) by_cost.push_back(&op);
    std::ranges::stable_sort(by_cost, std::greater(),
                             [](const SearchedOperator* op) { return op->candidates.front().cost; });
    for (size_t i = 0; i < by_cost.size(); ++i) by_cost[i]->is_ours = i % shards == shard;
    if (options_.found) options_.found(result_.record);
    if (is_tuned()) incumbent_ = bench_.build(tunings());
}

std::vector<OperatorKey> TuneSearch::by_share() const {
    std::vector<OperatorKey> keys;
    for (const auto& [key, op] : operators_) keys.push_back(key);
    std::ranges::stable_sort(keys, std::greater(), [&](const OperatorKey& key) { return operators_.at(key).share; });
    return keys;
}

void TuneSearch::take_known(SearchedOperator& op, const OperatorKey& key) {
    const TunedOperator* known = result_.record.find(key);
    if (!known) return;
    op.tried = known->tried;
    for (const Candidate& candidate : op.candidates) {
        const auto tried = op.tried.find(candidate.tuning.text());
        if (tried != op.tried.end() && tried->second)
            model_.learn(key.name(), candidate, op.candidates.front(), *tried->second);
    }
    const auto recorded = std::ranges::find(op.candidates, known->tuning, &Candidate::tuning);
    op.best = recorded != op.candidates.end()
                  ? *recorded
                  : Candidate{known->tuning, op.candidates.front().cost, "recorded", known->tuning.text(), ""};
    if (!op.best.tuning.is_open()) op.best_share = 1 / known->gain();
}

bool TuneSearch::is_tuned() const {
    return std::ranges::any_of(operators_, [](const auto& op) { return !op.second.best.tuning.is_open(); });
}

Tunings TuneSearch::tunings(const Assignment& assignment) const {
    Tunings all;
    for (const auto& [key, op] : operators_) all[key] = op.best.tuning;
    for (const auto& [key, candidate] : assignment) all[key] = candidate.tuning;
    return all;
}

bool TuneSearch::generation() {
    const std::string name = "Generation " + std::to_string(result_.generations + 1) + " (" +
                             std::to_string(static_cast<int>(bench_.seconds_left())) + " s left)";
    bench_.call_stage(name + ", compiling");
    const std::vector<Assignment> chosen = choose();
    if (chosen.empty()) return false;
    ++result_.generations;
    std::vector<Trial> trials = build(chosen);
    bench_.call_stage(name + ", measuring");
    std::vector<RoundTimes> times = measure(trials, first_rounds, false);
    learn(trials, times);
    if (trials.size() > 2) {
        bench_.call_stage(name + ", the better half");
        trials = build(best_of(trials, times, 2));
        times = measure(trials, second_rounds, false);
    }
    bench_.call_stage(name + ", the best");
    trials = build(best_of(trials, times, 1));
    std::vector<OperatorKey> changed;
    if (!trials.empty()) changed = accept(trials);
    report(changed);
    return true;
}

// Large operators get more of the networks than small ones do, and those less in which nothing better is found.
size_t TuneSearch::slots_of(const SearchedOperator& op) const {
    constexpr double full_share = 0.1;
    if (!op.is_ours || op.share < least_share || op.failures >= patience) return 0;
    if (op.failures >= patience / 2) return 1;
    const auto slots = static_cast<size_t>(std::ceil(networks * op.share / full_share));
    return std::clamp<size_t>(slots, 1, networks);
}

std::vector<TuneSearch::Assignment> TuneSearch::choose() {
    constexpr double part_for_compiling = 0.25;  // of what is left
    constexpr double fewest = 8;
    auto room = static_cast<size_t>(std::max(fewest, part_for_compiling * bench_.seconds_left() / candidate_seconds_));
    std::vector<Assignment> assignments(networks);
    for (const OperatorKey& key : by_share()) {
        const SearchedOperator& op = operators_.at(key);
        const std::vector<Candidate> chosen =
            choose_candidates(key.name(), op, model_, std::min(room, slots_of(op)), random_);
        room -= chosen.size();
        for (size_t slot = 0; slot < chosen.size(); ++slot) assignments[slot].emplace(key, chosen[slot]);
    }
    std::erase_if(assignments, [](const Assignment& assignment) { return assignment.empty(); });
    return assignments;
}

// Those of the candidates that can be compiled and run together: where they can't, halves are tried by themselves.
TuneSearch::Assignment TuneSearch::surviving(const Assignment& assignment) {
    if (assignment.empty() || bench_.build_and_check(tunings(assignment))) return assignment;
    if (assignment.size() == 1) {
        const auto& [key, candidate] = *assignment.begin();
        SearchedOperator& op = operators_.at(key);
        op.tried[candidate.tuning.text()] = std::nullopt;
        ++op.failures;
        return {};
    }
    const auto middle = std::next(assignment.begin(), static_cast<std::ptrdiff_t>(assignment.size() / 2));
    Assignment all = surviving(Assignment(assignment.begin(), middle));
    all.merge(surviving(Assignment(middle, assignment.end())));
    return all;
}

std::vector<TuneSearch::Trial> TuneSearch::build(const std::vector<Assignment>& assignments) {
    std::vector<Trial> trials;
    const double start = bench_.seconds_spent();
    size_t candidates = 0;
    for (Assignment assignment : assignments) {
        candidates += assignment.size();
        std::unique_ptr<Probe> probe = bench_.build_and_check(tunings(assignment));
        if (!probe) {
            assignment = surviving(assignment);
            if (!assignment.empty()) probe = bench_.build_and_check(tunings(assignment));
        }
        if (probe) trials.push_back({std::move(assignment), std::move(probe)});
    }
    const double each = (bench_.seconds_spent() - start) / static_cast<double>(std::max<size_t>(candidates, 1));
    candidate_seconds_ = std::max(candidate_seconds_ / 2, each);
    return trials;
}

// Of the trials, then the incumbent, then the untuned network.
std::vector<RoundTimes> TuneSearch::measure(const std::vector<Trial>& trials, int rounds, bool with_untuned) {
    std::vector<const Probe*> probes;
    for (const Trial& trial : trials) probes.push_back(trial.probe.get());
    probes.push_back(incumbent_ ? incumbent_.get() : &bench_.untuned());
    const bool is_same = !incumbent_;
    if (with_untuned && !is_same) probes.push_back(&bench_.untuned());
    std::vector<RoundTimes> times = bench_.measure(probes, rounds);
    if (with_untuned && is_same) times.push_back(times.back());
    return times;
}

void TuneSearch::learn(const std::vector<Trial>& trials, const std::vector<RoundTimes>& times) {
    for (size_t t = 0; t < trials.size(); ++t) {
        for (const auto& [key, candidate] : trials[t].assignment) {
            SearchedOperator& op = operators_.at(key);
            const double share = op.best_share * ratio(times[t], times[trials.size()], {key}).median;
            model_.learn(key.name(), candidate, op.candidates.front(), share);
            op.tried[candidate.tuning.text()] = share;
            ++op.failures;
            ++result_.candidates;
        }
    }
}

std::vector<Unit> TuneSearch::units(const std::vector<Trial>& trials) const {
    std::vector<const Probe*> probes{&bench_.untuned()};
    if (incumbent_) probes.push_back(incumbent_.get());
    for (const Trial& trial : trials) probes.push_back(trial.probe.get());
    return units_of(probes);
}

// New networks: of every unit the best trial in the first, the second best in the next, and so on.
std::vector<TuneSearch::Assignment> TuneSearch::best_of(const std::vector<Trial>& trials,
                                                        const std::vector<RoundTimes>& times, size_t keep) const {
    std::vector<Assignment> best(keep);
    for (const Unit& unit : units(trials)) {
        std::vector<std::pair<double, size_t>> order;
        for (size_t t = 0; t < trials.size(); ++t) {
            const bool is_tried =
                std::ranges::any_of(unit, [&](const OperatorKey& key) { return trials[t].assignment.contains(key); });
            const double share = ratio(times[t], times[trials.size()], unit).median;
            if (is_tried && share < not_worse) order.emplace_back(share, t);
        }
        std::ranges::sort(order);
        for (size_t i = 0; i < std::min(keep, order.size()); ++i) {
            const Assignment& from = trials[order[i].second].assignment;
            for (const OperatorKey& key : unit)
                if (const auto found = from.find(key); found != from.end()) best[i].insert(*found);
        }
    }
    std::erase_if(best, [](const Assignment& assignment) { return assignment.empty(); });
    return best;
}

std::vector<OperatorKey> TuneSearch::accept(const std::vector<Trial>& trials) {
    const Assignment& assignment = trials[0].assignment;
    const std::vector<RoundTimes> times = measure(trials, last_rounds, true);
    std::vector<OperatorKey> changed;
    for (const Unit& unit : units(trials)) {
        if (!is_faster(ratio(times[0], times[1], unit))) continue;
        for (const OperatorKey& key : unit) {
            SearchedOperator& op = operators_.at(key);
            const auto found = assignment.find(key);
            if (found == assignment.end()) continue;
            op.best = found->second;
            op.best_share = ratio(times[0], times[2], {key}).median;
            op.failures = 0;
            result_.record.set({key, op.best.tuning, times_of(times[0].operators.at(key)),
                                times_of(times[2].operators.at(key)), op.tried});
            changed.push_back(key);
        }
    }
    if (!changed.empty()) incumbent_ = bench_.build(tunings());
    return changed;
}

// What was tried in vain is worth keeping too: it need not be tried again.
void TuneSearch::note_tried() {
    for (const auto& [key, op] : operators_) {
        if (op.tried.empty()) continue;
        const TunedOperator* known = result_.record.find(key);
        const Times untuned = times_of(bench_.first_times().operators.at(key));
        TunedOperator entry = known ? *known : TunedOperator{key, {}, untuned, untuned, {}};
        entry.tried = op.tried;
        result_.record.set(entry);
    }
}

void TuneSearch::report(const std::vector<OperatorKey>& changed) {
    note_tried();
    if (options_.found) options_.found(result_.record);
    if (!options_.news) return;
    std::vector<TuneNews> news;
    for (const OperatorKey& key : by_share()) {
        const SearchedOperator& op = operators_.at(key);
        const bool is_changed = std::ranges::find(changed, key) != changed.end();
        news.push_back(
            {key, op.best.tuning, 1 / op.best_share, op.share, static_cast<int>(op.tried.size()), is_changed});
    }
    options_.news(news, bench_.seconds_left());
}

// Everything once more against the untuned network: a gain by chance goes.
void TuneSearch::verify() {
    bench_.call_stage("Comparing with the untuned network");
    constexpr int passes = 3;
    bool has_losers = true;
    for (int pass = 0; has_losers && pass < passes; ++pass) {
        const auto tuned = is_tuned() ? bench_.build(tunings()) : nullptr;
        std::vector<const Probe*> probes{&bench_.untuned()};
        if (tuned) probes.push_back(tuned.get());
        const std::vector<RoundTimes> times = bench_.measure(probes, bench_.affordable_rounds(probes.size()));
        has_losers = tuned && revert_losers(*tuned, times);
        record_times(times.back(), times.front());
    }
    if (options_.found) options_.found(result_.record);
}

bool TuneSearch::revert_losers(const Probe& tuned, const std::vector<RoundTimes>& times) {
    const bool is_all_in_vain = network_ratio(times[1], times[0]).median > 1;
    bool has_losers = false;
    for (const Unit& unit : units_of({&bench_.untuned(), &tuned})) {
        if (!is_all_in_vain && is_faster(ratio(times[1], times[0], unit))) continue;
        for (const OperatorKey& key : unit) {
            SearchedOperator& op = operators_.at(key);
            has_losers |= !op.best.tuning.is_open();
            op.best = op.candidates.front();
            op.best_share = 1;
        }
    }
    return has_losers;
}

void TuneSearch::record_times(const RoundTimes& tuned, const RoundTimes& untuned) {
    for (const auto& [key, op] : operators_) {
        if (!op.is_ours) continue;
        const RoundTimes& best = op.best.tuning.is_open() ? untuned : tuned;
        result_.record.set(
            {key, op.best.tuning, times_of(best.operators.at(key)), times_of(untuned.operators.at(key)), op.tried});
    }
    result_.network = times_of(tuned.network);
    result_.untuned = times_of(untuned.network);
}

}  // namespace atrous
