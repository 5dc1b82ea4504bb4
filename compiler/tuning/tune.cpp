#include "compiler/tuning/tune.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <thread>

#include "compiler/tuning/tune_search.h"
#include "runtime/error.h"
#include "schedules/registry.h"

namespace atrous {

namespace {

constexpr int most_rounds = 15, fewest_rounds = 3;

}  // namespace

Bench::Bench(const TuneOptions& options)
    : options_(options),
      folder_(std::filesystem::temp_directory_path(), "atrous-tune"),
      machine_(options.machine),
      deadline_(std::numeric_limits<double>::infinity()) {
    machine_.tick = [this] { tick(); };
    settings_.compile = options.compile;
    settings_.compile.targets = {canonical_target(options.compile.targets.at(0))};
    settings_.compile.progress = [this](const std::string&, int done, int total) { show(done, total); };
    settings_.folder = folder_.path();
    settings_.threads = options.threads;
    settings_.seed = options.seed;
    settings_.identity = {settings_.compile.targets.front(), "", halide_version(), options.threads};
}

void Bench::begin() {
    constexpr double enough = 0.12;  // seconds that one program runs for
    constexpr int most = 50;
    call_stage("Untuned network");
    untuned_ = build({});
    const double seconds = times_of(untuned_->run(1).seconds).median;  // the first: whether anything runs there
    repeat_ = std::clamp(static_cast<int>(std::ceil(enough / std::max(seconds, 1e-6))), 1, most);
    first_times_ = run(*untuned_);
    settings_.identity.machine = first_times_.machine;
    // Nothing that is worth having takes much longer than what there is.
    settings_.run_seconds = 20 + 20 * seconds * (repeat_ + 1);
}

std::unique_ptr<Probe> Bench::build(const Tunings& tunings) {
    return std::make_unique<Probe>(settings_, machine_, tunings, "tuned" + std::to_string(++built_));
}

std::unique_ptr<Probe> Bench::build_and_check(const Tunings& tunings) {
    const auto attempt = [&]() -> std::unique_ptr<Probe> {
        try {
            std::unique_ptr<Probe> probe = build(tunings);
            check_outputs(probe->run(1), first_times_);
            return probe;
        } catch (const Error&) {
            return nullptr;
        }
    };
    std::unique_ptr<Probe> probe = attempt();
    if (!probe && was_away()) probe = attempt();
    return probe;
}

std::vector<RoundTimes> Bench::measure(const std::vector<const Probe*>& probes, int rounds) {
    show(0, rounds);
    return run_interleaved(
        probes, rounds, [&](const Probe& probe) { return run(probe); }, [&](int round) { show(round + 1, rounds); });
}

// A connection may break, a board may start anew: what has run before is given some time to do so again.
ProbeTimes Bench::run(const Probe& probe) {
    constexpr double waits[] = {0, 1, 5, 20, 60};  // seconds
    for (const double* pause = std::begin(waits);; ++pause) {
        try {
            return probe.run(repeat_);
        } catch (const Error& error) {
            if (pause == std::end(waits) || *pause > std::max(0.0, options_.seconds - seconds_spent()))
                throw Error(error.what() + std::string("; it ran before: check the machine and the way to it, then a "
                                                       "search goes on with --resume"));
        }
        wait(*pause);
    }
}

// Whether the machine is why something failed: then the untuned network fails too. It is back where this returns.
bool Bench::was_away() {
    try {
        untuned_->run(1);
        return false;
    } catch (const Error&) {
        run(*untuned_);
        return true;
    }
}

void Bench::wait(double seconds) const {
    constexpr std::chrono::milliseconds step(100);
    const double end = seconds_spent() + seconds;
    for (tick(); seconds_spent() < end; tick()) std::this_thread::sleep_for(step);
}

int Bench::affordable_rounds(size_t probes) const {
    const double round = static_cast<double>(probes) * (repeat_ + 1) * times_of(first_times_.seconds).median + 0.1;
    const double left = options_.seconds - seconds_spent();
    return static_cast<int>(std::clamp(left / round, double{fewest_rounds}, double{most_rounds}));
}

void Bench::call_stage(const std::string& stage) {
    stage_ = stage;
    show(0, 1);
}

double Bench::seconds_spent() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
}

void Bench::show(int done, int total) {
    done_ = done;
    total_ = total;
    tick();
}

void Bench::tick() const {
    if (options_.progress) options_.progress(stage_, done_, total_);
    if (seconds_spent() > deadline_) throw OutOfTime{};
}

TuneResult tune(const TuneOptions& options) {
    return TuneSearch(options).run();
}

namespace {

Replayed judge(const TunedOperator& recorded, const std::vector<RoundTimes>& times) {
    Replayed result{recorded, times_of(times[1].operators.at(recorded.key)),
                    times_of(times[0].operators.at(recorded.key)), Replayed::Verdict::no_gain};
    const Times share = ratio(times[1], times[0], {recorded.key});
    if (is_faster(share)) result.verdict = Replayed::Verdict::holds;
    if (is_slower(share)) result.verdict = Replayed::Verdict::slower;
    if (recorded.tuning.is_open()) result.verdict = Replayed::Verdict::holds;
    return result;
}

}  // namespace

Replay replay(const TuneOptions& options) {
    const TuningRecord& record = options.known.value();
    Bench bench(options);
    bench.begin();
    bench.call_stage("Tuned network");
    Tunings tunings;
    for (const TunedOperator& entry : record.operators())
        if (bench.untuned().operators().contains(entry.key)) tunings[entry.key] = entry.tuning;
    const std::unique_ptr<Probe> tuned = bench.build(tunings);
    bench.call_stage("Measuring");
    const auto times = bench.measure({&bench.untuned(), tuned.get()}, bench.affordable_rounds(2));
    Replay result;
    result.machine = bench.identity().machine;
    result.elsewhere = record.operators().size() - tunings.size();
    result.untuned = times_of(times[0].network);
    result.network = times_of(times[1].network);
    for (const auto& [key, tuning] : tunings) result.operators.push_back(judge(*record.find(key), times));
    return result;
}

}  // namespace atrous
