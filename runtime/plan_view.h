// Reads a plan blob: the executor in a library does, and the compiler for what it tells about the library.
#pragma once

#include <cstddef>
#include <cstdint>

#include "runtime/plan.h"

namespace atrous::plan {

class PlanView {
  public:
    explicit PlanView(const uint8_t* blob) : blob_(blob) {}  // 8-byte aligned
    const Header& header() const { return *reinterpret_cast<const Header*>(blob_); }
    const Expr* expressions() const { return at<Expr>(header().expressions); }
    const Tensor* tensors() const { return at<Tensor>(header().tensors); }
    const Dim* dims() const { return at<Dim>(header().dims); }
    const Buffer* buffers() const { return at<Buffer>(header().buffers); }
    const Arg* args() const { return at<Arg>(header().args); }
    const Operator* operators() const { return at<Operator>(header().operators); }
    const Step* steps() const { return at<Step>(header().steps); }
    const Loop* loops() const { return at<Loop>(header().loops); }
    const Port* inputs() const { return at<Port>(header().inputs); }
    const Port* outputs() const { return at<Port>(header().outputs); }
    const Constraint* constraints() const { return at<Constraint>(header().constraints); }
    const char* string(uint32_t offset) const { return at<char>(header().strings) + offset; }
    // The name of the operator that the step is done for; "" for none.
    const char* name_of(const Step& step) const {
        return step.operator_index == none ? "" : string(operators()[step.operator_index].name);
    }

    // Are magic and version the ones of plan.h, do all tables lie inside the blob, do steps, loops and the kinds of
    // tensors that they touch go together as plan.h says, and have operators names? (That other indexes are in range is
    // the compiler's promise.)
    bool is_valid() const;

  private:
    template <typename T>
    const T* at(const Table& table) const {
        return reinterpret_cast<const T*>(blob_ + table.offset);
    }
    template <typename T>
    bool holds(const Table& table) const {
        const uint64_t bytes = header().bytes;
        return table.offset % 8 == 0 && table.offset <= bytes && table.count <= (bytes - table.offset) / sizeof(T);
    }

    bool has_tables() const;
    bool has_valid_loops() const;
    bool has_valid_tensors() const;
    bool has_valid_operators() const;
    bool has_valid_steps() const;
    bool is_valid_step(uint32_t step, const Loop* loop) const;
    bool is_valid_buffer(uint32_t buffer, uint32_t step, const Loop* loop) const;

    const uint8_t* blob_;
};

}  // namespace atrous::plan
