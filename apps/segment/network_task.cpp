#include "apps/segment/network_task.h"

#include <algorithm>

#include "apps/npy.h"

namespace atrous {

namespace {

constexpr const char* use_run = "use `atrous run` for networks of other kinds";

std::string port_text(const TensorInfo& tensor) {
    return "'" + tensor.name + "' (" + element_name(tensor.type) + " " + shape_text(tensor) + ")";
}

std::string port_list(const std::vector<TensorInfo>& tensors) {
    std::string text;
    for (const TensorInfo& tensor : tensors) text += (text.empty() ? "" : ", ") + port_text(tensor);
    return text;
}

bool is_one(int64_t extent) {
    return extent == 1 || extent < 0;
}

int declared(int64_t extent) {
    return extent > 0 ? static_cast<int>(extent) : 0;
}

void read_input(const LibraryInfo& info, const Config& config, const std::string& subject, NetworkTask& task) {
    task.channels = channel_count(config);
    const std::string expected =
        "expected one float32 input of shape 1×" + std::to_string(task.channels) + "×height×width, as its config says";
    if (info.inputs.size() != 1) {
        throw Error(subject, "takes the inputs " + port_list(info.inputs) + ", " + expected, use_run);
    }
    const TensorInfo& input = info.inputs.front();
    const bool fits = input.type == ATROUS_F32 && input.shape.size() == 4 && is_one(input.shape[0]) &&
                      (input.shape[1] == task.channels || input.shape[1] < 0);
    if (!fits) throw Error(subject, "takes the input " + port_text(input) + ", " + expected, use_run);
    task.height = declared(input.shape[2]);
    task.width = declared(input.shape[3]);
}

void find_output(const LibraryInfo& info, const Config& config, const std::string& subject, NetworkTask& task) {
    if (config.output.empty()) return;
    const auto found = std::find_if(info.outputs.begin(), info.outputs.end(),
                                    [&](const TensorInfo& tensor) { return tensor.name == config.output; });
    if (found == info.outputs.end()) {
        throw Error(subject,
                    "its config names the output '" + config.output + "', its outputs are " + port_list(info.outputs),
                    "correct output.name and compile it again");
    }
    task.output = static_cast<size_t>(found - info.outputs.begin());
}

void read_output(const LibraryInfo& info, const Config& config, const std::string& subject, NetworkTask& task) {
    const TensorInfo& output = info.outputs.at(task.output);
    const size_t rank = output.shape.size();
    const bool integer = output.type == ATROUS_I64 || output.type == ATROUS_I32 || output.type == ATROUS_U8;
    if (output.type == ATROUS_F32 && rank == 4 && is_one(output.shape[0]) && output.shape[1] > 0) {
        task.classes = declared(output.shape[1]);
    } else if (integer && is_one(output.shape.at(0)) && (rank == 3 || (rank == 4 && is_one(output.shape[1])))) {
        task.label_map = true;
        task.classes = static_cast<int>(config.classes.size());
    } else {
        throw Error(subject,
                    "gives the output " + port_text(output) +
                        ", expected float32 of shape 1×classes×height×width or a label map of shape 1×height×width",
                    use_run);
    }
}

bool offers(const NetworkTask& task, Format format) {
    const bool one_channel = !task.label_map && task.classes == 1;
    switch (format) {
    case Format::mask:
    case Format::cutout:
        return one_channel;
    case Format::labels:
        return !one_channel;
    case Format::overlay:
        return true;
    case Format::probabilities:
        return !task.label_map;
    }
    return false;
}

constexpr Format all_formats[] = {Format::mask, Format::cutout, Format::labels, Format::overlay, Format::probabilities};

}  // namespace

NetworkTask network_task(const LibraryInfo& info, const Config& config, const std::string& subject) {
    NetworkTask task;
    read_input(info, config, subject, task);
    find_output(info, config, subject, task);
    read_output(info, config, subject, task);
    check_config(config, subject, task.channels, task.label_map ? -1 : task.classes);
    return task;
}

std::vector<Format> choose_formats(const std::vector<std::string>& asked, const NetworkTask& task,
                                   const std::string& subject) {
    if (asked.empty()) return {offers(task, Format::mask) ? Format::mask : Format::labels};
    std::string offered;
    for (const Format format : all_formats) {
        if (offers(task, format)) offered += (offered.empty() ? "" : ", ") + std::string(format_name(format));
    }
    std::vector<Format> chosen;
    for (const std::string& name : asked) {
        const auto* format = std::find_if(std::begin(all_formats), std::end(all_formats),
                                          [&](Format candidate) { return name == format_name(candidate); });
        if (format == std::end(all_formats) || !offers(task, *format)) {
            throw Error(subject, "has no " + name + " to give with --format, only " + offered, "choose among these");
        }
        if (std::find(chosen.begin(), chosen.end(), *format) == chosen.end()) chosen.push_back(*format);
    }
    return chosen;
}

ConfigMissing::ConfigMissing(const std::string& subject, std::string_view output_name)
    : Error(subject, "no config was found that says how a picture becomes its input",
            "fill in the template below and compile the model with --config FILE.json"),
      template_(atrous::config_template(output_name)) {}

Config embedded_config(const LibraryInfo& info, const std::string& subject) {
    if (info.config_json.empty()) throw ConfigMissing(subject, info.outputs.front().name);
    return parse_config(info.config_json, subject);
}

}  // namespace atrous
