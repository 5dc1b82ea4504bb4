#include "apps/atrous/run_report.h"

#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "apps/atrous/median.h"
#include "apps/atrous/table.h"
#include "apps/npy.h"
#include "apps/segment/console.h"

namespace atrous {

namespace {

int64_t peak_bytes() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return int64_t{usage.ru_maxrss} * 1024;
}

// The node that computes a tensor; empty when the model's graph is not at hand.
std::string node_of(const std::string& tensor, const GraphNames& names) {
    const auto found = names.node.find(tensor);
    return found == names.node.end() ? "" : found->second;
}

nlohmann::ordered_json difference_json(const Difference& difference, const GraphNames& names) {
    nlohmann::ordered_json json{{"tensor", difference.tensor}};
    const std::string node = node_of(difference.tensor, names);
    if (!node.empty()) json["node"] = node;
    json["shape"] = difference.shape;
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

std::string first_difference(const Difference& first, const std::string& there, const GraphNames& names) {
    const std::string node = node_of(first.tensor, names);
    const std::string tensor =
        "First difference: '" + printable(first.tensor) + "'" + (node.empty() ? "" : ", of " + printable(node)) + " ";
    if (first.shape != first.their_shape) {
        return tensor + "is " + shape_text(first.shape) + " here, " + shape_text(first.their_shape) + " in " + there +
               "\n";
    }
    return tensor + "(" + shape_text(first.shape) + "): " + std::to_string(first.beyond) + " of " +
           std::to_string(first.elements) + " elements are beyond the tolerance\n  largest absolute difference " +
           number(first.largest_absolute) + " at " + index_text(first.worst, first.shape) + ": " + number(first.ours) +
           " here, " + number(first.theirs) + " in " + there + "\n  largest relative difference " +
           number(first.largest_relative) + "\n";
}

std::string comparison_text(const Comparison& comparison, const RunReport& report) {
    const std::string there = printable(report.compared_with.string());
    std::string others =
        std::to_string(comparison.equal) + (comparison.equal == 1 ? " tensor agrees" : " tensors agree");
    if (comparison.missing > 0) others += ", " + std::to_string(comparison.missing) + " are not in " + there;
    if (!comparison.first) return "No difference: " + others + "\n";
    return first_difference(*comparison.first, there, report.names) + "Before it " + others + "\n";
}

nlohmann::ordered_json operators_json(const std::vector<OperatorTime>& operators) {
    nlohmann::ordered_json json = nlohmann::ordered_json::array();
    for (const OperatorTime& time : operators) json.push_back({{"name", time.name}, {"seconds", median(time.seconds)}});
    return json;
}

// Those that took time, the longest first.
std::string operators_text(const std::vector<OperatorTime>& operators) {
    std::vector<std::pair<double, std::string>> times;
    double all = 0;
    for (const OperatorTime& time : operators) {
        const double seconds = median(time.seconds);
        all += seconds;
        if (seconds > 0) times.emplace_back(seconds, time.name);
    }
    std::stable_sort(times.begin(), times.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
    Table table({"operator", ">ms", ">share"});
    for (const auto& [seconds, name] : times) {
        char milliseconds[32], share[32];
        std::snprintf(milliseconds, sizeof milliseconds, "%.3f", 1e3 * seconds);
        std::snprintf(share, sizeof share, "%.1f %%", 100 * seconds / all);
        table.add({printable(name), milliseconds, share});
    }
    return table.text();
}

}  // namespace

nlohmann::ordered_json run_json(const RunReport& report) {
    nlohmann::ordered_json json{{"seconds", report.outcome.seconds},
                                {"peak_bytes", peak_bytes()},
                                {"workspace_bytes", report.outcome.workspace_bytes},
                                {"threads", report.threads},
                                {"target", report.outcome.target}};
    nlohmann::ordered_json outputs = nlohmann::ordered_json::object();
    for (size_t i = 0; i < report.outcome.outputs.size(); i++) {
        outputs[report.info.outputs[i].name] = report.outcome.outputs[i].shape;
    }
    json["outputs"] = outputs;
    if (report.profiled) json["operators"] = operators_json(report.outcome.operators);
    if (report.comparison) {
        const Comparison& comparison = *report.comparison;
        json["compared"] = {{"equal", comparison.equal}, {"missing", comparison.missing}};
        json["compared"]["first_difference"] =
            comparison.first ? difference_json(*comparison.first, report.names) : nlohmann::ordered_json();
    }
    return json;
}

std::string run_text(const RunReport& report) {
    const Outcome& outcome = report.outcome;
    Table table({"output", "type", "shape"});
    for (size_t i = 0; i < outcome.outputs.size(); i++) {
        const Tensor& tensor = outcome.outputs[i];
        table.add({printable(report.info.outputs[i].name), element_name(tensor.type), shape_text(tensor.shape)});
    }
    char best[32];
    std::snprintf(best, sizeof best, "%.4f", *std::min_element(outcome.seconds.begin(), outcome.seconds.end()));
    const std::string line = std::string(best) + " s best of " + std::to_string(outcome.seconds.size()) + ", " +
                             std::to_string(report.threads) + (report.threads == 1 ? " thread, " : " threads, ") +
                             outcome.target + "; peak memory " + bytes_text(static_cast<double>(peak_bytes())) + "\n";
    const std::string tensors = report.traced ? std::to_string(outcome.outputs.size()) + " tensors\n" : table.text();
    return tensors + line + (report.comparison ? comparison_text(*report.comparison, report) : "") +
           (report.profiled ? operators_text(outcome.operators) : "");
}

}  // namespace atrous
