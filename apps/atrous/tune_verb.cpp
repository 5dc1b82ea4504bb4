// atrous tune: the command line of compiler/tuning/tune.h.
#include "compiler/tuning/tune.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "apps/atrous/command_line.h"
#include "apps/atrous/picture_size.h"
#include "apps/atrous/tune_text.h"
#include "apps/atrous/verbs.h"
#include "apps/segment/interrupt.h"
#include "apps/segment/output.h"

namespace atrous {

namespace fs = std::filesystem;

namespace {

struct TuneArguments {
    fs::path model, output, replay, cache;
    std::vector<std::string> merge;
    std::string target, size, budget = "10m", shard = "1/1", runner;
    bool resume = false, dynamic = false, json = false;
    int threads = 0, jobs = 0;
    uint64_t seed = 0;
    VerbosityFlags verbosity;
};

void add_tune_options(CLI::App& app, TuneArguments& arguments) {
    app.add_option("MODEL", arguments.model, "The ONNX file")->type_name("");
    app.add_option("-o,--output", arguments.output, "The record to write, JSON; read by atrous compile --tuning")
        ->type_name("FILE");
    app.add_option("--target", arguments.target, "A Halide target string (default: host); see `atrous targets`")
        ->type_name("T");
    app.add_option("--budget", arguments.budget, "How long to search: 90s, 10m, 2h")
        ->type_name("TIME")
        ->capture_default_str();
    add_options(app, {threads_option(arguments.threads)});
    app.add_option("--size", arguments.size,
                   "Height and width to optimise for, in pixels, where the model leaves them free")
        ->type_name("HxW");
    app.add_flag("--dynamic", arguments.dynamic,
                 "Make the height and width that the model declares as numbers free, where its graph allows");
    app.add_flag("--resume", arguments.resume, "Go on from what FILE holds");
    app.add_option("--seed", arguments.seed, "Of the choice among candidates")->type_name("N")->capture_default_str();
    app.add_option("--shard", arguments.shard, "Search for the i-th of n parts of the operators only; see --merge")
        ->type_name("I/N")
        ->capture_default_str();
    app.add_option("--runner", arguments.runner,
                   "How to run a program on the machine to tune for: `ssh board`, which gets the program by that way, "
                   "or a command that takes its path (qemu-aarch64-static)")
        ->type_name("CMD");
    app.add_option("--replay", arguments.replay, "Measure this record again and tell whether it holds")
        ->type_name("FILE");
    app.add_option("--merge", arguments.merge, "Join these records of one machine into the one of -o")
        ->type_name("A B …");
    app.add_option("-j,--jobs", arguments.jobs, "Kernels compiled at a time (default: as many as there are CPUs)")
        ->check(CLI::Range(1, 1024).description(""))
        ->type_name("N");
    app.add_option("--cache", arguments.cache, "Where compiled kernels are kept (default: the user's cache)")
        ->type_name("DIR");
    app.add_flag("--json", arguments.json, "Print the result as JSON");
    add_options(app, verbosity_options(arguments.verbosity));
    app.footer(
        "Example:\n  atrous tune u2net.onnx -o host.tuning.json --budget 30m\n"
        "  atrous tune --replay host.tuning.json u2net.onnx\n"
        "  atrous tune --merge a.json b.json -o all.json");
}

[[noreturn]] void misused(const std::string& problem) {
    throw Error("command line", problem, "see atrous tune --help");
}

// Which of the three things it is to do, and whether the words fit.
void check_combination(const TuneArguments& arguments) {
    const bool merges = !arguments.merge.empty(), replays = !arguments.replay.empty();
    if (merges && replays) misused("--merge and --replay are two different things");
    if (merges && !arguments.model.empty()) misused("--merge needs no model");
    if (!merges && arguments.model.empty()) misused("MODEL is required");
    if (!replays && arguments.output.empty()) misused("--output is required");
    if (replays && (!arguments.output.empty() || arguments.resume)) misused("--replay only reads its record");
    if (replays && !arguments.target.empty()) misused("--replay takes the target from its record");
    if (replays && arguments.threads > 0) misused("--replay takes the number of threads from its record");
}

double parse_duration(const std::string& text) {
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const std::string unit(end, text.data() + text.size());
    const double seconds = number * (unit == "h" ? 3600 : unit == "m" ? 60 : 1);
    const bool is_known = unit.empty() || unit == "s" || unit == "m" || unit == "h";
    constexpr double longest = 30 * 86400.0;
    if (error != std::errc() || !is_known || !(seconds >= 1 && seconds <= longest))
        throw Error("--budget", "'" + text + "' is not a time between a second and 30 days",
                    "write it like 90s, 10m, 2h");
    return seconds;
}

std::pair<int, int> parse_shard(const std::string& text) {
    int shard = 0, shards = 0;
    const char* end = text.data() + text.size();
    const auto first = std::from_chars(text.data(), end, shard);
    if (first.ec == std::errc() && first.ptr != end && *first.ptr == '/') {
        const auto second = std::from_chars(first.ptr + 1, end, shards);
        if (second.ec == std::errc() && second.ptr == end && shard >= 1 && shard <= shards) return {shard, shards};
    }
    throw Error("--shard", "'" + text + "' is not a part and how many there are", "write it like 1/4, from 1/4 to 4/4");
}

TuneOptions tune_options(const TuneArguments& arguments, Console& console) {
    TuneOptions options;
    options.compile.model = arguments.model;
    options.compile.targets = {arguments.target.empty() ? "host" : arguments.target};
    options.compile.dynamic = arguments.dynamic;
    options.compile.jobs = arguments.jobs;
    options.compile.cache = arguments.cache;
    if (!arguments.size.empty()) {
        const PictureSize size = parse_size(arguments.size);
        options.compile.optimise_height = size.height;
        options.compile.optimise_width = size.width;
    }
    options.threads = thread_count(arguments.threads);
    options.seconds = parse_duration(arguments.budget);
    options.seed = arguments.seed;
    std::tie(options.shard, options.shards) = parse_shard(arguments.shard);
    if (!arguments.runner.empty()) options.machine.runner = CLI::detail::split_up(arguments.runner);
    options.progress = [&console](const std::string& stage, int done, int total) {
        stop_if_interrupted();
        const bool is_counted = total > 1;
        console.progress(stage, is_counted ? static_cast<size_t>(done) : 0,
                         is_counted ? static_cast<size_t>(total) : 0);
    };
    return options;
}

void write_record(const TuningRecord& record, const fs::path& file) {
    const std::string text = record.text();
    store(file, text.data(), text.size());
}

int merge(const TuneArguments& arguments, Console& console) {
    TuningRecord all = TuningRecord::read(arguments.merge.front());
    for (size_t i = 1; i < arguments.merge.size(); ++i) all.merge(TuningRecord::read(arguments.merge[i]));
    write_record(all, arguments.output);
    console.note(arguments.output.string() + " holds " + std::to_string(all.operators().size()) + " operators");
    return 0;
}

int replay_record(const TuneArguments& arguments, Console& console) {
    TuneOptions options = tune_options(arguments, console);
    options.known = TuningRecord::read(arguments.replay);
    const TuningIdentity& identity = options.known->identity();
    options.compile.targets = {identity.target};
    options.threads = identity.threads;
    const Replay result = replay(options);
    console.end_progress();
    if (result.machine != identity.machine)
        console.note("note: the record is of another machine, " + printable(identity.machine) + "; this is " +
                     printable(result.machine));
    if (arguments.json)
        print_result(replay_json(result));
    else if (!console.quiet())
        print_result(replay_text(result));
    return 0;
}

int search(const TuneArguments& arguments, Console& console) {
    TuneOptions options = tune_options(arguments, console);
    std::error_code error;
    if (arguments.resume && fs::exists(arguments.output, error)) options.known = TuningRecord::read(arguments.output);
    if (arguments.output.has_parent_path()) make_folder(arguments.output.parent_path());
    bool is_written = false;
    options.found = [&](const TuningRecord& record) {
        write_record(record, arguments.output);
        is_written = true;
    };
    options.news = [&](const std::vector<TuneNews>& all, double seconds_left) {
        for (const TuneNews& news : all) {
            const std::string text = news_text(news, seconds_left);
            news.is_better ? console.note(text) : console.detail(text);
        }
    };
    try {
        const TuneResult result = tune(options);
        console.end_progress();
        if (arguments.json)
            print_result(tune_json(result));
        else if (!console.quiet())
            print_result(tune_text(result));
    } catch (const Interrupted&) {
        console.end_progress();
        if (is_written) console.note(arguments.output.string() + " holds what was found so far; --resume goes on");
        throw;
    }
    return 0;
}

}  // namespace

int tune_verb(int count, const char* const* words, Console& console) {
    CLI::App app("Searches for faster schedules of a model's convolutions by measuring, for atrous compile --tuning.",
                 words[0]);
    TuneArguments arguments;
    add_tune_options(app, arguments);
    if (!parse_arguments(app, count, words)) return 0;
    console.set_verbosity(arguments.verbosity.level());
    check_combination(arguments);
    if (!arguments.merge.empty()) return merge(arguments, console);
    return arguments.replay.empty() ? search(arguments, console) : replay_record(arguments, console);
}

}  // namespace atrous
