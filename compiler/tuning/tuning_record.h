// What measuring has taught about operators on one machine: kept as JSON (docs/tuning.md), read again by `compile`.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "compiler/tuning/operator_tuning.h"

namespace atrous {

// Raised whenever a value in a record comes to mean something else to the schedules.
inline constexpr int tuning_version = 1;

// Under what circumstances was measured. Records are joined only where all of it is equal.
struct TuningIdentity {
    std::string target;   // canonical Halide target string
    std::string machine;  // the CPU's or GPU's name
    std::string halide;   // its version
    int threads = 1;

    bool operator==(const TuningIdentity&) const = default;
};

struct Times {
    double median = 0, quartile_1 = 0, quartile_3 = 0;  // seconds
};
Times times_of(std::vector<double> seconds);

struct TunedOperator {
    OperatorKey key;
    OperatorTuning tuning;   // open: nothing was found that beats the default
    Times seconds, untuned;  // with the tuning and without, in the same runs
    // Candidates, by OperatorTuning::text(), and their times as shares of the default's; nothing for one that failed.
    std::map<std::string, std::optional<double>> tried;

    double gain() const { return untuned.median / seconds.median; }
};

class TuningRecord {
  public:
    TuningRecord() = default;
    explicit TuningRecord(TuningIdentity identity) : identity_(std::move(identity)) {}

    // Throws Error, naming the entry, for anything that is not of this format and version.
    static TuningRecord read(const std::filesystem::path& file);
    std::string text() const;

    const TuningIdentity& identity() const { return identity_; }
    const std::vector<TunedOperator>& operators() const { return operators_; }
    const TunedOperator* find(const OperatorKey& key) const;
    // Adds it, or puts it in the place of what is known of the operator.
    void set(const TunedOperator& found);
    // Takes from another record of the same identity what it lacks or what is faster there. Throws Error.
    void merge(const TuningRecord& other);

    // What to do with an operator: what its own entry says or, without one, that of the nearest size for which
    // `is_legal` holds; otherwise nothing. Throws Error where its own entry is not legal.
    OperatorTuning find(const OperatorKey& key, const std::function<bool(const OperatorTuning&)>& is_legal) const;
    // Throws Error if it was made for none of these, each the first of a plan's targets.
    void check_target(const std::vector<std::string>& targets) const;

  private:
    std::string file_ = "the tuning record";  // for messages
    TuningIdentity identity_;
    std::vector<TunedOperator> operators_;  // by key
};

}  // namespace atrous
