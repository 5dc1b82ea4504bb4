// The search of tune.h: generations of candidates for all operators at once, by successive halving (K. Jamieson, A.
// Talwalkar, Non-stochastic Best Arm Identification and Hyperparameter Optimization, AISTATS 2016).
#pragma once

#include <algorithm>
#include <chrono>
#include <memory>
#include <random>

#include "compiler/files.h"
#include "compiler/tuning/choice.h"
#include "compiler/tuning/comparison.h"
#include "compiler/tuning/tune.h"

namespace atrous {

// Networks with different decisions, compiled and measured within a budget of time.
class Bench {
  public:
    explicit Bench(const TuneOptions& options);

    // Compiles the network as it is without tuning, and finds out how often it must run to be measured.
    void begin();
    const Probe& untuned() const { return *untuned_; }
    const ProbeTimes& first_times() const { return first_times_; }
    const TuningIdentity& identity() const { return settings_.identity; }

    std::unique_ptr<Probe> build(const Tunings& tunings);  // throws Error
    // The same for one not seen before; null where it cannot be compiled, does not run or gives other results. Throws
    // Error where nothing runs any more.
    std::unique_ptr<Probe> build_and_check(const Tunings& tunings);
    // Of programs that have run before. Throws Error where one does not any more, after a few tries.
    std::vector<RoundTimes> measure(const std::vector<const Probe*>& probes, int rounds);
    // As many as there is time for, within reason.
    int affordable_rounds(size_t probes) const;

    // From here on, whatever takes longer than until then ends with OutOfTime.
    struct OutOfTime {};
    void set_deadline(double seconds_from_start) { deadline_ = seconds_from_start; }
    void call_stage(const std::string& stage);
    double seconds_spent() const;
    double seconds_left() const { return std::max(0.0, deadline_ - seconds_spent()); }

  private:
    ProbeTimes run(const Probe& probe);
    bool was_away();
    void wait(double seconds) const;
    void show(int done, int total);
    void tick() const;

    const TuneOptions& options_;
    WorkFolder folder_;
    Machine machine_;
    ProbeSettings settings_;
    std::unique_ptr<Probe> untuned_;
    ProbeTimes first_times_;
    int repeat_ = 1, built_ = 0;
    double deadline_;
    std::string stage_;
    int done_ = 0, total_ = 1;
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

class TuneSearch {
  public:
    explicit TuneSearch(const TuneOptions& options) : options_(options), bench_(options), random_(options.seed) {}
    TuneResult run();

  private:
    using Assignment = std::map<OperatorKey, Candidate>;
    struct Trial {
        Assignment assignment;
        std::unique_ptr<Probe> probe;
    };

    void begin();
    void take_known(SearchedOperator& op, const OperatorKey& key);
    bool is_tuned() const;  // any operator, by what is best so far
    bool generation();
    std::vector<Assignment> choose();
    std::vector<OperatorKey> by_share() const;  // the largest first
    size_t slots_of(const SearchedOperator& op) const;
    std::vector<Trial> build(const std::vector<Assignment>& assignments);
    Assignment surviving(const Assignment& assignment);
    std::vector<RoundTimes> measure(const std::vector<Trial>& trials, int rounds, bool with_untuned);
    void learn(const std::vector<Trial>& trials, const std::vector<RoundTimes>& times);
    std::vector<Assignment> best_of(const std::vector<Trial>& trials, const std::vector<RoundTimes>& times,
                                    size_t keep) const;
    std::vector<OperatorKey> accept(const std::vector<Trial>& trials);
    void report(const std::vector<OperatorKey>& changed);
    void note_tried();
    void verify();
    bool revert_losers(const Probe& tuned, const std::vector<RoundTimes>& times);
    void record_times(const RoundTimes& tuned, const RoundTimes& untuned);
    Tunings tunings(const Assignment& assignment = {}) const;
    std::vector<Unit> units(const std::vector<Trial>& trials) const;

    const TuneOptions& options_;
    Bench bench_;
    std::mt19937_64 random_;
    CostModel model_;
    std::map<OperatorKey, SearchedOperator> operators_;
    std::unique_ptr<Probe> incumbent_;  // null: it is the untuned network
    double candidate_seconds_ = 2;      // that compiling one takes, as far as known
    TuneResult result_;
};

}  // namespace atrous
