#include "compiler/tuning/operator_tuning.h"

#include <algorithm>

#include "schedules/registry.h"

namespace atrous {

namespace {

std::string pair_text(const std::array<int, 2>& pair) {
    return std::to_string(pair[0]) + "x" + std::to_string(pair[1]);
}

void append(std::string& text, const std::string& more) {
    text += (text.empty() ? "" : ", ") + more;
}

void append(std::string& text, const char* name, int value) {
    if (value != Tuning::open) append(text, std::string(name) + " " + std::to_string(value));
}

bool is_legal_kernel(const OperatorTuning& tuning, const ConvPart& part, const std::string& target) {
    SizeHint hint = part.hint();
    hint.tuning = tuning.kernel;
    if (const auto* depthwise = std::get_if<DepthwiseConvSpec>(&part.spec))
        return is_legal_tuning(*depthwise, hint, target);
    const auto& spec = std::get<ConvSpec>(part.spec);
    const auto choice = winograd_of(tuning, part);
    if (!choice) return is_legal_tuning(spec, hint, target);
    return is_legal_tuning(BatchedGemmSpec{}, product_hint(*choice, part, target, tuning.kernel), target);
}

}  // namespace

std::string OperatorKey::name() const {
    std::string sizes;
    for (const int64_t extent : input) sizes += (sizes.empty() ? "" : "x") + std::to_string(extent);
    return text + ", of " + sizes;
}

std::string OperatorTuning::text() const {
    std::string text;
    if (algorithm == Algorithm::direct) append(text, "direct");
    if (algorithm == Algorithm::winograd) {
        append(text, "winograd " + pair_text(outputs));
        append(text, blocks > 0 ? std::to_string(blocks * channel_block) + " channels" : pair_text(tiles) + " tiles");
    }
    if (by_rows) append(text, *by_rows ? "by rows" : "whole");
    if (rows > 0) append(text, "rows", rows);
    append(text, "tile_x", kernel.tile_x);
    append(text, "tile_blocks", kernel.tile_blocks);
    append(text, "depth", kernel.depth);
    append(text, "blocks_outer", kernel.blocks_outer);
    append(text, "unroll", kernel.unroll);
    return text.empty() ? "default" : text;
}

double ConvPart::products() const {
    const auto count = [&](const auto& s) {
        return static_cast<double>(hint().width) * hint().height * s.kernel_x * s.kernel_y * hint().channels_out /
               channel_block;
    };
    if (const auto* depthwise = std::get_if<DepthwiseConvSpec>(&spec)) return count(*depthwise);
    return direct_share * count(std::get<ConvSpec>(spec)) * hint().channels_in;
}

std::optional<WinogradChoice> winograd_of(const OperatorTuning& tuning, const ConvPart& part) {
    const auto* spec = std::get_if<ConvSpec>(&part.spec);
    if (tuning.algorithm != OperatorTuning::Algorithm::winograd || !spec) return std::nullopt;
    if (spec->kernel_x * spec->kernel_y == 1) return std::nullopt;
    WinogradChoice choice;
    choice.tile = {spec->kernel_x > 1 ? tuning.outputs[1] : 1, spec->kernel_y > 1 ? tuning.outputs[0] : 1,
                   spec->kernel_x, spec->kernel_y};
    const int all_x = winograd_tiles(part.hint().width, choice.tile.outputs_x, part.dilation_x);
    const int all_y = winograd_tiles(part.hint().height, choice.tile.outputs_y, part.dilation_y);
    choice.blocks = tuning.blocks;
    choice.tiles_x = tuning.blocks > 0 ? all_x : std::min(tuning.tiles[1], all_x);
    choice.tiles_y = tuning.blocks > 0 ? all_y : std::min(tuning.tiles[0], all_y);
    return choice;
}

SizeHint product_hint(const WinogradChoice& choice, const ConvPart& part, const std::string& target,
                      const Tuning& tuning) {
    const int channels = choice.blocks > 0 ? choice.blocks * channel_block : part.hint().channels_out;
    SizeHint product{choice.tiles_x * choice.tiles_y, 0, part.hint().channels_in, channels, tuning};
    product.width = panel_tiles(product, target);
    return product;
}

bool is_legal(const OperatorTuning& tuning, const std::vector<ConvPart>& parts, const std::string& target) {
    const auto is_possible = [&](const ConvPart& part) {
        const auto choice = winograd_of(tuning, part);
        return choice &&
               is_legal(*choice, std::get<ConvSpec>(part.spec), part.hint(), part.dilation_x, part.dilation_y, target);
    };
    const bool wants_winograd = tuning.algorithm == OperatorTuning::Algorithm::winograd;
    if (wants_winograd && std::ranges::none_of(parts, is_possible)) return false;
    return std::ranges::any_of(parts, [&](const ConvPart& part) {
        return (!wants_winograd || is_possible(part)) && is_legal_kernel(tuning, part, target);
    });
}

}  // namespace atrous
