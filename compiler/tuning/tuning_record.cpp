#include "compiler/tuning/tuning_record.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "compiler/files.h"
#include "runtime/error.h"
#include "schedules/registry.h"

namespace atrous {

namespace {

using Json = nlohmann::ordered_json;

constexpr const char* format = "atrous_tuning";
constexpr int largest = 1 << 20;  // of any number in a choice: the schedules' own limits are far below

// An object of the file, whose every member must be asked for.
class Fields {
  public:
    Fields(const Json& object, std::string file, std::string entry)
        : object_(object), file_(std::move(file)), entry_(std::move(entry)) {
        if (!object.is_object()) refuse("is not an object");
    }

    [[noreturn]] void refuse(const std::string& problem) const {
        throw Error(file_, entry_ + " " + problem, "correct the record, or make it anew with `atrous tune`");
    }
    bool has(const char* name) const { return object_.contains(name); }
    const Json& at(const char* name) {
        asked_.insert(name);
        if (!has(name)) refuse(std::string("has no \"") + name + "\"");
        return object_[name];
    }
    std::string text(const char* name) {
        const Json& value = at(name);
        if (!value.is_string()) refuse(std::string("has a \"") + name + "\" that is not a text");
        return value.get<std::string>();
    }
    int integer(const char* name, int least, int most) { return integer(at(name), name, least, most); }
    double seconds(const char* name) {
        const Json& value = at(name);
        const double number = value.is_number() ? value.get<double>() : -1;
        if (!(number > 0 && number < 1e6)) refuse(std::string("has a \"") + name + "\" that is not a time in seconds");
        return number;
    }
    std::vector<int64_t> integers(const char* name, std::initializer_list<size_t> counts, int least, int most) {
        const Json& value = at(name);
        if (!value.is_array() || std::ranges::find(counts, value.size()) == counts.end()) {
            std::string expected;
            for (const size_t count : counts) expected += (expected.empty() ? "" : " or ") + std::to_string(count);
            refuse(std::string("has a \"") + name + "\" that is not a list of " + expected + " integers");
        }
        std::vector<int64_t> result;
        for (const Json& number : value) result.push_back(integer(number, name, least, most));
        return result;
    }
    std::array<int, 2> pair(const char* name, int least, int most) {
        const std::vector<int64_t> numbers = integers(name, {2}, least, most);
        return {static_cast<int>(numbers[0]), static_cast<int>(numbers[1])};
    }
    bool boolean(const char* name) {
        const Json& value = at(name);
        if (!value.is_boolean()) refuse(std::string("has a \"") + name + "\" that is neither true nor false");
        return value.get<bool>();
    }
    void end() const {
        for (const auto& [name, value] : object_.items())
            if (!asked_.contains(name)) refuse("has a key \"" + name + "\", which is not known");
    }

  private:
    int integer(const Json& value, const char* name, int least, int most) const {
        const bool is_small = value.is_number_integer() && value.get<double>() >= least && value.get<double>() <= most;
        if (!is_small)
            refuse(std::string("has a \"") + name + "\" that is not an integer from " + std::to_string(least) + " to " +
                   std::to_string(most));
        return value.get<int>();
    }

    const Json& object_;
    std::string file_, entry_;
    std::set<std::string> asked_;
};

constexpr std::pair<const char*, int Tuning::*> kernel_decisions[] = {{"tile_x", &Tuning::tile_x},
                                                                      {"tile_blocks", &Tuning::tile_blocks},
                                                                      {"depth", &Tuning::depth},
                                                                      {"blocks_outer", &Tuning::blocks_outer},
                                                                      {"unroll", &Tuning::unroll}};

Json json_of(const OperatorTuning& tuning) {
    Json json = Json::object();
    if (tuning.algorithm == OperatorTuning::Algorithm::direct) json["algorithm"] = "direct";
    if (tuning.algorithm == OperatorTuning::Algorithm::winograd) {
        json["algorithm"] = "winograd";
        json["outputs"] = tuning.outputs;
        if (tuning.blocks > 0)
            json["blocks"] = tuning.blocks;
        else
            json["tiles"] = tuning.tiles;
    }
    if (tuning.by_rows) json["by_rows"] = *tuning.by_rows;
    if (tuning.rows > 0) json["rows"] = tuning.rows;
    for (const auto& [name, member] : kernel_decisions)
        if (tuning.kernel.*member != Tuning::open) json[name] = tuning.kernel.*member;
    return json;
}

OperatorTuning tuning_from(Fields fields) {
    OperatorTuning tuning;
    if (fields.has("algorithm")) {
        const std::string algorithm = fields.text("algorithm");
        if (algorithm != "direct" && algorithm != "winograd")
            fields.refuse("has the algorithm \"" + algorithm + "\", expected direct or winograd");
        tuning.algorithm =
            algorithm == "direct" ? OperatorTuning::Algorithm::direct : OperatorTuning::Algorithm::winograd;
    }
    if (tuning.algorithm == OperatorTuning::Algorithm::winograd) {
        tuning.outputs = fields.pair("outputs", 1, 8);
        if (fields.has("blocks"))
            tuning.blocks = fields.integer("blocks", 1, largest);
        else
            tuning.tiles = fields.pair("tiles", 1, largest);
    }
    if (fields.has("by_rows")) tuning.by_rows = fields.boolean("by_rows");
    if (fields.has("rows")) tuning.rows = fields.integer("rows", 1, most_rows);
    for (const auto& [name, member] : kernel_decisions)
        if (fields.has(name)) tuning.kernel.*member = fields.integer(name, 0, largest);
    fields.end();
    return tuning;
}

// To four digits: more were not measured.
Json measured(double number) {
    char text[32];
    std::snprintf(text, sizeof text, "%.4g", number);
    return std::strtod(text, nullptr);
}

Json json_of(const Times& times) {
    return {{"median", measured(times.median)},
            {"quartile_1", measured(times.quartile_1)},
            {"quartile_3", measured(times.quartile_3)}};
}

Times times_from(Fields fields) {
    const Times times{fields.seconds("median"), fields.seconds("quartile_1"), fields.seconds("quartile_3")};
    fields.end();
    return times;
}

Json json_of(const std::map<std::string, std::optional<double>>& tried) {
    Json json = Json::object();
    for (const auto& [tuning, share] : tried) json[tuning] = share ? measured(*share) : Json();
    return json;
}

std::map<std::string, std::optional<double>> tried_from(const Json& json, const Fields& fields) {
    std::map<std::string, std::optional<double>> tried;
    for (const auto& [tuning, share] : json.items()) {
        const double number = share.is_number() ? share.get<double>() : -1;
        if (!share.is_null() && !(number > 0 && number < 1e6))
            fields.refuse("has tried \"" + tuning + "\", whose share of the default's time is not a positive number");
        tried[tuning] = share.is_null() ? std::nullopt : std::optional(number);
    }
    return tried;
}

// Lists of numbers in one line each.
std::string with_short_lists(const std::string& text) {
    std::string result;
    for (size_t at = 0; at < text.size();) {
        const bool is_list = text.compare(at, 2, "[\n") == 0;  // strings have no bare ends of lines
        const size_t end = is_list ? text.find_first_not_of(" \n,0123456789", at + 1) : std::string::npos;
        if (end == std::string::npos || text[end] != ']') {
            result += text[at++];
            continue;
        }
        for (; at <= end; ++at) {
            if (text[at] != ' ' && text[at] != '\n') result += text[at];
            if (text[at] == ',') result += ' ';
        }
    }
    return result;
}

TunedOperator operator_from(const Json& json, const std::string& file, size_t index) {
    std::string entry = "entry " + std::to_string(index + 1);
    Fields fields(json, file, entry);
    TunedOperator result;
    result.key.text = fields.text("operator");
    entry += " (" + result.key.text + ")";
    Fields named(json, file, entry);
    named.text("operator");
    result.key.input = named.integers("input", {3, 4}, 1, largest);  // of a row, or an image
    const auto within = [&](const char* name) {
        return Fields(named.at(name), file, "\"" + std::string(name) + "\" of " + entry);
    };
    result.tuning = tuning_from(within("tuning"));
    result.seconds = times_from(within("seconds"));
    result.untuned = times_from(within("untuned"));
    result.tried = tried_from(named.at("tried"), within("tried"));
    named.end();
    return result;
}

Json json_of(const TunedOperator& found) {
    return {{"operator", found.key.text},        {"input", found.key.input},          {"tuning", json_of(found.tuning)},
            {"seconds", json_of(found.seconds)}, {"untuned", json_of(found.untuned)}, {"tried", json_of(found.tried)}};
}

bool is_before(const TunedOperator& a, const OperatorKey& key) {
    return a.key < key;
}

// How far apart two inputs are in size: 1 for each doubling of an axis. The operators are equal, so channels are too.
double distance(const std::vector<int64_t>& a, const std::vector<int64_t>& b) {
    if (a.size() != b.size()) return std::numeric_limits<double>::infinity();
    double sum = 0;
    for (size_t axis = 0; axis < a.size(); ++axis)
        sum += std::abs(std::log2(static_cast<double>(a[axis]) / static_cast<double>(b[axis])));
    return sum;
}

}  // namespace

Times times_of(std::vector<double> seconds) {
    if (seconds.empty()) return {};
    std::ranges::sort(seconds);
    const size_t quarter = (seconds.size() - 1) / 4, half = seconds.size() / 2;
    const double median = seconds.size() % 2 == 1 ? seconds[half] : (seconds[half - 1] + seconds[half]) / 2;
    return {median, seconds[quarter], seconds[seconds.size() - 1 - quarter]};
}

TuningRecord TuningRecord::read(const std::filesystem::path& path) {
    const std::string file = path.string();
    Json json;
    try {
        json = Json::parse(read_file(path));
    } catch (const Json::exception& error) {
        throw Error(file, std::string("is not JSON: ") + error.what(), "give a file that `atrous tune` has written");
    }
    Fields fields(json, file, "the record");
    if (!fields.has(format)) fields.refuse("is not a tuning record");
    const int version = fields.integer(format, 0, 1 << 30);
    if (version != tuning_version)
        fields.refuse("is of version " + std::to_string(version) + ", this program reads version " +
                      std::to_string(tuning_version));
    TuningRecord record(
        {fields.text("target"), fields.text("machine"), fields.text("halide"), fields.integer("threads", 1, 1 << 16)});
    record.file_ = file;
    if (record.identity_.halide != halide_version())
        fields.refuse("was made with Halide " + record.identity_.halide + ", this program has " + halide_version());
    const Json& operators = fields.at("operators");
    if (!operators.is_array()) fields.refuse("has \"operators\" that are not a list");
    fields.end();
    for (size_t i = 0; i < operators.size(); ++i) {
        const TunedOperator found = operator_from(operators[i], file, i);
        if (record.find(found.key)) fields.refuse("has two entries for " + found.key.name());
        record.set(found);
    }
    return record;
}

std::string TuningRecord::text() const {
    Json json{{format, tuning_version},     {"target", identity_.target},   {"machine", identity_.machine},
              {"halide", identity_.halide}, {"threads", identity_.threads}, {"operators", Json::array()}};
    for (const TunedOperator& found : operators_) json["operators"].push_back(json_of(found));
    return with_short_lists(json.dump(2, ' ', false, Json::error_handler_t::replace)) + "\n";
}

const TunedOperator* TuningRecord::find(const OperatorKey& key) const {
    const auto at = std::lower_bound(operators_.begin(), operators_.end(), key, is_before);
    return at != operators_.end() && at->key == key ? &*at : nullptr;
}

void TuningRecord::set(const TunedOperator& found) {
    const auto at = std::lower_bound(operators_.begin(), operators_.end(), found.key, is_before);
    if (at != operators_.end() && at->key == found.key)
        *at = found;
    else
        operators_.insert(at, found);
}

void TuningRecord::merge(const TuningRecord& other) {
    if (!(identity_ == other.identity_)) {
        const auto text = [](const TuningIdentity& id) {
            return id.machine + ", " + id.target + ", " + std::to_string(id.threads) + " threads, Halide " + id.halide;
        };
        throw Error(other.file_,
                    "was measured on " + text(other.identity_) + ", but " + file_ + " on " + text(identity_),
                    "join records of one machine, target and number of threads");
    }
    for (const TunedOperator& theirs : other.operators_) {
        const TunedOperator* ours = find(theirs.key);
        TunedOperator best = !ours || theirs.seconds.median < ours->seconds.median ? theirs : *ours;
        if (ours) best.tried.insert(ours->tried.begin(), ours->tried.end());
        best.tried.insert(theirs.tried.begin(), theirs.tried.end());
        set(best);
    }
}

OperatorTuning TuningRecord::find(const OperatorKey& key,
                                  const std::function<bool(const OperatorTuning&)>& is_legal) const {
    if (const TunedOperator* own = find(key)) {
        if (!own->tuning.is_open() && !is_legal(own->tuning))
            throw Error(file_,
                        "the entry for " + key.name() + " asks for what its schedule cannot do: " + own->tuning.text(),
                        "make it anew with `atrous tune`");
        return own->tuning;
    }
    constexpr double farthest = 2;
    const TunedOperator* nearest = nullptr;
    for (const TunedOperator& other : operators_) {
        if (other.key.text != key.text || distance(other.key.input, key.input) > farthest) continue;
        const bool is_nearer =
            !nearest || distance(other.key.input, key.input) < distance(nearest->key.input, key.input);
        if (is_nearer && (other.tuning.is_open() || is_legal(other.tuning))) nearest = &other;
    }
    return nearest ? nearest->tuning : OperatorTuning{};
}

void TuningRecord::check_target(const std::vector<std::string>& targets) const {
    if (std::ranges::find(targets, identity_.target) != targets.end()) return;
    std::string wanted;
    for (const std::string& target : targets) wanted += (wanted.empty() ? "" : ", ") + target;
    throw Error(file_, "was made for " + identity_.target + ", but the plan is made for " + wanted,
                "compile for the record's target, or make one with `atrous tune --target`");
}

}  // namespace atrous
