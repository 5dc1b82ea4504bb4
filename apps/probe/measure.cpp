#include "apps/probe/measure.h"

#include <bit>
#include <chrono>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <random>

#include "apps/probe/cpu_model.h"

namespace atrous {

namespace {

using nlohmann::ordered_json;

class Stopwatch {
  public:
    double seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

  private:
    using Clock = std::chrono::steady_clock;
    Clock::time_point start_ = Clock::now();
};

// Multiples of 2⁻¹⁰ in [-1, 1), which every float type has: the same ones on every machine.
class Numbers {
  public:
    explicit Numbers(uint64_t seed) : random_(seed) {}
    float next() { return static_cast<float>(static_cast<int>(random_() >> 53) - 1024) / 1024; }

  private:
    std::mt19937_64 random_;
};

uint16_t half_of(float number) {
    const auto bits = std::bit_cast<uint32_t>(number);
    const uint32_t sign = bits >> 16 & 0x8000, exponent = bits >> 23 & 0xff, mantissa = bits >> 13 & 0x3ff;
    return static_cast<uint16_t>(number == 0 ? sign : sign | (exponent - 112) << 10 | mantissa);
}

template <typename T, typename Convert>
void fill_with(Tensor& tensor, Numbers& numbers, Convert convert) {
    for (size_t at = 0; at < tensor.bytes.size(); at += sizeof(T)) {
        const T number = convert(numbers.next());
        std::memcpy(tensor.bytes.data() + at, &number, sizeof number);
    }
}

void fill(Tensor& tensor, Numbers& numbers) {
    if (tensor.type == ATROUS_F32) fill_with<float>(tensor, numbers, [](float x) { return x; });
    if (tensor.type == ATROUS_F64) fill_with<double>(tensor, numbers, [](float x) { return double{x}; });
    if (tensor.type == ATROUS_F16) fill_with<uint16_t>(tensor, numbers, half_of);
}

Tensor input_of(const TensorInfo& info, const PictureSize& size, Numbers& numbers) {
    Tensor tensor;
    tensor.type = info.type;
    tensor.shape = info.shape;
    size_t bytes = element_bytes(info.type);
    for (size_t d = 0; d < tensor.shape.size(); ++d) {
        const size_t behind = tensor.shape.size() - 1 - d;  // how many dimensions follow
        if (tensor.shape[d] < 0) tensor.shape[d] = behind == 0 ? size.width : behind == 1 ? size.height : 1;
        if (__builtin_mul_overflow(bytes, static_cast<size_t>(tensor.shape[d]), &bytes)) throw std::bad_alloc();
    }
    tensor.bytes.resize(bytes);
    fill(tensor, numbers);
    return tensor;
}

// A tensor's size and a projection of it: enough to tell whether two ways to compute it agree. Only of float32.
ordered_json summary_of(const Tensor& tensor) {
    if (tensor.type != ATROUS_F32) return ordered_json::array();
    double squares = 0, projection = 0;
    std::mt19937 signs(1);
    const size_t count = tensor.bytes.size() / sizeof(float);
    for (size_t i = 0; i < count; ++i) {
        const double number = tensor.floats()[i];
        squares += number * number;
        projection += (signs() & 1) != 0 ? number : -number;
    }
    const double root = std::sqrt(static_cast<double>(std::max<size_t>(count, 1)));
    return {std::sqrt(squares) / root, projection / root};
}

std::string machine_of(const OpenNetwork& network) {
    const std::string device = network.device_name();
    return device.empty() ? cpu_model() : device;
}

}  // namespace

std::string measure(const std::shared_ptr<const Library>& library, const ProbeOptions& options) {
    const Stopwatch opening;
    const OpenNetwork network(library, options.network);
    const double opened = opening.seconds();

    Numbers numbers(options.seed);
    std::vector<Tensor> inputs, outputs;
    for (const TensorInfo& info : library->info().inputs) inputs.push_back(input_of(info, options.size, numbers));
    Runner runner(network);
    runner.run_into(inputs, outputs, options.threads);

    ordered_json operators = ordered_json::array(), seconds = ordered_json::array();
    for (const std::string& name : network.operators())
        operators.push_back({{"name", name}, {"seconds", ordered_json::array()}});
    for (int i = 0; i < options.repeat; ++i) {
        std::vector<double> of_operators(operators.size());
        const Stopwatch running;
        runner.run_into(inputs, outputs, options.threads, &of_operators);
        seconds.push_back(running.seconds());
        for (size_t o = 0; o < of_operators.size(); ++o) operators[o]["seconds"].push_back(of_operators[o]);
    }
    ordered_json summaries = ordered_json::array();
    for (const Tensor& output : outputs) summaries.push_back(summary_of(output));
    const ordered_json result{{"target", network.target()},
                              {"threads", options.threads},
                              {"opened", opened},
                              {"seconds", seconds},
                              {"operators", operators},
                              {"outputs", summaries},
                              {"machine", machine_of(network)}};
    return result.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

}  // namespace atrous
