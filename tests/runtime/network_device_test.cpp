// Networks on a GPU that is none (fake_gpu.h): where tensors go, what is moved, what fails.
#include <catch2/catch.hpp>
#include <string>
#include <thread>
#include <vector>

#include "fake_gpu.h"
#include "network_fixture.h"
#include "runtime/network_device.h"

using namespace atrous;
using namespace atrous::plan;

namespace {

using fake_gpu::state;

// On the device: weights, input, output. y(i) = w(i) · x(i).
int multiply_kernel(void** args) {
    halide_buffer_t &w = buffer_at(args, 1), &x = buffer_at(args, 2), &y = buffer_at(args, 3);
    float *from = fake_gpu::data(x), *factors = fake_gpu::data(w), *to = fake_gpu::data(y);
    for (int i = 0; i < y.dim[0].extent; ++i)
        to[i * y.dim[0].stride] = factors[i * w.dim[0].stride] * from[i * x.dim[0].stride];
    return 0;
}
int broken_kernel(void** args) {
    fake_gpu::data(buffer_at(args, 1));
    halide_error(nullptr, "cuLaunchKernel failed: CUDA_ERROR_LAUNCH_FAILED\n");
    return 0;  // kernels do not return it
}
constexpr network::Kernel kernels[] = {multiply_kernel, broken_kernel};

// Of length n: hidden = w · x with hidden turned around, then y = w · hidden. The hidden tensor is a part of a larger
// one that begins at element `shift`.
struct DevicePlan : PlanWriter {
    explicit DevicePlan(double shift, double weights_shift = 0, uint32_t second_kernel = 0) {
        const uint32_t n = input_dim(0, 0), zero = constant(0), one = constant(1), back = constant(-1);
        const uint32_t first = constant(shift), last = expression(ExprOp::add, n, constant(shift - 1));
        const uint32_t x = tensor(TensorKind::input, n, 0, 0, 0);
        const uint32_t w = tensor(TensorKind::weights, constant(32), 0, 0, 0);
        const uint32_t part = tensor(TensorKind::arena, expression(ExprOp::add, last, constant(100)), 0, 0, 1);
        const uint32_t y = tensor(TensorKind::output, n, 0, 1, 1);
        input({n});
        output({n});
        const uint32_t factors = vector(w, constant(weights_shift), n, one);
        const uint32_t to = vector(part, last, n, back), from = vector(part, first, n, one);
        step(0, {{ArgKind::buffer, factors}, {ArgKind::buffer, vector(x, zero, n, one)}, {ArgKind::buffer, to}});
        step(second_kernel,
             {{ArgKind::buffer, factors}, {ArgKind::buffer, from}, {ArgKind::buffer, vector(y, zero, n, one)}});
        add_operator("both");
        constraint(expression(ExprOp::less, n, constant(16)), "too long for the GPU");
    }
};

// y = w · x on the CPU.
int multiply_on_cpu(void** args) {
    halide_buffer_t &w = buffer_at(args, 1), &x = buffer_at(args, 2), &y = buffer_at(args, 3);
    for (int i = 0; i < y.dim[0].extent; ++i) element(y, i) = element(w, i) * element(x, i);
    return 0;
}
constexpr network::Kernel cpu_kernels[] = {multiply_on_cpu};
PlanWriter cpu_plan() {
    PlanWriter plan;
    const uint32_t n = plan.input_dim(0, 0), zero = plan.constant(0), one = plan.constant(1);
    const uint32_t x = plan.tensor(TensorKind::input, n, 0, 0, 0);
    const uint32_t w = plan.tensor(TensorKind::weights, plan.constant(32), 0, 0, 0);
    const uint32_t y = plan.tensor(TensorKind::output, n, 0, 0, 0);
    plan.input({n});
    plan.output({n});
    plan.step(0, {{ArgKind::buffer, plan.vector(w, zero, n, one)},
                  {ArgKind::buffer, plan.vector(x, zero, n, one)},
                  {ArgKind::buffer, plan.vector(y, zero, n, one)}});
    plan.constraint(plan.expression(ExprOp::less, n, plan.constant(8)), "too long for the CPU");
    return plan;
}

// A library for CUDA, OpenCL and the CPU.
struct Library {
    explicit Library(const DevicePlan& plan) : gpu_blob(plan.blob(2)), cpu_blob(cpu_plan().blob(1)) {
        for (int i = 0; i < 32; ++i) weights[i] = static_cast<float>(i + 1);
        state.capacity = UINT64_MAX;
        state.absent = state.fails_to_copy = state.fails_to_wait = state.is_cpu = false;
        state.has_doubles = true;
        state.capability = 75;
    }
    ~Library() {
        network::close(net);
        CHECK(state.allocated == 0);
        CHECK(state.views == 0);
    }
    Library(const Library&) = delete;
    Library& operator=(const Library&) = delete;

    int open(int32_t device, const char* target = nullptr) {
        network::close(net);
        net = nullptr;
        atrous_options options{sizeof options, device, 0, target};
        return network::open(parts, &options, &net);
    }
    // Timed where there are seconds to fill.
    int run(const std::vector<float>& x, std::vector<float>& y, std::vector<double>* seconds = nullptr) {
        std::vector<float> in_data = x;
        y.assign(x.size(), 0);
        const std::vector<int64_t> shape{static_cast<int64_t>(x.size())};
        const atrous_tensor in = tensor_of(in_data, shape), out = tensor_of(y, shape);
        if (seconds) return network::run_timed(net, &in, &out, nullptr, 1, seconds->data(), seconds->size());
        return network::run(net, &in, &out, nullptr, 1);
    }
    std::string message(int code) const { return network::message(parts, code); }
    std::string target() const { return net ? net->level.target : "none"; }

    std::vector<uint64_t> gpu_blob, cpu_blob;
    alignas(64) float weights[32];
    network::Level levels[3] = {
        {"cuda", 0, reinterpret_cast<const uint8_t*>(gpu_blob.data()), kernels, &network::atrous_device_cuda, 75},
        {"opencl", 0, reinterpret_cast<const uint8_t*>(gpu_blob.data()), kernels, &network::atrous_device_opencl, 0},
        {"cpu", 0, reinterpret_cast<const uint8_t*>(cpu_blob.data()), cpu_kernels, nullptr, 0}};
    network::Parts parts{reinterpret_cast<const uint8_t*>(weights), "{}", levels, 3};
    atrous_net* net = nullptr;
};

// What DevicePlan computes.
std::vector<float> expected(const std::vector<float>& x, int weights_shift = 0) {
    std::vector<float> y(x.size());
    for (size_t i = 0; i < x.size(); ++i) {
        const size_t j = x.size() - 1 - i;
        y[i] = static_cast<float>(i + 1 + static_cast<size_t>(weights_shift)) *
               static_cast<float>(j + 1 + static_cast<size_t>(weights_shift)) * x[j];
    }
    return y;
}

}  // namespace

TEST_CASE("A network runs on a device, wherever its buffers begin", "[device]") {
    for (double shift : {0, 1, 128, 200}) {
        for (double weights_shift : {0, 3}) {
            Library library(DevicePlan(shift, weights_shift));
            for (const int32_t device : {ATROUS_DEVICE_CUDA, ATROUS_DEVICE_OPENCL}) {
                REQUIRE(library.open(device) == ATROUS_OK);
                INFO(library.target() << " shift " << shift << ", " << weights_shift);
                for (const std::vector<float>& x :
                     {std::vector<float>{5}, {1, 2, 3}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, {7, 9}}) {
                    std::vector<float> y;
                    REQUIRE(library.run(x, y) == ATROUS_OK);
                    CHECK(y == expected(x, static_cast<int>(weights_shift)));
                    CHECK(state.views == 0);
                }
            }
        }
    }
}

TEST_CASE("The first device that can be used is opened, then the CPU", "[device]") {
    Library library{DevicePlan(0)};
    CHECK(library.open(ATROUS_DEVICE_AUTO) == ATROUS_OK);
    CHECK(library.target() == "cuda");
    CHECK(library.open(ATROUS_DEVICE_CPU) == ATROUS_OK);
    CHECK(library.target() == "cpu");
    CHECK(library.open(ATROUS_DEVICE_AUTO, "opencl") == ATROUS_OK);
    CHECK(library.target() == "opencl");
    CHECK(library.open(ATROUS_DEVICE_CUDA, "opencl") == ATROUS_NO_DEVICE);

    state.capability = 61;  // too old
    CHECK(library.open(ATROUS_DEVICE_AUTO) == ATROUS_OK);
    CHECK(library.target() == "opencl");
    const int old = library.open(ATROUS_DEVICE_CUDA);
    CHECK(old == ATROUS_DEVICE_ABSENT);
    CHECK(library.message(old) == "the device cannot be used: it has compute capability 6.1, this code needs 7.5");
    CHECK(state.platform_was_chosen);
    CHECK(state.gpu_was_chosen);
    state.has_doubles = false;
    CHECK(library.open(ATROUS_DEVICE_OPENCL) == ATROUS_DEVICE_ABSENT);
    CHECK(library.message(ATROUS_DEVICE_ABSENT) ==
          "the device cannot be used: the OpenCL device has no double precision");
    state.has_doubles = true;
    state.is_cpu = true;  // OpenCL's device: taken where it is asked for
    CHECK(library.open(ATROUS_DEVICE_AUTO) == ATROUS_OK);
    CHECK(library.target() == "cpu");
    CHECK(library.open(ATROUS_DEVICE_OPENCL) == ATROUS_OK);
    CHECK(library.target() == "opencl");

    state.absent = true;
    CHECK(library.open(ATROUS_DEVICE_AUTO) == ATROUS_OK);
    CHECK(library.target() == "cpu");
    const int absent = library.open(ATROUS_DEVICE_CUDA);
    CHECK(absent == ATROUS_DEVICE_ABSENT);
    CHECK(library.message(absent) == "the device cannot be used: cuInit failed");
    CHECK(library.net == nullptr);
}

TEST_CASE("A network tells the name of its device", "[device]") {
    Library library{DevicePlan(0)};
    CHECK(network::device_name(nullptr) == nullptr);
    REQUIRE(library.open(ATROUS_DEVICE_CPU) == ATROUS_OK);
    CHECK(network::device_name(library.net) == nullptr);
    for (int time = 0; time < 2; ++time) {
        REQUIRE(library.open(ATROUS_DEVICE_CUDA) == ATROUS_OK);
        CHECK(network::device_name(library.net) == std::string("fake CUDA device"));
        REQUIRE(library.open(ATROUS_DEVICE_OPENCL) == ATROUS_OK);
        CHECK(network::device_name(library.net) == std::string("fake OpenCL device"));
    }
    state.absent = true;  // lost meanwhile
    CHECK(network::device_name(library.net) == nullptr);
}

TEST_CASE("A timed run waits for the device before its first step and after each", "[device]") {
    Library library{DevicePlan(0)};
    REQUIRE(library.open(ATROUS_DEVICE_CUDA) == ATROUS_OK);
    std::vector<float> y;
    std::vector<double> seconds(1);
    int waits = state.waits;
    CHECK(library.run({1, 2, 3}, y) == ATROUS_OK);
    CHECK(state.waits == waits);
    CHECK(library.run({1, 2, 3}, y, &seconds) == ATROUS_OK);
    CHECK(state.waits == waits + 3);
    CHECK(y == expected({1, 2, 3}));
    CHECK(seconds[0] > 0);
    state.fails_to_wait = true;
    const int failed = library.run({1, 2}, y, &seconds);
    CHECK(failed == ATROUS_DEVICE_FAILED);
    CHECK(library.message(failed) == "the device reported an error: cuCtxSynchronize failed: CUDA_ERROR_LAUNCH_FAILED");
}

TEST_CASE("What fails on a device is told, in the driver's words", "[device]") {
    std::vector<float> y;
    Library library{DevicePlan(0)};
    state.capacity = 100;  // less than the weights
    CHECK(library.open(ATROUS_DEVICE_CUDA) == ATROUS_DEVICE_MEMORY);
    CHECK(library.message(ATROUS_DEVICE_MEMORY) ==
          "there is not enough memory on the device: cuMemAlloc failed: CUDA_ERROR_OUT_OF_MEMORY");
    state.capacity = 300;  // enough for the weights
    REQUIRE(library.open(ATROUS_DEVICE_CUDA) == ATROUS_OK);
    CHECK(library.run({1, 2}, y) == ATROUS_DEVICE_MEMORY);
    state.capacity = UINT64_MAX;
    CHECK(library.run({1, 2}, y) == ATROUS_OK);
    CHECK(y == expected({1, 2}));
    state.fails_to_copy = true;
    CHECK(library.run({1, 2}, y) == ATROUS_DEVICE_FAILED);
    CHECK(library.message(ATROUS_DEVICE_FAILED) ==
          "the device reported an error: cuMemcpyHtoD failed: CUDA_ERROR_ILLEGAL_ADDRESS");
    CHECK(library.open(ATROUS_DEVICE_CUDA) == ATROUS_DEVICE_FAILED);

    Library broken{DevicePlan(0, 0, 1)};
    REQUIRE(broken.open(ATROUS_DEVICE_CUDA) == ATROUS_OK);
    CHECK(broken.run({1, 2}, y) == ATROUS_DEVICE_FAILED);
    CHECK(broken.message(ATROUS_DEVICE_FAILED) ==
          "the device reported an error: cuLaunchKernel failed: CUDA_ERROR_LAUNCH_FAILED");
}

TEST_CASE("Each plan's constraints have codes of their own", "[device]") {
    Library library{DevicePlan(0)};
    std::vector<float> y;
    REQUIRE(library.open(ATROUS_DEVICE_CUDA) == ATROUS_OK);
    const int on_gpu = library.run(std::vector<float>(16), y);
    CHECK(library.message(on_gpu) == "too long for the GPU");
    REQUIRE(library.open(ATROUS_DEVICE_CPU) == ATROUS_OK);
    const int on_cpu = library.run(std::vector<float>(8), y);
    CHECK(library.message(on_cpu) == "too long for the CPU");
    CHECK(on_gpu != on_cpu);
}

TEST_CASE("Runs of several sizes share a device's memory", "[device]") {
    Library library{DevicePlan(1)};
    REQUIRE(library.open(ATROUS_DEVICE_OPENCL) == ATROUS_OK);
    std::vector<float> warm;
    REQUIRE(library.run(std::vector<float>(12, 1), warm) == ATROUS_OK);
    const int before = state.allocations;
    state.capacity = state.allocated.load();  // no more than that
    std::vector<std::thread> threads;
    std::atomic<int> wrong{0};
    for (int t = 0; t < 6; ++t) {
        threads.emplace_back([&, t] {
            for (int i = 0; i < 50; ++i) {
                std::vector<float> x(static_cast<size_t>(1 + (t + i) % 12), static_cast<float>(t));
                x.back() = static_cast<float>(i);
                std::vector<float> y;
                if (library.run(x, y) != ATROUS_OK || y != expected(x)) wrong += 1;
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(wrong == 0);
    CHECK(state.allocations == before);
}

TEST_CASE("A step may read nothing, and write what it reads", "[device]") {
    // y = w · x, twice in place, in a tensor that begins at an odd place; then a kernel with an empty operand.
    PlanWriter plan;
    const uint32_t n = plan.input_dim(0, 0), zero = plan.constant(0), one = plan.constant(1);
    const uint32_t x = plan.tensor(TensorKind::input, n, 0, 0, 0);
    const uint32_t w = plan.tensor(TensorKind::weights, plan.constant(32), 0, 0, 0);
    const uint32_t part = plan.tensor(TensorKind::arena, plan.constant(64), 0, 0, 2);
    const uint32_t y = plan.tensor(TensorKind::output, n, 0, 2, 2);
    plan.input({n});
    plan.output({n});
    const Arg factors{ArgKind::buffer, plan.vector(w, zero, n, one)};
    const Arg inside{ArgKind::buffer, plan.vector(part, plan.constant(5), n, one)};
    const Arg nothing{ArgKind::buffer, plan.vector(part, plan.constant(7), zero, one)};
    plan.step(0, {factors, {ArgKind::buffer, plan.vector(x, zero, n, one)}, inside});
    plan.step(0, {factors, inside, inside});
    plan.step(1, {nothing, factors, inside, {ArgKind::buffer, plan.vector(y, zero, n, one)}});
    const network::Kernel with_empty[] = {multiply_kernel, [](void** args) {
                                              fake_gpu::data(buffer_at(args, 1));
                                              return multiply_kernel(args + 1);
                                          }};
    for (const network::Device* device : {&network::atrous_device_cuda, &network::atrous_device_opencl}) {
        Library library{DevicePlan(0)};
        const std::vector<uint64_t> blob = plan.blob(2);
        library.levels[0] = {"gpu", 0, reinterpret_cast<const uint8_t*>(blob.data()), with_empty, device, 0};
        REQUIRE(library.open(device->kind, "gpu") == ATROUS_OK);
        std::vector<float> result;
        REQUIRE(library.run({1, 2, 3}, result) == ATROUS_OK);
        CHECK(result == std::vector<float>{1, 16, 81});
        network::close(library.net);
        library.net = nullptr;
    }
}
