#include "compiler/import.h"

#include <algorithm>

#include "compiler/import_graph.h"
#include "runtime/error.h"

namespace atrous {

namespace {

using DeclaredSizes = std::map<std::pair<uint32_t, uint32_t>, int64_t>;

Network import_declared(const OnnxModel& model) {
    ImportGraph graph(model, false);
    graph.run();
    return graph.take();
}

// A requirement that none of many sizes meets, although they keep the declared proportions and multiples, holds for the
// declared size alone.
const Constraint* binding_constraint(const Network& network, const DeclaredSizes& declared) {
    const auto holds = [&](const Constraint& constraint, int64_t factor, int64_t summand) {
        return constraint.condition.evaluate([&](uint32_t input, uint32_t dim) {
            const auto found = declared.find({input, dim});
            return found == declared.end() ? int64_t{1} : found->second * factor + summand;
        }) != 0;
    };
    for (const Constraint& constraint : network.constraints) {
        bool ever = false;
        for (const int64_t factor : {1, 2, 3, 4})
            for (const int64_t summand : {0, 1, 32, 64, 256})
                ever |= (factor + summand > 1) && holds(constraint, factor, summand);
        if (!ever && holds(constraint, 1, 0)) return &constraint;
    }
    return nullptr;
}

Network import_free(const OnnxModel& model) {
    const std::string advice = "the graph binds the declared size: compile it without --dynamic";
    ImportGraph graph(model, true);
    try {
        graph.run();
    } catch (const Error& error) {
        throw Error(std::string(error.what()) + "; " + advice);
    }
    const DeclaredSizes declared = graph.declared();
    Network network = graph.take();
    if (const Constraint* binding = binding_constraint(network, declared))
        throw Error(model.file + ": " + binding->message + "; " + advice);
    return network;
}

// Refuses first what is wrong at any size, so that what comes after is the freedom's fault.
Network import_model(const OnnxModel& model, const ImportOptions& options) {
    Network fixed = import_declared(model);
    if (!options.dynamic) return fixed;
    fixed = {};  // its weights take as much memory again
    return import_free(model);
}

}  // namespace

Network import_onnx(const std::filesystem::path& file, const ImportOptions& options) {
    return import_model(read_onnx(file), options);
}

Network import_onnx_bytes(std::string_view bytes, const std::string& name, const ImportOptions& options) {
    return import_model(parse_onnx(bytes, name), options);
}

}  // namespace atrous
