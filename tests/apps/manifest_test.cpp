#include "apps/segment/manifest.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>

#include "apps/segment/output.h"
#include "tests/apps/temporary_folder.h"

using namespace atrous;

namespace {

std::string contents(const std::filesystem::path& file) {
    std::ifstream stream(file);
    return {std::istreambuf_iterator<char>(stream), {}};
}

ManifestLine line(const std::string& input) {
    return {input, true, {input + ".mask.png"}, "", 0.12345, "k"};
}

const std::string first =
    R"({"input":"a","status":"done","outputs":["a.mask.png"],"error":null,"seconds":0.123,"key":"k"})"
    "\n";

}  // namespace

TEST_CASE("Lines are in the order of the inputs, and the file appears at the end") {
    const TemporaryFolder at;
    Manifest manifest(at.path());
    manifest.record(1, {"b\xff\"", false, {}, "b: broken", 2, ""});
    manifest.record(0, line("a"));
    CHECK_FALSE(std::filesystem::exists(at / "manifest.jsonl"));
    manifest.finish();
    CHECK(contents(at / "manifest.jsonl") == first +
                                                 "{\"input\":\"b\xef\xbf\xbd\\\"\",\"status\":\"failed\",\"outputs\":[]"
                                                 ",\"error\":\"b: broken\",\"seconds\":2.0,"
                                                 "\"key\":null}\n");
    CHECK_FALSE(std::filesystem::exists(at / ".manifest.jsonl.part"));
}

TEST_CASE("An interrupted run's manifest has what is done, however out of order; later lines are dropped") {
    const TemporaryFolder at;
    Manifest manifest(at.path());
    manifest.record(2, line("a"));
    manifest.finish();
    manifest.record(0, line("late"));
    CHECK(contents(at / "manifest.jsonl") == first);
}

TEST_CASE("A manifest that is not finished leaves nothing, and the one before it stays") {
    const TemporaryFolder at;
    std::ofstream(at / "manifest.jsonl") << "before\n";
    std::ofstream(at / ".manifest.jsonl.part") << "of a killed run\n";
    { Manifest(at.path()).record(0, line("a")); }
    CHECK(contents(at / "manifest.jsonl") == "before\n");
    CHECK_FALSE(std::filesystem::exists(at / ".manifest.jsonl.part"));
}

TEST_CASE("Two runs do not write into one folder") {
    const TemporaryFolder at;
    const Manifest manifest(at.path());
    CHECK_THROWS_WITH(Manifest(at.path()), at.path().string() +
                                               ": another run is writing into this folder; wait for it "
                                               "or choose another folder with -o");
}
