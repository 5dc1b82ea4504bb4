// The search as a whole, on networks so small that a second suffices; how fast they are is nobody's concern here.
#include "compiler/tuning/tune.h"

#include <stdlib.h>

#include <catch2/catch.hpp>
#include <set>

#include "compiler/support.h"
#include "compiler/tuning/candidates.h"
#include "compiler/tuning/comparison.h"
#include "runtime/error.h"
#include "runtime/library.h"
#include "schedules/registry.h"
#include "small_network.h"
#include "tests/compiler/onnx_model.h"

using namespace atrous;
namespace fs = std::filesystem;

namespace {

constexpr size_t operators = 3;

bool is_missing() {
    if (fs::exists(support_folder({}) / "x86-64-linux" / "libatrous_probe.a")) return false;
    WARN("SKIP: this build makes no programs");
    return true;
}

test::Attributes same(int64_t rate, int64_t groups = 1) {
    return {{"pads", test::Ints{rate, rate, rate, rate}}, {"dilations", test::Ints{rate, rate}}, {"group", groups}};
}

// A dense, a depthwise and a 1×1 convolution, all different to a tuner.
CompileOptions model_in(const TestFolder& folder) {
    static const TestFolder cache;
    test::OnnxBuilder builder;
    builder.input("x", {1, 16, "height", "width"})
        .weights("u", {32, 16, 3, 3})
        .weights("v", {32, 1, 3, 3})
        .weights("w", {16, 32, 1, 1})
        .node("Conv", {"x", "u"}, {"a"}, same(2))
        .node("Relu", {"a"}, {"b"})
        .node("Conv", {"b", "v"}, {"c"}, same(1, 32))
        .node("Conv", {"c", "w"}, {"y"})
        .output("y");
    create_file(folder / "net.onnx", builder.bytes());
    CompileOptions options;
    options.model = folder / "net.onnx";
    options.cache = cache.path();
    options.optimise_height = 24;
    options.optimise_width = 32;
    return options;
}

TuneOptions tune_in(const TestFolder& folder, double seconds = 1) {
    TuneOptions options;
    options.compile = model_in(folder);
    options.seconds = seconds;
    return options;
}

std::vector<std::string> runner(const TestFolder& folder, const std::string& text) {
    const fs::path file = folder / "runner";
    create_file(file, "#!/bin/sh\n" + text);
    fs::permissions(file, fs::perms::owner_all);
    return {file.string()};
}

// A command that runs the first program that it is given, which is the untuned network, and does this with others.
std::vector<std::string> picky_runner(const TestFolder& folder, const std::string& with_others) {
    return runner(folder, "first=$0.first\n[ -e $first ] || echo $1 > $first\n[ $1 = $(cat $first) ] && exec \"$@\"\n" +
                              with_others);
}

// One that runs every program, but breaks in these of its runs. The untuned network has the first two, candidates are
// checked in four more, and then all are measured.
std::vector<std::string> breaking_runner(const TestFolder& folder, int first, int last) {
    return runner(folder, "echo >> $0.runs\nrun=$(wc -l < $0.runs)\n[ $run -lt " + std::to_string(first) +
                              " ] || [ $run -gt " + std::to_string(last) +
                              " ] || { echo 'Connection closed'; exit 255; }\nexec \"$@\"\n");
}

std::set<OperatorKey> keys_of(const TuningRecord& record) {
    std::set<OperatorKey> keys;
    for (const TunedOperator& op : record.operators()) keys.insert(op.key);
    return keys;
}

// The network's output, compiled with the record.
std::vector<float> output_with(CompileOptions options, const std::optional<TuningRecord>& record) {
    const TestFolder folder;
    options.directory = folder.path();
    options.library = options.header = false;
    options.tuning = record;
    compile(options);
    const OpenNetwork network(Library::load(folder / "net.so"));
    Tensor x;
    x.shape = {1, 16, 23, 31};
    x.bytes.resize(16 * 23 * 31 * sizeof(float));
    for (int i = 0; i < 16 * 23 * 31; ++i) x.floats()[i] = static_cast<float>(i % 13 - 6) / 64;
    const Tensor y = Runner(network).run({x}).at(0);
    return {y.floats(), y.floats() + y.bytes.size() / sizeof(float)};
}

void check_close(const std::vector<float>& got, const std::vector<float>& expected) {
    REQUIRE(got.size() == expected.size());
    float largest = 0;
    for (const float number : expected) largest = std::max(largest, std::abs(number));
    REQUIRE(largest > 0);
    for (size_t i = 0; i < got.size(); ++i) REQUIRE(std::abs(got[i] - expected[i]) <= 1e-4f * largest);
}

// Temporary files go into the folder while it lives.
class TemporaryFiles {
  public:
    explicit TemporaryFiles(const fs::path& folder) {
        if (const char* before = getenv("TMPDIR")) before_ = before;
        setenv("TMPDIR", folder.c_str(), 1);
    }
    ~TemporaryFiles() {
        if (before_)
            setenv("TMPDIR", before_->c_str(), 1);
        else
            unsetenv("TMPDIR");
    }

  private:
    std::optional<std::string> before_;
};

}  // namespace

TEST_CASE("A search leaves a record of every operator, by which the network is compiled") {
    if (is_missing()) return;
    const TestFolder folder;
    TuneOptions options = tune_in(folder, 4);
    std::string last;
    options.found = [&](const TuningRecord& record) { last = record.text(); };
    const TuneResult result = tune(options);
    CHECK(last == result.record.text());
    CHECK(result.record.operators().size() == operators);
    CHECK(result.record.identity() ==
          TuningIdentity{canonical_target("host"), result.record.identity().machine, halide_version(), 1});
    CHECK_FALSE(result.record.identity().machine.empty());
    create_file(folder / "r.json", last);
    CHECK(TuningRecord::read(folder / "r.json").text() == last);
    check_close(output_with(options.compile, result.record), output_with(options.compile, std::nullopt));

    options.known = result.record;
    options.known->set({{"Conv 9x9, 1 -> 1", {1, 1, 1, 1}}, {}, {1, 1, 1}, {1, 1, 1}, {}});
    const Replay replayed = replay(options);
    CHECK(replayed.operators.size() == operators);
    CHECK(replayed.elsewhere == 1);
    CHECK(replayed.machine == result.record.identity().machine);
    for (const Replayed& op : replayed.operators) {
        CHECK(op.seconds.median > 0);
        if (op.recorded.tuning.is_open()) CHECK(op.verdict == Replayed::Verdict::holds);
    }
}

TEST_CASE("Networks compiled with what may be tried compute the same") {
    const TestFolder folder;
    CompileOptions options = model_in(folder);
    const std::vector<float> expected = output_with(options, std::nullopt);
    options.directory = folder.path();
    const CompileReport report = compile(options);
    constexpr size_t networks = 5;
    const std::string target = canonical_target("host");
    std::vector<TuningRecord> records(networks, TuningRecord({target, "any", halide_version(), 1}));
    for (const OperatorRow& row : report.operators) {
        // From all over the list, loop nests among them.
        const std::vector<Candidate> candidates = candidates_of(row.tunable.value(), target);
        for (size_t i = 0; i < networks; ++i) {
            const Candidate& candidate = candidates[(i + 1) * (candidates.size() - 1) / networks];
            records[i].set({row.tunable->key, candidate.tuning, {}, {}, {}});
        }
    }
    for (const TuningRecord& record : records) {
        CAPTURE(record.text());
        check_close(output_with(options, record), expected);
    }
}

TEST_CASE("A search goes on from what is known") {
    if (is_missing()) return;
    const TestFolder folder;
    TuneOptions options = tune_in(folder);
    TuningRecord known = tune(options).record;
    TunedOperator op = known.operators().front();
    op.tried["made up"] = 7;
    known.set(op);
    options.known = known;
    const TuningRecord after = tune(options).record;
    CHECK(after.operators().size() == operators);
    for (const TunedOperator& before : known.operators()) {
        for (const auto& [tuning, share] : before.tried) CHECK(after.find(before.key)->tried.contains(tuning));
    }
    CHECK(after.find(op.key)->tried.at("made up") == 7);

    TuningIdentity other = known.identity();
    other.machine = "another";
    options.known = TuningRecord(other);
    CHECK_THROWS_WITH(tune(options), Catch::Contains("was measured on another, "));
}

TEST_CASE("Shards search for all operators together, for none twice") {
    if (is_missing()) return;
    const TestFolder folder;
    TuneOptions options = tune_in(folder);
    options.shards = 2;
    TuningRecord first = tune(options).record;
    options.shard = 2;
    const TuningRecord second = tune(options).record;
    CHECK(first.operators().size() + second.operators().size() == operators);
    first.merge(second);
    CHECK(keys_of(first).size() == operators);
}

TEST_CASE("Candidates that cannot be run, or give other results, are noted, and the record is fit for use") {
    if (is_missing()) return;
    const std::string with_others = GENERATE("exit 1\n", R"("$@" | sed 's/"outputs":\[\[[^,]*/"outputs":[[1e9/')");
    const TestFolder folder;
    TuneOptions options = tune_in(folder, 5);
    options.machine.runner = picky_runner(folder, with_others);
    const TuneResult result = tune(options);
    CHECK(result.record.operators().size() == operators);
    size_t tried = 0;
    for (const TunedOperator& op : result.record.operators()) {
        CHECK(op.tuning.is_open());
        tried += op.tried.size();
        for (const auto& [tuning, share] : op.tried) CHECK_FALSE(share);
    }
    CHECK(tried > 0);
    CHECK(result.candidates == 0);
    check_close(output_with(options.compile, result.record), output_with(options.compile, std::nullopt));
}

TEST_CASE("A machine that runs nothing is an error") {
    if (is_missing()) return;
    const TestFolder folder;
    TuneOptions options = tune_in(folder);
    options.machine.runner = {"false"};
    CHECK_THROWS_WITH(tune(options), "false PROBE: exit status 1: it said nothing");
    options.machine.runner = {"echo"};
    CHECK_THROWS_WITH(tune(options), Catch::StartsWith("probe: has printed what is no result: "));
}

TEST_CASE("A machine that is away for a moment costs no candidate") {
    if (is_missing()) return;
    struct Stop {};
    const auto [first, last] = GENERATE(table<int, int>({{3, 6}, {8, 9}}));
    const TestFolder folder;
    TuneOptions options = tune_in(folder, 600);
    options.machine.runner = breaking_runner(folder, first, last);
    TuningRecord record;
    options.found = [&](const TuningRecord& found) { record = found; };
    options.news = [](const auto&, double) { throw Stop{}; };  // the first generation is done
    CHECK_THROWS_AS(tune(options), Stop);
    CHECK(record.operators().size() == operators);
    for (const TunedOperator& op : record.operators()) {
        CHECK_FALSE(op.tried.empty());
        for (const auto& [tuning, share] : op.tried) CHECK(share);
    }
}

TEST_CASE("A machine that stays away ends the search, which can go on from its record") {
    if (is_missing()) return;
    const int first = GENERATE(3, 9);
    const TestFolder folder;
    TuneOptions options = tune_in(folder, 6);
    options.machine.runner = breaking_runner(folder, first, 1000000);
    options.found = [&](const TuningRecord& found) { options.known = found; };
    CHECK_THROWS_WITH(tune(options), options.machine.runner[0] +
                                         " PROBE: exit status 255: Connection closed; it ran before: check the machine "
                                         "and the way to it, then a search goes on with --resume");
    REQUIRE(options.known);
    for (const TunedOperator& op : options.known->operators()) CHECK(op.tried.empty());
    options.machine.runner.clear();
    options.seconds = 1;
    CHECK(tune(options).record.operators().size() == operators);
}

TEST_CASE("A search that is interrupted leaves no files") {
    if (is_missing()) return;
    struct Stop {};
    const std::string stage = GENERATE("Untuned network", ", compiling", ", measuring", "Comparing");
    const TestFolder folder, temporary;
    TuneOptions options = tune_in(folder);
    const TemporaryFiles here(temporary.path());
    options.progress = [&](const std::string& now, int, int) {
        if (now.find(stage) != std::string::npos) throw Stop{};
    };
    if (stage.starts_with(",")) options.seconds = 600;
    CHECK_THROWS_AS(tune(options), Stop);
    CHECK(fs::is_empty(temporary.path()));
}

TEST_CASE("Operators that share a loop in one of the networks are judged together") {
    if (is_missing()) return;
    const TestFolder folder;
    ProbeSettings settings;
    settings.compile = model_in(folder);
    settings.compile.targets = {canonical_target("host")};
    settings.folder = folder.path();
    settings.identity = {settings.compile.targets[0], "any", halide_version(), 1};
    const Machine machine{{}, [] {}};
    const Probe untuned(settings, machine, {}, "untuned");
    Tunings whole, by_rows;
    for (const auto& [key, op] : untuned.operators()) {
        whole[key].by_rows = false;
        by_rows[key].by_rows = true;
    }
    const Probe apart(settings, machine, whole, "apart"), together(settings, machine, by_rows, "together");
    CHECK(units_of({&apart}).size() == operators);
    CHECK(units_of({&apart, &together}).size() == operators - 1);
    CHECK(units_of({&together, &apart}).size() == operators - 1);
    const ProbeTimes times = together.run(3);
    CHECK(times.seconds.size() == 3);
    CHECK(times.operators.size() == operators);
    REQUIRE(times.outputs.size() == 1);
    CHECK(times.outputs[0].at(0) > 0);
    CHECK_NOTHROW(check_outputs(times, untuned.run(1)));
    ProbeTimes other = times;
    other.outputs[0][1] += times.outputs[0][0];
    CHECK_THROWS_WITH(check_outputs(times, other), "probe: gives other results than the untuned network");
    other.outputs.clear();
    CHECK_THROWS_WITH(check_outputs(times, other), "probe: has other outputs than expected");

    std::vector<int> finished;
    const auto rounds = run_interleaved(
        {&apart, &together}, 3, [](const Probe& probe) { return probe.run(2); },
        [&](int round) { finished.push_back(round); });
    CHECK(finished == std::vector<int>{0, 1, 2});
    REQUIRE(rounds.size() == 2);
    CHECK(rounds[1].network.size() == 3);
    for (const auto& [key, seconds] : rounds[1].operators) CHECK(seconds.size() == 3);
}
