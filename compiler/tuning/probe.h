// A network, compiled with some tunings, and its times on the machine that is tuned for.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "compiler/compile.h"
#include "compiler/tuning/machine.h"

namespace atrous {

using Tunings = std::map<OperatorKey, OperatorTuning>;

// How networks are compiled and run to be measured.
struct ProbeSettings {
    CompileOptions compile;        // model, one target, size and the like; what is emitted is decided here
    std::filesystem::path folder;  // for programs
    int threads = 1;
    uint64_t seed = 0;            // of the input's numbers
    double run_seconds = 600;     // what one run of the program may take
    double kernel_seconds = 120;  // of a CPU, what one kernel may take to compile
    TuningIdentity identity;      // of the records that are made for compiling
};

struct ProbeTimes {
    std::string machine;                                   // the name of the CPU, or of the GPU that it runs on
    std::vector<double> seconds;                           // of each run of the network
    std::map<OperatorKey, std::vector<double>> operators;  // all that are equal together
    std::vector<std::vector<double>> outputs;              // summaries, see apps/probe/measure.h
};

// Times of one network in rounds that it shared with others: in each, the least of its runs. (Of medians, quantiles and
// minima, over rounds or over all, the median of ratios of these minima varies least where neighbours slow a machine.)
struct RoundTimes {
    std::vector<double> network;
    std::map<OperatorKey, std::vector<double>> operators;
};

class Probe {
  public:
    // Operators that are not among the tunings have the compiler's own. The machine must outlive it. Throws Error.
    Probe(const ProbeSettings& settings, const Machine& machine, const Tunings& tunings, const std::string& name);
    ~Probe();

    const std::map<OperatorKey, TunableOperator>& operators() const { return operators_; }
    const std::vector<std::vector<OperatorKey>>& row_loops() const { return row_loops_; }
    // The program goes to the machine with its first run, and anew after one that failed: what was there may be gone.
    // Throws Error.
    ProbeTimes run(int repeat) const;

  private:
    CompileReport compile_program(const Tunings& tunings, const std::string& name) const;
    std::string output_of_run(const std::vector<std::string>& arguments) const;

    const ProbeSettings& settings_;
    const Machine& machine_;
    std::filesystem::path file_;
    std::vector<OperatorRow> rows_;
    std::map<OperatorKey, TunableOperator> operators_;
    std::vector<std::vector<OperatorKey>> row_loops_;
    mutable std::unique_ptr<PlacedProgram> program_;  // null: it is not on the machine
};

// Throws Error where another way to compute the network gives other results, beyond rounding.
void check_outputs(const ProbeTimes& run, const ProbeTimes& expected);

// Runs one after the other, round after round, each time in another order. `finished` is called after each round.
std::vector<RoundTimes> run_interleaved(const std::vector<const Probe*>& probes, int rounds,
                                        const std::function<ProbeTimes(const Probe&)>& run,
                                        const std::function<void(int round)>& finished);

}  // namespace atrous
