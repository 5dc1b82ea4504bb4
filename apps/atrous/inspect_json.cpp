#include "apps/atrous/inspect_json.h"

#include <cmath>
#include <nlohmann/json.hpp>

namespace atrous {

using namespace dilation;
using Json = nlohmann::ordered_json;

namespace {

// Whole numbers as such as long as JSON's readers take them exactly; null beyond what a double holds.
Json number_of(Count count) {
    if (count <= 9007199254740992.0L) return static_cast<int64_t>(count);
    const double rounded = static_cast<double>(count);
    return std::isfinite(rounded) ? Json(rounded) : Json(nullptr);
}

Json share(double part, double whole) {
    return whole > 0 ? Json(part / whole) : Json(nullptr);
}

template <typename T>
Json or_null(const std::optional<T>& value) {
    return value ? Json(*value) : Json(nullptr);
}

Json layer_json(const ChainLayer& layer, const LayerFacts& facts) {
    return {{"kernel", layer.kernel},
            {"rate", layer.rate},
            {"stride", layer.stride},
            {"effective_kernel", facts.effective_kernel},
            {"receptive_field", facts.field},
            {"m", facts.m > 0 ? Json(facts.m) : Json(nullptr)},
            {"gap", facts.gap}};
}

Json axis_json(const Chain& chain, const ChainFacts& facts) {
    Json rates = Json::array(), layers = Json::array(), paths = Json::array();
    for (size_t i = 0; i < chain.size(); ++i) {
        rates.push_back(chain[i].rate);
        layers.push_back(layer_json(chain[i], facts.layers[i]));
    }
    for (const Count count : facts.counts) paths.push_back(number_of(count));
    return {{"rates", rates},
            {"receptive_field", facts.receptive_field},
            {"m2", or_null(facts.m2)},
            {"verdict", name_of(facts.criterion)},
            {"gcd", facts.divisor},
            {"sawtooth", facts.sawtooth.period > 0},
            {"teeth", facts.sawtooth.teeth},
            {"covered", facts.covered},
            {"coverage", share(static_cast<double>(facts.covered), static_cast<double>(facts.receptive_field))},
            {"disagrees", facts.disagrees()},
            {"summary", verdict_text(facts)},
            {"evenness", facts.evenness},
            {"separate_sets", facts.separate_sets},
            {"unrelated_distances", facts.unrelated},
            {"layers", layers},
            {"paths", paths}};
}

// What both axes say together.
void add_plane(Json& json, const std::array<ChainFacts, 2>& facts) {
    const int64_t covered = facts[0].covered * facts[1].covered;
    const int64_t positions = facts[0].receptive_field * facts[1].receptive_field;
    json["plane"] = {{"covered", covered},
                     {"positions", positions},
                     {"coverage", share(static_cast<double>(covered), static_cast<double>(positions))},
                     {"evenness", facts[0].evenness * facts[1].evenness},
                     {"separate_sets", facts[0].separate_sets * facts[1].separate_sets}};
}

bool same_axes(const std::array<Chain, 2>& axes) {
    for (size_t i = 0; i < axes[0].size(); ++i) {
        const ChainLayer &y = axes[0][i], &x = axes[1][i];
        if (y.kernel != x.kernel || y.rate != x.rate || y.stride != x.stride) return false;
    }
    return true;
}

// Where the axes differ, what stands on top is of the one with the smaller share covered, and both follow.
Json chain_json(const std::array<Chain, 2>& axes, const std::array<ChainFacts, 2>& facts) {
    const auto coverage = [&](size_t axis) {
        return static_cast<double>(facts[axis].covered) / static_cast<double>(facts[axis].receptive_field);
    };
    const size_t worse = coverage(0) < coverage(1) ? 0 : 1;
    Json json = axis_json(axes[worse], facts[worse]);
    add_plane(json, facts);
    if (same_axes(axes)) return json;
    json["axis"] = worse == 0 ? "height" : "width";
    json["height"] = axis_json(axes[0], facts[0]);
    json["width"] = axis_json(axes[1], facts[1]);
    return json;
}

Json layer_json(const InspectedLayer& layer) {
    const LayerCost& cost = layer.cost;
    Json phases;
    if (layer.phases) {
        phases = {{"height", layer.phases->y}, {"width", layer.phases->x}, {"checkerboard", layer.phases->is_uneven()}};
    }
    return {{"name", cost.name},
            {"operator", cost.onnx_type},
            {"shape", cost.shape},
            {"kernel", cost.kernel},
            {"stride", cost.stride},
            {"rate", cost.rate},
            {"groups", cost.groups},
            {"macs", cost.macs},
            {"real_macs", cost.real_macs},
            {"parameters", cost.parameters},
            {"bytes", {{"in", cost.bytes_in}, {"out", cost.bytes_out}, {"weights", cost.bytes_weights}}},
            {"footprint_bytes", cost.footprint},
            {"phase_taps", phases},
            {"schedule", layer.schedule.empty() ? Json(nullptr) : Json(layer.schedule)}};
}

Json axis_json(const AxisField& field) {
    return {{"receptive_field", field.size}, {"covered", field.covered}, {"smallest", field.smallest}};
}

Json map_json(const std::optional<MapFacts>& map) {
    if (!map) return nullptr;
    return {{"y", map->y},
            {"x", map->x},
            {"height", map->height},
            {"width", map->width},
            {"covered", map->covered},
            {"positions", map->positions()},
            {"coverage", share(static_cast<double>(map->covered), static_cast<double>(map->positions()))},
            {"evenness", map->evenness}};
}

Json axis_json(const AxisTiling& tiling) {
    return {{"alignment", tiling.alignment},
            {"output_alignment", tiling.output_alignment},
            {"halo_before", tiling.before},
            {"halo_after", tiling.after},
            {"aligned_halo_before", tiling.rounded_before()},
            {"aligned_halo_after", tiling.rounded_after()}};
}

Json tiling_json(const Tiling& tiling) {
    if (!tiling.refusal.empty()) return {{"exact", false}, {"reason", tiling.refusal}};
    return {{"exact", true}, {"height", axis_json(tiling.y)}, {"width", axis_json(tiling.x)}};
}

Json output_json(const InspectedOutput& output) {
    Json fields = Json::array();
    for (const InputField& field : output.fields) {
        fields.push_back(
            {{"input", field.input},
             {"height", axis_json(field.y)},
             {"width", axis_json(field.x)},
             {"middle_pixel",
              {{"theoretical", map_json(field.theoretical)}, {"in_picture", map_json(field.in_picture)}}}});
    }
    return {{"name", output.name},
            {"shape", output.shape},
            {"whole_picture", output.whole},
            {"fields", output.no_fields.empty() ? fields : Json(nullptr)},
            {"no_fields", output.no_fields.empty() ? Json(nullptr) : Json(output.no_fields)},
            {"tiling", tiling_json(output.tiling)}};
}

Json part_json(const InspectedChain& chain) {
    if (!chain.dilated) return nullptr;
    const ChainPart& part = *chain.dilated;
    const auto of = [&](const Chain& all) {
        const auto begin = all.begin() + static_cast<int64_t>(part.first);
        return Chain(begin, begin + static_cast<int64_t>(part.count));
    };
    Json json = chain_json({of(chain.axes[0]), of(chain.axes[1])}, part.facts);
    json["first"] = part.first;
    return json;
}

Json chain_json(const InspectedChain& chain) {
    Json json{{"names", chain.names}};
    if (!chain.facts) {
        json["refusal"] = chain.refusal;
        return json;
    }
    json.update(chain_json(chain.axes, *chain.facts));
    json["dilated_part"] = part_json(chain);
    return json;
}

Json totals_json(const Inspection& inspection) {
    double macs = 0, real = 0, parameters = 0, weights = 0;
    for (const InspectedLayer& layer : inspection.layers) {
        macs += layer.cost.macs;
        real += layer.cost.real_macs;
        parameters += layer.cost.parameters;
        weights += layer.cost.bytes_weights;
    }
    return {{"layers", inspection.layers.size()},
            {"macs", macs},
            {"real_macs", real},
            {"parameters", parameters},
            {"weight_bytes", weights}};
}

Json costs_json(const Inspection& inspection, const DilationCosts& costs) {
    Json layers = Json::array();
    for (const auto& [layer, cost] : costs.layers) {
        layers.push_back({{"name", inspection.layers[layer].cost.name},
                          {"seconds", cost.seconds},
                          {"dense_seconds", cost.dense_seconds},
                          {"ratio", cost.ratio()}});
    }
    const DilationCost total = costs.total();
    return {{"threads", costs.threads},
            {"layers", layers},
            {"seconds", total.seconds},
            {"dense_seconds", total.dense_seconds},
            {"ratio", share(total.seconds, total.dense_seconds)}};
}

}  // namespace

Json json_of(const std::vector<BareChain>& chains) {
    Json list = Json::array();
    for (const BareChain& chain : chains) list.push_back(chain_json(chain.axes, chain.facts));
    return list.size() == 1 ? list[0] : Json{{"chains", list}};
}

Json json_of(const Inspection& inspection, const std::optional<DilationCosts>& costs) {
    Json layers = Json::array(), outputs = Json::array(), chains = Json::array();
    for (const InspectedLayer& layer : inspection.layers) layers.push_back(layer_json(layer));
    for (const InspectedOutput& output : inspection.outputs) outputs.push_back(output_json(output));
    for (const InspectedChain& chain : inspection.chains) chains.push_back(chain_json(chain));
    Json json{{"model", inspection.file},
              {"sha256", inspection.sha256},
              {"size", {inspection.size.height, inspection.size.width}},
              {"target", inspection.target},
              {"totals", totals_json(inspection)},
              {"layers", layers},
              {"outputs", outputs},
              {"chains", chains}};
    if (!inspection.no_schedules.empty()) json["no_schedules"] = inspection.no_schedules;
    if (costs) json["measured"] = costs_json(inspection, *costs);
    return json;
}

Json json_of(const SuggestOptions& options, const Suggestions& suggestions) {
    Json list = Json::array();
    for (const Suggestion& suggestion : suggestions.best) {
        list.push_back({{"rates", suggestion.rates},
                        {"receptive_field", suggestion.field},
                        {"sawtooth", suggestion.sawtooth.period > 0},
                        {"teeth", suggestion.sawtooth.teeth},
                        {"evenness", suggestion.evenness},
                        {"m2", or_null(suggestion.m2)},
                        {"verdict", name_of(suggestion.criterion)}});
    }
    return {{"kernel", options.kernel},
            {"layers", options.layers},
            {"field", or_null(options.field)},
            {"found", suggestions.found},
            {"fields_searched", {suggestions.smallest_field, suggestions.largest_field}},
            {"exhaustive", suggestions.exhaustive},
            {"limit", suggestions.limit},
            {"suggestions", list}};
}

}  // namespace atrous
