// Names in an ONNX file that a compiled network does not keep: for `run --trace` and `--compare`.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace atrous {

struct GraphNames {
    std::vector<std::string> outputs;         // that the model declares, in its order
    std::map<std::string, std::string> node;  // tensor → `OPERATOR "NAME"` that computes it
};

GraphNames graph_names(const std::filesystem::path& model);  // throws Error

}  // namespace atrous
