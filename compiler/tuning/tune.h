// Finds better decisions about a network's convolutions by measuring: what `atrous tune` does.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "compiler/compile.h"
#include "compiler/tuning/machine.h"
#include "compiler/tuning/probe.h"

namespace atrous {

// What became of an operator so far.
struct TuneNews {
    OperatorKey key;
    OperatorTuning best;
    double gain = 1;   // of the best over the default
    double share = 0;  // of the network's time
    int tried = 0;
    bool is_better = false;  // than it was before
};

struct TuneOptions {
    CompileOptions compile;  // model, one target, size and the like; what is emitted does not matter
    Machine machine;
    int threads = 1;
    double seconds = 600;               // for all of it
    uint64_t seed = 0;                  // of the choice among candidates, and of the input's numbers
    int shard = 1, shards = 1;          // this process takes the shard-th of so many parts of the operators
    std::optional<TuningRecord> known;  // goes on from there

    // Any of them may be empty. What `progress` throws ends the search; it is called several times a second.
    std::function<void(const std::string& stage, int done, int total)> progress;
    std::function<void(const std::vector<TuneNews>&, double seconds_left)> news;  // after each generation
    std::function<void(const TuningRecord&)> found;  // whenever the record got better; it is fit for use then
};

struct TuneResult {
    TuningRecord record;
    Times network, untuned;  // of whole runs, in the same rounds
    int generations = 0, candidates = 0;
    bool is_exhausted = false;  // nothing was left to try
};

// Throws Error, and what `progress` throws.
TuneResult tune(const TuneOptions& options);

// One operator of a record, measured again.
struct Replayed {
    enum class Verdict { holds, no_gain, slower };
    TunedOperator recorded;
    Times seconds, untuned;
    Verdict verdict = Verdict::no_gain;
};
struct Replay {
    std::vector<Replayed> operators;  // those of the network that the record knows
    size_t elsewhere = 0;             // entries that the network has no operator for
    std::string machine;              // where it was measured now
    Times network, untuned;
};

// `options.known` is the record. Throws Error.
Replay replay(const TuneOptions& options);

}  // namespace atrous
