// Interface of the Generators elementwise and elementwise_scheduled: a function of one to three images x0, x1, x2, with
// broadcasting: an operand whose extent is 1 in y, c or n is repeated there; in x, where inner_broadcast has its bit.
#pragma once

#include "generators/elementwise.h"
#include "generators/generator_interface.h"
#include "generators/tensor.h"

namespace atrous {

struct ElementwiseInterface {
    using F = ElementwiseFunction;
    Halide::GeneratorParam<ElementwiseFunction> function{"function", F::add, spellings()};
    Halide::GeneratorParam<int> inner_broadcast{"inner_broadcast", 0, 0, 7};  // bit i: x_i has width 1 and is repeated
    ExpectedSize expected;

    FloatInput alpha{"alpha", 0.f}, beta{"beta", 0.f};
    std::vector<ImageInput*> x;  // the operands, after alpha and beta
    ImageOutput output{"output"};

    static std::map<std::string, ElementwiseFunction> spellings() {
        auto names = activation_spellings();
        names.merge(spelled({F::neg, F::sqrt, F::exp, F::log, F::erf, F::floor, F::ceil, F::abs, F::reciprocal, F::add,
                             F::sub, F::mul, F::div, F::max, F::min, F::pow, F::where}));
        return names;
    }

    template <class Generator>
    void add_operands(Generator& generator) {
        for (int i = 0; i < operands_of(function); i++) x.push_back(&add_image(generator, "x" + std::to_string(i)));
    }

    // (x, y, c, n); `v` names them.
    Halide::Func algorithm(const ImageVars& v) {
        ElementwiseSpec spec;
        spec.function = function;
        spec.inner_broadcast = inner_broadcast;
        std::vector<Halide::Func> operands;
        for (ImageInput* operand : x) operands.push_back(repeated(*operand));
        Elementwise e = elementwise(spec, operands, 0, alpha, beta);
        Halide::Func image("image");
        image(v.in(Packing::planar)) = e.output(v.x, v.y, v.cb, v.n, 0);
        return image;
    }

    // After `output` is set; estimates are without broadcasting but in x.
    void describe() {
        int width = expected.width, height = expected.height, channels = expected.channels_in;
        for (size_t i = 0; i < x.size(); i++) {
            bool narrow = (inner_broadcast >> i) & 1;
            estimate(*x[i], {narrow ? 1 : width, height, channels, 1});
        }
        estimate(output, {width, height, channels, 1});
        alpha.set_estimate(0.f);
        beta.set_estimate(0.f);
    }

  private:
    // The operand as elementwise() wants it: with five dimensions, repeated where its extent is 1.
    static Halide::Func repeated(ImageInput& operand) {
        starts_at_zero(operand);
        Halide::Var d0, d1, d2, d3, d4;
        auto within = [&](const Halide::Var& d, int i) { return min(d, operand.dim(i).extent() - 1); };
        Halide::Func f("repeated");
        f(d0, d1, d2, d3, d4) = operand(d0, within(d1, 1), within(d2, 2), within(d3, 3));
        return f;
    }
};

}  // namespace atrous
