// What `atrous run` prints: outputs, times, memory, and how a comparison ended.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "apps/atrous/graph_names.h"
#include "apps/atrous/tensor_folder.h"
#include "runtime/library.h"

namespace atrous {

struct Outcome {
    std::vector<Tensor> outputs;
    std::vector<double> seconds;
    size_t workspace_bytes = 0;
    std::string target;
};

struct RunReport {
    const LibraryInfo& info;
    const Outcome& outcome;
    int threads;
    bool traced;  // the outputs are all tensors of the graph
    const GraphNames& names;
    std::optional<Comparison> comparison;
    std::filesystem::path compared_with;
};

nlohmann::ordered_json run_json(const RunReport& report);
std::string run_text(const RunReport& report);

}  // namespace atrous
