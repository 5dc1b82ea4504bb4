// atrous compile: the command line of compiler/compile.h.
#include "compiler/compile.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "apps/atrous/command_line.h"
#include "apps/atrous/compile_table.h"
#include "apps/atrous/model_source.h"
#include "apps/atrous/picture_size.h"
#include "apps/atrous/verbs.h"
#include "apps/segment/network_task.h"
#include "apps/segment/output.h"
#include "compiler/emit.h"
#include "schedules/registry.h"

namespace atrous {

namespace fs = std::filesystem;

namespace {

struct CompileArguments {
    fs::path model, directory, config, tuning, cache;
    std::string name, size, winograd = "auto", autoscheduler;
    std::vector<std::string> targets{"host"}, emit{"lib", "header", "shared"};
    bool dynamic = false, json = false;
    int jobs = 0;
    VerbosityFlags verbosity;
};

struct Emission {
    const char* name;
    bool CompileOptions::*wanted;
};

constexpr std::array<Emission, 7> emissions{{{"lib", &CompileOptions::library},
                                             {"header", &CompileOptions::header},
                                             {"shared", &CompileOptions::shared},
                                             {"app", &CompileOptions::app},
                                             {"asm", &CompileOptions::assembly},
                                             {"stmt", &CompileOptions::statements},
                                             {"ptx", &CompileOptions::ptx}}};

const std::map<std::string, WinogradPolicy> policies{{"auto", WinogradPolicy::automatic},
                                                     {"off", WinogradPolicy::off},
                                                     {"f2", WinogradPolicy::f2},
                                                     {"f4", WinogradPolicy::f4}};

void add_compile_options(CLI::App& app, CompileArguments& arguments) {
    app.add_option("MODEL", arguments.model, "The ONNX file")->required()->type_name("");
    app.add_option("-o,--output", arguments.directory, "Folder for what is made (default: beside the model)")
        ->type_name("DIR");
    app.add_option("--name", arguments.name, "The network's name, a C identifier (default: the file's name)")
        ->type_name("NAME");
    app.add_option(
           "--target", arguments.targets,
           "Halide target strings with commas between; several for one processor, with or without GPUs, make one "
           "library (default: host); "
           "see `atrous targets`")
        ->delimiter(',')
        ->allow_extra_args(false)
        ->type_name("T");
    app.add_option("--emit", arguments.emit, "lib, header, shared, app, asm, stmt, ptx (default: lib,header,shared)")
        ->delimiter(',')
        ->allow_extra_args(false)
        ->check(CLI::IsMember({"lib", "header", "shared", "app", "asm", "stmt", "ptx"}).description(""))
        ->type_name("WHAT");
    app.add_option("--size", arguments.size, "Height and width to optimise for, in pixels (default: the declared size)")
        ->type_name("HxW");
    app.add_flag("--dynamic", arguments.dynamic,
                 "Make the height and width that the model declares as numbers free, where its graph allows");
    app.add_option("--winograd", arguments.winograd,
                   "Convolutions in Winograd's domain: auto, off, f2, f4 (default: auto, where it is faster)")
        ->check(CLI::IsMember({"auto", "off", "f2", "f4"}).description(""))
        ->type_name("HOW");
    app.add_option("--tuning", arguments.tuning, "What `atrous tune` has found for one of the targets")
        ->type_name("FILE");
    app.add_option("--autoscheduler", arguments.autoscheduler,
                   "Let Halide schedule the kernels in place of Atrous, for comparison: Adams2019, Mullapudi2016, "
                   "Li2018; CPUs only")
        ->type_name("NAME");
    app.add_option("--config", arguments.config, "How a picture becomes a tensor and back; JSON")->type_name("FILE");
    app.add_option("-j,--jobs", arguments.jobs, "Kernels compiled at a time (default: as many as there are CPUs)")
        ->check(CLI::Range(1, 1024).description(""))
        ->type_name("N");
    app.add_option("--cache", arguments.cache, "Where compiled kernels are kept (default: the user's cache)")
        ->type_name("DIR");
    app.add_flag("--json", arguments.json, "Print what was made as JSON");
    add_options(app, verbosity_options(arguments.verbosity));
    app.footer("Example:\n  atrous compile u2net.onnx --target x86-64-linux-avx2-fma --emit lib,header,app -o out/");
}

CompileOptions compile_options(const CompileArguments& arguments) {
    CompileOptions options;
    options.model = arguments.model;
    options.directory = arguments.directory;
    options.name = arguments.name;
    options.targets = arguments.targets;
    options.dynamic = arguments.dynamic;
    options.winograd = policies.at(arguments.winograd);
    options.autoscheduler = arguments.autoscheduler;
    if (!arguments.tuning.empty()) {
        if (!arguments.autoscheduler.empty())
            throw Error("command line", "--tuning is about Atrous's schedules, and --autoscheduler takes others",
                        "leave one of them out");
        options.tuning = TuningRecord::read(arguments.tuning);
    }
    options.jobs = arguments.jobs;
    options.cache = arguments.cache;
    if (!arguments.name.empty()) check_name(arguments.name);
    if (!arguments.size.empty()) {
        const PictureSize size = parse_size(arguments.size);
        options.optimise_height = size.height;
        options.optimise_width = size.width;
    }
    for (const Emission& emission : emissions) {
        options.*emission.wanted =
            std::find(arguments.emit.begin(), arguments.emit.end(), emission.name) != arguments.emit.end();
    }
    return options;
}

nlohmann::ordered_json report_json(const CompileReport& report) {
    nlohmann::ordered_json files = nlohmann::ordered_json::array(), operators = files;
    for (const fs::path& file : report.files) {
        std::error_code error;
        files.push_back({{"path", file.lexically_normal().string()}, {"bytes", fs::file_size(file, error)}});
    }
    for (const OperatorRow& row : report.operators) {
        operators.push_back({{"name", row.name},
                             {"operator", row.onnx_type},
                             {"shape", row.shape},
                             {"schedule", row.schedule},
                             {"gflop", row.gflop}});
    }
    nlohmann::ordered_json json{{"name", report.name},       {"files", files},
                                {"operators", operators},    {"bytes", report.bytes},
                                {"kernels", report.kernels}, {"kernels_cached", report.kernels_cached},
                                {"seconds", report.seconds}};
    if (report.autoscheduler.empty()) return json;
    json["autoscheduler"] = report.autoscheduler;
    json["fallbacks"] = nlohmann::ordered_json::array();
    for (const ScheduleFallback& fallback : report.fallbacks) {
        json["fallbacks"].push_back(
            {{"kernel", fallback.kernel}, {"target", fallback.target}, {"reason", fallback.reason}});
    }
    return json;
}

// Which kernels are not the autoscheduler's.
void note_fallbacks(const CompileReport& report, Console& console) {
    if (report.fallbacks.empty()) return;
    std::string names;
    for (const ScheduleFallback& fallback : report.fallbacks) {
        const std::string reason = console.verbose() ? " (" + fallback.reason + ")" : "";
        names += (names.empty() ? "" : ", ") + fallback.kernel + reason;
    }
    console.note("note: " + std::to_string(report.fallbacks.size()) + " of " + std::to_string(report.kernels) +
                 " kernels have Atrous's schedules, because " + report.autoscheduler +
                 " could not make them: " + names);
}

}  // namespace

int compile_verb(int count, const char* const* words, Console& console) {
    CLI::App app("Turns an ONNX model into a static library, a C header, a shared library or a program.", words[0]);
    CompileArguments arguments;
    add_compile_options(app, arguments);
    if (!parse_arguments(app, count, words)) return 0;
    console.set_verbosity(arguments.verbosity.level());

    CompileOptions options = compile_options(arguments);
    options.config_json = find_config(options.model, arguments.config);
    if (!options.config_json && options.app) throw ConfigMissing(options.model.string(), "");
    if (!options.directory.empty()) make_folder(options.directory);
    for (const std::string& target : options.targets) {
        const std::string unused = unused_features(target);
        if (!unused.empty()) console.note("note: " + target + ": float32 kernels have no use for " + unused);
    }
    options.progress = compile_progress(console);
    const CompileReport report = compile(options);
    console.end_progress();
    if (arguments.json) {
        print_result(report_json(report));
    } else if (!console.quiet()) {
        print_result(compile_table(report, console.verbose()));
    }
    note_fallbacks(report, console);
    if (!options.config_json) {
        console.note(
            "note: no config was found for this model; `atrous run` needs none, `atrous segment` does (--config)");
    }
    return 0;
}

}  // namespace atrous
