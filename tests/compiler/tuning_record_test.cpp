// Tuning records: written, read, joined and looked up; what is wrong with one is said with file and entry.
#include "compiler/tuning/tuning_record.h"

#include <catch2/catch.hpp>

#include "compiler/files.h"
#include "runtime/error.h"
#include "schedules/registry.h"
#include "tests/apps/temporary_folder.h"

using namespace atrous;

namespace {

using Algorithm = OperatorTuning::Algorithm;

TuningIdentity identity() {
    return {"arm-64-linux", "Cortex \"A76\" [0, 1 2]", halide_version(), 4};
}

OperatorTuning winograd(int blocks) {
    OperatorTuning tuning;
    tuning.algorithm = Algorithm::winograd;
    tuning.outputs = {4, 6};
    tuning.blocks = blocks;
    if (blocks == 0) tuning.tiles = {1, 16};
    tuning.kernel.tile_x = 12;
    return tuning;
}

OperatorTuning direct() {
    OperatorTuning tuning;
    tuning.algorithm = Algorithm::direct;
    tuning.by_rows = false;
    tuning.rows = 2;
    tuning.kernel = {4, 2, 64, 0, 1};
    return tuning;
}

TunedOperator entry(const std::string& text, const std::vector<int64_t>& input, const OperatorTuning& tuning = {},
                    double seconds = 0.25) {
    return {{text, input}, tuning, {seconds, 0.2, 0.3}, {0.5, 0.4, 0.6}, {}};
}

// Two entries: B of a row, without a tuning, and A, whose entry the cases below spoil.
TuningRecord sample() {
    TuningRecord record(identity());
    record.set(entry("B", {1, 16, 7}));
    TunedOperator a = entry("A", {1, 16, 48, 64}, winograd(0));
    a.tried = {{"direct", 1.5}, {"whole", std::nullopt}};
    record.set(a);
    return record;
}

class RecordFile {
  public:
    explicit RecordFile(const std::string& text) { create_file(path(), text); }
    std::filesystem::path path() const { return folder_ / "r.json"; }
    TuningRecord read() const { return TuningRecord::read(path()); }
    // Of the Error that reading it must throw, without the file's name.
    std::string problem() const {
        try {
            read();
        } catch (const Error& error) {
            const std::string text = error.what(), file = path().string() + ": ";
            REQUIRE(text.starts_with(file));
            return text.substr(file.size());
        }
        return "none";
    }

  private:
    TemporaryFolder folder_;
};

std::string spoilt(const std::string& from, const std::string& to) {
    std::string text = sample().text();
    const size_t at = text.find(from);
    REQUIRE(at != std::string::npos);
    return RecordFile(text.replace(at, from.size(), to)).problem();
}

bool all_legal(const OperatorTuning&) {
    return true;
}

}  // namespace

TEST_CASE("A tuning record is read as it was written") {
    TuningRecord record = sample();
    record.set(entry("C", {2, 8, 9, 10}, winograd(3)));
    record.set(entry("D", {1, 1, 1, 1}, direct(), 0.3125));
    const TuningRecord again = RecordFile(record.text()).read();
    CHECK(again.text() == record.text());
    CHECK(again.identity() == identity());
    REQUIRE(again.operators().size() == 4);
    CHECK(again.operators()[0].key.text == "A");  // in order, whatever was set first
    const TunedOperator* d = again.find({"D", {1, 1, 1, 1}});
    REQUIRE(d != nullptr);
    CHECK(d->tuning == direct());
    CHECK(d->seconds.median == 0.3125);
    CHECK(d->gain() == 0.5 / 0.3125);
    CHECK(again.find({"C", {2, 8, 9, 10}})->tuning == winograd(3));
    CHECK(again.find({"A", {1, 16, 48, 64}})->tried == sample().operators()[0].tried);
    CHECK(again.find({"D", {1, 1, 1, 2}}) == nullptr);
}

TEST_CASE("Tunings in words") {
    CHECK(OperatorTuning{}.text() == "default");
    CHECK(winograd(0).text() == "winograd 4x6, 1x16 tiles, tile_x 12");
    CHECK(winograd(3).text() == "winograd 4x6, 48 channels, tile_x 12");
    CHECK(direct().text() == "direct, whole, rows 2, tile_x 4, tile_blocks 2, depth 64, blocks_outer 0, unroll 1");
}

TEST_CASE("What is wrong with a record is said with the entry") {
    const std::string advice = "; correct the record, or make it anew with `atrous tune`";
    const std::string whole = "the record ", a = "entry 1 (A) ", tuning = "\"tuning\" of entry 1 (A) ";
    struct Case {
        std::string from, to, problem;
    };
    const std::vector<Case> cases{
        {"\"threads\": 4", "\"thread\": 4", whole + "has no \"threads\""},
        {"\"threads\": 4", "\"threads\": 0", whole + "has a \"threads\" that is not an integer from 1 to 65536"},
        {"\"threads\": 4", "\"threads\": 4, \"cores\": 4", whole + "has a key \"cores\", which is not known"},
        {"\"target\": \"arm-64-linux\"", "\"target\": 3", whole + "has a \"target\" that is not a text"},
        {"\"atrous_tuning\"", "\"tuning\"", whole + "is not a tuning record"},
        {"\"atrous_tuning\": 1", "\"atrous_tuning\": 0", whole + "is of version 0, this program reads version 1"},
        {"\"" + halide_version() + "\"", "\"1.2.3\"",
         whole + "was made with Halide 1.2.3, this program has " + halide_version()},
        {"\"operators\": [", "\"operators\": 7, \"o\": [", whole + "has \"operators\" that are not a list"},
        {"\"operators\": [", "\"operators\": [7, ", "entry 1 is not an object"},
        {"\"operator\": \"A\"", "\"operator\": \"A\", \"pad\": 1", a + "has a key \"pad\", which is not known"},
        {"\"operator\": \"A\",", "", "entry 1 has no \"operator\""},
        {"48,", "48, 1,", a + "has a \"input\" that is not a list of 3 or 4 integers"},
        {"48,", "0,", a + "has a \"input\" that is not an integer from 1 to 1048576"},
        {"\"algorithm\": \"winograd\"", "\"algorithm\": \"fft\"",
         tuning + "has the algorithm \"fft\", expected direct or winograd"},
        {"\"algorithm\": \"winograd\"", "\"algorithm\": \"direct\"",
         tuning + "has a key \"outputs\", which is not known"},
        {"\"tile_x\": 12", "\"tile_y\": 12", tuning + "has a key \"tile_y\", which is not known"},
        {"\"tile_x\": 12", "\"tile_x\": 1e3", tuning + "has a \"tile_x\" that is not an integer from 0 to 1048576"},
        {"\"tile_x\": 12", "\"tile_x\": -1", tuning + "has a \"tile_x\" that is not an integer from 0 to 1048576"},
        {"\"tile_x\": 12", "\"rows\": 17", tuning + "has a \"rows\" that is not an integer from 1 to 16"},
        {"\"tile_x\": 12", "\"by_rows\": 1", tuning + "has a \"by_rows\" that is neither true nor false"},
        {"\"tiles\"", "\"blocks\": 0, \"tiles\"", tuning + "has a \"blocks\" that is not an integer from 1 to 1048576"},
        {"\"tiles\"", "\"blocks\": 2, \"tiles\"", tuning + "has a key \"tiles\", which is not known"},
        {"\"median\": 0.25", "\"median\": 0", "\"seconds\" of " + a + "has a \"median\" that is not a time in seconds"},
        {"\"median\": 0.5", "\"median\": \"0.5\"",
         "\"untuned\" of " + a + "has a \"median\" that is not a time in seconds"},
        {"\"quartile_1\": 0.4", "\"quarter\": 0.4", "\"untuned\" of " + a + "has no \"quartile_1\""},
        {"\"direct\": 1.5", "\"direct\": -1",
         "\"tried\" of " + a + "has tried \"direct\", whose share of the default's time is not a positive number"},
        {"\"whole\": null", "\"whole\": true",
         "\"tried\" of " + a + "has tried \"whole\", whose share of the default's time is not a positive number"},
    };
    for (const Case& c : cases) CHECK(spoilt(c.from, c.to) == c.problem + advice);

    std::string twice = sample().text();
    twice.replace(twice.find("\"B\""), 3, "\"A\"");
    twice.replace(twice.find("[1, 16, 7]"), 10, "[1, 16, 48, 64]");
    CHECK(RecordFile(twice).problem() == whole + "has two entries for A, of 1x16x48x64" + advice);
    CHECK(RecordFile("[]").problem() == whole + "is not an object" + advice);
}

TEST_CASE("What is no JSON is no record") {
    const std::string text = sample().text();
    for (const std::string& broken : {std::string(), std::string("tuned"), text.substr(0, text.size() / 2)}) {
        const std::string problem = RecordFile(broken).problem();
        CHECK(problem.starts_with("is not JSON: "));
        CHECK(problem.ends_with("; give a file that `atrous tune` has written"));
    }
    const TemporaryFolder folder;
    CHECK_THROWS_WITH(TuningRecord::read(folder / "gone"),
                      (folder / "gone").string() + ": cannot be read: No such file or directory");
}

TEST_CASE("Records are joined: what is lacking, what is faster, all that was tried") {
    TuningRecord ours(identity()), theirs(identity());
    const std::vector<int64_t> input{1, 16, 8, 8};
    TunedOperator a = entry("A", input, direct(), 0.1), b = entry("B", input, direct(), 0.3);
    a.tried = {{"x", 1.0}};
    b.tried = {{"x", 2.0}};
    ours.set(a);
    ours.set(b);
    a.tuning = b.tuning = winograd(0);
    a.seconds.median = b.seconds.median = 0.2;
    a.tried = b.tried = {{"y", std::nullopt}};
    theirs.set(a);
    theirs.set(b);
    theirs.set(entry("C", input));
    ours.merge(theirs);
    REQUIRE(ours.operators().size() == 3);
    CHECK(ours.operators()[0].tuning == direct());
    CHECK(ours.operators()[0].seconds.median == 0.1);
    CHECK(ours.operators()[1].tuning == winograd(0));
    CHECK(ours.operators()[1].seconds.median == 0.2);
    CHECK(ours.operators()[0].tried == std::map<std::string, std::optional<double>>{{"x", 1.0}, {"y", std::nullopt}});
    CHECK(ours.operators()[1].tried == std::map<std::string, std::optional<double>>{{"x", 2.0}, {"y", std::nullopt}});
}

TEST_CASE("Records of other circumstances are not joined") {
    const RecordFile ours(TuningRecord(identity()).text());
    TuningIdentity other = identity();
    other.threads = 2;
    const RecordFile theirs(TuningRecord(other).text());
    const std::string machine = "Cortex \"A76\" [0, 1 2], arm-64-linux, ",
                      halide = " threads, Halide " + halide_version();
    TuningRecord record = ours.read();
    CHECK_THROWS_WITH(record.merge(theirs.read()), theirs.path().string() + ": was measured on " + machine + "2" +
                                                       halide + ", but " + ours.path().string() + " on " + machine +
                                                       "4" + halide +
                                                       "; join records of one machine, target and number of threads");
    other = identity();
    other.machine = "other";
    CHECK_THROWS_AS(record.merge(TuningRecord(other)), Error);
    other = identity();
    other.target = "x86-64-linux";
    CHECK_THROWS_AS(record.merge(TuningRecord(other)), Error);
}

TEST_CASE("An operator gets its own tuning, or that of the nearest size") {
    TuningRecord record(identity());
    record.set(entry("A", {1, 16, 64, 64}, direct()));
    record.set(entry("A", {1, 16, 256, 256}, winograd(0)));
    record.set(entry("A", {1, 16, 7}, winograd(2)));
    CHECK(record.find({"A", {1, 16, 64, 64}}, all_legal) == direct());
    CHECK(record.find({"A", {1, 16, 96, 64}}, all_legal) == direct());
    CHECK(record.find({"A", {1, 16, 256, 200}}, all_legal) == winograd(0));
    CHECK(record.find({"A", {1, 16, 32, 32}}, all_legal) == direct());  // twice 2 apart
    CHECK(record.find({"A", {1, 16, 31, 32}}, all_legal).is_open());    // more
    CHECK(record.find({"A", {1, 16, 14}}, all_legal) == winograd(2));   // rows among rows
    CHECK(record.find({"B", {1, 16, 64, 64}}, all_legal).is_open());    // another operator
    const auto only_direct = [](const OperatorTuning& tuning) { return tuning == direct(); };
    CHECK(record.find({"A", {1, 16, 130, 130}}, all_legal) == winograd(0));
    CHECK(record.find({"A", {1, 16, 128, 128}}, only_direct) == direct());
    CHECK(record.find({"A", {1, 16, 512, 512}}, only_direct).is_open());
    const RecordFile file(record.text());
    CHECK_THROWS_WITH(file.read().find({"A", {1, 16, 256, 256}}, only_direct),
                      file.path().string() +
                          ": the entry for A, of 1x16x256x256 asks for what its schedule cannot do: " +
                          "winograd 4x6, 1x16 tiles, tile_x 12; make it anew with `atrous tune`");
}

TEST_CASE("A record is for one target") {
    const RecordFile file(sample().text());
    CHECK_NOTHROW(file.read().check_target({"x86-64-linux", "arm-64-linux"}));
    CHECK_THROWS_WITH(file.read().check_target({"x86-64-linux", "x86-64-linux-cuda"}),
                      file.path().string() +
                          ": was made for arm-64-linux, but the plan is made for x86-64-linux, x86-64-linux-cuda; "
                          "compile for the record's target, or make one with `atrous tune --target`");
}

TEST_CASE("Times of several runs") {
    CHECK(times_of({}).median == 0);
    const Times odd = times_of({5, 1, 3, 2, 4});
    CHECK(odd.median == 3);
    CHECK(odd.quartile_1 == 2);
    CHECK(odd.quartile_3 == 4);
    CHECK(times_of({4, 1, 2, 3}).median == 2.5);
}
