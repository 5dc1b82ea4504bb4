// Networks made by hand for the tests of passes and lowering, with random weights; and the comparison of what is
// lowered with the same network computed node by node.
#pragma once

#include <random>
#include <string>
#include <vector>

#include "compiler/ir.h"
#include "compiler/lower.h"

namespace atrous::test {

class NetworkMaker {
  public:
    explicit NetworkMaker(uint32_t seed = 1) : random_(seed) { network.file = "test.onnx"; }

    Network network;

    // A dimension of 0 is free.
    ValueId input(const std::string& name, const std::vector<int64_t>& shape);
    ValueId constant(const std::vector<int64_t>& shape, float low = -1, float high = 1);
    ValueId number(float value);
    ValueId numbers(const std::vector<int64_t>& shape, std::vector<float> values);
    ValueId node(const std::string& onnx_type, const Op& op, std::vector<ValueId> inputs, std::vector<Size> shape,
                 ElementType type = ElementType::f32);
    void output(ValueId v) { network.outputs.push_back(v); }

    // Nodes whose result shape follows from the operator.
    ValueId conv(ValueId x, int64_t channels, const ConvOp& op, bool bias = true);
    ValueId transposed(ValueId x, int64_t channels, const TransposedConvOp& op, bool bias = true);
    ValueId linear(ValueId x, int64_t columns);
    ValueId pool(ValueId x, const PoolOp& op);
    ValueId global_pool(ValueId x, const GlobalPoolOp& op);
    ValueId resize(ValueId x, int64_t factor, ResizeMode mode);
    ValueId unary(ElementwiseFunction function, ValueId x, float alpha = 0, float beta = 0);
    ValueId binary(ElementwiseFunction function, ValueId a, ValueId b);
    ValueId concat(const std::vector<ValueId>& parts, int64_t axis);
    ValueId slice(ValueId x, size_t axis, int64_t begin, int64_t length, int64_t step = 1);
    ValueId pad(ValueId x, const std::vector<int64_t>& begin, const std::vector<int64_t>& end, PadMode mode,
                float value = 0);
    ValueId transpose(ValueId x, const std::vector<int64_t>& perm);
    ValueId reshape(ValueId x, const std::vector<Size>& out);

    const std::vector<Size>& shape(ValueId v) const { return network.values[v].shape; }

  private:
    std::mt19937 random_;
};

// Square windows.
ConvOp window(int64_t kernel, int64_t stride = 1, int64_t dilation = 1, int64_t pad = 0, int64_t groups = 1);
TransposedConvOp transposed_window(int64_t kernel, int64_t stride, int64_t dilation, int64_t pad,
                                   int64_t output_padding, int64_t groups = 1);

// Lowers for a target with blocked schedules and for one with planar ones, runs both plans with naive kernels on random
// inputs of these shapes, and requires that every output equals the network's own. Returns the blocked one.
LoweredNetwork require_equal(const Network& network, const std::vector<std::vector<int64_t>>& input_shapes,
                             bool keep_all = false);

// The same of one that is lowered already.
void require_right(const LoweredNetwork& lowered, const Network& network,
                   const std::vector<std::vector<int64_t>>& input_shapes);

std::vector<std::string> kernel_names(const LoweredNetwork& network);  // of every step, in order
int count_of(const std::vector<std::string>& names, const std::string& prefix);

}  // namespace atrous::test
