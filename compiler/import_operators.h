// One function per ONNX operator, or per family that differs by a table. Each reads a node's inputs and attributes,
// refuses what is not supported, folds what is known, and adds the network's nodes for the rest.
#pragma once

#include "compiler/import_node.h"

namespace atrous {

// import_conv.cpp
void import_conv(NodeImport&);
void import_conv_transpose(NodeImport&);
// import_pool.cpp
void import_pool(NodeImport&);         // MaxPool, AveragePool
void import_global_pool(NodeImport&);  // GlobalMaxPool, GlobalAveragePool
// import_normalise.cpp
void import_batch_normalization(NodeImport&);
void import_instance_normalization(NodeImport&);
// import_resize.cpp
void import_resize(NodeImport&);
void import_upsample(NodeImport&);
// import_elementwise.cpp
void import_elementwise(NodeImport&);  // everything that has one value per element; the table is there
void import_clip(NodeImport&);
void import_gelu(NodeImport&);
void import_swish(NodeImport&);
void import_where(NodeImport&);
// import_linear.cpp
void import_gemm(NodeImport&);
void import_matmul(NodeImport&);
// import_reduce.cpp
void import_reduce(NodeImport&);   // ReduceMean, ReduceSum, ReduceMax, ReduceMin, ReduceProd
void import_softmax(NodeImport&);  // LogSoftmax too
void import_argmax(NodeImport&);
// import_values.cpp
void import_constant(NodeImport&);
void import_constant_of_shape(NodeImport&);
void import_shape(NodeImport&);
void import_size(NodeImport&);
void import_range(NodeImport&);
void import_identity(NodeImport&);
void import_dropout(NodeImport&);
void import_cast(NodeImport&);
void import_cast_like(NodeImport&);
// import_reshape.cpp
void import_reshape(NodeImport&);
void import_flatten(NodeImport&);
void import_squeeze(NodeImport&);
void import_unsqueeze(NodeImport&);
void import_expand(NodeImport&);
void import_transpose(NodeImport&);
// import_move.cpp
void import_concat(NodeImport&);
void import_split(NodeImport&);
void import_slice(NodeImport&);
void import_gather(NodeImport&);
void import_depth_to_space(NodeImport&);
void import_space_to_depth(NodeImport&);
// import_pad.cpp
void import_pad(NodeImport&);
// import_refused.cpp: operators that are refused with a reason of their own
void refuse_operator(NodeImport&);

// A node that gives `input` the shape of the same elements (Reshape), unless it has it already.
ValueId add_reshape(NodeImport& node, ValueId input, const std::vector<Size>& shape);
ValueId add_elementwise(NodeImport& node, ElementwiseFunction function, const std::vector<ValueId>& inputs,
                        float alpha = 0, float beta = 0);
ValueId add_transpose(NodeImport& node, ValueId input, const std::vector<int64_t>& perm);

}  // namespace atrous
