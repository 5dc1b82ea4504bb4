// Command lines of emitted programs.
#include "apps/segment/program_options.h"

#include <catch2/catch.hpp>

#include "runtime/error.h"

using namespace atrous;

namespace {

// The options, or how it was refused.
struct Parsed {
    SegmentOptions options;
    VerbosityFlags verbosity;
    std::string problem;
};

Parsed parse(std::vector<std::string> words) {
    Parsed parsed;
    std::vector<Option> all = segment_options(parsed.options);
    for (Option& option : verbosity_options(parsed.verbosity)) all.push_back(option);
    words.insert(words.begin(), "mask");
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    try {
        const ProgramText text{"mask", "", "", ""};
        const bool is_to_run = parse_program_options(text, all, static_cast<int>(words.size()), arguments.data());
        CHECK(is_to_run);
    } catch (const Error& error) {
        parsed.problem = error.what();
    }
    return parsed;
}

std::string problem(std::vector<std::string> words) {
    words.insert(words.end(), {"in", "-o", "out"});
    return parse(words).problem;
}

std::string refused(const std::string& text) {
    return "command line: " + text + "; see mask --help";
}

}  // namespace

TEST_CASE("options of an emitted program, in any order and spelling") {
    const Parsed all = parse({"a",
                              "--threads=3",
                              "-oout",
                              "--format",
                              "mask,cutout",
                              "b",
                              "--format=labels",
                              "--device",
                              "cpu",
                              "--target",
                              "x86-64-linux",
                              "--max-pixels",
                              "1099511627776",
                              "--fail-fast",
                              "--json",
                              "--quiet",
                              "-",
                              "--",
                              "-c",
                              "--json=1"});
    REQUIRE(all.problem.empty());
    CHECK(all.options.inputs == std::vector<std::string>{"a", "b", "-", "-c", "--json=1"});
    CHECK(all.options.directory == "out");
    CHECK(all.options.formats == std::vector<std::string>{"mask", "cutout", "labels"});
    CHECK(all.options.threads == 3);
    CHECK(all.options.network.device == "cpu");
    CHECK(all.options.network.target == "x86-64-linux");
    CHECK(all.options.max_pixels == int64_t{1} << 40);
    CHECK(all.options.fail_fast);
    CHECK(all.options.json);
    CHECK(all.verbosity.level() == Verbosity::quiet);

    const Parsed none = parse({"--output", "out", "a"});
    REQUIRE(none.problem.empty());
    CHECK(none.options.threads == 0);
    CHECK(none.options.formats.empty());
    CHECK(none.options.network.device == "auto");
    CHECK_FALSE(none.options.json);
    CHECK(none.verbosity.level() == Verbosity::normal);
    CHECK(parse({"a", "-o", "out", "--quiet", "--quiet"}).problem.empty());
}

TEST_CASE("what an emitted program refuses on its command line") {
    CHECK(parse({}).problem == refused("INPUT is required"));
    CHECK(parse({"a"}).problem == refused("--output is required"));
    CHECK(parse({"-o", "a"}).problem == refused("INPUT is required"));
    CHECK(parse({"a", "-o"}).problem == refused("--output: 1 required DIR missing"));
    CHECK(parse({"a", "-o", "b", "--threads"}).problem == refused("--threads: 1 required N missing"));
    for (const std::string word : {"--nonsense", "--thread", "--json=1", "-x", "--model=x"})
        CHECK(problem({word}) == refused("The following argument was not expected: " + word));
    CHECK(problem({"-o", "x"}) == refused("--output is given twice"));
    for (const std::string number : {"0", "4097", "-1", "x", "", "1x", " 1", "99999999999999999999"})
        CHECK(problem({"--threads", number}) == refused("--threads: Value " + number + " not in range 1 to 4096"));
    CHECK(problem({"--device=gpu"}) == refused("--device: gpu not in {auto,cpu,cuda,opencl}"));
    for (const std::string list : {"jpeg", "mask,jpeg"})
        CHECK(problem({"--format", list}) ==
              refused("--format: jpeg not in {mask,cutout,labels,overlay,probabilities}"));
    CHECK(problem({"--format", "mask,"}) == refused("--format:  not in {mask,cutout,labels,overlay,probabilities}"));
}
