// atrous run: raw tensors through a network, for checking and timing.
#include <algorithm>
#include <chrono>
#include <cstdlib>

#include "apps/atrous/command_line.h"
#include "apps/atrous/model_source.h"
#include "apps/atrous/named_files.h"
#include "apps/atrous/run_report.h"
#include "apps/atrous/tensor_folder.h"
#include "apps/atrous/verbs.h"
#include "apps/npy.h"
#include "apps/segment/interrupt.h"
#include "runtime/error.h"
#include "schedules/registry.h"

namespace atrous {

namespace fs = std::filesystem;

namespace {

struct RunArguments {
    ModelOptions model;
    std::vector<std::string> inputs, outputs;
    NetworkChoice network;
    fs::path trace, compare;
    Tolerance tolerance;
    int threads = 0, repeat = 1;
    bool json = false, profile = false;
    VerbosityFlags verbosity;
};

void add_run_options(CLI::App& app, RunArguments& arguments) {
    app.add_option("--model", arguments.model.model, "A compiled network (.so), or an ONNX model")
        ->required()
        ->type_name("M");
    app.add_option("--input", arguments.inputs, "A tensor file (.npy); several inputs: in order, or name=file")
        ->allow_extra_args(false)
        ->type_name("[NAME=]X.npy");
    app.add_option("-o,--output", arguments.outputs, "Where to write an output; several: in order, or name=file")
        ->allow_extra_args(false)
        ->type_name("[NAME=]Y.npy");
    add_options(app, {threads_option(arguments.threads)});
    add_options(app, network_options(arguments.network));
    app.add_option("--repeat", arguments.repeat, "Run so many times; the first one warms up")
        ->check(CLI::Range(1, 1000000).description(""))
        ->type_name("N");
    app.add_flag("--profile", arguments.profile,
                 "Tell how long each operator took: the median of --repeat, and its share of all");
    app.add_option("--trace", arguments.trace, "Write every intermediate tensor into this folder (ONNX models)")
        ->type_name("DIR");
    app.add_option("--compare", arguments.compare,
                   "Tell the first tensor that differs from the one in such a folder, ours or another runtime's")
        ->type_name("DIR");
    const auto not_negative = CLI::Range(0.0, 1e300).description("");
    app.add_option("--atol", arguments.tolerance.absolute, "Absolute tolerance of --compare")
        ->check(not_negative)
        ->type_name("X")
        ->capture_default_str();
    app.add_option("--rtol", arguments.tolerance.relative, "Tolerance of --compare relative to the folder's value")
        ->check(not_negative)
        ->type_name("X")
        ->capture_default_str();
    app.add_option("--cache", arguments.model.cache, "Where compiled models are kept (default: the user's cache)")
        ->type_name("DIR");
    app.add_flag("--json", arguments.json, "Print times, memory and shapes as JSON");
    add_options(app, verbosity_options(arguments.verbosity));
    app.footer("Example:\n  atrous run --model u2net.so --input photo.npy -o mask.npy --repeat 5 --json");
}

// The model's own outputs first, in its order: what -o without a name means, also when every tensor is an output.
std::vector<size_t> output_order(const LibraryInfo& info, const GraphNames& names) {
    std::vector<size_t> order;
    for (const std::string& name : names.outputs) {
        const auto found = std::find_if(info.outputs.begin(), info.outputs.end(),
                                        [&](const TensorInfo& tensor) { return tensor.name == name; });
        if (found != info.outputs.end()) order.push_back(static_cast<size_t>(found - info.outputs.begin()));
    }
    for (size_t i = 0; i < info.outputs.size() && names.outputs.empty(); i++) order.push_back(i);
    return order;
}

Outcome run_network(const std::shared_ptr<const Library>& library, const std::vector<Tensor>& inputs,
                    const RunArguments& arguments, int threads) {
    // Nothing is on the disk yet, so that an interrupt may end the process in the middle of a run.
    const InterruptWatch watch([] { std::_Exit(interrupted_exit_code()); });
    const OpenNetwork network(library, arguments.network);
    Runner runner(network);
    Outcome outcome;
    if (arguments.profile) {
        for (const std::string& name : network.operators()) outcome.operators.push_back({name, {}});
    }
    for (int i = 0; i < arguments.repeat; i++) {
        std::vector<double> operators(outcome.operators.size());
        const auto start = std::chrono::steady_clock::now();
        runner.run_into(inputs, outcome.outputs, threads, arguments.profile ? &operators : nullptr);
        const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
        outcome.seconds.push_back(elapsed.count());
        for (size_t o = 0; o < operators.size(); o++) outcome.operators[o].seconds.push_back(operators[o]);
    }
    outcome.workspace_bytes = runner.workspace_bytes();
    outcome.target = network.target();
    return outcome;
}

}  // namespace

int run_verb(int count, const char* const* words, Console& console) {
    CLI::App app("Runs a network on raw tensors (.npy), for checking and timing.", words[0]);
    RunArguments arguments;
    add_run_options(app, arguments);
    if (!parse_arguments(app, count, words)) return 0;
    console.set_verbosity(arguments.verbosity.level());

    const std::string subject = arguments.model.model.string();
    if (!arguments.network.target.empty()) arguments.network.target = canonical_target(arguments.network.target);
    arguments.model.device = arguments.network.device;
    const bool compiled = is_compiled(arguments.model.model);
    arguments.model.keep_all = !arguments.trace.empty() || (!arguments.compare.empty() && !compiled);
    const auto library = load_model(arguments.model, console);
    const LibraryInfo& info = library->info();
    GraphNames names;
    if (arguments.model.keep_all) names = graph_names(arguments.model.model);
    const auto outputs = assign_files(arguments.outputs, info.outputs, output_order(info, names), "-o", subject);
    const std::vector<Tensor> inputs = read_inputs(arguments.inputs, info, subject);

    const int threads = thread_count(arguments.threads);
    const Outcome outcome = run_network(library, inputs, arguments, threads);
    for (const NamedFile& output : outputs) {
        stop_if_interrupted();
        const Tensor& tensor = outcome.outputs[output.index];
        write_npy(output.file, tensor.type, tensor.shape, tensor.bytes.data());
    }
    if (!arguments.trace.empty()) write_tensor_folder(arguments.trace, info.outputs, outcome.outputs);
    RunReport report{info, outcome, threads, arguments.model.keep_all, arguments.profile, names, {}, arguments.compare};
    if (!arguments.compare.empty()) {
        report.comparison = compare_with_folder(arguments.compare, info.outputs, outcome.outputs, arguments.tolerance);
    }
    if (arguments.json) {
        print_result(run_json(report));
    } else if (!console.quiet()) {
        print_result(run_text(report));
    }
    return report.comparison && report.comparison->first ? 1 : 0;
}

}  // namespace atrous
