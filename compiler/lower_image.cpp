// Pooling and resizing, in either packing.
#include "compiler/lowering.h"

namespace atrous {

void lower_pool(Lowering& to, const Node& node) {
    const auto& op = std::get<PoolOp>(node.op);
    const Packing packing = to.packing_of(node);
    const ValueId x = node.inputs[0], y = node.outputs[0];
    PoolSpec spec;
    spec.packing = packing;
    spec.kind = op.kind;
    spec.count_include_pad = op.kind == PoolKind::average && op.count_include_pad;
    std::vector<PlanArg> args{image_view(to.read(x, packing), to.shape(x))};
    for (const Pair& pair : {op.kernel, op.stride, op.dilation, op.pad_begin, op.pad_end}) {
        args.push_back(IntegerArg{Size(pair[1])});
        args.push_back(IntegerArg{Size(pair[0])});
    }
    const ImageShape out = image_of(to.shape(y));
    for (const Size& extent : {out.w, out.h}) args.push_back(IntegerArg{extent});
    args.push_back(image_view(to.place(y, packing), to.shape(y)));
    to.step(spec, args, to.hint_of(y));
}

void lower_global_pool(Lowering& to, const Node& node) {
    const Packing packing = to.packing_of(node);
    const ValueId x = node.inputs[0], y = node.outputs[0];
    GlobalPoolSpec spec;
    spec.packing = packing;
    spec.kind = std::get<GlobalPoolOp>(node.op).kind;
    const BufferView from = image_view(to.read(x, packing), to.shape(x));
    to.step(spec, {from, image_view(to.place(y, packing), to.shape(y))}, to.hint_of(x));
}

void lower_resize(Lowering& to, const Node& node) {
    const auto& op = std::get<ResizeOp>(node.op);
    const Packing packing = to.packing_of(node);
    const ValueId x = node.inputs[0], y = node.outputs[0];
    ResizeSpec spec;
    spec.packing = packing;
    spec.mode = op.mode;
    spec.coordinates = op.coordinates;
    if (op.mode == ResizeMode::nearest) spec.rounding = op.rounding;
    const ImageShape out = image_of(to.shape(y));
    const BufferView from = image_view(to.read(x, packing), to.shape(x));
    to.step(spec,
            {from, FloatArg{op.scale[1]}, FloatArg{op.scale[0]}, IntegerArg{out.w}, IntegerArg{out.h},
             image_view(to.place(y, packing), to.shape(y))},
            to.hint_of(y));
}

}  // namespace atrous
