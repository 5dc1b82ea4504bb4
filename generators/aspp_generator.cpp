#include "generators/aspp_generator.h"

namespace atrous {

class AsppGenerator : public GeneratorOf<AsppGenerator, AsppInterface> {
  public:
    void configure() { add_branches(*this); }
    void generate() {
        AsppInputs in = inputs();
        Aspp pyramid = aspp(conv_spec(), in);
        std::vector<Halide::Func> branches;
        for (DilatedConv& branch : pyramid.branches) branches.push_back(branch.output);
        output = concat_branches(branches, in).output;
        describe(in);
        if (using_autoscheduler()) return;
        // The image's mean, once for all pixels.
        if (in.pooled) pyramid.mean.output.compute_root();
    }
};

}  // namespace atrous

HALIDE_REGISTER_GENERATOR(atrous::AsppGenerator, aspp)
