// Loop nests shared by the fallback schedules: vectors along the innermost dimension, everything outside in parallel.
#pragma once

#include "generators/tensor.h"
#include "schedules/layout.h"

namespace atrous::fallback {

// Cuts `inner` into whole vectors, the last one shifted inwards so that nothing outside is read or written; where the
// extent is shorter than a vector, element by element. `nest` gets the stage and shapes the rest of the loops; both
// ways the loop over vectors is `chunk`.
inline Halide::Var chunk() {
    return Halide::Var("chunk");
}

template <class Nest>
void in_vectors(Halide::Func output, const Halide::Var& inner, int lanes, Nest nest) {
    Halide::Var lane("lane");
    Halide::Stage wide = output.specialize(output.output_buffer().dim(0).extent() >= lanes);
    wide.split(inner, chunk(), lane, lanes, Halide::TailStrategy::ShiftInwards).vectorize(lane);
    nest(wide);
    Halide::Stage narrow = output;
    narrow.split(inner, chunk(), lane, 1);
    nest(narrow);
}

// Returns the loop at which a stage feeding one output vector is to be computed.
inline Halide::Var schedule_rows(Halide::Func output, const ImageVars& v, Packing packing,
                                 const Halide::Target& target) {
    auto parallel_rows = [&](Halide::Stage stage) {
        // Not fused with y: bounds inference then loses y's extent for the stages inside, and would allocate.
        Halide::Var task("task");
        stage.parallel(v.y).fuse(v.cb, v.n, task).parallel(task);
    };
    if (packing == Packing::c16) {
        output.bound(v.c, 0, channel_block).vectorize(v.c);
        parallel_rows(output);
        return v.x;
    }
    in_vectors(output, v.x, vector_floats(target), parallel_rows);
    return chunk();
}

// A reduction that feeds one output vector: kept in registers.
inline void schedule_accumulator(Halide::Func sum, Halide::Func output, const Halide::Var& at, const ImageVars& v,
                                 Packing packing) {
    const Halide::Var& vector = packing == Packing::c16 ? v.c : v.x;
    sum.compute_at(output, at).vectorize(vector);
    sum.update().vectorize(vector);
}

}  // namespace atrous::fallback
