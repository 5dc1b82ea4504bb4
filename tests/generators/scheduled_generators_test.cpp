// Every NAME_scheduled computes what NAME does, on odd sizes.
#include <catch2/catch.hpp>

#include "generators/dilated_conv.h"
#include "generators/transposed_conv.h"
#include "tests/generators/generator_run.h"

using namespace atrous;

namespace {

void compare(const std::string& name, const GeneratorRun& arguments) {
    std::string params;
    for (const auto& [param, value] : arguments.params) params += " " + param + "=" + value;
    CAPTURE(name, params);
    CHECK(difference(run(name, arguments), run(name + "_scheduled", arguments)) == "");
}

using Params = std::map<std::string, std::string>;

// A convolution with random operands; the output's size follows from padding and size.
struct ConvCase {
    int width, height, ci, co, groups;
    int kernel_x, kernel_y, stride_x, stride_y, dilation_x, dilation_y;
    int pad_left, pad_top, pad_right, pad_bottom;
    Params params = {};
    int batch = 1;
};

GeneratorRun arguments_of(const ConvCase& c, bool depthwise = false) {
    GeneratorRun a;
    a.params = c.params;
    for (auto [name, value] : {std::pair{"kernel_x", c.kernel_x},
                               {"kernel_y", c.kernel_y},
                               {"stride_x", c.stride_x},
                               {"stride_y", c.stride_y}}) {
        a.params[name] = std::to_string(value);
    }
    if (!depthwise) a.params["groups"] = std::to_string(c.groups);
    a.buffers["input"] = random_buffer({c.width, c.height, c.ci, c.batch}, 1);
    a.buffers["weights"] = random_buffer({c.kernel_x, c.kernel_y, c.ci / c.groups, c.co}, 2);
    a.buffers["bias"] = random_buffer({c.co}, 3);
    a.ints = {
        {"dilation_x", c.dilation_x}, {"dilation_y", c.dilation_y}, {"pad_left", c.pad_left}, {"pad_top", c.pad_top}};
    a.floats = {{"alpha", 0.2f}, {"beta", 0.5f}};
    int width = conv_size(c.width, c.kernel_x, c.stride_x, c.dilation_x, c.pad_left, c.pad_right);
    int height = conv_size(c.height, c.kernel_y, c.stride_y, c.dilation_y, c.pad_top, c.pad_bottom);
    a.output = {width, height, c.co, c.batch};
    if (c.params.count("residual")) a.buffers["residual_input"] = random_buffer(a.output, 4);
    if (c.params.count("activation") && c.params.at("activation") == "prelu") {
        a.buffers["slope"] = random_buffer({c.co}, 5);
    }
    return a;
}

GeneratorRun image_run(int width, int height, int channels, int batch = 1) {
    GeneratorRun a;
    a.buffers["input"] = random_buffer({width, height, channels, batch}, 7);
    a.output = {width, height, channels, batch};
    return a;
}

}  // namespace

TEST_CASE("dilated_conv") {
    const ConvCase cases[] = {
        {1, 1, 1, 1, 1, 3, 3, 1, 1, 6, 6, 6, 6, 6, 6},
        {37, 5, 5, 19, 1, 3, 3, 1, 1, 2, 1, 2, 1, 2, 1, {{"activation", "relu"}}, 2},
        {13, 11, 33, 7, 1, 5, 2, 2, 3, 1, 2, 0, 1, 3, 0, {{"residual", "before_activation"}, {"activation", "prelu"}}},
        {17, 3, 6, 9, 3, 3, 1, 1, 1, 1, 1, 1, 0, 1, 0},    // three channels a group
        {29, 4, 40, 60, 2, 3, 3, 1, 1, 3, 3, 3, 3, 3, 3},  // twenty and thirty
    };
    for (const ConvCase& c : cases) compare("dilated_conv", arguments_of(c));
}

TEST_CASE("a part of a convolution's output") {
    GeneratorRun a = arguments_of({23, 9, 3, 20, 1, 3, 3, 1, 1, 2, 2, 2, 2, 2, 2});
    a.output = {7, 3, 20, 1};
    a.output_min = {11, 5, 0, 0};
    compare("dilated_conv", a);
}

TEST_CASE("depthwise_conv") {
    for (const char* activation : {"hard_swish", "prelu"}) {
        ConvCase c{21, 6, 19, 19, 19, 3, 5, 2, 1, 1, 2, 1, 4, 1, 4, {{"activation", activation}}};
        compare("depthwise_conv", arguments_of(c, true));
    }
}

TEST_CASE("pointwise_conv") {
    GeneratorRun a = arguments_of({11, 7, 21, 35, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, {{"activation", "silu"}}, 2});
    for (const char* name : {"kernel_x", "kernel_y", "stride_x", "stride_y", "groups"}) a.params.erase(name);
    a.ints.clear();
    compare("pointwise_conv", a);
}

TEST_CASE("transposed_conv") {
    struct Case {
        int width, height, ci, co, groups, kernel_x, kernel_y, stride_x, stride_y, dilation_x, dilation_y, pad_left,
            pad_top, output_padding_x, output_padding_y;
    };
    const Case cases[] = {
        {1, 1, 1, 1, 1, 2, 2, 2, 2, 1, 1, 0, 0, 0, 0},
        {7, 5, 6, 4, 2, 3, 4, 2, 3, 1, 2, 1, 0, 1, 2},
        {19, 3, 5, 17, 1, 4, 4, 2, 2, 1, 1, 1, 1, 0, 0},
    };
    for (const Case& c : cases) {
        GeneratorRun a = arguments_of({c.width, c.height, c.ci, c.co, c.groups, c.kernel_x, c.kernel_y, c.stride_x,
                                       c.stride_y, c.dilation_x, c.dilation_y, c.pad_left, c.pad_top, 0, 0});
        a.buffers["weights"] = random_buffer({c.kernel_x, c.kernel_y, c.co / c.groups, c.ci}, 2);
        int width = transposed_conv_size(c.width, c.kernel_x, c.stride_x, c.dilation_x, c.pad_left, c.pad_left,
                                         c.output_padding_x);
        int height = transposed_conv_size(c.height, c.kernel_y, c.stride_y, c.dilation_y, c.pad_top, c.pad_top,
                                          c.output_padding_y);
        a.output = {width, height, c.co, 1};
        compare("transposed_conv", a);
    }
}

TEST_CASE("pool") {
    GeneratorRun a = image_run(23, 9, 5, 2);
    a.ints = {{"kernel_x", 3},   {"kernel_y", 2}, {"stride_x", 2}, {"stride_y", 1},  {"dilation_x", 1},
              {"dilation_y", 2}, {"pad_left", 1}, {"pad_top", 1},  {"pad_right", 1}, {"pad_bottom", 0}};
    a.output = {12, 8, 5, 2};
    for (Params params : {Params{{"kind", "max"}}, Params{{"kind", "average"}},
                          Params{{"kind", "average"}, {"count_include_pad", "true"}}}) {
        a.params = params;
        compare("pool", a);
    }
    a.output = {1, 1, 5, 2};
    for (const char* kind : {"max", "average"}) {
        a.params = {{"kind", kind}, {"global", "true"}};
        compare("pool", a);
    }
}

TEST_CASE("resize") {
    GeneratorRun a = image_run(7, 5, 3);
    a.output = {16, 3, 3, 1};
    a.ints = {{"out_width", 16}, {"out_height", 3}};
    a.floats = {{"scale_x", 16.f / 7}, {"scale_y", 3.f / 5}};
    for (const char* coordinates : {"half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric"}) {
        a.params = {{"mode", "linear"}, {"coordinates", coordinates}};
        compare("resize", a);
    }
    for (const char* rounding : {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"}) {
        a.params = {{"mode", "nearest"}, {"rounding", rounding}};
        compare("resize", a);
    }
}

TEST_CASE("depth_to_space") {
    for (const char* column_row_depth : {"false", "true"}) {
        GeneratorRun a = image_run(7, 5, 18, 2);
        a.params["column_row_depth"] = column_row_depth;
        a.ints["block"] = 3;
        a.output = {21, 15, 2, 2};
        compare("depth_to_space", a);
    }
}

TEST_CASE("activations") {
    for (const char* function : {"relu", "leaky_relu", "clip", "sigmoid", "hard_sigmoid", "hard_swish", "tanh", "silu",
                                 "gelu", "gelu_tanh", "elu", "softplus", "prelu", "softmax", "log_softmax"}) {
        GeneratorRun a = image_run(19, 3, 5, 2);
        a.params["function"] = function;
        a.floats = {{"alpha", -0.3f}, {"beta", 0.4f}};
        if (std::string(function) == "prelu") a.buffers["slope"] = random_buffer({5}, 8);
        compare("activations", a);
    }
}

TEST_CASE("argmax") {
    for (const char* last : {"false", "true"}) {
        GeneratorRun a = image_run(19, 3, 7, 2);
        a.buffers["input"].as<float>().for_each_value([](float& x) { x = static_cast<int>(x * 3); });  // many equals
        a.params["select_last"] = last;
        a.output = {19, 3, 2};
        compare("argmax", a);
    }
}

TEST_CASE("elementwise") {
    GeneratorRun a;
    a.floats = {{"alpha", 0.f}, {"beta", 0.f}};
    a.output = {19, 4, 3, 2};
    a.buffers["x0"] = random_buffer({19, 4, 3, 2}, 1);
    a.params["function"] = "exp";
    compare("elementwise", a);
    a.buffers["x1"] = random_buffer({1, 1, 3, 1}, 2);  // one value per channel
    for (const char* function : {"add", "div", "max"}) {
        a.params = {{"function", function}, {"inner_broadcast", "2"}};
        compare("elementwise", a);
    }
    a.buffers["x1"] = random_buffer({19, 1, 1, 2}, 2);  // one row
    a.buffers["x2"] = random_buffer({19, 4, 3, 2}, 3);
    a.params = {{"function", "where"}};
    compare("elementwise", a);
}

TEST_CASE("concat") {
    struct Axis {
        const char* name;
        int dimension;
    };
    for (Axis axis : {Axis{"x", 0}, {"y", 1}, {"c", 2}, {"n", 3}}) {
        GeneratorRun a;
        a.params = {{"axis", axis.name}, {"count", "3"}};
        a.output = {19, 5, 3, 2};
        int total = 0;
        for (int i = 0; i < 3; i++) {
            std::vector<int> extents = a.output;
            extents[axis.dimension] = i + 1;
            total += i + 1;
            a.buffers["input_" + std::to_string(i)] = random_buffer(extents, i);
        }
        a.output[axis.dimension] = total;
        compare("concat", a);
    }
}

TEST_CASE("slice") {
    GeneratorRun a = image_run(40, 9, 5, 3);
    a.ints = {{"begin_x", 3}, {"begin_y", 8}, {"begin_c", 1}, {"begin_n", 0},
              {"step_x", 2},  {"step_y", -3}, {"step_c", 1},  {"step_n", 2}};
    a.output = {18, 3, 4, 2};
    compare("slice", a);
    a.ints["step_x"] = -2;
    a.ints["begin_x"] = 39;
    compare("slice", a);
}

TEST_CASE("pad") {
    GeneratorRun a = image_run(19, 5, 3, 1);
    a.ints = {{"begin_x", 2}, {"begin_y", 3}, {"begin_c", 1}, {"begin_n", 0}};
    a.floats = {{"value", 7.f}};
    a.output = {24, 9, 5, 2};
    for (const char* mode : {"constant", "reflect", "edge", "wrap"}) {
        a.params = {{"mode", mode}};
        compare("pad", a);
    }
}
