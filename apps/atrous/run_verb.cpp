// atrous run: raw tensors through a network, for checking and timing.
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "apps/atrous/model_source.h"
#include "apps/atrous/table.h"
#include "apps/atrous/tensor_folder.h"
#include "apps/atrous/verbs.h"
#include "apps/npy.h"
#include "apps/segment/interrupt.h"
#include "apps/segment/options.h"
#include "runtime/error.h"

namespace atrous {

namespace fs = std::filesystem;

namespace {

struct RunArguments {
    ModelOptions model;
    std::vector<std::string> inputs, outputs;
    std::string device = "auto";
    fs::path trace, compare;
    Tolerance tolerance;
    int threads = 0, repeat = 1;
    bool json = false;
    VerbosityFlags verbosity;
};

void add_run_options(CLI::App& app, RunArguments& arguments) {
    app.add_option("--model", arguments.model.model, "A compiled network (.so), or an ONNX model")
        ->required()
        ->type_name("M");
    app.add_option("--input", arguments.inputs, "A tensor file (.npy); several inputs: in order, or name=file")
        ->required()
        ->allow_extra_args(false)
        ->type_name("[NAME=]X.npy");
    app.add_option("-o,--output", arguments.outputs, "Where to write an output; several: in order, or name=file")
        ->allow_extra_args(false)
        ->type_name("[NAME=]Y.npy");
    add_threads(app, arguments.threads);
    add_device(app, arguments.device);
    app.add_option("--repeat", arguments.repeat, "Run so many times; the first one warms up")
        ->check(CLI::Range(1, 1000000))
        ->type_name("N");
    app.add_option("--trace", arguments.trace, "Write every intermediate tensor into this folder (ONNX models)")
        ->type_name("DIR");
    app.add_option("--compare", arguments.compare,
                   "Tell the first tensor that differs from the one in such a folder, ours or another runtime's")
        ->type_name("DIR");
    const CLI::Range not_negative(0.0, 1e300);
    app.add_option("--atol", arguments.tolerance.absolute, "Absolute tolerance of --compare")
        ->check(not_negative)
        ->capture_default_str();
    app.add_option("--rtol", arguments.tolerance.relative, "Tolerance of --compare relative to the folder's value")
        ->check(not_negative)
        ->capture_default_str();
    app.add_option("--cache", arguments.model.cache, "Where compiled models are kept (default: the user's cache)")
        ->type_name("DIR");
    app.add_flag("--json", arguments.json, "Print times, memory and shapes as JSON");
    add_verbosity(app, arguments.verbosity);
    app.footer("Example:\n  atrous run --model u2net.so --input photo.npy -o mask.npy --repeat 5 --json");
}

struct NamedFile {
    size_t index;  // of the network's inputs or outputs
    fs::path file;
};

std::string names_of(const std::vector<TensorInfo>& tensors) {
    std::string names;
    for (const TensorInfo& tensor : tensors) names += (names.empty() ? "" : ", ") + tensor.name;
    return names;
}

// `name=file` where the network has such a name, else a file for the next one in order. `what` is "input" or "output".
std::vector<NamedFile> assign(const std::vector<std::string>& arguments, const std::vector<TensorInfo>& tensors,
                              const std::string& option, const std::string& subject) {
    std::vector<NamedFile> files;
    std::vector<bool> taken(tensors.size(), false);
    size_t next = 0;
    for (const std::string& argument : arguments) {
        size_t index = 0, length = 0;
        for (size_t i = 0; i < tensors.size(); i++) {  // the longest, since names may hold '='
            const std::string prefix = tensors[i].name + "=";
            if (argument.starts_with(prefix) && prefix.size() > length) index = i, length = prefix.size();
        }
        if (length == 0) index = next++;
        if (index >= tensors.size()) {
            throw Error(subject,
                        "has no place for " + option + " " + argument + ": it has " + std::to_string(tensors.size()) +
                            " (" + names_of(tensors) + ")",
                        "leave it out");
        }
        if (taken[index]) {
            throw Error(subject, option + " is given twice for " + tensors[index].name,
                        "write " + option + " name=file");
        }
        taken[index] = true;
        files.push_back({index, argument.substr(length)});
    }
    return files;
}

bool fits(const Tensor& tensor, const TensorInfo& info) {
    if (tensor.type != info.type || tensor.shape.size() != info.shape.size()) return false;
    for (size_t i = 0; i < tensor.shape.size(); i++) {
        if (info.shape[i] >= 0 && info.shape[i] != tensor.shape[i]) return false;
    }
    return true;
}

std::vector<Tensor> read_inputs(const RunArguments& arguments, const LibraryInfo& info, const std::string& subject) {
    std::vector<std::optional<Tensor>> found(info.inputs.size());
    for (const NamedFile& given : assign(arguments.inputs, info.inputs, "--input", subject)) {
        const TensorInfo& expected = info.inputs[given.index];
        Tensor tensor = read_npy(given.file);
        if (!fits(tensor, expected)) {
            throw Error(given.file.string(),
                        std::string("holds ") + element_name(tensor.type) + " " + shape_text(tensor.shape) +
                            ", expected " + element_name(expected.type) + " " + shape_text(expected.shape) +
                            " for the input '" + expected.name + "'",
                        "convert it with numpy's astype and reshape");
        }
        found[given.index] = std::move(tensor);
    }
    std::vector<Tensor> inputs;
    for (size_t i = 0; i < found.size(); i++) {
        if (!found[i]) {
            throw Error(subject, "its input '" + info.inputs[i].name + "' is not given",
                        "add --input " + info.inputs[i].name + "=FILE.npy");
        }
        inputs.push_back(std::move(*found[i]));
    }
    return inputs;
}

struct Outcome {
    std::vector<Tensor> outputs;
    std::vector<double> seconds;
    size_t workspace_bytes = 0;
    std::string target;
};

Outcome run_network(const std::shared_ptr<const Library>& library, const std::vector<Tensor>& inputs, int threads,
                    int repeat) {
    // Nothing is on the disk yet, so that an interrupt may end the process in the middle of a run.
    const InterruptWatch watch([] { std::_Exit(interrupted_exit_code()); });
    const OpenNetwork network(library);
    Runner runner(network);
    Outcome outcome;
    for (int i = 0; i < repeat; i++) {
        const auto start = std::chrono::steady_clock::now();
        outcome.outputs = runner.run(inputs, threads);
        const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
        outcome.seconds.push_back(elapsed.count());
    }
    outcome.workspace_bytes = runner.workspace_bytes();
    outcome.target = network.target();
    return outcome;
}

int64_t peak_bytes() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return int64_t{usage.ru_maxrss} * 1024;
}

nlohmann::ordered_json difference_json(const Difference& difference) {
    nlohmann::ordered_json json{{"tensor", difference.tensor}, {"shape", difference.shape}};
    if (difference.shape != difference.their_shape) {
        json["expected_shape"] = difference.their_shape;
        return json;
    }
    json["elements"] = difference.elements;
    json["beyond"] = difference.beyond;
    json["max_abs"] = difference.largest_absolute;
    json["max_rel"] = difference.largest_relative;
    json["value"] = difference.ours;
    json["expected"] = difference.theirs;
    return json;
}

void print_json(const Outcome& outcome, const LibraryInfo& info, int threads,
                const std::optional<Comparison>& comparison) {
    nlohmann::ordered_json json{{"seconds", outcome.seconds},
                                {"peak_bytes", peak_bytes()},
                                {"workspace_bytes", outcome.workspace_bytes},
                                {"threads", threads},
                                {"target", outcome.target}};
    nlohmann::ordered_json outputs = nlohmann::ordered_json::object();
    for (size_t i = 0; i < outcome.outputs.size(); i++) outputs[info.outputs[i].name] = outcome.outputs[i].shape;
    json["outputs"] = outputs;
    if (comparison) {
        json["compared"] = {{"equal", comparison->equal}, {"missing", comparison->missing}};
        json["compared"]["first_difference"] =
            comparison->first ? difference_json(*comparison->first) : nlohmann::ordered_json();
    }
    print_result(json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

std::string number(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.6g", value);
    return text;
}

std::string index_text(size_t element, const std::vector<int64_t>& shape) {
    std::string text;
    for (size_t d = shape.size(); d-- > 0;) {
        const auto extent = static_cast<size_t>(shape[d]);
        text = std::to_string(element % extent) + (text.empty() ? "" : ",") + text;
        element /= extent;
    }
    return "[" + text + "]";
}

std::string comparison_text(const Comparison& comparison, const fs::path& folder) {
    const std::string there = printable(folder.string());
    std::string others =
        std::to_string(comparison.equal) + (comparison.equal == 1 ? " tensor agrees" : " tensors agree");
    if (comparison.missing > 0) others += ", " + std::to_string(comparison.missing) + " are not in " + there;
    if (!comparison.first) return "No difference: " + others + "\n";
    const Difference& first = *comparison.first;
    std::string text = "First difference: '" + printable(first.tensor) + "' ";
    if (first.shape != first.their_shape) {
        return text + "is " + shape_text(first.shape) + " here, " + shape_text(first.their_shape) + " in " + there +
               "\nBefore it " + others + "\n";
    }
    return text + "(" + shape_text(first.shape) + "): " + std::to_string(first.beyond) + " of " +
           std::to_string(first.elements) + " elements are beyond the tolerance\n  largest absolute difference " +
           number(first.largest_absolute) + " at " + index_text(first.worst, first.shape) + ": " + number(first.ours) +
           " here, " + number(first.theirs) + " in " + there + "\n  largest relative difference " +
           number(first.largest_relative) + "\nBefore it " + others + "\n";
}

void print_text(const Outcome& outcome, const LibraryInfo& info, int threads, bool traced) {
    Table table({"output", "type", "shape"});
    for (size_t i = 0; i < outcome.outputs.size(); i++) {
        const Tensor& tensor = outcome.outputs[i];
        table.add({printable(info.outputs[i].name), element_name(tensor.type), shape_text(tensor.shape)});
    }
    const std::string text = traced ? std::to_string(outcome.outputs.size()) + " tensors\n" : table.text();
    char line[160];
    std::snprintf(line, sizeof line, "%.4f s best of %zu, %d %s, %s; peak memory %s\n",
                  *std::min_element(outcome.seconds.begin(), outcome.seconds.end()), outcome.seconds.size(), threads,
                  threads == 1 ? "thread" : "threads", outcome.target.c_str(),
                  bytes_text(static_cast<double>(peak_bytes())).c_str());
    print_result(text + line);
}

}  // namespace

int run_verb(int count, const char* const* words, Console& console) {
    CLI::App app("Runs a network on raw tensors (.npy), for checking and timing.", words[0]);
    RunArguments arguments;
    add_run_options(app, arguments);
    if (!parse_arguments(app, count, words)) return 0;
    console.set_verbosity(arguments.verbosity.level());

    const std::string subject = arguments.model.model.string();
    check_device(arguments.device, subject);
    const bool compiled = is_compiled(arguments.model.model);
    arguments.model.keep_all = !arguments.trace.empty() || (!arguments.compare.empty() && !compiled);
    const auto library = load_model(arguments.model, console);
    const LibraryInfo& info = library->info();
    const auto outputs = assign(arguments.outputs, info.outputs, "-o", subject);
    const std::vector<Tensor> inputs = read_inputs(arguments, info, subject);

    const int threads = thread_count(arguments.threads);
    const Outcome outcome = run_network(library, inputs, threads, arguments.repeat);
    for (const NamedFile& output : outputs) {
        stop_if_interrupted();
        const Tensor& tensor = outcome.outputs[output.index];
        write_npy(output.file, tensor.type, tensor.shape, tensor.bytes.data());
    }
    if (!arguments.trace.empty()) write_tensor_folder(arguments.trace, info.outputs, outcome.outputs);
    std::optional<Comparison> comparison;
    if (!arguments.compare.empty()) {
        comparison = compare_with_folder(arguments.compare, info.outputs, outcome.outputs, arguments.tolerance);
    }
    if (arguments.json) {
        print_json(outcome, info, threads, comparison);
    } else if (!console.quiet()) {
        print_text(outcome, info, threads, arguments.model.keep_all);
        if (comparison) print_result(comparison_text(*comparison, arguments.compare));
    }
    return comparison && comparison->first ? 1 : 0;
}

}  // namespace atrous
