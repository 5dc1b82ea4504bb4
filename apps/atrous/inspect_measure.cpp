#include "apps/atrous/inspect_measure.h"

#include <chrono>
#include <random>

#include "apps/atrous/median.h"
#include "apps/atrous/model_source.h"
#include "apps/segment/interrupt.h"
#include "compiler/files.h"

namespace atrous {

using dilation::ConvolutionSpec;

namespace {

// A convolution, compiled, with an input to run on.
class TimedConvolution {
  public:
    TimedConvolution(const ConvolutionSpec& spec, const WorkFolder& folder, const MeasureOptions& options)
        : network_(load(spec, folder, options)), runner_(network_) {
        Tensor x;
        x.shape = {1, spec.channels_in, spec.in[0], spec.in[1]};
        const size_t count = static_cast<size_t>(spec.channels_in * spec.in[0] * spec.in[1]);
        x.bytes.resize(count * sizeof(float));
        std::mt19937 random(2);
        std::uniform_real_distribution<float> number(-1, 1);
        for (size_t i = 0; i < count; ++i) x.floats()[i] = number(random);
        inputs_.push_back(std::move(x));
    }
    double run(int threads) {
        const auto start = std::chrono::steady_clock::now();
        runner_.run(inputs_, threads);
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    }

  private:
    static std::shared_ptr<const Library> load(const ConvolutionSpec& spec, const WorkFolder& folder,
                                               const MeasureOptions& options) {
        const std::filesystem::path file = folder / "convolution.onnx";
        create_file(file, convolution_model(spec));
        Console silent("atrous", Verbosity::quiet);
        return load_model({file, options.cache}, silent);
    }

    OpenNetwork network_;
    Runner runner_;
    std::vector<Tensor> inputs_;
};

// In turns, so that whatever else the machine does meets both.
DilationCost measure(const ConvolutionSpec& spec, const WorkFolder& folder, const MeasureOptions& options,
                     int threads) {
    TimedConvolution dilated(spec, folder, options), dense(dense_twin(spec), folder, options);
    dilated.run(threads), dense.run(threads);  // warm up
    std::vector<double> seconds, dense_seconds;
    constexpr size_t fewest = 7, most = 101;
    constexpr double enough = 0.5;  // seconds
    for (double spent = 0; seconds.size() < fewest || (spent < enough && seconds.size() < most);) {
        stop_if_interrupted();
        seconds.push_back(dilated.run(threads));
        dense_seconds.push_back(dense.run(threads));
        spent += seconds.back() + dense_seconds.back();
    }
    return {median(seconds), median(dense_seconds)};
}

}  // namespace

DilationCost DilationCosts::total() const {
    DilationCost sum;
    for (const auto& [layer, cost] : layers) {
        sum.seconds += cost.seconds;
        sum.dense_seconds += cost.dense_seconds;
    }
    return sum;
}

DilationCosts measure_dilation(const Inspection& inspection, const MeasureOptions& options, Console& console) {
    DilationCosts costs;
    costs.threads = thread_count(options.threads);
    std::map<ConvolutionSpec, std::vector<size_t>> distinct;
    for (size_t i = 0; i < inspection.layers.size(); ++i) {
        const std::optional<ConvolutionSpec>& spec = inspection.layers[i].convolution;
        if (spec && spec->is_dilated()) distinct[*spec].push_back(i);
    }
    const WorkFolder folder(std::filesystem::temp_directory_path(), "atrous-inspect");
    size_t done = 0;
    for (const auto& [spec, layers] : distinct) {
        console.progress("Measuring layers", done++, distinct.size());
        const DilationCost cost = measure(spec, folder, options, costs.threads);
        for (const size_t layer : layers) costs.layers[layer] = cost;
    }
    console.end_progress();
    return costs;
}

}  // namespace atrous
