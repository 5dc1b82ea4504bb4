#include "schedules/kernels.h"

#include "schedules/rules.h"

namespace atrous {

using namespace Halide;

namespace {

// Collects arguments in the order in which they are made.
class Arguments {
  public:
    ImageParam buffer(const std::string& name, int rank, Type type = Float(32)) {
        ImageParam p(type, rank, name);
        for (int i = 0; i < rank; i++) p.dim(i).set_min(0);
        add(p);
        return p;
    }
    ImageParam image(const std::string& name, Packing packing, Type type = Float(32)) {
        ImageParam p = buffer(name, packing == Packing::c16 ? 5 : 4, type);
        if (packing == Packing::c16) p.dim(0).set_extent(channel_block);
        return p;
    }
    Expr i32(const std::string& name) {
        Param<int32_t> p(name);
        add(p);
        return p;
    }
    Expr f32(const std::string& name) {
        Param<float> p(name);
        add(p);
        return p;
    }
    std::vector<Argument> list() const { return list_; }
    std::vector<Parameter> parameters() const { return parameters_; }

  private:
    template <class P>
    void add(const P& p) {
        list_.push_back(p);
        parameters_.push_back(p.parameter());
    }

    std::vector<Argument> list_;
    std::vector<Parameter> parameters_;
};

// The x and y extents of an image in either packing.
Expr width(const ImageParam& image, Packing packing) {
    return image.dim(packing == Packing::c16 ? 1 : 0).extent();
}
Expr height(const ImageParam& image, Packing packing) {
    return image.dim(packing == Packing::c16 ? 2 : 1).extent();
}
Expr width(const Func& output, Packing packing) {
    return output.output_buffer().dim(packing == Packing::c16 ? 1 : 0).extent();
}

class Builder {
  public:
    Builder(const SizeHint& hint, const Target& target, bool scheduled)
        : hint_(hint), target_(target), scheduled_(scheduled) {}

    Kernel operator()(const ConvSpec& s) {
        ConvInputs in = conv_inputs(s, s.packing == Packing::c16 || s.blocked_filters ? 6 : 4, s.grouped);
        DilatedConv conv = dilated_conv(s, in, depth(s));
        Extents extents = output_extents(conv.output, s.packing);
        extents.ci_lanes = in.ci_lanes;
        return convolution(dilated_conv_rules, s, conv, extents);
    }

    Kernel operator()(const DepthwiseConvSpec& s) {
        ConvInputs in = conv_inputs(s, 4, false);
        DepthwiseConv conv = depthwise_conv(s, in);
        return convolution(depthwise_conv_rules, s, conv,
                           output_extents(conv.output, s.widening > 0 ? Packing::c16 : s.packing));
    }

    Kernel operator()(const NarrowConvSpec& s) {
        ConvInputs in;
        ImageParam image = args_.image("input", Packing::c16), weights = args_.buffer("weights", 5);
        image.dim(1).set_stride(channel_block);
        in.input = image;
        weights.dim(0).set_extent(channel_block);
        weights.dim(1).set_stride(channel_block);
        in.weights = weights;
        in.ci_blocks = weights.dim(3).extent();
        in.bias = args_.buffer("bias", 1);
        if (s.activation == ElementwiseFunction::prelu) in.slope = args_.buffer("slope", 1);
        add_window(in);
        NarrowConv conv = narrow_conv(s, in);
        return scheduled(conv, s);
    }

    Kernel operator()(const TransposedConvSpec& s) {
        TransposedConvInputs in;
        ImageParam image = args_.image("input", Packing::planar);
        in.input = image;
        in.width = width(image, Packing::planar);
        in.height = height(image, Packing::planar);
        in.weights = args_.buffer("weights", 4);
        in.bias = args_.buffer("bias", 1);
        if (s.activation == ElementwiseFunction::prelu) in.slope = args_.buffer("slope", 1);
        if (s.residual != Residual::none) in.residual = args_.image("residual", Packing::planar);
        in.dilation_x = args_.i32("dilation_x");
        in.dilation_y = args_.i32("dilation_y");
        in.pad_left = args_.i32("pad_left");
        in.pad_top = args_.i32("pad_top");
        in.ci_per_group = args_.i32("ci_per_group");
        in.co_per_group = args_.i32("co_per_group");
        in.alpha = args_.f32("alpha");
        in.beta = args_.f32("beta");
        TransposedConv conv = transposed_conv(s, in);
        return convolution(transposed_conv_rules, s, conv, output_extents(conv.output, Packing::planar));
    }

    Kernel operator()(const PhasedConvSpec& s) {
        PhasedConvInputs in;
        ImageParam image = args_.image("input", Packing::planar), weights = args_.buffer("weights", 5);
        for (const int d : {0, 1}) image.dim(d).set_min(Expr());  // it is read outside, where and how far is known
        in.input = image;
        in.channels = image.dim(2).extent();
        const int filters = phased_filters(s.stride_x);
        weights.dim(0).set_extent(filters);
        weights.dim(1).set_stride(filters);
        weights.dim(2).set_stride(filters * s.kernel_x);
        in.weights = weights;
        in.bias = args_.buffer("bias", 1);
        if (s.activation == ElementwiseFunction::prelu) in.slope = args_.buffer("slope", 1);
        if (s.residual != Residual::none) in.residual = args_.buffer("residual", 6);
        in.alpha = args_.f32("alpha");
        in.beta = args_.f32("beta");
        PhasedConv conv = phased_conv(s, in);
        conv.output.output_buffer().dim(1).set_stride(s.stride_x);
        return scheduled(conv, s);
    }

    Kernel operator()(const PoolSpec& s) {
        ImageParam image = args_.image("input", s.packing);
        PoolInputs in{image, width(image, s.packing), height(image, s.packing)};
        for (Expr* e : {&in.kernel_x, &in.kernel_y, &in.stride_x, &in.stride_y, &in.dilation_x, &in.dilation_y,
                        &in.pad_left, &in.pad_top, &in.pad_right, &in.pad_bottom, &in.out_width, &in.out_height}) {
            *e = args_.i32("p" + std::to_string(args_.list().size()));
        }
        Pool p = pool(s, in);
        return scheduled(p, s);
    }

    Kernel operator()(const GlobalPoolSpec& s) {
        ImageParam image = args_.image("input", s.packing);
        GlobalPool p = global_pool(s, image, width(image, s.packing), height(image, s.packing));
        return scheduled(p, s);
    }

    Kernel operator()(const ResizeSpec& s) {
        ImageParam image = args_.image("input", s.packing);
        ResizeInputs in{image, width(image, s.packing), height(image, s.packing)};
        in.scale_x = args_.f32("scale_x");
        in.scale_y = args_.f32("scale_y");
        in.out_width = args_.i32("out_width");
        in.out_height = args_.i32("out_height");
        Resize r = resize(s, in);
        return scheduled(r, s);
    }

    Kernel operator()(const ElementwiseSpec& s) {
        std::vector<Func> operands;
        for (int i = 0; i < operands_of(s.function); i++) {
            bool condition = s.function == ElementwiseFunction::where && i == 0;
            operands.push_back(args_.buffer("x" + std::to_string(i), 5, condition ? UInt(8) : halide_type(s.element)));
        }
        Expr channels = args_.i32("channels"), alpha = args_.f32("alpha"), beta = args_.f32("beta");
        Elementwise e = elementwise(s, operands, channels, alpha, beta);
        return scheduled(e, s);
    }

    Kernel operator()(const CopySpec& s) {
        ImageParam in = args_.buffer("input", 6, UInt(8 * s.element_bytes));
        if (s.strided) in.dim(0).set_stride(Expr());
        Copy c = copy(in);
        if (s.scattered) c.output.output_buffer().dim(0).set_stride(Expr());
        return scheduled(c, s);
    }

    Kernel operator()(const PackSpec& s) {
        ImageParam image = args_.image("input", Packing::planar);
        Pack p = pack(image, image.dim(2).extent());
        return scheduled(p, s);
    }

    Kernel operator()(const UnpackSpec& s) {
        ImageParam image = args_.image("input", Packing::c16);
        image.dim(1).set_stride(channel_block);
        Unpack p = unpack(image);
        return scheduled(p, s);
    }

    Kernel operator()(const AreaSpec& s) {
        AreaInputs in;
        ImageParam image = args_.image("input", Packing::planar);
        in.image = image;
        in.width = width(image, Packing::planar);
        in.height = height(image, Packing::planar);
        in.channels = image.dim(2).extent();
        in.rectangle = rectangle();
        in.pad_left = args_.i32("pad_left");
        in.pad_top = args_.i32("pad_top");
        Area a = area(s, in);
        return scheduled(a, s);
    }

    Kernel operator()(const UnpackAreaSpec& s) {
        UnpackAreaInputs in;
        ImageParam image = args_.image("input", Packing::c16);
        image.dim(1).set_stride(channel_block);
        in.c16 = image;
        in.rectangle = rectangle();
        in.width = args_.i32("width");
        in.height = args_.i32("height");
        in.channels = args_.i32("channels");
        UnpackArea u = unpack_area(in);
        return scheduled(u, s);
    }

    Kernel operator()(const FillSpec& s) {
        Fill f = fill(args_.f32("value"));
        return scheduled(f, s);
    }

    Kernel operator()(const PadSpec& s) {
        ImageParam in = args_.buffer("input", 4);
        std::array<Expr, 4> extent, begin;
        for (int i = 0; i < 4; i++) extent[i] = in.dim(i).extent();
        for (int i = 0; i < 4; i++) begin[i] = args_.i32("begin" + std::to_string(i));
        Pad p = pad(s, in, extent, begin, args_.f32("value"));
        return scheduled(p, s);
    }

    Kernel operator()(const DepthToSpaceSpec& s) {
        ImageParam in = args_.image("input", Packing::planar);
        Expr block = args_.i32("block");
        DepthToSpace d = depth_to_space(s, in, block, in.dim(2).extent() / (block * block));
        return scheduled(d, s);
    }

    Kernel operator()(const SoftmaxSpec& s) {
        ImageParam in = args_.buffer("input", 3);
        Softmax f = softmax(s, in, in.dim(1).extent());
        return scheduled(f, s);
    }

    Kernel operator()(const ArgmaxSpec& s) {
        ImageParam in = args_.buffer("input", s.scattered ? 6 : 3);
        Argmax a = argmax(s, in, in.dim(s.scattered ? 5 : 1).extent());
        if (s.scattered) a.output.output_buffer().dim(0).set_stride(Expr());
        return scheduled(a, s);
    }

    Kernel operator()(const InstanceNormSpec& s) {
        ImageParam in = args_.buffer("input", 3);
        ImageParam scale = args_.buffer("scale", 1), bias = args_.buffer("bias", 1);
        InstanceNorm n = instance_norm(s, in, in.dim(0).extent(), scale, bias, args_.f32("epsilon"));
        return scheduled(n, s);
    }

    Kernel operator()(const CastSpec& s) {
        Cast c = cast_elements(s, args_.buffer("input", 1, halide_type(s.from)));
        return scheduled(c, s);
    }

    Kernel operator()(const WinogradWeightsSpec& s) {
        ImageParam weights = args_.buffer("weights", 6);
        weights.dim(0).set_extent(channel_block);
        WinogradWeights w = winograd_weights(s, weights);
        return scheduled(w, s);
    }

    Kernel operator()(const WinogradFetchSpec& s) {
        WinogradFetches in;
        ImageParam image = args_.image("input", Packing::c16);
        image.dim(1).set_stride(channel_block);
        in.input = image;
        in.blocks = image.dim(3).extent();
        in.group = tile_group();
        in.group.tiles_x = args_.i32("tiles_x");
        in.group.tiles_y = args_.i32("tiles_y");
        in.outputs_x = args_.i32("outputs_x");
        in.outputs_y = args_.i32("outputs_y");
        in.size_x = args_.i32("size_x");
        in.size_y = args_.i32("size_y");
        in.pad_left = args_.i32("pad_left");
        in.pad_top = args_.i32("pad_top");
        in.last_x = args_.i32("last_x");
        in.last_y = args_.i32("last_y");
        WinogradFetch f = winograd_fetch(in);
        return scheduled(f, s);
    }

    Kernel operator()(const WinogradInputSpec& s) {
        WinogradInputs in;
        ImageParam image = args_.image("input", Packing::c16);
        image.dim(1).set_stride(channel_block);
        in.input = image;
        in.group = tile_group();
        in.pad_left = args_.i32("pad_left");
        in.pad_top = args_.i32("pad_top");
        in.last_x = args_.i32("last_x");
        in.last_y = args_.i32("last_y");
        in.group.tiles_x = args_.i32("tiles_x");
        in.group.tiles_y = args_.i32("tiles_y");
        in.tiles = args_.i32("tiles");
        in.panel_tiles = args_.i32("panel_tiles");
        in.first_panel = args_.i32("first_panel");
        WinogradInput w = winograd_input(s, in);
        w.output.output_buffer().dim(1).set_stride(channel_block);
        return scheduled(w, s);
    }

    Kernel operator()(const BatchedGemmSpec& s) {
        ImageParam weights = args_.buffer("weights", 4), input = args_.buffer("input", 5);
        weights.dim(0).set_extent(channel_block);
        weights.dim(1).set_stride(channel_block);
        input.dim(1).set_stride(channel_block);
        BatchedGemm g = batched_gemm(s, weights, input);
        g.output.output_buffer().dim(s.by_element ? 2 : 1).set_stride(channel_block);
        return convolution(batched_gemm_rules, s, g,
                           {g.output.output_buffer().dim(2).extent(), g.output.output_buffer().dim(4).extent()});
    }

    Kernel operator()(const WinogradOutputSpec& s) {
        WinogradOutputs in;
        ImageParam products = args_.buffer("products", 7);
        products.dim(0).set_extent(channel_block);
        if (s.by_element) {
            products.dim(3).set_stride(channel_block);
        } else {
            products.dim(1).set_stride(channel_block);
            products.dim(2).set_stride(channel_block * s.tile.size_x());
        }
        in.products = products;
        in.bias = args_.buffer("bias", 2);
        if (s.activation == ElementwiseFunction::prelu) in.slope = args_.buffer("slope", 2);
        if (s.residual != Residual::none) in.residual = args_.image("residual", Packing::c16);
        in.group = tile_group();
        in.group.tiles_x = products.dim(3).extent();
        in.group.tiles_y = products.dim(4).extent();
        in.images = products.dim(6).extent();
        in.alpha = args_.f32("alpha");
        in.beta = args_.f32("beta");
        in.width = args_.i32("width");
        in.height = args_.i32("height");
        WinogradOutput w = winograd_output(s, in);
        return scheduled(w, s);
    }

  private:
    // Adding a convolution up in parts is a decision of our schedules.
    int depth(const ConvSpec& s) const {
        return scheduled_ ? choose(dilated_conv_rules, s, hint_, target_).layout.depth : 0;
    }

    Rectangle rectangle() {
        Rectangle r;
        r.index = args_.i32("index");
        r.count_x = args_.i32("count_x");
        r.count_y = args_.i32("count_y");
        r.step_x = args_.i32("step_x");
        r.step_y = args_.i32("step_y");
        r.dilation_y = args_.i32("dilation_y");
        return r;
    }

    TileGroup tile_group() {
        TileGroup g;
        g.index = args_.i32("group");
        g.count_x = args_.i32("groups_x");
        g.count_y = args_.i32("groups_y");
        g.dilation_x = args_.i32("dilation_x");
        g.dilation_y = args_.i32("dilation_y");
        return g;
    }

    template <class Spec>
    ConvInputs conv_inputs(const Spec& s, int weight_rank, bool grouped) {
        ConvInputs in;
        bool c16 = s.packing == Packing::c16;
        constexpr bool dense = std::is_same_v<Spec, ConvSpec>;
        bool has_halo = c16;
        if constexpr (!dense) has_halo |= s.widening > 0;
        ImageParam image = args_.image("input", s.packing);
        if (has_halo) {
            if (c16) image.dim(1).set_stride(channel_block);
            in.input = image;
            in.height = height(image, s.packing);
        } else {
            in.input = BoundaryConditions::constant_exterior(
                image, 0.f, {{0, width(image, s.packing)}, {0, height(image, s.packing)}});
        }
        ImageParam weights = args_.buffer("weights", weight_rank);
        if (c16) {
            weights.dim(0).set_extent(channel_block);
            if (dense) weights.dim(1).set_stride(channel_block);
        }
        in.weights = weights;
        in.ci_lanes = c16 && dense ? weights.dim(1).extent() : Expr(1);
        in.ci_blocks = dense ? weights.dim(c16 ? 4 : 2).extent() : Expr(1);
        ImageParam bias = args_.buffer("bias", c16 ? 2 : 1);
        in.bias = bias;
        if constexpr (dense) {
            if (s.blocked_filters) take_blocks_apart(in, weights, image.dim(2).extent(), bias);
        }
        if (s.activation == ElementwiseFunction::prelu) in.slope = args_.buffer("slope", c16 ? 2 : 1);
        if constexpr (!dense) {
            if (s.widening > 0) weights.dim(0).set_extent(s.widening);
            if (s.widening > 0 && s.residual != Residual::none) in.residual = args_.buffer("residual", 5);
        }
        if (s.residual != Residual::none && !in.residual.defined()) in.residual = args_.image("residual", s.packing);
        add_window(in, dense, grouped);
        return in;
    }

    // Blocked filters for a planar kernel. A block of a GPU's threads takes its whole tile of them, also where that
    // hangs over the last channel.
    void take_blocks_apart(ConvInputs& in, const ImageParam& blocked, const Expr& channels, const ImageParam& bias) {
        blocked.dim(0).set_extent(channel_block);
        Var kx("kx"), ky("ky"), ci("ci"), co("co");
        const Expr in_channel = clamp(ci, 0, channels - 1), out_channel = clamp(co, 0, bias.dim(0).extent() - 1);
        Func weights("filters");
        weights(kx, ky, ci, co) = blocked(out_channel % channel_block, in_channel % channel_block, kx, ky,
                                          in_channel / channel_block, out_channel / channel_block);
        in.weights = weights;
        in.ci_blocks = channels;
        in.bias = BoundaryConditions::repeat_edge(bias, {{0, bias.dim(0).extent()}});
    }

    void add_window(ConvInputs& in, bool dense = false, bool grouped = false) {
        in.dilation_x = args_.i32("dilation_x");
        in.dilation_y = args_.i32("dilation_y");
        in.pad_left = args_.i32("pad_left");
        in.pad_top = args_.i32("pad_top");
        if (dense) {
            Expr per_group = args_.i32("co_per_group");
            if (grouped) in.co_blocks = per_group;
        }
        in.alpha = args_.f32("alpha");
        in.beta = args_.f32("beta");
    }

    Extents output_extents(const Func& output, Packing packing) {
        OutputImageParam buffer = output.output_buffer();
        return {width(output, packing), buffer.dim(packing == Packing::c16 ? 3 : 2).extent()};
    }

    template <class Spec, class Stages, size_t count>
    Kernel convolution(const Rule<Spec, Stages> (&rules)[count], const Spec& spec, Stages& stages,
                       const Extents& extents) {
        auto choice = choose(rules, spec, hint_, target_);
        if (scheduled_) choice.rule->apply(stages, spec, choice.layout, extents, target_);
        return done(stages.output);
    }

    // What has one schedule for all CPUs, and one for all GPUs.
    template <class Spec, class Stages>
    Kernel scheduled(Stages& stages, const Spec& spec) {
        const bool gpu = target_.has_gpu_feature();
        if (scheduled_ && gpu) gpu::apply(stages, spec);
        if (scheduled_ && !gpu) fallback::apply(stages, spec, target_);
        return done(stages.output);
    }

    Kernel done(Func output) {
        OutputImageParam buffer = output.output_buffer();
        for (int i = 0; i < buffer.dimensions(); i++) buffer.dim(i).set_min(0);
        return {args_.list(), args_.parameters(), output};
    }

    SizeHint hint_;
    Target target_;
    bool scheduled_;
    Arguments args_;
};

}  // namespace

Kernel build_kernel(const KernelSpec& spec, const SizeHint& hint, const Target& target, bool scheduled) {
    return std::visit(Builder(hint, target, scheduled), spec);
}

}  // namespace atrous
