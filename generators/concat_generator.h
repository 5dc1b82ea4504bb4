// Interface of the Generators concat and concat_scheduled: `count` images (input_0, …), one after the other along
// `axis`.
#pragma once

#include "generators/concat.h"
#include "generators/generator_interface.h"

namespace atrous {

// A dimension of an image.
enum class ImageAxis { x, y, c, n };

struct ConcatInterface {
    using A = ImageAxis;
    Halide::GeneratorParam<int> count{"count", 2, 1, 64};
    Halide::GeneratorParam<ImageAxis> axis{"axis", A::c, {{"x", A::x}, {"y", A::y}, {"c", A::c}, {"n", A::n}}};
    ExpectedSize expected;

    std::vector<ImageInput*> inputs;
    ImageOutput output{"output"};

    template <class Generator>
    void add_inputs(Generator& generator) {
        for (int i = 0; i < count; i++) inputs.push_back(&add_image(generator, "input_" + std::to_string(i)));
    }

    int dimension() const { return static_cast<int>(axis.value()); }

    Concat algorithm() {
        std::vector<Halide::Func> images;
        std::vector<Halide::Expr> extents;
        for (ImageInput* image : inputs) {
            starts_at_zero(*image);
            images.push_back(*image);
            extents.push_back(image->dim(dimension()).extent());
        }
        return concat(images, extents, dimension());
    }

    // After `output` is set.
    void describe() {
        std::vector<int> each{expected.width, expected.height, expected.channels_in, 1}, all = each;
        all[dimension()] *= count;
        Halide::Expr total = 0;
        for (ImageInput* image : inputs) {
            estimate(*image, {each.begin(), each.end()});
            total += image->dim(dimension()).extent();
        }
        estimate(output, {all.begin(), all.end()});
        output.dim(dimension()).set_bounds(0, total);
    }
};

}  // namespace atrous
