#include "tests/generators/generator_run.h"

#include <cmath>
#include <deque>
#include <memory>
#include <stdexcept>

namespace atrous {

using namespace Halide;

namespace {

using Internal::AbstractGenerator;

// Takes what the map has under this name out of it.
template <class Value>
Value take(std::map<std::string, Value>& values, const std::string& name) {
    auto found = values.find(name);
    if (found == values.end()) throw std::invalid_argument("the test gives no input " + name);
    Value value = found->second;
    values.erase(found);
    return value;
}

void bind(AbstractGenerator& generator, GeneratorRun arguments) {
    for (const AbstractGenerator::ArgInfo& info : generator.arginfos()) {
        if (info.dir != Internal::ArgInfoDirection::Input) continue;
        Parameter parameter = generator.input_parameter(info.name).at(0);
        if (info.kind != Internal::ArgInfoKind::Scalar) {
            parameter.set_buffer(take(arguments.buffers, info.name));
        } else if (info.types.at(0) == Int(32)) {
            parameter.set_scalar<int32_t>(take(arguments.ints, info.name));
        } else {
            parameter.set_scalar<float>(take(arguments.floats, info.name));
        }
    }
    if (!arguments.buffers.empty()) throw std::invalid_argument("no input " + arguments.buffers.begin()->first);
    if (!arguments.ints.empty()) throw std::invalid_argument("no input " + arguments.ints.begin()->first);
    if (!arguments.floats.empty()) throw std::invalid_argument("no input " + arguments.floats.begin()->first);
}

// A generator with its pipeline, which keeps the code compiled for it.
struct Built {
    std::string name;
    std::map<std::string, std::string> params;
    std::unique_ptr<AbstractGenerator> generator;
    Pipeline pipeline;
};

// Compiling takes nearly all of the time, and tests run one generator on several sizes: the last two are kept.
Built& build(const std::string& name, const std::map<std::string, std::string>& params) {
    static std::deque<Built> kept;
    for (Built& built : kept) {
        if (built.name == name && built.params == params) return built;
    }
    auto generator = Internal::GeneratorRegistry::create(name, GeneratorContext(get_jit_target_from_environment()));
    for (const auto& [param, value] : params) generator->set_generatorparam_value(param, value);
    Pipeline pipeline = generator->build_pipeline();
    if (kept.size() == 2) kept.pop_front();
    return kept.emplace_back(Built{name, params, std::move(generator), pipeline});
}

}  // namespace

Buffer<> run(const std::string& name, const GeneratorRun& arguments) try {
    Built& built = build(name, arguments.params);
    bind(*built.generator, arguments);
    Buffer<> output(built.pipeline.outputs().at(0).types().at(0), arguments.output);
    if (!arguments.output_min.empty()) output.set_min(arguments.output_min);
    built.pipeline.realize(output, built.generator->context().target());
    return output;
} catch (const Halide::Error& error) {
    throw std::runtime_error(error.what());
}

Buffer<float> random_buffer(std::vector<int> extents, unsigned seed) {
    std::mt19937 random(seed);
    std::uniform_real_distribution<float> values(-1.f, 1.f);
    Buffer<float> buffer(extents);
    buffer.for_each_value([&](float& x) { x = values(random); });
    return buffer;
}

std::string difference(const Buffer<>& expected, const Buffer<>& actual, double tolerance) {
    auto at = [](const Buffer<>& b, const int* position) {
        const auto* raw = b.get()->as<const void>().raw_buffer();
        int64_t offset = 0;
        for (int i = 0; i < b.dimensions(); i++) {
            offset += int64_t{position[i] - raw->dim[i].min} * raw->dim[i].stride;
        }
        if (b.type() == Int(64)) return static_cast<double>(reinterpret_cast<const int64_t*>(raw->host)[offset]);
        return static_cast<double>(reinterpret_cast<const float*>(raw->host)[offset]);
    };
    std::string first;
    const_cast<Buffer<>&>(actual).get()->for_each_element([&](const int* position) {
        double e = at(expected, position), a = at(actual, position);
        if (!first.empty() || std::abs(e - a) <= tolerance * (1 + std::abs(e)) || e == a) return;
        for (int i = 0; i < actual.dimensions(); i++) first += (i ? "," : "(") + std::to_string(position[i]);
        first += "): " + std::to_string(a) + " instead of " + std::to_string(e);
    });
    return first;
}

}  // namespace atrous
