// The execution plan of a compiled network: what the compiler writes and the runtime reads. Plain tables without
// pointers, so that they can be stored as bytes beside the weights. Sizes that depend on the input are expressions
// over the input dimensions; the runtime evaluates them once per input shape.
//
// Layout of the blob: Header, then the tables it counts, each starting at its offset (8-byte aligned), all integers
// little-endian. Text is stored once in the string table, zero-terminated, and referred to by offset.
#pragma once

#include <cstdint>

namespace atrous::plan {

inline constexpr uint32_t magic = 0x50525441;  // "ATRP"
inline constexpr uint32_t abi_version = 4;
inline constexpr uint32_t max_rank = 6;
inline constexpr uint32_t none = 0xffffffffu;  // an absent index

enum class ElementType : uint32_t { f32 = 0, i64 = 1, i32 = 2, u8 = 3, boolean = 4, i8 = 5, f64 = 6, f16 = 7 };

inline constexpr uint32_t size_of(ElementType type) {
    switch (type) {
    case ElementType::i64:
    case ElementType::f64:
        return 8;
    case ElementType::f32:
    case ElementType::i32:
        return 4;
    case ElementType::f16:
        return 2;
    default:
        return 1;
    }
}

// Values are doubles; integers are exact up to 2^53. An expression refers only to expressions before it.
enum class ExprOp : uint32_t {
    constant,   // value
    input_dim,  // a: input index, b: dimension (0 outermost)
    add,        // a + b
    sub,
    mul,
    div,        // real division
    floor_div,  // floor(a / b), integers
    trunc_div,  // a / b rounded towards zero, integers (ONNX integer Div)
    mod,        // a - b * floor(a / b)
    min,
    max,
    floor,
    ceil,
    round_even,
    sqrt,
    neg,
    to_f32,  // rounded to single precision, as float arithmetic in the graph does
    equal,   // 1 or 0
    less,    // a < b: 1 or 0
    select,  // a != 0 ? b : c
};

// How many of a, b and c are expressions.
inline constexpr uint32_t operand_count(ExprOp op) {
    switch (op) {
    case ExprOp::constant:
    case ExprOp::input_dim:
        return 0;
    case ExprOp::floor:
    case ExprOp::ceil:
    case ExprOp::round_even:
    case ExprOp::sqrt:
    case ExprOp::neg:
    case ExprOp::to_f32:
        return 1;
    case ExprOp::select:
        return 3;
    default:
        return 2;
    }
}

struct Expr {
    ExprOp op;
    uint32_t a, b, c;
    double value;
};

enum class TensorKind : uint32_t {
    arena,    // lives in the workspace, from first_step to last_step inclusive
    weights,  // in the weight blob at `offset`
    input,    // the caller's, `index`-th
    output,   // the caller's, `index`-th
    scratch,  // of a loop's body: every thread has its own, from first_step to last_step of an iteration
};

struct Tensor {
    TensorKind kind;
    ElementType element;
    uint32_t size;  // expression: elements to allocate (arena, scratch), halo included
    uint32_t index;
    uint32_t first_step, last_step;
    uint64_t offset;  // bytes into the weight blob, a multiple of 64
    uint32_t name;    // string: ONNX name
    uint32_t reserved;
};

// One dimension of a buffer argument: expressions, in elements. Innermost dimension first, as Halide orders them.
// Buffers may share them.
struct Dim {
    uint32_t min, extent, stride;
};

// A view into a tensor, passed to a kernel as halide_buffer_t. `offset` (expression, elements) is where coordinate
// (min, min, …) lies. Kernels may read outside the described extents where their contract says that there is a halo.
struct Buffer {
    uint32_t tensor;  // not a scratch one, if it moves
    ElementType element;
    uint32_t offset;
    uint32_t rank, first_dim;
    uint32_t
        iteration_stride;  // expression, elements: how far it moves from an iteration of its loop to the next; or none
};

enum class ArgKind : uint32_t {
    buffer,
    i32,
    f32,
    iteration,  // i32: the number of the loop's iteration, from 0
};

struct Arg {
    ArgKind kind;
    uint32_t index;  // Buffer index, or expression; 0 for `iteration`
};

// What a run's time is told for: the row of the compiler's table of operators with the same number. Some have no steps.
struct Operator {
    uint32_t name;  // string: the ONNX node(s) it computes
};

// A kernel call. Steps run in order; every step ends before the next begins, except in a loop.
struct Step {
    uint32_t kernel;
    uint32_t first_arg, arg_count;
    uint32_t operator_index;  // the one it is done for, or `none`
    uint32_t skip;            // expression or `none`: non-zero skips the step (an empty view, for example)
};

// Steps first_step … last_step are called in order for each number below `iterations`, an
// iteration on one thread, different iterations at the same time and in any order. Hence arena tensors that the body
// touches must live from the first of its steps to the last. Loops are stored in the order of their steps and do not
// overlap. A scratch tensor is touched by the steps of one loop only.
struct Loop {
    uint32_t first_step, last_step;
    uint32_t iterations;  // expression; below 1: none
    uint32_t reserved;
};

// A network input or output. For inputs `dims` hold the declared size or an input_dim expression when it is free; for
// outputs the expressions of the shape.
struct Port {
    uint32_t name;  // string
    ElementType element;
    uint32_t rank;
    uint32_t dims[max_rank];   // expressions, dimension 0 outermost
    uint32_t names[max_rank];  // strings: dim_param of a free dimension, or `none`
};

// What must hold for the inputs' sizes: `condition` (expression) non-zero, else `message` (string) is the error.
struct Constraint {
    uint32_t condition, message;
};

struct Table {
    uint64_t offset;  // bytes from the start of the blob
    uint64_t count;
};

struct Header {
    uint32_t magic, abi_version;
    uint64_t bytes;  // the whole blob
    uint32_t kernel_count, reserved;
    Table expressions, tensors, dims, buffers, args, operators, steps, loops, inputs, outputs, constraints, strings;
};

}  // namespace atrous::plan
