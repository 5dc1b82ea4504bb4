#include "generators/aspp_generator.h"

#include "schedules/fallback/operators.h"
#include "schedules/packing.h"

namespace atrous {

class AsppScheduled : public GeneratorOf<AsppScheduled, AsppInterface> {
  public:
    void configure() { add_branches(*this); }
    void generate() {
        AsppInputs planar = inputs();
        ConvSpec packed = conv_spec();
        packed.packing = Packing::c16;
        Channels channels_in{input.dim(2).extent()};
        Aspp pyramid = aspp(packed, packed_inputs(planar, channels_in));

        if (pooled) compute_mean(pyramid);
        std::vector<Halide::Func> branches;
        for (size_t i = 0; i < pyramid.branches.size(); i++) {
            Channels out{planar.branches[i].channels_out};
            bool of_mean = pooled && i + 1 == pyramid.branches.size();
            Extents extents{of_mean ? Halide::Expr(1) : planar.width, out.blocks(), lanes(channels_in)};
            ConvSpec spec = branch_spec(packed, planar.branches[i]);
            compute(pyramid.branches[i], spec, extents, hint(), target);
            branches.push_back(unpacked(pyramid.branches[i].output, out, {}));
        }
        Concat all = concat_branches(branches, planar);
        output = all.output;
        fallback::apply(all, target);
        describe(planar);
    }

  private:
    AsppInputs packed_inputs(AsppInputs in, const Channels& channels_in) {
        in.input = pack_image(in.input, channels_in);
        for (AsppBranch& branch : in.branches) {
            branch.weights = pack_weights(branch.weights, channels_in, {branch.channels_out});
            branch.bias = pack_channels(branch.bias, {branch.channels_out});
            branch.ci_lanes = lanes(channels_in);
            branch.ci_blocks = channels_in.blocks_per_group();
        }
        return in;
    }

    void compute_mean(Aspp& pyramid) {
        GlobalPoolSpec mean;
        mean.packing = Packing::c16;
        fallback::apply(pyramid.mean, mean, target);
        pyramid.mean.output.compute_root();
    }
};

}  // namespace atrous

HALIDE_REGISTER_GENERATOR(atrous::AsppScheduled, aspp_scheduled)
