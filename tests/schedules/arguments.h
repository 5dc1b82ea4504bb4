// Arguments for kernels under test: tensors with random contents, halos of zeros, and guards around what is written.
#pragma once

#include <deque>
#include <random>
#include <vector>

#include "generators/kernel_spec.h"
#include "tests/reference/kernels.h"

namespace atrous {

struct ImageSize {
    int width, height, channels, batch = 1;
};

class TestArguments {
  public:
    explicit TestArguments(unsigned seed) : random_(seed) {}

    // A tensor of random floats in [−1, 1] of the given extents (innermost first) with `halo` zeros around dimensions
    // x and y (c16: 1 and 2).
    TestArguments& image(Packing packing, ImageSize size, int halo = 0);
    TestArguments& floats(std::vector<int64_t> extents);
    TestArguments& bytes(std::vector<int64_t> extents, int values);  // u8, below `values`
    TestArguments& i32(int32_t value);
    TestArguments& f32(float value);
    // The output, surrounded by a guard in every dimension, or as wide a one as said in each.
    TestArguments& output_image(Packing packing, ImageSize size);
    TestArguments& output(std::vector<int64_t> extents, ElementType element = ElementType::f32);
    TestArguments& output(std::vector<int64_t> extents, ElementType element, const std::vector<int>& guard);

    // The last tensor with its dimensions in another order: the i-th is what was dimension order[i].
    TestArguments& permuted(const std::vector<size_t>& order);

    // Weights in c16 as kernel_spec.h wants them, zero where a block is padded.
    TestArguments& conv_weights_c16(int kernel_x, int kernel_y, int ci, int co, int groups);

    std::vector<reference::Arg>& args() { return args_; }
    reference::View& view(size_t i) { return std::get<reference::View>(args_[i]); }

    // Runs reference and `run` (taking the arguments) and returns what differs, "" for nothing.
    template <class Run>
    std::string compare(const KernelSpec& spec, Run run, double tolerance = 1e-4) {
        fill_output();
        reference::run_reference(spec, args_);
        std::vector<double> expected = output_values();
        fill_output();
        if (int error = run(args_)) return "the kernel returned " + std::to_string(error);
        return difference(expected, tolerance);
    }

  private:
    void fill_output();  // with a value that no kernel computes
    std::vector<double> output_values() const;
    std::string difference(const std::vector<double>& expected, double tolerance) const;
    reference::View guarded(std::vector<int64_t> extents, ElementType element, const std::vector<int>& guard);

    std::mt19937 random_;
    std::deque<std::vector<uint64_t>> memory_;
    std::deque<reference::Storage> storages_;  // the same, as views know it
    std::vector<reference::Arg> args_;
    std::vector<uint64_t>* output_memory_ = nullptr;
};

int blocks(int channels);

}  // namespace atrous
