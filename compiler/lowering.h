// The state of a lowering: where every value lies by now, the kernels asked for, and the plan that grows step by step.
// lower_*.cpp turn one kind of node each into steps, with what is here.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "compiler/graph.h"
#include "compiler/layout.h"
#include "compiler/location.h"
#include "compiler/lower.h"
#include "compiler/plan_builder.h"
#include "compiler/row_loops.h"
#include "schedules/algorithm.h"

namespace atrous {

// One dimension of a copy: how far to go in the source and in the destination.
struct CopyDim {
    Size extent, from, to;
};

class Lowering {
  public:
    Lowering(Network network, const LowerOptions& options);
    LoweredNetwork run();

    const Network& network() const { return network_; }
    const Graph& graph() const { return graph_; }
    const Value& value(ValueId v) const { return network_.values[v]; }
    const std::vector<Size>& shape(ValueId v) const { return network_.values[v].shape; }
    Packing packing_of(const Node& node) const {
        return layout_.node[static_cast<size_t>(&node - network_.nodes.data())];
    }
    bool is_narrow(const Node& node) const {
        return layout_.narrow[static_cast<size_t>(&node - network_.nodes.data())];
    }
    bool is_blocked(const Node& node) const { return packing_of(node) == Packing::c16; }
    bool is_planar(ValueId v) const { return layout_.home[v] == Packing::planar; }
    bool is_part(ValueId v) const { return layout_.planar_part[v] || layout_.blocked_part[v]; }
    bool is_read_as_planes(ValueId v) const;  // by all who read it
    const Halo& halo_of(ValueId v) const { return layout_.halo[v]; }
    bool has_location(ValueId v, Packing packing) const { return at(v, packing).has_value(); }

    // Where the value can be read in this packing; packs or unpacks it first if need be, once.
    const Location& read(ValueId v, Packing packing);
    // The channel blocks of an image, first to last: in one place, or where the parts of a concatenation lie that was
    // put off.
    std::vector<BufferView> read_blocks(ValueId v);
    // The same, planar and row-major without gaps.
    Location read_dense(ValueId v);
    // Where the value is to be written.
    const Location& place(ValueId v, Packing packing);
    // Says that the value lies within another.
    void view(ValueId v, Packing packing, const Location& location);

    // Constants, packed at compile time. Weights and vectors are those of a convolution.
    const std::vector<float>& numbers(ValueId v) const;
    BufferView weights(const std::vector<float>& packed, const std::vector<Size>& extents, const std::string& name);
    bool has_weights(const std::vector<float>& packed) const;  // in a plan of the library
    // Blocked, seen as an image of this shape (its own with leading axes of extent 1).
    Location blocked_constant(ValueId v, const std::vector<Size>& shape);
    // One number per channel: (co), or (c, cb) when blocked; zeros for no_value.
    BufferView channel_vector(ValueId v, int64_t channels, Packing packing);

    // The node at hand, for which steps are done from here on. When it first begins it gets its row of the table of
    // operators; at its end the row is filled in, and outputs are written.
    void begin_node(const Node& node);
    void end_node();
    // A kernel call for the node at hand. The hint is for outputs of this shape.
    void step(const KernelSpec& spec, const std::vector<PlanArg>& args, const SizeHint& hint = {},
              const Size& skip = {});
    // One that is not what the node is about: the table of operators does not show it.
    void side_step(const KernelSpec& spec, const std::vector<PlanArg>& args, const SizeHint& hint = {});
    // The steps between the two are done for each iteration, with scratch tensors of each thread.
    void begin_loop(const Size& iterations) { plan_.begin_loop(iterations); }
    void end_loop() { plan_.end_loop(); }
    uint32_t scratch(const Size& elements, const std::string& name) {
        return plan_.scratch_tensor(ElementType::f32, elements, name);
    }
    bool is_scratch(uint32_t tensor) const { return plan_.kind_of(tensor) == plan::TensorKind::scratch; }
    // Some rows of the value, blocked, for the steps of a loop.
    void place_in_scratch(ValueId v, const Size& rows);
    void leave_scratch(ValueId v) { blocked_[v].reset(); }
    // Memory for the steps of the node at hand.
    uint32_t temporary(const Size& elements, const std::string& name) {
        return plan_.arena_tensor(ElementType::f32, elements, name);
    }
    bool is_put_off(ValueId v) const { return layout_.put_off[v]; }
    // How the table of operators calls what was done, where the last step's schedule would not say it.
    void call_schedule(const std::string& name) {
        schedule_ = name;
        scheduled_kernel_.reset();
    }
    void note_schedule(const std::string& more) { schedule_ += more; }
    // Rows and columns that are computed together; several parts of a node: all of theirs.
    void note_grid(int64_t rows, int64_t columns);
    const LowerOptions& options() const { return options_; }
    // What is known of a convolution from measuring.
    const OperatorTuning& tuning_of(const Node& node) const {
        return tuning_[static_cast<size_t>(&node - network_.nodes.data())];
    }
    void copy(uint32_t element_bytes, const std::vector<CopyDim>& outermost_first, BufferView from, BufferView to);
    SizeHint hint_of(const ImageShape& out, int64_t channels_in, int64_t channels_out) const;
    SizeHint hint_of(ValueId out) const;
    // For a choice that has to suit any size, where the network leaves it free and nobody says which: at several, the
    // one that hint_of() gives first.
    std::vector<SizeHint> hints_of(const ImageShape& out, int64_t channels_in, int64_t channels_out) const;
    int64_t at_hint(const Size& size) const;
    void count_flop(double flop) { flop_ += flop; }
    void require_equal(const Size& a, const Size& b, const std::string& what);

    [[noreturn]] void refuse(const std::string& problem, const std::string& advice) const;

  private:
    std::optional<Location>& at(ValueId v, Packing packing) {
        return (packing == Packing::c16 ? blocked_ : planar_)[v];
    }
    const std::optional<Location>& at(ValueId v, Packing packing) const {
        return (packing == Packing::c16 ? blocked_ : planar_)[v];
    }
    void declare_ports();
    void lower_node(const Node& node);
    void write_outputs(const Node& node);
    void write_output(size_t output);
    void fill_row(const Node& node);
    std::optional<TunableOperator> tunable(const Node& node) const;
    OperatorKey key_of(const Node& node) const;
    std::vector<OperatorTuning> looked_up_tuning() const;
    Location planar_constant(ValueId v);
    Location place_part(const Part& part, Packing packing);
    Location allocate(ValueId v, Packing packing);
    void fill_halo(const Location& location, const ImageShape& image, const Halo& halo);
    uint32_t kernel(const KernelSpec& spec, const SizeHint& hint, const std::vector<PlanArg>& args);
    Autoscheduling autoscheduling(const KernelSpec& spec, const std::vector<PlanArg>& args) const;

    Network network_;
    LowerOptions options_;
    Graph graph_;
    std::vector<OperatorTuning> tuning_;  // of each node
    NetworkLayout layout_;
    RowLoops row_loops_;
    WeightStore own_weights_;
    PlanBuilder plan_;
    std::vector<std::optional<Location>> planar_, blocked_;
    std::vector<uint32_t> output_tensors_;
    std::map<ValueId, std::vector<size_t>> outputs_of_;  // which outputs return it
    std::map<std::string, uint32_t> kernel_index_;
    LoweredNetwork result_;

    const Node* node_ = nullptr;                // at hand
    std::vector<uint32_t> row_of_;              // of each node in the table of operators; plan::none until it begins
    uint32_t row_ = plan::none;                 // of the node at hand, or the last one
    std::string schedule_;                      // of its last step
    std::string kernels_;                       // of all its steps
    std::optional<uint32_t> scheduled_kernel_;  // whose schedule that is, if an autoscheduler is to make it
    double flop_ = 0;
    std::array<int64_t, 2> grid_{1, 1};
};

// What a convolution kernel is called with, in whatever algorithm.
struct ConvCall {
    ConvSpec spec;
    SizeHint hint;
    std::string name;                                // of the weights
    std::vector<BufferView> x;                       // channel blocks, first to last; or planes
    BufferView weights, bias, slope, residual, out;  // slope and residual where the spec has them
    bool reads_planes = false, writes_planes = false;
    ImageShape shape;  // of the output
    int64_t dilation_x = 1, dilation_y = 1, pad_left = 0, pad_top = 0;
    float alpha = 0, beta = 0;
};
// Whether nobody but an ArgMax along its channels reads the DepthToSpace: then that one reads what comes before it.
bool is_read_by_argmax(const Lowering& to, const Node& depth_to_space);

// Whether and how a part of a convolution is computed in Winograd's domain.
std::optional<WinogradChoice> winograd_choice(const Lowering& to, const Node& node, const ConvPart& part);
void lower_winograd(Lowering& to, const ConvCall& call, const WinogradChoice& choice);
// Whether that will be done for a part of a Conv or ConvTranspose.
bool is_for_winograd(const Lowering& to, const Node& node);

// Writes the parts of a concatenation into it, but for those that were made there.
void join_parts(Lowering& to, const Node& concat);

void lower_convolution(Lowering& to, const Node& node);
void lower_transposed_convolution(Lowering& to, const Node& node);
// The nodes of a loop, when all that they read is there.
void lower_rows(Lowering& to, const RowLoop& loop);
void lower_linear(Lowering& to, const Node& node);
void lower_pool(Lowering& to, const Node& node);
void lower_global_pool(Lowering& to, const Node& node);
void lower_resize(Lowering& to, const Node& node);
void lower_elementwise(Lowering& to, const Node& node);
void lower_softmax(Lowering& to, const Node& node);
void lower_argmax(Lowering& to, const Node& node);
void lower_instance_norm(Lowering& to, const Node& node);
void lower_concat(Lowering& to, const Node& node);
void lower_slice(Lowering& to, const Node& node);
void lower_pad(Lowering& to, const Node& node);
void lower_transpose(Lowering& to, const Node& node);
void lower_reshape(Lowering& to, const Node& node);
void lower_expand(Lowering& to, const Node& node);
void lower_depth_to_space(Lowering& to, const Node& node);
void lower_space_to_depth(Lowering& to, const Node& node);
void lower_cast(Lowering& to, const Node& node);

}  // namespace atrous
