#include "apps/atrous/graph_names.h"

#include "compiler/onnx_reader.h"

namespace atrous {

GraphNames graph_names(const std::filesystem::path& model) {
    const OnnxModel onnx = read_onnx(model);
    GraphNames names;
    for (const auto& output : onnx.proto.graph().output()) names.outputs.push_back(output.name());
    for (const auto& node : onnx.proto.graph().node()) {
        const std::string text = node.op_type() + (node.name().empty() ? "" : " \"" + node.name() + "\"");
        for (const std::string& output : node.output()) names.node[output] = text;
    }
    return names;
}

}  // namespace atrous
