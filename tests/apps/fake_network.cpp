// A network without a compiler, for testing what is around networks: its outputs are plain functions of its input, so
// that tests know every result. Which one, CMakeLists.txt says:
//   FAKE_INFO    what info() returns
//   FAKE_KIND    mean: the channels' mean (1×1×H×W) · copy: the input itself (three classes) · argmax: the largest
//   channel
//                (1×H×W, int64) · pair: first input plus 10 times the second, and the second (scalars allowed)
// FAKE_SLEEP_MS in the environment makes each run take so long.
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "runtime/abi.h"

enum { mean, copy, argmax, pair };

namespace {

constexpr int kind = FAKE_KIND;
constexpr int inputs_of = kind == pair ? 2 : 1;

int64_t count_of(const atrous_tensor& tensor) {
    int64_t count = 1;
    for (int i = 0; i < tensor.rank; i++) count *= tensor.shape[i];
    return count;
}

int open_net(const atrous_options* options, atrous_net** net) {
    static char nothing;
    if (options && options->device > ATROUS_DEVICE_CPU) return ATROUS_NO_DEVICE;
    if (options && options->target && std::strcmp(options->target, "x86-64-linux") != 0) return ATROUS_NO_TARGET;
    *net = reinterpret_cast<atrous_net*>(&nothing);
    return ATROUS_OK;
}

int output_shape(const atrous_net*, const atrous_tensor* inputs, atrous_tensor* outputs) {
    for (int i = 0; i < inputs_of; i++) {
        outputs[i] = inputs[i];
        outputs[i].data = nullptr;
    }
    if (kind == mean) outputs[0].shape[1] = 1;
    if (kind == argmax) {
        outputs[0].type = ATROUS_I64;
        outputs[0].rank = 3;
        std::memcpy(outputs[0].shape + 1, inputs[0].shape + 2, 2 * sizeof(int64_t));
    }
    if (kind != pair && inputs[0].shape[2] == 13) return ATROUS_CONSTRAINT;
    return ATROUS_OK;
}

int workspace_size(const atrous_net*, const atrous_tensor*, size_t* bytes) {
    *bytes = 64;
    return ATROUS_OK;
}

void run_mean(const float* x, float* y, int64_t channels, int64_t plane) {
    for (int64_t i = 0; i < plane; i++) {
        float sum = 0;
        for (int64_t c = 0; c < channels; c++) sum += x[c * plane + i];
        y[i] = sum / static_cast<float>(channels);
    }
}

void run_argmax(const float* x, int64_t* y, int64_t channels, int64_t plane) {
    for (int64_t i = 0; i < plane; i++) {
        int64_t best = 0;
        for (int64_t c = 1; c < channels; c++) {
            if (x[c * plane + i] > x[best * plane + i]) best = c;
        }
        y[i] = best;
    }
}

int run(const atrous_net*, const atrous_tensor* inputs, const atrous_tensor* outputs, void*, int) {
    if (const char* sleep = std::getenv("FAKE_SLEEP_MS")) {
        std::this_thread::sleep_for(std::chrono::milliseconds(std::atoi(sleep)));
    }
    const auto* x = static_cast<const float*>(inputs[0].data);
    const int64_t plane = kind == pair ? 0 : inputs[0].shape[2] * inputs[0].shape[3];
    if (kind == mean) run_mean(x, static_cast<float*>(outputs[0].data), inputs[0].shape[1], plane);
    if (kind == copy) std::memcpy(outputs[0].data, x, sizeof(float) * static_cast<size_t>(count_of(inputs[0])));
    if (kind == argmax) run_argmax(x, static_cast<int64_t*>(outputs[0].data), inputs[0].shape[1], plane);
    if (kind == pair) {
        const auto* second = static_cast<const int64_t*>(inputs[1].data);
        for (int64_t i = 0; i < count_of(inputs[0]); i++) {
            static_cast<float*>(outputs[0].data)[i] = x[i] + 10 * static_cast<float>(second[i]);
        }
        std::memcpy(outputs[1].data, second, sizeof(int64_t) * static_cast<size_t>(count_of(inputs[1])));
    }
    return ATROUS_OK;
}

void close_net(atrous_net*) {}
const char* message(int code) {
    return code == ATROUS_CONSTRAINT ? "the height must not be 13, expected another; crop the picture" : "it failed";
}
const char* info() {
    return FAKE_INFO;
}
const char* target(const atrous_net*) {
    return "x86-64-linux";
}

}  // namespace

// As libraries were before operators could be timed.
extern "C" {
extern const atrous_network atrous_network_v1;
const atrous_network atrous_network_v1 = {ATROUS_ABI_VERSION,
                                          offsetof(atrous_network, operator_count),
                                          open_net,
                                          output_shape,
                                          workspace_size,
                                          run,
                                          close_net,
                                          message,
                                          info,
                                          target};
}
