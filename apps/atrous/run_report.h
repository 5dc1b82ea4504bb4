// What `atrous run` prints: outputs, times, memory, how a comparison ended, and how long operators took.
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

struct OperatorTime {
    std::string name;             // of its ONNX nodes
    std::vector<double> seconds;  // of each repetition
};

struct Outcome {
    std::vector<Tensor> outputs;
    std::vector<double> seconds;
    std::vector<OperatorTime> operators;  // in order; none where they were not timed
    size_t workspace_bytes = 0;
    std::string target;
};

struct RunReport {
    const LibraryInfo& info;
    const Outcome& outcome;
    int threads;
    bool traced;    // the outputs are all tensors of the graph
    bool profiled;  // operators were timed
    const GraphNames& names;
    std::optional<Comparison> comparison;
    std::filesystem::path compared_with;
};

nlohmann::ordered_json run_json(const RunReport& report);
std::string run_text(const RunReport& report);

}  // namespace atrous
