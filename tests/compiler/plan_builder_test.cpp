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
    PlanBuilder builder;
    const auto arena = [&] { return builder.arena_tensor(ElementType::f32, 16, "arena"); };
    const auto scratch = [&] { return builder.scratch_tensor(ElementType::f32, 16, "scratch"); };
    const uint32_t before = arena(), inside = arena(), out = arena(), apart = arena(), unused = arena();
    const uint32_t s = scratch(), t = scratch();
    builder.step(0, {view_of(before)}, "0");
    builder.begin_loop(4);
    builder.step(0, {IterationArg{}, view_of(s)}, "1");
    builder.step(0, {view_of(before), view_of(s), view_of(t)}, "2");
    builder.step(0, {view_of(t), view_of(inside)}, "3");
    builder.step(0, {view_of(inside), view_of(out)}, "4");
    builder.end_loop();
    builder.step(0, {view_of(apart)}, "5");
    builder.step(0, {view_of(apart), view_of(out)}, "6");
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

TEST_CASE("preparing steps come first, whenever they are asked for, and the others count after them") {
    PlanBuilder builder;
    const std::vector<std::byte> data(64);
    const uint32_t weights = builder.weights_tensor(ElementType::f32, data, "w");
    const uint32_t first = builder.prepared_tensor(ElementType::f32, 16, "first");
    const uint32_t second = builder.prepared_tensor(ElementType::f32, 16, "second");
    const uint32_t x = builder.arena_tensor(ElementType::f32, 16, "x"),
                   y = builder.arena_tensor(ElementType::f32, 16, "y");
    const uint32_t s = builder.scratch_tensor(ElementType::f32, 16, "s");
    builder.prepare_step(0, {view_of(weights), view_of(first)}, "prepare 0");
    builder.step(0, {view_of(first), view_of(x)}, "run 0");
    builder.begin_loop(2);
    builder.prepare_step(0, {view_of(first), view_of(second)}, "prepare 1");
    builder.step(0, {view_of(second), view_of(s)}, "run 1");
    builder.step(0, {view_of(x), view_of(s), view_of(y)}, "run 2");
    builder.end_loop();
    CHECK(builder.step_count() == 3);
    const Built built(builder);
    const plan::PlanView view = built.view();
    REQUIRE(view.is_valid());
    CHECK(view.header().prepare_count == 2);
    std::vector<std::string> names;
    for (uint64_t i = 0; i < view.header().steps.count; ++i) names.emplace_back(view.string(view.steps()[i].name));
    CHECK(names == std::vector<std::string>{"prepare 0", "prepare 1", "run 0", "run 1", "run 2"});
    CHECK(built.life(first) == Life{0, 1});
    CHECK(built.life(second) == Life{1, 1});
    CHECK(built.life(x) == Life{2, 4});
    CHECK(built.life(y) == Life{3, 4});
    CHECK(built.life(s) == Life{3, 4});
    CHECK(view.loops()[0].first_step == 3);
    CHECK(view.loops()[0].last_step == 4);
}

TEST_CASE("a loop without steps is none, and loops do not nest") {
    PlanBuilder builder;
    builder.begin_loop(3);
    REQUIRE_THROWS_AS(builder.begin_loop(3), std::logic_error);
    REQUIRE_THROWS_AS(builder.finish(1), std::logic_error);
    builder.end_loop();
    REQUIRE_THROWS_AS(builder.end_loop(), std::logic_error);
    CHECK(Built(builder).view().header().loops.count == 0);
}

TEST_CASE("a plan's text tells preparing steps, loops, prepared and scratch tensors") {
    PlanBuilder builder;
    const Size height = Size::input_dim(0, 0, "height");
    builder.input({"x", ElementType::f32, {height}, {"height"}});
    const uint32_t prepared = builder.prepared_tensor(ElementType::f32, 16, "p");
    const uint32_t scratch = builder.scratch_tensor(ElementType::f32, height, "s");
    builder.prepare_step(0, {FloatArg{2}, view_of(prepared)}, "fill");
    builder.begin_loop(height);
    builder.step(0, {IterationArg{}, view_of(prepared), view_of(scratch, height)}, "body");
    builder.end_loop();
    const LoweredNetwork network = Built(builder).network;
    const std::string kernel = name_of(network.kernels[0].spec);
    CHECK(plan_text(network) ==
          "input x f32 [height]\n"
          "tensor 0 prepared f32[16] \"p\"\n"
          "tensor 1 scratch f32[height] \"s\" steps 1..1\n"
          "prepare step 0 " +
              kernel +
              " \"fill\"\n"
              "    2\n"
              "    tensor 0 + 0 [16:1]\n"
              "loop over steps 1..1, height iterations\n"
              "step 1 " +
              kernel +
              " \"body\"\n"
              "    iteration\n"
              "    tensor 0 + 0 [16:1]\n"
              "    tensor 1 + 0 [height:1]\n");
}

}  // namespace
}  // namespace atrous::test
