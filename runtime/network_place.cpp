// Where the tensors of a resolved plan lie: sizes from the expressions, offsets by lifetime.
#include <algorithm>

#include "runtime/network_numbers.h"
#include "runtime/network_plan.h"

namespace atrous::network {

namespace {

// Tensors in memory that is allocated here, and not the caller's or the library's.
bool is_own(plan::TensorKind kind) {
    return kind == plan::TensorKind::arena || kind == plan::TensorKind::scratch;
}

}  // namespace

int ResolvedPlan::pack(uint64_t grain) {
    if (const int error = size_tensors(grain)) return error;
    arena_bytes_ = place_tensors(plan::TensorKind::arena);
    slot_bytes_ = 0;
    if (plan_.header().loops.count > 0) slot_bytes_ = slot_tables_ + place_tensors(plan::TensorKind::scratch);
    return arena_bytes_ + slot_bytes_ <= address_limit ? ATROUS_OK : ATROUS_TOO_LARGE;
}

// Kernels index with 32 bits, so no tensor may have more elements than that.
int ResolvedPlan::size_tensors(uint64_t grain) {
    uint64_t sum = 0;
    for (uint64_t i = 0; i < plan_.header().tensors.count; ++i) {
        const plan::Tensor& tensor = plan_.tensors()[i];
        tensor_bytes_[i] = tensor_offsets_[i] = 0;
        if (tensor.size == plan::none) continue;
        int64_t elements = 0;
        if (!to_integer(values_[tensor.size], elements)) return ATROUS_BAD_SHAPE;
        if (elements > int32_limit) return ATROUS_TOO_LARGE;
        tensor_bytes_[i] = static_cast<uint64_t>(std::max<int64_t>(elements, 0)) * plan::size_of(tensor.element);
        if (is_own(tensor.kind)) tensor_bytes_[i] = align(tensor_bytes_[i], grain);
        sum += tensor_bytes_[i];
        if (sum > address_limit) return ATROUS_TOO_LARGE;
    }
    return ATROUS_OK;
}

// Greedy by size: the largest tensors choose first, each the smallest gap between those that live at the same time.
// The bytes that they take.
uint64_t ResolvedPlan::place_tensors(plan::TensorKind kind) {
    uint32_t count = 0;
    for (uint64_t i = 0; i < plan_.header().tensors.count; ++i) {
        const plan::Tensor& tensor = plan_.tensors()[i];
        const bool used = tensor.kind == kind && tensor.first_step <= tensor.last_step;
        if (used && tensor_bytes_[i] > 0) order_[count++] = static_cast<uint32_t>(i);
    }
    std::sort(order_, order_ + count, [&](uint32_t a, uint32_t b) {
        return tensor_bytes_[a] != tensor_bytes_[b] ? tensor_bytes_[a] > tensor_bytes_[b] : a < b;
    });
    uint64_t end = 0;
    for (uint32_t n = 0; n < count; ++n) {
        const uint32_t tensor = order_[n];
        tensor_offsets_[tensor] = best_place(tensor, n);
        end = std::max(end, tensor_offsets_[tensor] + tensor_bytes_[tensor]);
        uint32_t position = n;
        for (; position > 0 && tensor_offsets_[placed_[position - 1]] > tensor_offsets_[tensor]; --position) {
            placed_[position] = placed_[position - 1];
        }
        placed_[position] = tensor;
    }
    return end;
}

uint64_t ResolvedPlan::best_place(uint32_t tensor, uint32_t placed_count) const {
    const plan::Tensor& wanted = plan_.tensors()[tensor];
    uint64_t end = 0, best = UINT64_MAX, best_gap = UINT64_MAX;
    for (uint32_t n = 0; n < placed_count; ++n) {
        const plan::Tensor& other = plan_.tensors()[placed_[n]];
        if (other.first_step > wanted.last_step || other.last_step < wanted.first_step) continue;
        const uint64_t begin = tensor_offsets_[placed_[n]];
        if (begin > end && begin - end >= tensor_bytes_[tensor] && begin - end < best_gap) {
            best = end;
            best_gap = begin - end;
        }
        end = std::max(end, begin + tensor_bytes_[placed_[n]]);
    }
    return best != UINT64_MAX ? best : end;
}

}  // namespace atrous::network
