#include "compiler/dilation/network_reads.h"

#include <catch2/catch.hpp>
#include <random>

#include "compiler/dilation/layer_cost.h"
#include "compiler/dilation/network_chains.h"
#include "compiler/dilation/tiling.h"
#include "compiler/passes.h"
#include "tests/compiler/onnx_model.h"
#include "tests/dilation/brute_force.h"

using namespace atrous;
using namespace atrous::dilation;
using test::Ints;
using test::OnnxBuilder;

namespace {

constexpr int64_t most = 1 << 22;
Work work{int64_t{1} << 40};

// Networks of one channel whose weights are all ones, so that outputs are numbers of paths.
class Ones {
  public:
    Ones(int64_t height, int64_t width) : height_(height), width_(width) { builder.input("x", {1, 1, height, width}); }

    std::string conv(const std::string& x, const Ints& kernel, const Ints& rate, const Ints& pads,
                     const Ints& stride = {1, 1}, int64_t channels = 1) {
        return apply("Conv", {x, ones({1, channels, kernel[0], kernel[1]})},
                     {{"dilations", rate}, {"pads", pads}, {"strides", stride}});
    }
    std::string same(const std::string& x, int64_t rate, int64_t channels = 1) {
        return conv(x, {3, 3}, {rate, rate}, {rate, rate, rate, rate}, {1, 1}, channels);
    }
    std::string transposed(const std::string& x, const Ints& kernel, const Ints& stride, const Ints& pads) {
        return apply("ConvTranspose", {x, ones({1, 1, kernel[0], kernel[1]})}, {{"strides", stride}, {"pads", pads}});
    }
    std::string apply(const std::string& op, const std::vector<std::string>& inputs,
                      const test::Attributes& attributes = {}) {
        const std::string name = "v" + std::to_string(count_++);
        builder.node(op, inputs, {name}, attributes);
        return name;
    }
    std::string ones(const Ints& shape) {
        const std::string name = "w" + std::to_string(count_++);
        int64_t count = 1;
        for (const int64_t extent : shape) count *= extent;
        builder.floats(name, shape, std::vector<float>(static_cast<size_t>(count), 1));
        return name;
    }
    Network network(const std::string& output) {
        builder.output(output);
        return builder.import();
    }

    // Of every output pixel: counts (or only which are read) as impulses say.
    void check(const std::string& output, bool only_sets = false) {
        const Network net = network(output);
        const ReadGraph graph = read_graph_of(net, {height_, width_});
        const test::Impulses impulses(net, height_, width_);
        const auto [rows, columns] = graph.extent[net.outputs[0]];
        for (int64_t y = 0; y < rows; ++y) {
            for (int64_t x = 0; x < columns; ++x) {
                const Field field = field_of(graph, net.outputs[0], PathCounts::ones(y, x, 1, 1), Borders::picture,
                                             Axes::both, most, work);
                std::vector<double> paths = impulses.paths_to(y, x), counted;
                const auto found = field.inputs.find(net.inputs[0]);
                counted = found == field.inputs.end() ? std::vector<double>(paths.size())
                                                      : test::paths_in(found->second, height_, width_);
                if (only_sets) {
                    for (double& count : paths) count = count != 0;
                    for (double& count : counted) count = count != 0;
                }
                INFO(output << " at " << y << "," << x);
                REQUIRE(counted == paths);
            }
        }
    }

    OnnxBuilder builder;

  private:
    int64_t height_, width_;
    int count_ = 0;
};

}  // namespace

TEST_CASE("Even and asymmetric kernels, strides and padding") {
    Ones net(11, 13);
    std::string x = net.conv("x", {2, 3}, {2, 1}, {1, 1, 1, 1});
    x = net.conv(x, {1, 4}, {1, 2}, {0, 3, 0, 3}, {1, 2});
    net.check(net.conv(x, {3, 2}, {2, 3}, {2, 0, 0, 3}, {2, 1}));
}

TEST_CASE("Branches: ASPP, residual, concat") {
    Ones net(15, 15);
    const std::string x = net.same("x", 1);
    const std::string residual = net.apply("Add", {x, net.same(net.same(x, 2), 3)});
    const std::string joined =
        net.apply("Concat", {net.same(residual, 1), net.same(residual, 4), residual}, {{"axis", int64_t{1}}});
    net.check(net.conv(joined, {1, 1}, {1, 1}, {0, 0, 0, 0}, {1, 1}, 3));
}

TEST_CASE("Transposed convolutions") {
    for (const Ints& kernel : std::vector<Ints>{{2, 2}, {3, 3}, {4, 5}, {1, 2}}) {
        Ones net(7, 8);
        net.check(net.same(net.transposed(net.same("x", 2), kernel, {2, 3}, {0, 1, 0, 0}), 1));
    }
}

TEST_CASE("Pooling and resizes read what they read") {
    Ones pooled(12, 12);
    std::string x = pooled.apply("AveragePool", {pooled.same("x", 1)},
                                 {{"kernel_shape", Ints{3, 2}}, {"strides", Ints{2, 2}}, {"pads", Ints{1, 0, 1, 0}}});
    x = pooled.same(x, 2);
    for (const auto& [mode, coordinates] : std::vector<std::pair<std::string, std::string>>{{"linear", "half_pixel"},
                                                                                            {"linear", "align_corners"},
                                                                                            {"nearest", "asymmetric"},
                                                                                            {"linear", "asymmetric"}}) {
        Ones net = pooled;
        net.builder.floats("scales", {4}, {1, 1, 2, 2});
        net.check(net.same(net.apply("Resize", {x, "", "scales"},
                                     {{"mode", mode}, {"coordinate_transformation_mode", coordinates}}),
                           1),
                  true);
    }
}

TEST_CASE("Slices, padding, moves between space and depth") {
    Ones net(12, 12);
    net.builder.integers("starts", {1, 2})
        .integers("ends", {11, 12})
        .integers("axes", {2, 3})
        .integers("steps", {1, 2});
    std::string x = net.apply("Slice", {net.same("x", 1), "starts", "ends", "axes", "steps"});
    net.builder.integers("pads", {0, 0, 2, 1, 0, 0, 0, 3});
    x = net.apply("Pad", {x, "pads"}, {{"mode", std::string("reflect")}});
    net.check(net.same(x, 2));

    Ones blocks(8, 8);
    x = blocks.apply("SpaceToDepth", {blocks.same("x", 1)}, {{"blocksize", int64_t{2}}});
    x = blocks.conv(x, {3, 3}, {1, 1}, {1, 1, 1, 1}, {1, 1}, 4);
    blocks.check(x);
}

TEST_CASE("Random networks on one resolution equal impulses") {
    std::mt19937 random(3);
    const auto number = [&](int64_t least, int64_t end) {
        return std::uniform_int_distribution<int64_t>(least, end)(random);
    };
    for (int trial = 0; trial < 60; ++trial) {
        INFO("trial " << trial);
        Ones net(9, 10);
        std::vector<std::string> values{"x"};
        for (int64_t n = number(2, 6); n > 0; --n) {
            const std::string a = values[static_cast<size_t>(number(0, static_cast<int64_t>(values.size()) - 1))];
            const std::string b = values[static_cast<size_t>(number(0, static_cast<int64_t>(values.size()) - 1))];
            if (number(0, 2) > 0 || a == b)
                values.push_back(net.same(a, number(1, 4)));
            else
                values.push_back(net.apply("Add", {a, b}));
        }
        if (values.back() != "x") net.check(values.back());
    }
}

TEST_CASE("Theoretical fields do not end at the picture's border") {
    Ones net(8, 8);
    const Network network = net.network(net.same(net.same(net.same("x", 1), 2), 3));
    const ReadGraph graph = read_graph_of(network, {8, 8});
    const Field field =
        field_of(graph, network.outputs[0], PathCounts::ones(4, 4, 1, 1), Borders::none, Axes::both, most, work);
    const PathCounts& counts = field.inputs.at(network.inputs[0]);
    CHECK(counts.height == 13);
    CHECK(counts.width == 13);
    CHECK(counts.y == -2);
    CHECK(counts.covered() == 169);
    CHECK(graph.is_symmetric());
    const Field row =
        field_of(graph, network.outputs[0], PathCounts::ones(0, 4, 1, 1), Borders::none, Axes::x, most, work);
    CHECK(row.inputs.at(network.inputs[0]).area() == 13);
}

TEST_CASE("Global pooling reads the whole picture beside the paths") {
    Ones net(8, 8);
    const std::string x = net.same("x", 2);
    const Network network = net.network(net.apply("Mul", {x, net.apply("GlobalAveragePool", {x})}));
    const ReadGraph graph = read_graph_of(network, {8, 8});
    const Field field =
        field_of(graph, network.outputs[0], PathCounts::ones(4, 4, 1, 1), Borders::picture, Axes::both, most, work);
    CHECK(field.whole);
    CHECK(field.inputs.at(network.inputs[0]).covered() == 9);
    CHECK(tiling_of(network, graph, network.outputs[0], {}, work).refusal == "\"v2\" depends on the whole picture");
}

TEST_CASE("Taps in the padding are counted") {
    // ASPP on 33²: the share of taps that is alive, one axis, is 1 − 2·18/(3·33) at r = 18.
    for (const auto& [rate, alive] : std::vector<std::pair<int64_t, int64_t>>{{6, 87}, {12, 75}, {18, 63}}) {
        Ones net(33, 33);
        const Network network = net.network(net.same("x", rate));
        const std::vector<LayerCost> costs = layer_costs(network, read_graph_of(network, {33, 33}), {33, 33});
        REQUIRE(costs.size() == 1);
        CHECK(costs[0].macs == 9 * 33 * 33);
        CHECK(costs[0].real_macs == static_cast<double>(alive * alive));
        CHECK(costs[0].parameters == 9);
    }
    // By counting: transposed, strided, even.
    for (const bool transposed : {false, true}) {
        Ones net(9, 7);
        const Network network = net.network(transposed ? net.transposed("x", {3, 4}, {2, 3}, {1, 1, 1, 0})
                                                       : net.conv("x", {4, 3}, {3, 2}, {3, 2, 4, 1}, {2, 1}));
        const ReadGraph graph = read_graph_of(network, {9, 7});
        const auto [rows, columns] = graph.extent[network.outputs[0]];
        double products = 0;
        const test::Impulses impulses(network, 9, 7);
        for (int64_t y = 0; y < rows; ++y)
            for (int64_t x = 0; x < columns; ++x)
                for (const double paths : impulses.paths_to(y, x)) products += paths;
        CHECK(layer_costs(network, graph, {9, 7})[0].real_macs == products);
    }
}

TEST_CASE("Chains in a network") {
    Ones net(16, 16);
    std::string x = net.same("x", 1);
    for (const int64_t rate : {2, 5}) {  // residual blocks
        const std::string inner = net.apply("Relu", {net.same(net.conv(x, {1, 1}, {1, 1}, {0, 0, 0, 0}), rate)});
        x = net.apply("Relu", {net.apply("Add", {x, inner})});
    }
    const std::string joined = net.apply(
        "Concat", {net.same(x, 6), net.same(x, 12), net.conv(x, {1, 1}, {1, 1}, {0, 0, 0, 0})}, {{"axis", int64_t{1}}});
    x = net.conv(joined, {1, 1}, {1, 1}, {0, 0, 0, 0}, {1, 1}, 3);
    x = net.conv(x, {3, 3}, {1, 1}, {1, 1, 1, 1}, {2, 2});
    Network network = net.network(net.same(net.same(x, 1), 4));
    for (const bool passed : {false, true}) {
        if (passed) run_passes(network, false);
        std::vector<Ints> rates;
        for (const NetworkChain& chain : chains_of(network)) {
            rates.emplace_back();
            for (const ChainLayer& layer : chain.axes[0]) rates.back().push_back(layer.rate);
        }
        CHECK(rates == std::vector<Ints>{{1, 2, 5}, {6}, {12}, {1, 4}});
    }
}

TEST_CASE("Halo and alignment") {
    Ones net(32, 32);
    std::string x = net.conv("x", {3, 3}, {1, 1}, {1, 1, 1, 1}, {2, 2});
    x = net.same(net.same(x, 2), 1);
    const Network network = net.network(net.transposed(x, {4, 4}, {2, 2}, {1, 1, 1, 1}));
    const ReadGraph graph = read_graph_of(network, {32, 32});
    const Tiling tiling = tiling_of(network, graph, network.outputs[0], {}, work);
    CHECK(tiling.refusal.empty());
    CHECK(tiling.y.alignment == 2);
    // A tile of two outputs, 0 and 1, reads half-size pixels −1 … 1, those −4 … 4, those 2·(−4) − 1 … 2·4 + 1.
    CHECK(tiling.y.before == 9);
    CHECK(tiling.y.after == 8);
    CHECK(tiling.y.rounded_before() == 10);
    // With Winograd tiles of 4 outputs and rate 2 in the first of the dilated layers.
    std::vector<Grid> grids(network.values.size(), Grid{1, 1});
    grids[network.nodes[1].outputs[0]] = {8, 8};
    CHECK(tiling_of(network, graph, network.outputs[0], grids, work).y.alignment == 16);
}

TEST_CASE("A tile with its halo is computed like the whole") {
    std::mt19937 random(5);
    std::uniform_real_distribution<double> pixel(-1, 1);
    const auto build = [](int64_t size) {
        Ones net(size, size);
        std::string x = net.conv("x", {3, 3}, {1, 1}, {1, 1, 1, 1}, {2, 2});
        x = net.same(net.same(x, 3), 1);
        return net.network(net.transposed(x, {4, 4}, {2, 2}, {1, 1, 1, 1}));
    };
    const Network whole = build(64);
    const Tiling tiling = tiling_of(whole, read_graph_of(whole, {64, 64}), whole.outputs[0], {}, work);
    reference::Array picture{{1, 1, 64, 64}, std::vector<double>(64 * 64)};
    for (double& number : picture.numbers) number = pixel(random);
    const reference::Array expected = reference::evaluate_network(whole, {picture})[0];
    const auto differs = [&](int64_t before, int64_t after) {
        const int64_t begin = 24 - before, size = before + 8 + after;  // the tile [24, 32) and its halo
        reference::Array part{{1, 1, size, size}, {}};
        for (int64_t y = 0; y < size; ++y)
            for (int64_t x = 0; x < size; ++x)
                part.numbers.push_back(picture.numbers[static_cast<size_t>((begin + y) * 64 + begin + x)]);
        const reference::Array result = reference::evaluate_network(build(size), {part})[0];
        for (int64_t y = 0; y < 8; ++y)
            for (int64_t x = 0; x < 8; ++x)
                if (result.numbers[static_cast<size_t>((before + y) * size + before + x)] !=
                    expected.numbers[static_cast<size_t>((24 + y) * 64 + 24 + x)])
                    return true;
        return false;
    };
    CHECK_FALSE(differs(tiling.y.rounded_before(), tiling.y.rounded_after()));
    CHECK(differs(tiling.y.rounded_before() - 2, tiling.y.rounded_after()));
    CHECK(differs(tiling.y.rounded_before(), tiling.y.rounded_after() - 2));
}
