#include "tests/schedules/arguments.h"

#include <cmath>
#include <cstring>

namespace atrous {

using reference::Dim;
using reference::View;

namespace {

constexpr uint64_t guard_pattern = 0x7fa1b2c37fa1b2c3;  // two NaNs

std::vector<int64_t> image_extents(Packing packing, ImageSize s) {
    if (packing == Packing::c16) return {channel_block, s.width, s.height, blocks(s.channels), s.batch};
    return {s.width, s.height, s.channels, s.batch};
}

template <class Visit>
void for_each(const View& view, Visit visit) {
    std::vector<int64_t> at(view.dims.size(), 0);
    for (const Dim& d : view.dims) {
        if (d.extent <= 0) return;
    }
    while (true) {
        int64_t offset = 0;
        for (size_t i = 0; i < at.size(); i++) offset += at[i] * view.dims[i].stride;
        visit(at, offset);
        size_t i = 0;
        while (i < at.size() && ++at[i] == view.dims[i].extent) at[i++] = 0;
        if (i == at.size()) return;
    }
}

double value_at(const View& view, int64_t offset) {
    switch (view.element) {
    case ElementType::f32:
        return static_cast<const float*>(view.data)[offset];
    case ElementType::f64:
        return static_cast<const double*>(view.data)[offset];
    case ElementType::i64:
        return static_cast<double>(static_cast<const int64_t*>(view.data)[offset]);
    case ElementType::i32:
        return static_cast<const int32_t*>(view.data)[offset];
    default:
        return static_cast<const uint8_t*>(view.data)[offset];
    }
}

}  // namespace

int blocks(int channels) {
    return (channels + channel_block - 1) / channel_block;
}

View TestArguments::guarded(std::vector<int64_t> extents, ElementType element, const std::vector<int>& guard) {
    View view{nullptr, element, {}};
    int64_t stride = 1, first = 0;
    for (size_t i = 0; i < extents.size(); i++) {
        int around = i < guard.size() ? guard[i] : 0;
        view.dims.push_back({0, extents[i], stride});
        first += around * stride;
        stride *= extents[i] + 2 * around;
    }
    memory_.emplace_back((stride * plan::size_of(element) + 7) / 8 + 8, guard_pattern);
    storages_.push_back({"argument " + std::to_string(args_.size()),
                         reinterpret_cast<std::byte*>(memory_.back().data()),
                         memory_.back().size() * sizeof(uint64_t),
                         {}});
    view.storage = &storages_.back();
    view.data = view.storage->data + first * plan::size_of(element);
    return view;
}

TestArguments& TestArguments::image(Packing packing, ImageSize size, int halo) {
    // The guard around a guarded view serves as halo: zero it all, then fill the inside.
    View view = guarded(image_extents(packing, size), ElementType::f32,
                        packing == Packing::c16 ? std::vector<int>{0, halo, halo} : std::vector<int>{halo, halo});
    std::fill(memory_.back().begin(), memory_.back().end(), 0);
    std::uniform_real_distribution<float> uniform(-1, 1);
    for_each(view, [&](const auto&, int64_t offset) { static_cast<float*>(view.data)[offset] = uniform(random_); });
    args_.push_back(view);
    return *this;
}

TestArguments& TestArguments::floats(std::vector<int64_t> extents) {
    View view = guarded(extents, ElementType::f32, {});
    std::uniform_real_distribution<float> uniform(-1, 1);
    for_each(view, [&](const auto&, int64_t offset) { static_cast<float*>(view.data)[offset] = uniform(random_); });
    args_.push_back(view);
    return *this;
}

TestArguments& TestArguments::bytes(std::vector<int64_t> extents, int values) {
    View view = guarded(extents, ElementType::u8, {});
    for_each(view, [&](const auto&, int64_t offset) { static_cast<uint8_t*>(view.data)[offset] = random_() % values; });
    args_.push_back(view);
    return *this;
}

TestArguments& TestArguments::i32(int32_t value) {
    args_.push_back(value);
    return *this;
}

TestArguments& TestArguments::f32(float value) {
    args_.push_back(value);
    return *this;
}

TestArguments& TestArguments::output_image(Packing packing, ImageSize size) {
    return output(image_extents(packing, size));
}

TestArguments& TestArguments::output(std::vector<int64_t> extents, ElementType element) {
    return output(extents, element, std::vector<int>(extents.size(), 1));
}

TestArguments& TestArguments::output(std::vector<int64_t> extents, ElementType element, const std::vector<int>& guard) {
    args_.push_back(guarded(extents, element, guard));
    output_memory_ = &memory_.back();
    return *this;
}

TestArguments& TestArguments::permuted(const std::vector<size_t>& order) {
    auto& dims = std::get<View>(args_.back()).dims;
    const auto before = dims;
    for (size_t i = 0; i < order.size(); ++i) dims[i] = before[order[i]];
    return *this;
}

TestArguments& TestArguments::conv_weights_c16(int kernel_x, int kernel_y, int ci, int co, int groups) {
    int ci_group = ci / groups, lanes = std::min(ci_group, channel_block);
    floats({channel_block, lanes, kernel_x, kernel_y, blocks(ci_group), blocks(co)});
    View& view = std::get<View>(args_.back());
    for_each(view, [&](const auto& at, int64_t offset) {
        bool padding = at[4] * channel_block + at[1] >= ci_group || at[5] * channel_block + at[0] >= co;
        if (padding) static_cast<float*>(view.data)[offset] = 0;
    });
    return *this;
}

void TestArguments::fill_output() {
    std::fill(output_memory_->begin(), output_memory_->end(), guard_pattern);
}

std::vector<double> TestArguments::output_values() const {
    const View& view = std::get<View>(args_.back());
    std::vector<double> values;
    for_each(view, [&](const auto&, int64_t offset) { values.push_back(value_at(view, offset)); });
    return values;
}

std::string TestArguments::difference(const std::vector<double>& expected, double tolerance) const {
    const View& view = std::get<View>(args_.back());
    std::string problem;
    size_t i = 0;
    for_each(view, [&](const auto& at, int64_t offset) {
        double got = value_at(view, offset), want = expected[i++];
        bool same = got == want || (std::isnan(got) && std::isnan(want)) ||
                    std::abs(got - want) <= tolerance * std::max(1.0, std::abs(want));
        if (same || !problem.empty()) return;
        problem = "at (";
        for (int64_t a : at) problem += std::to_string(a) + " ";
        problem += "): " + std::to_string(got) + ", expected " + std::to_string(want);
    });
    if (!problem.empty()) return problem;
    // Whatever is no element of the view must still hold the guard.
    std::vector<uint64_t> rest = *output_memory_;
    uint8_t* base = reinterpret_cast<uint8_t*>(rest.data());
    const uint8_t* pattern = reinterpret_cast<const uint8_t*>(&guard_pattern);
    int64_t begin = static_cast<const uint8_t*>(view.data) - reinterpret_cast<const uint8_t*>(output_memory_->data());
    int64_t size = plan::size_of(view.element);
    for_each(view, [&](const auto&, int64_t offset) {
        for (int64_t b = 0; b < size; b++) base[begin + offset * size + b] = pattern[(begin + offset * size + b) % 8];
    });
    for (uint64_t word : rest) {
        if (word != guard_pattern) return "something outside the output was written";
    }
    return {};
}

}  // namespace atrous
