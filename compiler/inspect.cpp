#include "compiler/inspect.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>

#include "compiler/dilation/network_chains.h"
#include "compiler/dilation/network_reads.h"
#include "compiler/import.h"
#include "compiler/lower.h"
#include "compiler/passes.h"
#include "runtime/error.h"
#include "schedules/registry.h"

namespace atrous {

using namespace dilation;

namespace {

constexpr int64_t largest_map = int64_t{1} << 22;  // positions: 64 MiB
constexpr int default_extent = 320;
constexpr size_t most_maps = 8;  // outputs whose maps are kept

// Maps cost more than rows and columns, and are the first to be left out.
struct Budget {
    Work axes{int64_t{1} << 30}, maps;
};

std::string name_in(const Network& network, ValueId value) {
    return network.values[value].name;
}

// Where several nodes have one name, they come in the same order in both lists.
class Rows {
  public:
    explicit Rows(const std::vector<OperatorRow>& rows) {
        for (const OperatorRow& row : rows) rows_[row.name + "\n" + row.onnx_type].push_back(&row);
    }
    const OperatorRow* take(const Node& node) {
        const auto found = rows_.find(node.name + "\n" + node.onnx_type);
        if (found == rows_.end()) return nullptr;
        size_t& next = taken_[found->first];
        return next < found->second.size() ? found->second[next++] : nullptr;
    }

  private:
    std::map<std::string, std::vector<const OperatorRow*>> rows_;
    std::map<std::string, size_t> taken_;
};

// The table of operators that `atrous compile` would show; empty, with the reason, where it would refuse.
std::vector<OperatorRow> planned_rows(const Network& network, const InspectOptions& options, Inspection& result) {
    try {
        LowerOptions lowering;
        lowering.targets = {result.target};
        lowering.height = options.height;
        lowering.width = options.width;
        return lower(network, lowering).operators;
    } catch (const Error& error) {
        result.no_schedules = error.what();
        return {};
    }
}

// From the middle of the output on, one pixel of each phase; no more than make a difference to anybody.
AxisField axis_field(const ReadGraph& graph, ValueId output, ValueId input, int64_t period, Axes axis, Work& work) {
    constexpr int64_t most_phases = 64, phases_of_unknown = 16;
    const int64_t extent = graph.extent[output][axis == Axes::y ? 0 : 1], middle = extent / 2;
    const int64_t phases = period > 0 ? std::min(period, most_phases) : std::min(extent, phases_of_unknown);
    AxisField field;
    for (int64_t phase = 0; phase < phases; ++phase) {
        const int64_t y = axis == Axes::y ? middle + phase : 0, x = axis == Axes::y ? 0 : middle + phase;
        const Field seen =
            field_of(graph, output, PathCounts::ones(y, x, 1, 1), Borders::none, axis, largest_map, work);
        const auto counts = seen.inputs.find(input);
        if (counts == seen.inputs.end()) continue;
        const int64_t size = counts->second.area();
        field.smallest = field.smallest == 0 ? size : std::min(field.smallest, size);
        if (size <= field.size) continue;
        field.size = size;
        field.covered = counts->second.covered();
    }
    return field;
}

// The map of the middle pixel, if it is not too large.
std::optional<Field> middle_field(const ReadGraph& graph, ValueId output, Borders borders, Work& work) {
    try {
        const auto [height, width] = graph.extent[output];
        return field_of(graph, output, PathCounts::ones(height / 2, width / 2, 1, 1), borders, Axes::both, largest_map,
                        work);
    } catch (const Error&) {
        return {};
    }
}

const PathCounts* map_of(const std::optional<Field>& field, ValueId input) {
    if (!field) return nullptr;
    const auto found = field->inputs.find(input);
    return found == field->inputs.end() ? nullptr : &found->second;
}

std::optional<MapFacts> facts_of(const PathCounts* map) {
    if (!map) return {};
    return MapFacts{map->y, map->x, map->height, map->width, map->covered(), map->evenness()};
}

std::vector<InputField> input_fields(const Network& network, const ReadGraph& graph, ValueId output, Work& work) {
    const std::array<int64_t, 2> period = period_of(graph, output);
    const bool symmetric = graph.is_symmetric();
    std::vector<InputField> fields;
    for (const ValueId input : graph.inputs) {
        InputField field;
        field.input = name_in(network, input);
        field.picture = graph.extent[input];
        field.x = axis_field(graph, output, input, period[1], Axes::x, work);
        field.y = symmetric ? field.x : axis_field(graph, output, input, period[0], Axes::y, work);
        fields.push_back(std::move(field));
    }
    return fields;
}

// Maps of the middle pixel; without borders only where the field is known to be small enough.
void add_maps(const ReadGraph& graph, ValueId output, Work& work, bool keep, InspectedOutput& result) {
    const auto is_small = [](const InputField& field) {
        return field.y.size <= largest_map / std::max<int64_t>(1, field.x.size);
    };
    const bool small = std::all_of(result.fields.begin(), result.fields.end(), is_small);
    const std::optional<Field> in_picture = middle_field(graph, output, Borders::picture, work);
    const std::optional<Field> theoretical = small ? middle_field(graph, output, Borders::none, work) : std::nullopt;
    for (size_t i = 0; i < graph.inputs.size(); ++i) {
        InputField& field = result.fields[i];
        const PathCounts* map = map_of(in_picture, graph.inputs[i]);
        field.theoretical = facts_of(map_of(theoretical, graph.inputs[i]));
        field.in_picture = facts_of(map);
        if (map && keep) field.map = *map;
    }
}

// Whether something between the inputs and the output reads the whole of a value.
bool reads_whole(const ReadGraph& graph, ValueId output) {
    std::vector<bool> needed(graph.reads.size());
    needed[output] = true;
    for (auto value = graph.order.rbegin(); value != graph.order.rend(); ++value) {
        if (!needed[*value]) continue;
        for (const Reads& reads : graph.reads[*value]) {
            if (reads.is_whole()) return true;
            needed[reads.from] = true;
        }
    }
    return false;
}

InspectedOutput inspect_output(const Network& network, const ReadGraph& graph, ValueId output,
                               const std::vector<Grid>& grids, const InputSize& size, bool keep_maps, Budget& budget) {
    InspectedOutput result;
    result.name = name_in(network, output);
    for (const Size& extent : network.values[output].shape) result.shape.push_back(extent_at(network, extent, size));
    result.whole = reads_whole(graph, output);
    try {
        result.fields = input_fields(network, graph, output, budget.axes);
        add_maps(graph, output, budget.maps, keep_maps, result);
        std::erase_if(result.fields, [](const InputField& field) { return field.x.size == 0 || field.y.size == 0; });
        result.tiling = tiling_of(network, graph, output, grids, budget.axes);
    } catch (const Error& error) {
        result.fields.clear();
        result.no_fields = error.what();
        result.tiling.refusal = "its receptive field is not known";
    }
    return result;
}

bool is_dilated(const std::array<Chain, 2>& axes, size_t layer) {
    const auto dilated = [](const ChainLayer& along) { return along.kernel > 1 && along.rate > 1; };
    return dilated(axes[0][layer]) || dilated(axes[1][layer]);
}

std::array<ChainFacts, 2> analyse_axes(const std::array<Chain, 2>& axes, size_t first, size_t count) {
    const auto part = [&](const Chain& chain) {
        const auto begin = chain.begin() + static_cast<int64_t>(first);
        return analyse(Chain(begin, begin + static_cast<int64_t>(count)));
    };
    return {part(axes[0]), part(axes[1])};
}

std::optional<ChainPart> dilated_part(const std::array<Chain, 2>& axes) {
    ChainPart longest;
    for (size_t i = 0, run = 0; i < axes[0].size(); ++i) {
        run = is_dilated(axes, i) ? run + 1 : 0;
        if (run > longest.count) longest = {i + 1 - run, run, {}};
    }
    if (longest.count < 2 || longest.count == axes[0].size()) return {};
    longest.facts = analyse_axes(axes, longest.first, longest.count);
    return longest;
}

InspectedChain inspect_chain(const Network& network, const NetworkChain& chain) {
    InspectedChain result;
    for (const size_t node : chain.nodes) result.names.push_back(network.nodes[node].name);
    result.axes = chain.axes;
    try {
        result.facts = analyse_axes(chain.axes, 0, chain.nodes.size());
        result.dilated = dilated_part(chain.axes);
    } catch (const Error& error) {
        result.refusal = error.what();
    }
    return result;
}

std::vector<int64_t> phase_taps(const AxisReads& axis) {
    const int64_t stride = std::get<TransposedReads>(axis.reads).stride;
    constexpr int64_t most = 256;  // phases that are looked at
    const AxisTaps taps = taps_of(axis, 0, std::min(stride, most), Borders::none);
    std::vector<int64_t> counts;
    for (size_t phase = 0; phase + 1 < taps.begin.size(); ++phase)
        counts.push_back(taps.begin[phase + 1] - taps.begin[phase]);
    return counts;
}

std::optional<PhaseTaps> phases_of(const ReadGraph& graph, const Node& node) {
    if (!std::holds_alternative<TransposedConvOp>(node.op)) return {};
    const Reads& reads = graph.reads[node.outputs[0]].at(0);
    return PhaseTaps{phase_taps(reads.y), phase_taps(reads.x)};
}

// The grids of what nodes compute, by value.
std::vector<Grid> grids_of(const Network& network, const std::vector<const OperatorRow*>& rows) {
    std::vector<Grid> grids(network.values.size(), Grid{1, 1});
    for (size_t n = 0; n < rows.size(); ++n) {
        if (rows[n]) grids[network.nodes[n].outputs[0]] = rows[n]->grid;
    }
    return grids;
}

// The picture that the first input is.
InputSize size_of(const Network& network, const InspectOptions& options) {
    const auto asked = [](int extent) { return int64_t{extent > 0 ? extent : default_extent}; };
    InputSize size{asked(options.height), asked(options.width)};
    if (network.inputs.empty()) return size;
    const std::vector<Size>& shape = network.values[network.inputs[0]].shape;
    if (shape.size() == 4) size.height = shape[2].integer().value_or(size.height);
    if (shape.size() >= 3) size.width = shape.back().integer().value_or(size.width);
    return size;
}

}  // namespace

bool PhaseTaps::is_uneven() const {
    const auto uneven = [](const std::vector<int64_t>& taps) {
        return std::adjacent_find(taps.begin(), taps.end(), std::not_equal_to<>()) != taps.end();
    };
    return uneven(y) || uneven(x);
}

Inspection inspect(const InspectOptions& options) {
    const auto start = std::chrono::steady_clock::now();
    Inspection result;
    result.target = canonical_target(options.target);
    Network network = import_onnx(options.model);
    result.file = network.file;
    result.sha256 = network.sha256;
    result.size = size_of(network, options);
    const std::vector<OperatorRow> planned = planned_rows(network, options, result);
    if (result.no_schedules.empty()) run_passes(network, false);

    const ReadGraph graph = read_graph_of(network, result.size);
    Rows rows(planned);
    std::vector<const OperatorRow*> row_of;
    for (const Node& node : network.nodes) row_of.push_back(rows.take(node));
    const std::vector<LayerCost> costs = layer_costs(network, graph, result.size);
    for (size_t n = 0; n < costs.size(); ++n)
        result.layers.push_back({costs[n], row_of[n] ? row_of[n]->schedule : "",
                                 convolution_of(network, graph, network.nodes[n]), phases_of(graph, network.nodes[n])});
    const std::vector<Grid> grids = grids_of(network, row_of);
    Budget budget;
    for (const ValueId output : network.outputs) {
        const bool keep_maps = result.outputs.size() < most_maps;
        result.outputs.push_back(inspect_output(network, graph, output, grids, result.size, keep_maps, budget));
    }
    for (const NetworkChain& chain : chains_of(network)) {
        if (chain.nodes.size() > 1 || chain.is_dilated()) result.chains.push_back(inspect_chain(network, chain));
    }
    result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return result;
}

}  // namespace atrous
