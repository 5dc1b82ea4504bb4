#include "tests/reference/network.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <stdexcept>

#include "tests/reference/kernels.h"

namespace atrous::reference {
namespace {

using Shape = std::vector<int64_t>;

int64_t count_of(const Shape& shape) {
    return std::accumulate(shape.begin(), shape.end(), int64_t{1}, std::multiplies<>());
}

Shape strides_of(const Shape& shape) {
    Shape strides(shape.size());
    int64_t stride = 1;
    for (size_t d = shape.size(); d-- > 0; stride *= shape[d]) strides[d] = stride;
    return strides;
}

Array make(const Shape& shape, const std::function<double(const Shape&)>& element) {
    Array array{shape, {}};
    const int64_t count = count_of(shape);
    Shape index(shape.size());
    for (int64_t i = 0; i < count; ++i) {
        array.numbers.push_back(element(index));
        for (size_t d = shape.size(); d-- > 0;) {
            if (++index[d] < shape[d]) break;
            index[d] = 0;
        }
    }
    return array;
}

double at(const Array& array, const Shape& index) {
    const Shape strides = strides_of(array.shape);
    int64_t offset = 0;
    for (size_t d = 0; d < index.size(); ++d) offset += index[d] * strides[d];
    return array.numbers.at(static_cast<size_t>(offset));
}

// The element that numpy broadcasting pairs with `index`.
double broadcast_at(const Array& array, const Shape& index) {
    Shape own(array.shape.size());
    const size_t shift = index.size() - own.size();
    for (size_t d = 0; d < own.size(); ++d) own[d] = array.shape[d] == 1 ? 0 : index[d + shift];
    return at(array, own);
}

// Rank 3 as rank 4 with H = 1, and back: windows then have one form.
Array as_image(const Array& array) {
    if (array.shape.size() != 3) return array;
    return {{array.shape[0], array.shape[1], 1, array.shape[2]}, array.numbers};
}

bool inside(int64_t i, int64_t extent) {
    return i >= 0 && i < extent;
}

class Evaluation {
  public:
    Evaluation(const Network& network, const std::vector<Array>& inputs)
        : network_(network), inputs_(inputs), arrays_(network.values.size()) {
        for (size_t v = 0; v < arrays_.size(); ++v)
            if (const auto& constant = network.values[v].constant) {
                arrays_[v].shape = shape_of(static_cast<ValueId>(v));
                arrays_[v].numbers.assign(constant->floats.begin(), constant->floats.end());
                if (constant->floats.empty())
                    arrays_[v].numbers.assign(constant->integers.begin(), constant->integers.end());
            }
        for (size_t i = 0; i < inputs.size(); ++i) arrays_[network.inputs[i]] = inputs[i];
    }

    std::vector<Array> run() {
        for (const Node& node : network_.nodes) {
            node_ = &node;
            shape_ = shape_of(node.outputs[0]);
            arrays_[node.outputs[0]] = std::visit([&](const auto& op) { return compute(op); }, node.op);
            if (count_of(shape_) != static_cast<int64_t>(arrays_[node.outputs[0]].numbers.size()))
                throw std::logic_error("node " + node.name + " has another shape than declared");
            arrays_[node.outputs[0]].shape = shape_;
        }
        std::vector<Array> outputs;
        for (const ValueId v : network_.outputs) outputs.push_back(arrays_[v]);
        return outputs;
    }

  private:
    int64_t value_of(const Size& size) const { return static_cast<int64_t>(real_of(size)); }
    double real_of(const Size& size) const {
        return size.evaluate([&](uint32_t input, uint32_t dim) { return inputs_.at(input).shape.at(dim); });
    }
    Shape shape_of(ValueId v) const {
        Shape shape;
        for (const Size& extent : network_.values[v].shape) shape.push_back(value_of(extent));
        return shape;
    }
    Shape image_shape() const { return shape_.size() == 3 ? Shape{shape_[0], shape_[1], 1, shape_[2]} : shape_; }
    const Array& input(size_t i) const { return arrays_.at(node_->inputs.at(i)); }
    bool has_input(size_t i) const { return i < node_->inputs.size() && node_->inputs[i] != no_value; }

    Array compute(const ConvOp& op) const {
        const Array x = as_image(input(0)), w = as_image(input(1));
        const int64_t out_per_group = w.shape[0] / op.groups;
        return make(image_shape(), [&](const Shape& i) {
            double sum = has_input(2) ? at(input(2), {i[1]}) : 0;
            for (int64_t c = 0; c < w.shape[1]; ++c)
                for (int64_t v = 0; v < op.kernel[0]; ++v)
                    for (int64_t u = 0; u < op.kernel[1]; ++u) {
                        const int64_t y = i[2] * op.stride[0] + v * op.dilation[0] - op.pad_begin[0];
                        const int64_t z = i[3] * op.stride[1] + u * op.dilation[1] - op.pad_begin[1];
                        if (inside(y, x.shape[2]) && inside(z, x.shape[3]))
                            sum += at(x, {i[0], i[1] / out_per_group * w.shape[1] + c, y, z}) * at(w, {i[1], c, v, u});
                    }
            return sum;
        });
    }

    // Every input pixel spreads its filter over the output.
    Array compute(const TransposedConvOp& op) const {
        const Array x = as_image(input(0)), w = as_image(input(1));
        Array out = make(image_shape(), [&](const Shape& i) { return has_input(2) ? at(input(2), {i[1]}) : 0; });
        const Shape strides = strides_of(out.shape);
        const int64_t in_per_group = x.shape[1] / op.groups;
        make(x.shape, [&](const Shape& i) {
            for (int64_t c = 0; c < w.shape[1]; ++c)
                for (int64_t v = 0; v < op.kernel[0]; ++v)
                    for (int64_t u = 0; u < op.kernel[1]; ++u) {
                        const int64_t y = i[2] * op.stride[0] + v * op.dilation[0] - op.pad_begin[0];
                        const int64_t z = i[3] * op.stride[1] + u * op.dilation[1] - op.pad_begin[1];
                        if (!inside(y, out.shape[2]) || !inside(z, out.shape[3])) continue;
                        const int64_t channel = i[1] / in_per_group * w.shape[1] + c;
                        out.numbers[static_cast<size_t>(i[0] * strides[0] + channel * strides[1] + y * strides[2] +
                                                        z)] += at(x, i) * at(w, {i[1], c, v, u});
                    }
            return 0.0;
        });
        return out;
    }

    Array compute(const LinearOp&) const {
        const Array &x = input(0), &w = input(1);
        return make(shape_, [&](const Shape& i) {
            double sum = has_input(2) ? at(input(2), {i[1]}) : 0;
            for (int64_t k = 0; k < w.shape[0]; ++k) sum += at(x, {i[0], k}) * at(w, {k, i[1]});
            return sum;
        });
    }

    Array compute(const PoolOp& op) const {
        const Array x = as_image(input(0));
        return make(image_shape(), [&](const Shape& i) {
            double largest = -std::numeric_limits<double>::infinity(), sum = 0;
            int64_t taps = 0;
            for (int64_t v = 0; v < op.kernel[0]; ++v)
                for (int64_t u = 0; u < op.kernel[1]; ++u) {
                    const int64_t y = i[2] * op.stride[0] + v * op.dilation[0] - op.pad_begin[0];
                    const int64_t z = i[3] * op.stride[1] + u * op.dilation[1] - op.pad_begin[1];
                    const bool in = inside(y, x.shape[2]) && inside(z, x.shape[3]);
                    if (op.count_include_pad)
                        taps += y < x.shape[2] + op.pad_end[0] && z < x.shape[3] + op.pad_end[1];
                    else
                        taps += in;
                    if (!in) continue;
                    largest = std::max(largest, at(x, {i[0], i[1], y, z}));
                    sum += at(x, {i[0], i[1], y, z});
                }
            return op.kind == PoolKind::max ? largest : sum / static_cast<double>(taps);
        });
    }

    Array compute(const GlobalPoolOp& op) const {
        const Array x = as_image(input(0));
        return make({x.shape[0], x.shape[1]}, [&](const Shape& i) {
            double largest = -std::numeric_limits<double>::infinity(), sum = 0;
            for (int64_t y = 0; y < x.shape[2]; ++y)
                for (int64_t z = 0; z < x.shape[3]; ++z) {
                    largest = std::max(largest, at(x, {i[0], i[1], y, z}));
                    sum += at(x, {i[0], i[1], y, z});
                }
            return op.kind == PoolKind::max ? largest : sum / static_cast<double>(x.shape[2] * x.shape[3]);
        });
    }

    Array compute(const ResizeOp& op) const {
        const Array x = as_image(input(0));
        const Shape out = image_shape();
        const auto pixel = [&](const Shape& i, int64_t y, int64_t z) {
            return at(
                x, {i[0], i[1], std::clamp<int64_t>(y, 0, x.shape[2] - 1), std::clamp<int64_t>(z, 0, x.shape[3] - 1)});
        };
        return make(out, [&](const Shape& i) {
            const auto scale = [&](size_t axis) { return static_cast<float>(real_of(op.scale[axis])); };
            const float y = source_coordinate(op.coordinates, i[2], x.shape[2], out[2], scale(0));
            const float z = source_coordinate(op.coordinates, i[3], x.shape[3], out[3], scale(1));
            if (op.mode == ResizeMode::nearest)
                return pixel(i, nearest_coordinate(op.rounding, y), nearest_coordinate(op.rounding, z));
            const auto top = static_cast<int64_t>(std::floor(y)), left = static_cast<int64_t>(std::floor(z));
            const double v = y - static_cast<float>(top), u = z - static_cast<float>(left);
            return (1 - v) * ((1 - u) * pixel(i, top, left) + u * pixel(i, top, left + 1)) +
                   v * ((1 - u) * pixel(i, top + 1, left) + u * pixel(i, top + 1, left + 1));
        });
    }

    Array compute(const ElementwiseOp& op) const {
        return make(shape_, [&](const Shape& i) {
            double operands[3] = {0, 0, 0};
            for (size_t k = 0; k < node_->inputs.size(); ++k) operands[k] = broadcast_at(input(k), i);
            return apply_function(op.function, operands[0], operands[1], operands[2], op.alpha, op.beta);
        });
    }

    Array compute(const SoftmaxOp& op) const {
        const Array& x = input(0);
        const auto axis = static_cast<size_t>(op.axis);
        return make(shape_, [&](Shape i) {
            const double own = at(x, i);
            double largest = own, sum = 0;
            for (i[axis] = 0; i[axis] < shape_[axis]; ++i[axis]) largest = std::max(largest, at(x, i));
            for (i[axis] = 0; i[axis] < shape_[axis]; ++i[axis]) sum += std::exp(at(x, i) - largest);
            return op.logarithm ? own - largest - std::log(sum) : std::exp(own - largest) / sum;
        });
    }

    Array compute(const ArgmaxOp& op) const {
        const Array& x = input(0);
        const auto axis = static_cast<size_t>(op.axis);
        Shape reduced = x.shape;
        reduced[axis] = 1;
        return make(reduced, [&](Shape i) {
            int64_t best = 0;
            double champion = -std::numeric_limits<double>::infinity();
            for (; i[axis] < x.shape[axis]; ++i[axis]) {
                const double number = at(x, i);
                if (number < champion || (number == champion && !op.select_last)) continue;
                champion = number;
                best = i[axis];
            }
            return static_cast<double>(best);
        });
    }

    Array compute(const InstanceNormOp& op) const {
        const Array& x = input(0);
        const int64_t inner = count_of(x.shape) / (x.shape[0] * x.shape[1]);
        Array result = x;
        for (int64_t plane = 0; plane < x.shape[0] * x.shape[1]; ++plane) {
            const auto first = x.numbers.begin() + plane * inner;
            const double mean = std::accumulate(first, first + inner, 0.0) / static_cast<double>(inner);
            double variance = 0;
            for (int64_t i = 0; i < inner; ++i) variance += (first[i] - mean) * (first[i] - mean);
            variance /= static_cast<double>(inner);
            for (int64_t i = 0; i < inner; ++i)
                result.numbers[static_cast<size_t>(plane * inner + i)] =
                    (first[i] - mean) / std::sqrt(variance + op.epsilon) * at(input(1), {plane % x.shape[1]}) +
                    at(input(2), {plane % x.shape[1]});
        }
        return result;
    }

    Array compute(const ConcatOp& op) const {
        const auto axis = static_cast<size_t>(op.axis);
        return make(shape_, [&](Shape i) {
            size_t k = 0;
            for (; i[axis] >= input(k).shape[axis]; ++k) i[axis] -= input(k).shape[axis];
            return at(input(k), i);
        });
    }

    Array compute(const SliceOp& op) const {
        return make(shape_, [&](Shape i) {
            for (size_t d = 0; d < i.size(); ++d) i[d] = value_of(op.begin[d]) + i[d] * op.step[d];
            return at(input(0), i);
        });
    }

    Array compute(const PadOp& op) const {
        return make(shape_, [&](Shape i) {
            for (size_t d = 0; d < i.size(); ++d) {
                i[d] = padded_coordinate(op.mode, i[d] - value_of(op.begin[d]), input(0).shape[d]);
                if (i[d] < 0) return static_cast<double>(op.value);
            }
            return at(input(0), i);
        });
    }

    Array compute(const TransposeOp& op) const {
        return make(shape_, [&](const Shape& i) {
            Shape from(i.size());
            for (size_t d = 0; d < i.size(); ++d) from[static_cast<size_t>(op.perm[d])] = i[d];
            return at(input(0), from);
        });
    }

    Array compute(const ReshapeOp&) const { return input(0); }
    Array compute(const ExpandOp&) const {
        return make(shape_, [&](const Shape& i) { return broadcast_at(input(0), i); });
    }

    Array compute(const DepthToSpaceOp& op) const {
        const int64_t b = op.block;
        return make(shape_, [&](const Shape& i) {
            const int64_t by = i[2] % b, bx = i[3] % b;
            const int64_t c = op.column_row_depth ? (i[1] * b + by) * b + bx : (by * b + bx) * shape_[1] + i[1];
            return at(input(0), {i[0], c, i[2] / b, i[3] / b});
        });
    }

    Array compute(const SpaceToDepthOp& op) const {
        const int64_t b = op.block, channels = input(0).shape[1];
        return make(shape_, [&](const Shape& i) {
            const int64_t by = i[1] / channels / b, bx = i[1] / channels % b;
            return at(input(0), {i[0], i[1] % channels, i[2] * b + by, i[3] * b + bx});
        });
    }

    Array compute(const CastOp&) const {
        const ElementType type = network_.values[node_->outputs[0]].type;
        Array result = input(0);
        for (double& number : result.numbers) {
            if (type == ElementType::boolean)
                number = number != 0;
            else if (type != ElementType::f32 && type != ElementType::f64)
                number = std::trunc(number);
        }
        return result;
    }

    const Network& network_;
    const std::vector<Array>& inputs_;
    std::vector<Array> arrays_;
    const Node* node_ = nullptr;
    Shape shape_;
};

}  // namespace

std::vector<Array> evaluate_network(const Network& network, const std::vector<Array>& inputs) {
    return Evaluation(network, inputs).run();
}

}  // namespace atrous::reference
