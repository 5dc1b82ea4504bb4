#include "tests/reference/interpreter.h"

#include <cmath>
#include <cstring>
#include <memory>
#include <unordered_set>

#include "runtime/plan_view.h"
#include "tests/reference/kernels.h"

namespace atrous::reference {
namespace {

using plan::ExprOp;

class PlanRun {
  public:
    PlanRun(const LoweredNetwork& network, const std::vector<PlanTensor>& inputs)
        : network_(network), inputs_(inputs), blob_((network.plan.size() + 7) / 8), plan_(aligned_copy()) {}

    std::vector<PlanTensor> run() {
        if (!plan_.is_valid()) throw Violation("the plan is not valid");
        check_inputs();
        storages_.resize(plan_.header().tensors.count);
        evaluate();
        check_declared_dims();
        check_constraints();
        make_outputs();
        for (uint32_t t = 0; t < storages_.size(); ++t) {
            const plan::TensorKind kind = plan_.tensors()[t].kind;
            const bool lives_in_a_step = kind == plan::TensorKind::arena || kind == plan::TensorKind::scratch;
            if (!lives_in_a_step) bind(t);
        }
        for (uint32_t s = 0; s < plan_.header().steps.count; ++s) {
            if (const plan::Loop* loop = loop_at(s)) {
                run_loop(*loop);
                s = loop->last_step;
            } else {
                bind_all(plan::TensorKind::arena, s, s);
                call(s);
                release_all(plan::TensorKind::arena, s, s);
            }
        }
        check_outputs();
        return std::move(outputs_);
    }

  private:
    struct Block {
        std::vector<std::byte> bytes;
        Storage storage;
    };

    const uint8_t* aligned_copy() {
        std::memcpy(blob_.data(), network_.plan.data(), network_.plan.size());
        return reinterpret_cast<const uint8_t*>(blob_.data());
    }

    const plan::Loop* loop_at(uint32_t step) const {
        for (uint64_t i = 0; i < plan_.header().loops.count; ++i)
            if (plan_.loops()[i].first_step == step) return &plan_.loops()[i];
        return nullptr;
    }

    // From the last iteration to the first, so that one that needs those before it reads what nobody wrote.
    void run_loop(const plan::Loop& loop) {
        bind_all(plan::TensorKind::arena, loop.first_step, loop.last_step);
        for (iteration_ = whole(loop.iterations) - 1; iteration_ >= 0; --iteration_)
            for (uint32_t s = loop.first_step; s <= loop.last_step; ++s) {
                bind_all(plan::TensorKind::scratch, s, s);
                call(s);
                release_all(plan::TensorKind::scratch, s, s);
            }
        release_all(plan::TensorKind::arena, loop.first_step, loop.last_step);
    }

    // Tensors whose life begins in the steps first … last.
    void bind_all(plan::TensorKind kind, uint32_t first, uint32_t last) {
        for (uint32_t t = 0; t < storages_.size(); ++t) {
            const plan::Tensor& tensor = plan_.tensors()[t];
            const bool lives = tensor.kind == kind && tensor.first_step <= tensor.last_step;
            if (lives && tensor.first_step >= first && tensor.first_step <= last) bind(t);
        }
    }

    void release_all(plan::TensorKind kind, uint32_t first, uint32_t last) {
        for (uint32_t t = 0; t < storages_.size(); ++t) {
            const plan::Tensor& tensor = plan_.tensors()[t];
            if (tensor.kind == kind && tensor.last_step >= first && tensor.last_step <= last) storages_[t].reset();
        }
    }

    void check_inputs() const {
        if (inputs_.size() != plan_.header().inputs.count) throw Violation("wrong number of inputs");
        for (size_t i = 0; i < inputs_.size(); ++i) {
            const plan::Port& port = plan_.inputs()[i];
            if (inputs_[i].element != port.element || inputs_[i].shape.size() != port.rank)
                throw Violation(std::string("input ") + plan_.string(port.name) + " has another type or rank");
        }
    }

    void evaluate() {
        values_.clear();
        for (uint32_t e = 0; e < plan_.header().expressions.count; ++e)
            values_.push_back(value_of(plan_.expressions()[e]));
    }

    void check_declared_dims() const {
        for (size_t i = 0; i < inputs_.size(); ++i)
            for (uint32_t d = 0; d < plan_.inputs()[i].rank; ++d)
                if (values_[plan_.inputs()[i].dims[d]] != static_cast<double>(inputs_[i].shape[d]))
                    throw Violation("an input's declared dimension differs");
    }

    double value_of(const plan::Expr& e) const {
        const auto a = [&] { return values_.at(e.a); };
        const auto b = [&] { return values_.at(e.b); };
        switch (e.op) {
        case ExprOp::constant:
            return e.value;
        case ExprOp::input_dim:
            return static_cast<double>(inputs_.at(e.a).shape.at(e.b));
        case ExprOp::add:
            return a() + b();
        case ExprOp::sub:
            return a() - b();
        case ExprOp::mul:
            return a() * b();
        case ExprOp::div:
            return a() / b();
        case ExprOp::floor_div:
            return std::floor(a() / b());
        case ExprOp::trunc_div:
            return std::trunc(a() / b());
        case ExprOp::mod:
            return a() - b() * std::floor(a() / b());
        case ExprOp::min:
            return std::min(a(), b());
        case ExprOp::max:
            return std::max(a(), b());
        case ExprOp::floor:
            return std::floor(a());
        case ExprOp::ceil:
            return std::ceil(a());
        case ExprOp::round_even:
            return std::nearbyint(a());
        case ExprOp::sqrt:
            return std::sqrt(a());
        case ExprOp::neg:
            return -a();
        case ExprOp::to_f32:
            return static_cast<float>(a());
        case ExprOp::equal:
            return a() == b();
        case ExprOp::less:
            return a() < b();
        case ExprOp::select:
            return a() != 0 ? b() : values_.at(e.c);
        }
        throw Violation("unknown operation in an expression");
    }

    double number(uint32_t expression) const { return values_.at(expression); }

    int64_t whole(uint32_t expression) const {
        const double value = number(expression);
        if (value != std::floor(value)) throw Violation("a size is not a whole number: " + std::to_string(value));
        return static_cast<int64_t>(value);
    }

    void check_constraints() const {
        for (uint64_t i = 0; i < plan_.header().constraints.count; ++i)
            if (values_.at(plan_.constraints()[i].condition) == 0)
                throw Violation(plan_.string(plan_.constraints()[i].message));
    }

    void make_outputs() {
        for (uint64_t o = 0; o < plan_.header().outputs.count; ++o) {
            const plan::Port& port = plan_.outputs()[o];
            PlanTensor output{plan_.string(port.name), port.element, {}, {}};
            size_t count = 1;
            for (uint32_t d = 0; d < port.rank; ++d) {
                output.shape.push_back(whole(port.dims[d]));
                count *= static_cast<size_t>(output.shape.back());
            }
            output.bytes.resize(count * plan::size_of(port.element));
            outputs_.push_back(std::move(output));
        }
    }

    void bind(uint32_t t) {
        const plan::Tensor& tensor = plan_.tensors()[t];
        auto block = std::make_unique<Block>();
        Storage& storage = block->storage;
        storage.name = std::string("tensor ") + std::to_string(t) + " \"" + plan_.string(tensor.name) + "\"";
        storage.bytes = static_cast<size_t>(whole(tensor.size)) * plan::size_of(tensor.element);
        switch (tensor.kind) {
        case plan::TensorKind::arena:
        case plan::TensorKind::scratch:
            block->bytes.assign(storage.bytes, std::byte{0xff});  // NaN
            storage.data = block->bytes.data();
            storage.written.assign(storage.bytes, false);
            break;
        case plan::TensorKind::weights:
            if (tensor.offset % 64 != 0 || tensor.offset + storage.bytes > network_.weights.size())
                throw Violation(storage.name + " lies outside the weights");
            storage.data = reinterpret_cast<std::byte*>(const_cast<uint8_t*>(network_.weights.data())) + tensor.offset;
            storage.read_only = true;
            break;
        case plan::TensorKind::input:
            storage.data = const_cast<std::byte*>(inputs_.at(tensor.index).bytes.data());
            if (storage.bytes != inputs_.at(tensor.index).bytes.size())
                throw Violation(storage.name + " differs in size");
            storage.read_only = true;
            break;
        case plan::TensorKind::output:
            storage.data = outputs_.at(tensor.index).bytes.data();
            if (storage.bytes != outputs_.at(tensor.index).bytes.size())
                throw Violation(storage.name + " differs in size");
            storage.written.assign(storage.bytes, false);
            break;
        }
        storages_[t] = std::move(block);
    }

    void call(uint32_t s) {
        const plan::Step& step = plan_.steps()[s];
        if (step.skip != plan::none && number(step.skip) != 0) return;
        std::vector<Arg> args;
        for (uint32_t a = 0; a < step.arg_count; ++a) {
            const plan::Arg& arg = plan_.args()[step.first_arg + a];
            if (arg.kind == plan::ArgKind::buffer)
                args.emplace_back(view(plan_.buffers()[arg.index]));
            else if (arg.kind == plan::ArgKind::iteration)
                args.emplace_back(static_cast<int32_t>(iteration_));
            else if (arg.kind == plan::ArgKind::i32)
                args.emplace_back(static_cast<int32_t>(whole(arg.index)));
            else
                args.emplace_back(static_cast<float>(number(arg.index)));
        }
        const KernelSpec& spec = network_.kernels.at(step.kernel).spec;
        try {
            check_overlap(args);
            run_reference(spec, args);
        } catch (const Violation& violation) {
            throw Violation("step " + std::to_string(s) + " (" + name_of(spec) + ", node \"" + plan_.name_of(step) +
                            "\"): " + violation.what());
        }
    }

    // Kernels may write an element twice: no input may share one with the output, which is the last argument.
    static void check_overlap(const std::vector<Arg>& args) {
        const auto* output = std::get_if<View>(&args.back());
        if (!output) throw Violation("the last argument is not a buffer");
        std::unordered_set<const void*> written;
        for (const Arg& arg : args) {
            const auto* input = std::get_if<View>(&arg);
            if (!input || input == output || input->storage != output->storage) continue;
            if (written.empty()) for_each_address(*output, [&](const void* address) { written.insert(address); });
            for_each_address(*input, [&](const void* address) {
                if (written.contains(address)) throw Violation("an input overlaps the output");
            });
        }
    }

    template <class Body>
    static void for_each_address(const View& view, Body&& body, size_t dim = 0, int64_t offset = 0) {
        if (dim == view.dims.size())
            return body(static_cast<std::byte*>(view.data) + offset * int64_t{plan::size_of(view.element)});
        for (int64_t i = 0; i < view.dims[dim].extent; ++i)
            for_each_address(view, body, dim + 1, offset + i * view.dims[dim].stride);
    }

    // The described extents must lie inside the tensor; the executor checks the same.
    View view(const plan::Buffer& buffer) const {
        const auto& block = storages_.at(buffer.tensor);
        if (!block) throw Violation("a step uses tensor " + std::to_string(buffer.tensor) + " outside its lifetime");
        Storage& storage = block->storage;
        const auto bytes = static_cast<int64_t>(plan::size_of(buffer.element));
        int64_t low = whole(buffer.offset);
        if (buffer.iteration_stride != plan::none) low += iteration_ * whole(buffer.iteration_stride);
        View result{storage.data + low * bytes, buffer.element, {}, &storage};
        int64_t high = low;
        bool empty = false;
        for (uint32_t d = 0; d < buffer.rank; ++d) {
            const plan::Dim& dim = plan_.dims()[buffer.first_dim + d];
            result.dims.push_back({whole(dim.min), whole(dim.extent), whole(dim.stride)});
            const int64_t reach = (result.dims.back().extent - 1) * result.dims.back().stride;
            (reach < 0 ? low : high) += reach;
            if (result.dims.back().extent < 0) throw Violation(storage.name + " is seen with a negative extent");
            empty = empty || result.dims.back().extent == 0;
        }
        if (!empty && (low < 0 || (high + 1) * bytes > static_cast<int64_t>(storage.bytes)))
            throw Violation("a view reaches outside " + storage.name);
        return result;
    }

    void check_outputs() const {
        for (const auto& block : storages_)
            if (block && !block->storage.read_only)
                for (const bool written : block->storage.written)
                    if (!written) throw Violation(block->storage.name + ", an output, is not written everywhere");
    }

    const LoweredNetwork& network_;
    const std::vector<PlanTensor>& inputs_;
    std::vector<uint64_t> blob_;
    plan::PlanView plan_;
    std::vector<double> values_;
    std::vector<std::unique_ptr<Block>> storages_;
    std::vector<PlanTensor> outputs_;
    int64_t iteration_ = 0;
};

}  // namespace

PlanTensor PlanTensor::of(std::vector<int64_t> shape, const std::vector<float>& numbers) {
    PlanTensor tensor{"", plan::ElementType::f32, std::move(shape), std::vector<std::byte>(numbers.size() * 4)};
    std::memcpy(tensor.bytes.data(), numbers.data(), tensor.bytes.size());
    return tensor;
}

std::vector<float> PlanTensor::floats() const {
    std::vector<float> numbers(bytes.size() / 4);
    std::memcpy(numbers.data(), bytes.data(), bytes.size());
    return numbers;
}

std::vector<int64_t> PlanTensor::integers() const {
    std::vector<int64_t> numbers(bytes.size() / 8);
    std::memcpy(numbers.data(), bytes.data(), bytes.size());
    return numbers;
}

std::vector<PlanTensor> run_plan(const LoweredNetwork& network, const std::vector<PlanTensor>& inputs) {
    return PlanRun(network, inputs).run();
}

}  // namespace atrous::reference
