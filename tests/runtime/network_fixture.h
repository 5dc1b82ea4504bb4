// Fake kernels, and networks made of a plan written by hand.
#pragma once

#include <HalideRuntime.h>
#include <sched.h>

#include <catch2/catch.hpp>
#include <vector>

#include "plan_writer.h"
#include "runtime/network.h"
#include "runtime/network_threads.h"

namespace atrous::plan {

// Kernels: args[0] is the address of the user context.
inline halide_buffer_t& buffer_at(void** args, int i) {
    return *static_cast<halide_buffer_t*>(args[i]);
}
inline float& element(halide_buffer_t& buffer, int i) {
    return reinterpret_cast<float*>(buffer.host)[i * buffer.dim[0].stride];
}

// input, f32 factor, i32 addend, output
inline int scale_kernel(void** args) {
    halide_buffer_t &in = buffer_at(args, 1), &out = buffer_at(args, 4);
    const float factor = *static_cast<float*>(args[2]);
    const int32_t addend = *static_cast<int32_t*>(args[3]);
    for (int i = 0; i < out.dim[0].extent; ++i) {
        element(out, i) = element(in, i) * factor + static_cast<float>(addend);
    }
    return 0;
}

// a, b, output
inline int add_kernel(void** args) {
    halide_buffer_t &a = buffer_at(args, 1), &b = buffer_at(args, 2), &out = buffer_at(args, 3);
    for (int i = 0; i < out.dim[0].extent; ++i) element(out, i) = element(a, i) + element(b, i);
    return 0;
}

inline int failing_kernel(void**) {
    return -17;
}

// input, output: squares, in parallel, each element within a nested loop of one
inline int square_kernel(void** args) {
    struct Closure {
        halide_buffer_t *in, *out;
    } closure{&buffer_at(args, 1), &buffer_at(args, 2)};
    const auto task = [](void* context, int i, uint8_t* memory) {
        const auto inner = [](void*, int j, uint8_t* inner_memory) {
            const Closure& c = *reinterpret_cast<Closure*>(inner_memory);
            element(*c.out, j) = element(*c.in, j) * element(*c.in, j);
            return 0;
        };
        return halide_do_par_for(context, inner, i, 1, memory);
    };
    return halide_do_par_for(*static_cast<void**>(args[0]), task, 0, closure.out->dim[0].extent,
                             reinterpret_cast<uint8_t*>(&closure));
}

// number, output: that number everywhere
inline int number_kernel(void** args) {
    halide_buffer_t& out = buffer_at(args, 2);
    for (int i = 0; i < out.dim[0].extent; ++i) element(out, i) = static_cast<float>(*static_cast<int32_t*>(args[1]));
    sched_yield();
    return 0;
}

// input, index, output: adds the input, which is one number everywhere, to the output's element
inline int gather_kernel(void** args) {
    halide_buffer_t &in = buffer_at(args, 1), &out = buffer_at(args, 3);
    const int32_t index = *static_cast<int32_t*>(args[2]);
    sched_yield();
    for (int i = 0; i < in.dim[0].extent; ++i) {
        if (element(in, i) != element(in, 0)) return 1;
    }
    element(out, index) += element(in, 0);
    return 0;
}

// number, limit, output: an error where the number is the limit
inline int limit_kernel(void** args) {
    return *static_cast<int32_t*>(args[1]) == *static_cast<int32_t*>(args[2]) ? -3 : 0;
}

inline constexpr network::Kernel fake_kernels[] = {scale_kernel,  add_kernel,    failing_kernel, square_kernel,
                                                   number_kernel, gather_kernel, limit_kernel};
enum { scale, add, fail, square, number, gather, limit };

// A plan with all that a network needs to be opened.
struct Fixture {
    explicit Fixture(const PlanWriter& plan, const network::Kernel* kernels = fake_kernels)
        : blob(plan.blob()),
          levels{level("best", ~uint64_t(0), kernels), level("good", 0, kernels), level("plain", 0, kernels)},
          parts{reinterpret_cast<const uint8_t*>(weights), "{}", levels, 3} {
        REQUIRE(network::open(parts, nullptr, &net) == ATROUS_OK);
    }
    ~Fixture() { network::close(net); }
    Fixture(const Fixture&) = delete;
    Fixture& operator=(const Fixture&) = delete;
    network::Level level(const char* target, uint64_t features, const network::Kernel* kernels) const {
        return {target, features, reinterpret_cast<const uint8_t*>(blob.data()), kernels, nullptr, 0};
    }
    std::vector<uint64_t> blob;
    alignas(64) float weights[32] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 100, 200, 300, 400};
    network::Level levels[3];
    network::Parts parts;
    atrous_net* net = nullptr;
};

inline atrous_tensor tensor_of(std::vector<float>& data, const std::vector<int64_t>& shape) {
    atrous_tensor tensor{};
    tensor.data = data.data();
    tensor.type = ATROUS_F32;
    tensor.rank = static_cast<int32_t>(shape.size());
    std::copy(shape.begin(), shape.end(), tensor.shape);
    return tensor;
}

}  // namespace atrous::plan
