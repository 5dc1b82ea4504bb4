#include "compiler/plan_builder.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <stdexcept>

#include "compiler/lower.h"
#include "generators/kernel_spec.h"
#include "runtime/plan_view.h"

namespace atrous::test {
namespace {

using plan::ElementType;

BufferView view_of(uint32_t tensor, const Size& elements = 16) {
    return {tensor, ElementType::f32, 0, {{elements, 1}}};
}

// A plan's blob, aligned, and the network that plan_text() prints.
struct Built {
    explicit Built(PlanBuilder& builder) : network{builder.finish(1), {{FillSpec{}, {}}}, {}, {}} {
        blob.resize((network.plan.size() + 7) / 8);
        std::memcpy(blob.data(), network.plan.data(), network.plan.size());
    }
    plan::PlanView view() const { return plan::PlanView(reinterpret_cast<const uint8_t*>(blob.data())); }
    std::pair<uint32_t, uint32_t> life(uint32_t tensor) const {
        return {view().tensors()[tensor].first_step, view().tensors()[tensor].last_step};
    }
    LoweredNetwork network;
    std::vector<uint64_t> blob;
};

using Life = std::pair<uint32_t, uint32_t>;

TEST_CASE("arena tensors that a loop touches live through it, scratch tensors as long as their steps") {
    WeightStore weights;
    PlanBuilder builder(weights);
    const auto arena = [&] { return builder.arena_tensor(ElementType::f32, 16, "arena"); };
    const auto scratch = [&] { return builder.scratch_tensor(ElementType::f32, 16, "scratch"); };
    const uint32_t before = arena(), inside = arena(), out = arena(), apart = arena(), unused = arena();
    const uint32_t s = scratch(), t = scratch();
    builder.step(0, {view_of(before)}, plan::none);
    builder.begin_loop(4);
    builder.step(0, {IterationArg{}, view_of(s)}, plan::none);
    builder.step(0, {view_of(before), view_of(s), view_of(t)}, plan::none);
    builder.step(0, {view_of(t), view_of(inside)}, plan::none);
    builder.step(0, {view_of(inside), view_of(out)}, plan::none);
    builder.end_loop();
    builder.step(0, {view_of(apart)}, plan::none);
    builder.step(0, {view_of(apart), view_of(out)}, plan::none);
    CHECK(builder.step_count() == 7);
    const Built built(builder);
    REQUIRE(built.view().is_valid());
    CHECK(built.life(before) == Life{0, 4});
    CHECK(built.life(inside) == Life{1, 4});
    CHECK(built.life(out) == Life{1, 6});
    CHECK(built.life(apart) == Life{5, 6});
    CHECK(built.life(unused) == Life{1, 0});
    CHECK(built.life(s) == Life{1, 2});
    CHECK(built.life(t) == Life{2, 3});
    REQUIRE(built.view().header().loops.count == 1);
    CHECK(built.view().loops()[0].first_step == 1);
    CHECK(built.view().loops()[0].last_step == 4);
    CHECK(built.view().expressions()[built.view().loops()[0].iterations].value == 4);
}

TEST_CASE("a loop without steps is none, and loops do not nest") {
    WeightStore weights;
    PlanBuilder builder(weights);
    builder.begin_loop(3);
    REQUIRE_THROWS_AS(builder.begin_loop(3), std::logic_error);
    REQUIRE_THROWS_AS(builder.finish(1), std::logic_error);
    builder.end_loop();
    REQUIRE_THROWS_AS(builder.end_loop(), std::logic_error);
    CHECK(Built(builder).view().header().loops.count == 0);
}

TEST_CASE("a plan's text tells loops, scratch tensors and how views move") {
    WeightStore weights;
    PlanBuilder builder(weights);
    const Size height = Size::input_dim(0, 0, "height");
    builder.input({"x", ElementType::f32, {height}, {"height"}});
    const uint32_t arena = builder.arena_tensor(ElementType::f32, height * Size(16), "a");
    const uint32_t scratch = builder.scratch_tensor(ElementType::f32, height, "s");
    BufferView moving = view_of(arena);
    moving.per_iteration = 16;
    builder.begin_loop(height);
    const uint32_t fill = builder.add_operator("fill"), body = builder.add_operator("body");
    builder.step(0, {IterationArg{}, FloatArg{2}, view_of(scratch, height)}, fill);
    builder.step(0, {view_of(scratch, height), moving}, body);
    builder.end_loop();
    const LoweredNetwork network = Built(builder).network;
    const std::string kernel = name_of(network.kernels[0].spec);
    CHECK(plan_text(network) ==
          "input x f32 [height]\n"
          "tensor 0 arena f32[(height * 16)] \"a\" steps 0..1\n"
          "tensor 1 scratch f32[height] \"s\" steps 0..1\n"
          "loop over steps 0..1, height iterations\n"
          "step 0 " +
              kernel +
              " \"fill\"\n"
              "    iteration\n"
              "    2\n"
              "    tensor 1 + 0 [height:1]\n"
              "step 1 " +
              kernel +
              " \"body\"\n"
              "    tensor 1 + 0 [height:1]\n"
              "    tensor 0 + 0 [16:1] moving by 16\n");
}

}  // namespace
}  // namespace atrous::test
