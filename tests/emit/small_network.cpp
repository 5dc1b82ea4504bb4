#include "small_network.h"

#include <sys/wait.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <cstring>

#include "compiler/level.h"
#include "compiler/support.h"
#include "schedules/registry.h"
#include "tests/runtime/plan_writer.h"

namespace atrous {

using namespace plan;

TestFolder::TestFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "atrous-test-XXXXXX").string();
    REQUIRE(mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
}

TestFolder::~TestFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

std::vector<KernelRequest> small_requests(const std::string& target) {
    ElementwiseSpec add, relu;
    add.function = ElementwiseFunction::add;
    relu.function = ElementwiseFunction::relu;
    return {{add, {}, target}, {relu, {}, target}};
}

namespace {

constexpr uint32_t longest = 1000;

std::vector<uint8_t> small_plan() {
    PlanWriter plan;
    const uint32_t length = plan.input_dim(0, 1), zero = plan.constant(0), one = plan.constant(1),
                   two = plan.constant(2);
    const uint32_t size = plan.expression(ExprOp::mul, two, length);
    const uint32_t x = plan.tensor(TensorKind::input, size, 0, 0, 0);
    const uint32_t sum = plan.tensor(TensorKind::arena, size, 0, 0, 1);
    const uint32_t w = plan.tensor(TensorKind::weights, plan.constant(longest), 0, 0, 0);
    const uint32_t y = plan.tensor(TensorKind::output, size, 0, 1, 1);
    plan.input({two, length});
    plan.output({two, length});
    plan.inputs[0].names[1] = plan.string("length");
    plan.constraint(plan.expression(ExprOp::less, length, plan.constant(longest + 1)),
                    "the input's length must be at most 1000");
    const auto matrix = [&](uint32_t tensor, uint32_t row_stride) {
        return plan.view(tensor, zero, {{length, one}, {two, row_stride}, {one, zero}, {one, zero}, {one, zero}});
    };
    const uint32_t hidden = matrix(sum, length);
    const Arg channels{ArgKind::i32, zero}, alpha{ArgKind::f32, zero}, beta = alpha;
    plan.step(0, {{ArgKind::buffer, matrix(x, length)},
                  {ArgKind::buffer, matrix(w, zero)},
                  channels,
                  alpha,
                  beta,
                  {ArgKind::buffer, hidden}});
    plan.step(1, {{ArgKind::buffer, hidden}, channels, alpha, beta, {ArgKind::buffer, matrix(y, length)}});
    const std::vector<uint64_t> words = plan.blob(2);
    std::vector<uint8_t> bytes(words.size() * 8);
    std::memcpy(bytes.data(), words.data(), bytes.size());
    return bytes;
}

std::vector<uint8_t> small_weights() {
    std::vector<float> values(longest);
    for (size_t i = 0; i < values.size(); ++i) values[i] = i % 2 ? 1.0f : -1.0f;
    std::vector<uint8_t> bytes(values.size() * sizeof(float));
    std::memcpy(bytes.data(), values.data(), bytes.size());
    return bytes;
}

}  // namespace

void emit_small_network(const std::string& name, const EmittedKinds& kinds, const std::filesystem::path& folder) {
    static const TestFolder cache;
    WorkFolder work(folder, name);
    KernelOptions options;
    options.folder = work.path();
    options.cache = cache.path();

    Emission emission;
    emission.name = name;
    emission.plans = {small_plan()};
    emission.weights = small_weights();
    emission.model_sha256 = std::string(64, '0');
    emission.config_json = R"({"input": {"divide": 255}})";
    emission.targets = sort_targets({canonical_target("x86-64-linux"), canonical_target("x86-64-linux-avx2")});
    emission.support = support_folder({});
    std::vector<KernelRequest> requests;
    for (const std::string& target : emission.targets) {
        for (const KernelRequest& request : small_requests(target)) requests.push_back(request);
    }
    const CompiledKernels kernels = compile_kernels(requests, options);
    for (size_t i = 0; i < requests.size(); ++i) {
        if (i % 2 == 0) {
            emission.symbols.emplace_back();
            emission.plan_of.push_back(0);
        }
        emission.symbols.back().push_back(kernels.kernels[kernels.of_request[i]].symbol + "_argv");
    }
    for (const CompiledKernel& kernel : kernels.kernels) emission.objects.push_back(kernel.object);
    work.publish(emit(emission, kinds, work));
}

std::string output_of(const std::string& command) {
    CAPTURE(command);
    FILE* pipe = popen((command + " 2>&1").c_str(), "r");
    REQUIRE(pipe != nullptr);
    std::string text;
    char block[4096];
    for (size_t count; (count = fread(block, 1, sizeof block, pipe)) > 0;) text.append(block, count);
    const int status = pclose(pipe);
    CAPTURE(text);
    REQUIRE(WIFEXITED(status));
    REQUIRE(WEXITSTATUS(status) == 0);
    return text;
}

}  // namespace atrous
