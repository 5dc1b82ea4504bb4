// plan_text(): the plan as a reader wants to see it.
#include <array>
#include <cstring>
#include <sstream>

#include "compiler/lower.h"
#include "runtime/plan_view.h"

namespace atrous {
namespace {

constexpr std::array element_names{"f32", "i64", "i32", "u8", "boolean", "i8", "f64", "f16"};
constexpr std::array kind_names{"arena", "weights", "input", "output", "scratch"};
constexpr std::array operator_names{"",          "",    "+",   "-",   "*",     "/",     "floor_div",
                                    "trunc_div", "mod", "min", "max", "floor", "ceil",  "round_even",
                                    "sqrt",      "neg", "f32", "==",  "<",     "select"};

class PlanText {
  public:
    explicit PlanText(const LoweredNetwork& network)
        : network_(network),
          blob_((network.plan.size() + 7) / 8),
          view_(reinterpret_cast<const uint8_t*>(blob_.data())) {
        std::memcpy(blob_.data(), network.plan.data(), network.plan.size());
    }

    std::string text() {
        const plan::Header& header = view_.header();
        ports("input", view_.inputs(), header.inputs.count);
        ports("output", view_.outputs(), header.outputs.count);
        for (uint64_t i = 0; i < header.constraints.count; ++i)
            out_ << "require " << expression(view_.constraints()[i].condition) << ": "
                 << view_.string(view_.constraints()[i].message) << "\n";
        for (uint32_t t = 0; t < header.tensors.count; ++t) tensor(t);
        for (uint32_t s = 0; s < header.steps.count; ++s) {
            for (uint64_t i = 0; i < header.loops.count; ++i)
                if (view_.loops()[i].first_step == s) loop(view_.loops()[i]);
            step(s);
        }
        return out_.str();
    }

  private:
    void ports(const char* what, const plan::Port* port, uint64_t count) {
        for (uint64_t i = 0; i < count; ++i) {
            out_ << what << " " << view_.string(port[i].name) << " " << element_names[size_t(port[i].element)] << " [";
            for (uint32_t d = 0; d < port[i].rank; ++d) out_ << (d ? ", " : "") << expression(port[i].dims[d]);
            out_ << "]\n";
        }
    }

    void tensor(uint32_t t) {
        const plan::Tensor& tensor = view_.tensors()[t];
        out_ << "tensor " << t << " " << kind_names[size_t(tensor.kind)] << " " << element_names[size_t(tensor.element)]
             << "[" << expression(tensor.size) << "] \"" << view_.string(tensor.name) << "\"";
        const bool lives = tensor.kind == plan::TensorKind::arena || tensor.kind == plan::TensorKind::scratch;
        if (lives) out_ << " steps " << tensor.first_step << ".." << tensor.last_step;
        if (tensor.kind == plan::TensorKind::weights) out_ << " at " << tensor.offset;
        out_ << "\n";
    }

    void loop(const plan::Loop& loop) {
        out_ << "loop over steps " << loop.first_step << ".." << loop.last_step << ", " << expression(loop.iterations)
             << " iterations\n";
    }

    void step(uint32_t s) {
        const plan::Step& step = view_.steps()[s];
        out_ << "step " << s << " " << name_of(network_.kernels[step.kernel].spec) << " \"" << view_.name_of(step)
             << "\"";
        if (step.skip != plan::none) out_ << " skip if " << expression(step.skip);
        out_ << "\n";
        for (uint32_t a = 0; a < step.arg_count; ++a) {
            const plan::Arg& arg = view_.args()[step.first_arg + a];
            if (arg.kind == plan::ArgKind::buffer)
                buffer(view_.buffers()[arg.index]);
            else if (arg.kind == plan::ArgKind::iteration)
                out_ << "    iteration\n";
            else
                out_ << "    " << expression(arg.index) << "\n";
        }
    }

    void buffer(const plan::Buffer& buffer) {
        out_ << "    tensor " << buffer.tensor << " + " << expression(buffer.offset) << " [";
        for (uint32_t d = 0; d < buffer.rank; ++d) {
            const plan::Dim& dim = view_.dims()[buffer.first_dim + d];
            out_ << (d ? ", " : "") << expression(dim.extent) << ":" << expression(dim.stride);
        }
        out_ << "]";
        if (buffer.iteration_stride != plan::none) out_ << " moving by " << expression(buffer.iteration_stride);
        out_ << "\n";
    }

    std::string expression(uint32_t index) const {
        const plan::Expr& e = view_.expressions()[index];
        std::ostringstream text;
        text.precision(15);
        const auto* name = operator_names[size_t(e.op)];
        switch (e.op) {
        case plan::ExprOp::constant:
            text << e.value;
            break;
        case plan::ExprOp::input_dim:
            text << dimension(e.a, e.b);
            break;
        case plan::ExprOp::add:
        case plan::ExprOp::sub:
        case plan::ExprOp::mul:
        case plan::ExprOp::div:
        case plan::ExprOp::equal:
        case plan::ExprOp::less:
            text << "(" << expression(e.a) << " " << name << " " << expression(e.b) << ")";
            break;
        default: {
            const uint32_t operands[] = {e.a, e.b, e.c};
            text << name << "(";
            for (uint32_t n = 0; n < plan::operand_count(e.op); ++n) text << (n ? ", " : "") << expression(operands[n]);
            text << ")";
        }
        }
        return text.str();
    }

    std::string dimension(uint32_t input, uint32_t dim) const {
        const uint32_t name = view_.inputs()[input].names[dim];
        return name == plan::none ? "input" + std::to_string(input) + "." + std::to_string(dim) : view_.string(name);
    }

    const LoweredNetwork& network_;
    std::vector<uint64_t> blob_;  // aligned
    plan::PlanView view_;
    std::ostringstream out_;
};

}  // namespace

std::string plan_text(const LoweredNetwork& network) {
    return PlanText(network).text();
}

}  // namespace atrous
