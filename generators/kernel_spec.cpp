#include "generators/kernel_spec.h"

namespace atrous {

std::string_view name_of(ElementType type) {
    switch (type) {
    case ElementType::f32:
        return "f32";
    case ElementType::i64:
        return "i64";
    case ElementType::i32:
        return "i32";
    case ElementType::u8:
        return "u8";
    case ElementType::boolean:
        return "bool";
    case ElementType::i8:
        return "i8";
    case ElementType::f64:
        return "f64";
    case ElementType::f16:
        return "f16";
    }
    return "?";
}

namespace {

// Words joined by underscores.
class Name {
  public:
    explicit Name(std::string_view operation) : text_(operation) {}
    Name& word(std::string_view w) {
        text_ += '_';
        text_ += w;
        return *this;
    }
    Name& word_if(bool condition, std::string_view w) { return condition ? word(w) : *this; }
    Name& number_if(bool condition, std::string_view letter, int number) {
        if (condition) word(letter).text_ += std::to_string(number);
        return *this;
    }
    Name& packed(ElementType type, Packing packing) {
        return word(atrous::name_of(type)).word(packing == Packing::c16 ? "c16" : "planar");
    }
    Name& pair(char letter, int x, int y) {
        word(std::string(1, letter));  // height first, as ONNX writes it
        text_ += std::to_string(y);
        text_ += 'x';
        text_ += std::to_string(x);
        return *this;
    }
    Name& window(int kernel_x, int kernel_y, int stride_x, int stride_y) {
        return pair('k', kernel_x, kernel_y).pair('s', stride_x, stride_y);
    }
    Name& tiled(ElementType type, const WinogradTile& t) {
        return word(atrous::name_of(type)).pair('m', t.outputs_x, t.outputs_y).pair('k', t.kernel_x, t.kernel_y);
    }
    Name& ending(ElementwiseFunction activation, Residual residual) {
        return word_if(activation != ElementwiseFunction::identity, atrous::name_of(activation))
            .word_if(residual != Residual::none, atrous::name_of(residual));
    }
    std::string str() const { return text_; }

  private:
    std::string text_;
};

struct Namer {
    std::string operator()(const ConvSpec& s) const {
        return Name("conv")
            .packed(s.element, s.packing)
            .window(s.kernel_x, s.kernel_y, s.stride_x, s.stride_y)
            .word_if(s.grouped, "grouped")
            .word_if(s.blocked_filters, "blocked_filters")
            .ending(s.activation, s.residual)
            .str();
    }
    std::string operator()(const DepthwiseConvSpec& s) const {
        return Name("depthwise_conv")
            .packed(s.element, s.packing)
            .window(s.kernel_x, s.kernel_y, s.stride_x, s.stride_y)
            .word_if(s.widening > 0, "w" + std::to_string(s.widening))
            .ending(s.activation, s.residual)
            .str();
    }
    std::string operator()(const NarrowConvSpec& s) const {
        return Name("narrow_conv")
            .word(atrous::name_of(s.element))
            .window(s.kernel_x, s.kernel_y, s.stride_x, s.stride_y)
            .ending(s.activation, Residual::none)
            .str();
    }
    std::string operator()(const TransposedConvSpec& s) const {
        return Name("transposed_conv")
            .packed(s.element, Packing::planar)
            .window(s.kernel_x, s.kernel_y, s.stride_x, s.stride_y)
            .ending(s.activation, s.residual)
            .str();
    }
    std::string operator()(const PhasedConvSpec& s) const {
        return Name("phased_conv")
            .packed(s.element, Packing::planar)
            .window(s.kernel_x, s.kernel_y, s.stride_x, s.stride_y)
            .pair('p', s.pad_left, s.pad_top)
            .ending(s.activation, s.residual)
            .str();
    }
    std::string operator()(const PoolSpec& s) const {
        return Name("pool")
            .packed(s.element, s.packing)
            .word(atrous::name_of(s.kind))
            .word_if(s.count_include_pad, "count_pad")
            .str();
    }
    std::string operator()(const GlobalPoolSpec& s) const {
        return Name("global_pool").packed(s.element, s.packing).word(atrous::name_of(s.kind)).str();
    }
    std::string operator()(const ResizeSpec& s) const {
        return Name("resize")
            .packed(s.element, s.packing)
            .word(atrous::name_of(s.mode))
            .word(atrous::name_of(s.coordinates))
            .word_if(s.mode == ResizeMode::nearest, atrous::name_of(s.rounding))
            .str();
    }
    std::string operator()(const ElementwiseSpec& s) const {
        return Name("elementwise")
            .packed(s.element, s.packing)
            .word(atrous::name_of(s.function))
            .number_if(s.inner_broadcast != 0, "b", s.inner_broadcast)
            .str();
    }
    std::string operator()(const CopySpec& s) const {
        return Name("copy")
            .number_if(true, "b", s.element_bytes)
            .word_if(s.strided, "strided")
            .word_if(s.scattered, "scattered")
            .str();
    }
    std::string operator()(const PackSpec& s) const {
        return Name("pack").word(atrous::name_of(s.element)).word("c16").str();
    }
    std::string operator()(const UnpackSpec& s) const {
        return Name("unpack").word(atrous::name_of(s.element)).word("c16").str();
    }
    std::string operator()(const AreaSpec& s) const { return Name("area").packed(s.element, s.packing).str(); }
    std::string operator()(const UnpackAreaSpec& s) const {
        return Name("unpack_area").word(atrous::name_of(s.element)).word("c16").str();
    }
    std::string operator()(const FillSpec& s) const { return Name("fill").packed(s.element, Packing::c16).str(); }
    std::string operator()(const PadSpec& s) const {
        return Name("pad").packed(s.element, Packing::planar).word(atrous::name_of(s.mode)).str();
    }
    std::string operator()(const DepthToSpaceSpec& s) const {
        return Name("depth_to_space").packed(s.element, Packing::planar).word(s.column_row_depth ? "crd" : "dcr").str();
    }
    std::string operator()(const SoftmaxSpec& s) const {
        return Name(s.logarithm ? "log_softmax" : "softmax").packed(s.element, Packing::planar).str();
    }
    std::string operator()(const ArgmaxSpec& s) const {
        return Name("argmax")
            .packed(s.element, Packing::planar)
            .word_if(s.select_last, "last")
            .word_if(s.scattered, "scattered")
            .str();
    }
    std::string operator()(const InstanceNormSpec& s) const {
        return Name("instance_norm").packed(s.element, Packing::planar).str();
    }
    std::string operator()(const CastSpec& s) const {
        return Name("cast").word(atrous::name_of(s.from)).word(atrous::name_of(s.to)).str();
    }
    std::string operator()(const WinogradWeightsSpec& s) const {
        return Name("winograd_weights").tiled(s.element, s.tile).str();
    }
    std::string operator()(const WinogradFetchSpec& s) const {
        return Name("winograd_fetch").word(atrous::name_of(s.element)).str();
    }
    std::string operator()(const WinogradInputSpec& s) const {
        return Name("winograd_input").tiled(s.element, s.tile).str();
    }
    std::string operator()(const BatchedGemmSpec& s) const {
        Name name("batched_gemm");
        name.word(atrous::name_of(s.element));
        if (s.part_blocks > 0) name.word("p" + std::to_string(s.part_blocks));
        if (s.by_element) name.word("by_element");
        if (s.far) name.word("far");
        return name.str();
    }
    std::string operator()(const WinogradOutputSpec& s) const {
        Name name("winograd_output");
        name.tiled(s.element, s.tile);
        if (s.by_element) name.word("by_element");
        return name.ending(s.activation, s.residual).str();
    }
};

}  // namespace

std::string name_of(const KernelSpec& spec) {
    return std::visit(Namer{}, spec);
}

}  // namespace atrous
