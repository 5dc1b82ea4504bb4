#include "apps/atrous/compile_table.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <numeric>
#include <utility>

#include "apps/atrous/table.h"
#include "apps/segment/console.h"

namespace atrous {

namespace {

constexpr size_t longest_list = 24;

std::string gflop_text(double gflop) {
    if (gflop == 0) return "–";
    char text[32];
    std::snprintf(text, sizeof text, gflop < 0.0095 ? "%.1e" : "%.2f", gflop);
    return text;
}

std::string all_operators(const CompileReport& report) {
    Table table({"operator", "name", "shape", "schedule", ">GFLOP"});
    for (const OperatorRow& row : report.operators) {
        table.add({row.onnx_type, printable(row.name), row.shape, row.schedule, gflop_text(row.gflop)});
    }
    return table.text();
}

// Operators of one kind that the same schedule takes.
struct Group {
    size_t count = 0;
    double gflop = 0;
    const OperatorRow* largest = nullptr;
    bool same_shape = true;
};

std::string summed_operators(const CompileReport& report) {
    std::map<std::pair<std::string, std::string>, Group> groups;
    for (const OperatorRow& row : report.operators) {
        Group& group = groups[{row.onnx_type, row.schedule}];
        group.count++;
        group.gflop += row.gflop;
        if (group.largest && group.largest->shape != row.shape) group.same_shape = false;
        if (!group.largest || row.gflop > group.largest->gflop) group.largest = &row;
    }
    std::vector<std::pair<std::pair<std::string, std::string>, Group>> sorted(groups.begin(), groups.end());
    std::stable_sort(sorted.begin(), sorted.end(),
                     [](const auto& a, const auto& b) { return a.second.gflop > b.second.gflop; });
    Table table({"operator", ">count", "shape (of the costliest)", "schedule", ">GFLOP"});
    for (const auto& [key, group] : sorted) {
        table.add({key.first, std::to_string(group.count), group.largest->shape + (group.same_shape ? "" : " …"),
                   key.second, gflop_text(group.gflop)});
    }
    return table.text();
}

std::string totals(const CompileReport& report) {
    const double gflop = std::accumulate(report.operators.begin(), report.operators.end(), 0.0,
                                         [](double sum, const OperatorRow& row) { return sum + row.gflop; });
    std::string text = std::to_string(report.operators.size()) + " operators, " + gflop_text(gflop) + " GFLOP; " +
                       std::to_string(report.kernels) + " kernels";
    if (report.kernels_cached > 0) text += " (" + std::to_string(report.kernels_cached) + " from the cache)";
    return text + "\n";
}

std::string sizes(const CompileReport& report) {
    Table table({"made", ">size"});
    for (const std::filesystem::path& file : report.files) {
        std::error_code error;
        const auto bytes = std::filesystem::file_size(file, error);
        table.add({printable(file.lexically_normal().string()), error ? "?" : bytes_text(static_cast<double>(bytes))});
    }
    for (const char* part : {"weights", "kernels"}) {
        const auto found = report.bytes.find(part);
        if (found == report.bytes.end()) continue;
        table.add({std::string("of which ") + part, bytes_text(static_cast<double>(found->second))});
    }
    return table.text();
}

}  // namespace

std::string compile_table(const CompileReport& report, bool all) {
    const bool short_list = report.operators.size() <= longest_list;
    std::string text = all || short_list ? all_operators(report) : summed_operators(report);
    text += totals(report);
    if (!all && !short_list) text += "Each operator by itself: --verbose\n";
    return text + "\n" + sizes(report) + "\nCompiled " + report.name + " in " + duration_text(report.seconds) + "\n";
}

}  // namespace atrous
