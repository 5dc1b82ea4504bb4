#include "compiler/tuning/probe.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "runtime/device_kind.h"
#include "runtime/error.h"

namespace atrous {

namespace fs = std::filesystem;

namespace {

using Json = nlohmann::json;

TuningRecord record_of(const TuningIdentity& identity, const Tunings& tunings) {
    TuningRecord record(identity);
    for (const auto& [key, tuning] : tunings) record.set({key, tuning, {}, {}, {}});
    return record;
}

// The last line that is JSON: a runner may say more.
Json result_in(const std::string& output) {
    const size_t begin = output.rfind("{\"target\"");
    return begin == std::string::npos ? Json() : Json::parse(output.substr(begin, output.find('\n', begin) - begin));
}

std::vector<double> seconds_in(const Json& json, size_t count) {
    const auto seconds = json.get<std::vector<double>>();
    for (const double time : seconds) {
        if (!(time >= 0 && std::isfinite(time))) throw Error("probe", "has measured an impossible time");
    }
    if (seconds.size() != count) throw Error("probe", "has not run as often as it should");
    return seconds;
}

}  // namespace

Probe::Probe(const ProbeSettings& settings, const Machine& machine, const Tunings& tunings, const std::string& name)
    : settings_(settings), machine_(machine) {
    CompileReport report = compile_program(tunings, name);
    file_ = report.files.at(0);
    rows_ = std::move(report.operators);
    std::map<uint32_t, std::vector<OperatorKey>> loops;
    for (const OperatorRow& row : rows_) {
        if (!row.tunable) continue;
        operators_.emplace(row.tunable->key, *row.tunable);
        if (row.tunable->row_loop) loops[*row.tunable->row_loop].push_back(row.tunable->key);
    }
    for (auto& [index, keys] : loops) row_loops_.push_back(std::move(keys));
}

Probe::~Probe() {
    program_.reset();
    std::error_code ignored;
    fs::remove(file_, ignored);
}

CompileReport Probe::compile_program(const Tunings& tunings, const std::string& name) const {
    CompileOptions options = settings_.compile;
    options.directory = settings_.folder;
    options.name = name;
    options.library = options.header = options.shared = options.app = false;
    options.probe = true;
    options.kernel_seconds = settings_.kernel_seconds;
    if (!tunings.empty()) options.tuning = record_of(settings_.identity, tunings);
    return compile(options);
}

std::string Probe::output_of_run(const std::vector<std::string>& arguments) const {
    if (!program_) program_ = std::make_unique<PlacedProgram>(machine_, file_);
    try {
        return program_->run(arguments, settings_.run_seconds);
    } catch (const Error&) {
        program_.reset();
        throw;
    }
}

ProbeTimes Probe::run(int repeat) const {
    std::vector<std::string> arguments{"--threads", std::to_string(settings_.threads),
                                       "--repeat",  std::to_string(repeat),
                                       "--seed",    std::to_string(settings_.seed)};
    const CompileOptions& compile = settings_.compile;
    if (compile.optimise_height > 0) {
        arguments.push_back("--size");
        arguments.push_back(std::to_string(compile.optimise_height) + "x" + std::to_string(compile.optimise_width));
    }
    const int32_t device = device_of(settings_.identity.target);
    arguments.push_back("--device");
    arguments.push_back(device == ATROUS_DEVICE_CUDA ? "cuda" : device == ATROUS_DEVICE_OPENCL ? "opencl" : "cpu");
    const std::string output = output_of_run(arguments);
    ProbeTimes times;
    try {
        const Json json = result_in(output);
        const auto count = static_cast<size_t>(repeat);
        times.machine = json.at("machine").get<std::string>();
        times.seconds = seconds_in(json.at("seconds"), count);
        times.outputs = json.at("outputs").get<std::vector<std::vector<double>>>();
        const Json& operators = json.at("operators");
        if (operators.size() != rows_.size()) throw Error("probe", "has other operators than were compiled");
        for (size_t row = 0; row < rows_.size(); ++row) {
            const std::vector<double> seconds = seconds_in(operators[row].at("seconds"), count);
            if (!rows_[row].tunable) continue;
            std::vector<double>& sum = times.operators[rows_[row].tunable->key];
            sum.resize(count);
            for (size_t i = 0; i < count; ++i) sum[i] += seconds[i];
        }
    } catch (const Json::exception& error) {
        throw Error("probe", std::string("has printed what is no result: ") + error.what());
    }
    return times;
}

void check_outputs(const ProbeTimes& run, const ProbeTimes& expected) {
    constexpr double tolerance = 1e-3;
    if (run.outputs.size() != expected.outputs.size()) throw Error("probe", "has other outputs than expected");
    for (size_t o = 0; o < run.outputs.size(); ++o) {
        const std::vector<double>&ours = run.outputs[o], &theirs = expected.outputs[o];
        bool is_equal = ours.size() == theirs.size();
        for (size_t i = 0; is_equal && i < ours.size(); ++i)
            is_equal = std::abs(ours[i] - theirs[i]) <= tolerance * std::abs(theirs.front()) ||
                       (std::isnan(ours[i]) && std::isnan(theirs[i]));
        if (!is_equal) throw Error("probe", "gives other results than the untuned network");
    }
}

std::vector<RoundTimes> run_interleaved(const std::vector<const Probe*>& probes, int rounds,
                                        const std::function<ProbeTimes(const Probe&)>& run,
                                        const std::function<void(int round)>& finished) {
    std::vector<RoundTimes> all(probes.size());
    for (int round = 0; round < rounds; ++round) {
        for (size_t i = 0; i < probes.size(); ++i) {
            const size_t p = (i + static_cast<size_t>(round)) % probes.size();
            const ProbeTimes times = run(*probes[p]);
            all[p].network.push_back(std::ranges::min(times.seconds));
            for (const auto& [key, seconds] : times.operators)
                all[p].operators[key].push_back(std::ranges::min(seconds));
        }
        finished(round);
    }
    return all;
}

}  // namespace atrous
