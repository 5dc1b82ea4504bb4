#include "apps/atrous/tune_text.h"

#include <algorithm>
#include <cstdio>
#include <functional>
#include <nlohmann/json.hpp>

#include "apps/atrous/table.h"
#include "apps/segment/console.h"

namespace atrous {

namespace {

using Json = nlohmann::ordered_json;

std::string number_text(const char* format, double number) {
    char text[32];
    std::snprintf(text, sizeof text, format, number);
    return text;
}

std::string milliseconds(const Times& times) {
    return number_text("%.3g", times.median * 1e3);
}

std::string gain_text(double gain) {
    return "×" + number_text("%.2f", gain);
}

std::string size_text(const OperatorKey& key) {
    std::string text;
    for (const int64_t extent : key.input) text += (text.empty() ? "" : "x") + std::to_string(extent);
    return text;
}

std::string network_text(const Times& network, const Times& untuned) {
    return "Network: " + milliseconds(network) + " ms tuned, " + milliseconds(untuned) + " ms untuned, " +
           gain_text(untuned.median / network.median) + "\n";
}

Json times_json(const Times& times) {
    return {{"median", times.median}, {"quartile_1", times.quartile_1}, {"quartile_3", times.quartile_3}};
}

const char* verdict_text(Replayed::Verdict verdict) {
    switch (verdict) {
    case Replayed::Verdict::holds:
        return "holds";
    case Replayed::Verdict::no_gain:
        return "no gain";
    case Replayed::Verdict::slower:
        return "slower";
    }
    return "";
}

}  // namespace

std::string news_text(const TuneNews& news, double seconds_left) {
    return gain_text(news.gain) + "  " + printable(news.key.name()) + ": " + news.best.text() + " (" +
           std::to_string(news.tried) + " tried, " + number_text("%.1f", news.share * 100) + " % of the time; " +
           duration_text(seconds_left) + " left)";
}

std::string tune_text(const TuneResult& result) {
    std::vector<const TunedOperator*> tried;
    for (const TunedOperator& op : result.record.operators())
        if (!op.tried.empty()) tried.push_back(&op);
    std::ranges::stable_sort(tried, std::greater(), [](const TunedOperator* op) { return op->untuned.median; });
    Table table({"operator", "input", "best", ">tried", ">ms", ">gain"});
    for (const TunedOperator* op : tried) {
        table.add({printable(op->key.text), size_text(op->key), op->tuning.text(), std::to_string(op->tried.size()),
                   milliseconds(op->seconds), gain_text(op->gain())});
    }
    std::string text = tried.empty() ? "" : table.text() + "\n";
    if (const size_t others = result.record.operators().size() - tried.size(); others > 0)
        text += std::to_string(others) + " other operators take too little time, or were not reached\n";
    text += network_text(result.network, result.untuned);
    text += std::to_string(result.candidates) + " candidates in " + std::to_string(result.generations) + " generations";
    return text + (result.is_exhausted ? "; nothing worth trying is left\n" : "\n");
}

Json tune_json(const TuneResult& result) {
    Json operators = Json::array();
    for (const TunedOperator& op : result.record.operators()) {
        operators.push_back({{"operator", op.key.text},
                             {"input", op.key.input},
                             {"best", op.tuning.text()},
                             {"tried", op.tried.size()},
                             {"seconds", times_json(op.seconds)},
                             {"untuned", times_json(op.untuned)},
                             {"gain", op.gain()}});
    }
    return {{"seconds", times_json(result.network)},
            {"untuned", times_json(result.untuned)},
            {"gain", result.untuned.median / result.network.median},
            {"candidates", result.candidates},
            {"generations", result.generations},
            {"exhausted", result.is_exhausted},
            {"operators", operators}};
}

std::string replay_text(const Replay& replay) {
    Table table({"operator", "input", "recorded", ">gain", ">now", "verdict"});
    for (const Replayed& op : replay.operators) {
        table.add({printable(op.recorded.key.text), size_text(op.recorded.key), op.recorded.tuning.text(),
                   gain_text(op.recorded.gain()), gain_text(op.untuned.median / op.seconds.median),
                   verdict_text(op.verdict)});
    }
    std::string text = table.text() + "\n" + network_text(replay.network, replay.untuned);
    if (replay.elsewhere > 0)
        text += std::to_string(replay.elsewhere) + " entries are for operators that this model does not have\n";
    return text;
}

Json replay_json(const Replay& replay) {
    Json operators = Json::array();
    for (const Replayed& op : replay.operators) {
        operators.push_back({{"operator", op.recorded.key.text},
                             {"input", op.recorded.key.input},
                             {"recorded", op.recorded.tuning.text()},
                             {"recorded_gain", op.recorded.gain()},
                             {"seconds", times_json(op.seconds)},
                             {"untuned", times_json(op.untuned)},
                             {"gain", op.untuned.median / op.seconds.median},
                             {"verdict", verdict_text(op.verdict)}});
    }
    return {{"machine", replay.machine},
            {"seconds", times_json(replay.network)},
            {"untuned", times_json(replay.untuned)},
            {"gain", replay.untuned.median / replay.network.median},
            {"elsewhere", replay.elsewhere},
            {"operators", operators}};
}

}  // namespace atrous
