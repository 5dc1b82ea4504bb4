// Makes plan blobs by hand, for tests of the executor.
#pragma once

#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "runtime/plan.h"

namespace atrous::plan {

class PlanWriter {
  public:
    uint32_t constant(double value) { return expression(ExprOp::constant, 0, 0, 0, value); }
    uint32_t input_dim(uint32_t input, uint32_t dim) { return expression(ExprOp::input_dim, input, dim); }
    uint32_t expression(ExprOp op, uint32_t a, uint32_t b = 0, uint32_t c = 0, double value = 0) {
        expressions.push_back({op, a, b, c, value});
        return static_cast<uint32_t>(expressions.size() - 1);
    }
    uint32_t string(const std::string& text) {
        const uint32_t offset = static_cast<uint32_t>(strings.size());
        strings.insert(strings.end(), text.c_str(), text.c_str() + text.size() + 1);
        return offset;
    }
    uint32_t tensor(TensorKind kind, uint32_t size, uint32_t index, uint32_t first, uint32_t last,
                    uint64_t offset = 0) {
        tensors.push_back({kind, ElementType::f32, size, index, first, last, offset, string("tensor"), 0});
        return static_cast<uint32_t>(tensors.size() - 1);
    }
    // A one-dimensional view of `extent` elements.
    uint32_t vector(uint32_t tensor, uint32_t offset, uint32_t extent, uint32_t stride) {
        const uint32_t first_dim = static_cast<uint32_t>(dims.size());
        dims.push_back({constant(0), extent, stride});
        buffers.push_back({tensor, ElementType::f32, offset, 1, first_dim, none});
        return static_cast<uint32_t>(buffers.size() - 1);
    }
    // The same, moving by `iteration_stride` elements from an iteration to the next.
    uint32_t moving(uint32_t tensor, uint32_t offset, uint32_t extent, uint32_t stride, uint32_t iteration_stride) {
        const uint32_t view = vector(tensor, offset, extent, stride);
        buffers[view].iteration_stride = iteration_stride;
        return view;
    }
    // A view of extent and stride per dimension, innermost first.
    uint32_t view(uint32_t tensor, uint32_t offset, const std::vector<std::pair<uint32_t, uint32_t>>& extents) {
        const uint32_t first_dim = static_cast<uint32_t>(dims.size()), zero = constant(0);
        for (const auto& [extent, stride] : extents) dims.push_back({zero, extent, stride});
        buffers.push_back({tensor, ElementType::f32, offset, static_cast<uint32_t>(extents.size()), first_dim, none});
        return static_cast<uint32_t>(buffers.size() - 1);
    }
    void step(uint32_t kernel, const std::vector<Arg>& arguments, uint32_t skip = none) {
        steps.push_back(
            {kernel, static_cast<uint32_t>(args.size()), static_cast<uint32_t>(arguments.size()), none, skip});
        args.insert(args.end(), arguments.begin(), arguments.end());
    }
    // The steps so far that are of no operator yet are this one's.
    void add_operator(const std::string& name) {
        operators.push_back({string(name)});
        for (Step& step : steps) {
            if (step.operator_index == none) step.operator_index = static_cast<uint32_t>(operators.size() - 1);
        }
    }
    // The last `count` steps.
    void loop(uint32_t count, uint32_t iterations) {
        const uint32_t end = static_cast<uint32_t>(steps.size());
        loops.push_back({end - count, end - 1, iterations, 0});
    }
    void input(const std::vector<uint32_t>& sizes, ElementType type = ElementType::f32) {
        inputs.push_back(port("x", sizes, type));
    }
    void output(const std::vector<uint32_t>& sizes, ElementType type = ElementType::f32) {
        outputs.push_back(port("y", sizes, type));
    }
    void constraint(uint32_t condition, const std::string& message) {
        constraints.push_back({condition, string(message)});
    }

    // 8-byte aligned words.
    std::vector<uint64_t> blob(uint32_t kernel_count = 8) const {
        Header header{};
        header.magic = magic;
        header.abi_version = abi_version;
        header.kernel_count = kernel_count;
        std::vector<uint64_t> words((sizeof header + 7) / 8);
        append(words, header.expressions, expressions);
        append(words, header.tensors, tensors);
        append(words, header.dims, dims);
        append(words, header.buffers, buffers);
        append(words, header.args, args);
        append(words, header.operators, operators);
        append(words, header.steps, steps);
        append(words, header.loops, loops);
        append(words, header.inputs, inputs);
        append(words, header.outputs, outputs);
        append(words, header.constraints, constraints);
        append(words, header.strings, strings);
        header.bytes = words.size() * 8;
        std::memcpy(words.data(), &header, sizeof header);
        return words;
    }

    std::vector<Expr> expressions;
    std::vector<Tensor> tensors;
    std::vector<Dim> dims;
    std::vector<Buffer> buffers;
    std::vector<Arg> args;
    std::vector<Operator> operators;
    std::vector<Step> steps;
    std::vector<Loop> loops;
    std::vector<Port> inputs, outputs;
    std::vector<Constraint> constraints;
    std::vector<char> strings;

  private:
    Port port(const std::string& name, const std::vector<uint32_t>& sizes, ElementType type) {
        Port port{};
        port.name = string(name);
        port.element = type;
        port.rank = static_cast<uint32_t>(sizes.size());
        for (uint32_t d = 0; d < max_rank; ++d) {
            port.dims[d] = d < port.rank ? sizes[d] : none;
            port.names[d] = none;
        }
        return port;
    }
    template <typename T>
    static void append(std::vector<uint64_t>& words, Table& table, const std::vector<T>& items) {
        table = {words.size() * 8, items.size()};
        words.resize(words.size() + (items.size() * sizeof(T) + 7) / 8);
        if (!items.empty()) std::memcpy(words.data() + table.offset / 8, items.data(), items.size() * sizeof(T));
    }
};

}  // namespace atrous::plan
