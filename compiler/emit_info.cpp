#include <nlohmann/json.hpp>

#include "compiler/emit.h"
#include "runtime/abi.h"
#include "runtime/plan_view.h"

namespace atrous {

namespace {

using nlohmann::ordered_json;

const char* type_name(plan::ElementType type) {
    switch (type) {
    case plan::ElementType::f32:
        return "float32";
    case plan::ElementType::i64:
        return "int64";
    case plan::ElementType::i32:
        return "int32";
    case plan::ElementType::u8:
        return "uint8";
    case plan::ElementType::boolean:
        return "bool";
    case plan::ElementType::i8:
        return "int8";
    case plan::ElementType::f64:
        return "float64";
    default:
        return "float16";
    }
}

// −1 for a size that depends on the inputs.
ordered_json tensor_info(const plan::PlanView& plan, const plan::Port& port) {
    ordered_json shape = ordered_json::array(), dimensions = ordered_json::array();
    for (uint32_t d = 0; d < port.rank; ++d) {
        const plan::Expr& size = plan.expressions()[port.dims[d]];
        const bool fixed = size.op == plan::ExprOp::constant;
        shape.push_back(fixed ? static_cast<int64_t>(size.value) : -1);
        dimensions.push_back(fixed || port.names[d] == plan::none ? "" : plan.string(port.names[d]));
    }
    return {{"name", plan.string(port.name)},
            {"type", type_name(port.element)},
            {"shape", shape},
            {"dimensions", dimensions}};
}

ordered_json tensor_list(const plan::PlanView& plan, const plan::Port* ports, uint64_t count) {
    ordered_json list = ordered_json::array();
    for (uint64_t i = 0; i < count; ++i) list.push_back(tensor_info(plan, ports[i]));
    return list;
}

}  // namespace

std::string info_text(const Emission& emission) {
    const plan::PlanView plan(emission.plans.front().data());
    ordered_json info;
    info["abi"] = ATROUS_ABI_VERSION;
    info["name"] = emission.name;
    info["version"] = ATROUS_VERSION;
    info["targets"] = emission.targets;
    info["inputs"] = tensor_list(plan, plan.inputs(), plan.header().inputs.count);
    info["outputs"] = tensor_list(plan, plan.outputs(), plan.header().outputs.count);
    info["model"] = {{"sha256", emission.model_sha256}};
    if (!emission.config_json.empty()) info["config"] = ordered_json::parse(emission.config_json);
    return info.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

}  // namespace atrous
