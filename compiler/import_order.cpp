#include <algorithm>
#include <functional>
#include <queue>

#include "compiler/import_graph.h"
#include "runtime/error.h"

namespace atrous {

namespace {

constexpr int no_producer = -1;  // a graph input or initializer

class Order {
  public:
    explicit Order(const OnnxModel& model) : model_(model), graph_(model.proto.graph()) {
        for (const auto& tensor : graph_.initializer()) producer_.emplace(tensor.name(), no_producer);
        std::set<std::string> inputs;
        for (const auto& input : graph_.input()) {
            if (!inputs.insert(input.name()).second)
                throw Error(model.file, "input \"" + shown_name(input.name()) + "\" is declared twice, expected once",
                            "export the model again");
            producer_.emplace(input.name(), no_producer);
        }
        for (int i = 0; i < graph_.node_size(); ++i) add_outputs(i);
    }

    std::vector<int> run() {
        find_needed();
        std::vector<int> missing(static_cast<size_t>(graph_.node_size()), 0);
        std::vector<std::vector<int>> readers(missing.size());
        std::priority_queue<int, std::vector<int>, std::greater<>> ready;  // the model's own order where it is one
        size_t total = 0;
        for (int i = 0; i < graph_.node_size(); ++i) {
            if (!needed_[static_cast<size_t>(i)]) continue;
            ++total;
            for (const int source : sources(i)) {
                ++missing[static_cast<size_t>(i)];
                readers[static_cast<size_t>(source)].push_back(i);
            }
            if (missing[static_cast<size_t>(i)] == 0) ready.push(i);
        }
        std::vector<int> order;
        while (!ready.empty()) {
            const int node = ready.top();
            ready.pop();
            order.push_back(node);
            for (const int reader : readers[static_cast<size_t>(node)])
                if (--missing[static_cast<size_t>(reader)] == 0) ready.push(reader);
        }
        if (order.size() != total) refuse_cycle(missing);
        return order;
    }

  private:
    void add_outputs(int node) {
        for (const std::string& output : graph_.node(node).output()) {
            if (output.empty()) continue;
            const auto [found, added] = producer_.emplace(output, node);
            if (added) continue;
            const std::string other =
                found->second == no_producer
                    ? "is also an input or initializer of the graph"
                    : "is also produced by node \"" + shown_name(graph_.node(found->second).name()) + "\"";
            throw Error(subject_of(model_, graph_.node(node)),
                        "its output \"" + shown_name(output) + "\" " + other + ", expected one producer",
                        "export the model again");
        }
    }

    // The nodes that a node waits for.
    std::vector<int> sources(int node) const {
        std::vector<int> result;
        for (const std::string& input : graph_.node(node).input()) {
            if (input.empty()) continue;
            const auto found = producer_.find(input);
            if (found == producer_.end())
                throw Error(subject_of(model_, graph_.node(node)),
                            "its input \"" + shown_name(input) + "\" is produced by no node, input or initializer",
                            "export the model again");
            if (found->second != no_producer) result.push_back(found->second);
        }
        return result;
    }

    void find_needed() {
        needed_.assign(static_cast<size_t>(graph_.node_size()), false);
        std::vector<int> stack;
        const auto need = [&](int node) {
            if (node == no_producer || needed_[static_cast<size_t>(node)]) return;
            needed_[static_cast<size_t>(node)] = true;
            stack.push_back(node);
        };
        for (const auto& output : graph_.output()) {
            const auto found = producer_.find(output.name());
            if (found == producer_.end())
                throw Error(model_.file,
                            "output \"" + shown_name(output.name()) + "\" is produced by no node, input or initializer",
                            "export the model again");
            need(found->second);
        }
        while (!stack.empty()) {
            const int node = stack.back();
            stack.pop_back();
            for (const int source : sources(node)) need(source);
        }
    }

    // Walks from a node that was never ready to one it waits for, until a node comes again: that one is on the cycle.
    [[noreturn]] void refuse_cycle(const std::vector<int>& missing) const {
        const auto waits = [&](int node) { return missing[static_cast<size_t>(node)] > 0; };
        int node = static_cast<int>(std::find_if(missing.begin(), missing.end(), [](int n) { return n > 0; }) -
                                    missing.begin());
        std::set<int> seen;
        while (seen.insert(node).second) {
            const std::vector<int> from = sources(node);
            node = *std::find_if(from.begin(), from.end(), waits);
        }
        throw Error(subject_of(model_, graph_.node(node)), "it waits for its own output: the graph has a cycle",
                    "export the model again");
    }

    const OnnxModel& model_;
    const onnx::GraphProto& graph_;
    std::unordered_map<std::string, int> producer_;  // by value
    std::vector<bool> needed_;
};

}  // namespace

std::vector<int> execution_order(const OnnxModel& model) {
    return Order(model).run();
}

}  // namespace atrous
