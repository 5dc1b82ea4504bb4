// Programs that are run: what they say, how they end, and that they end.
#include "compiler/tool.h"

#include <signal.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "compiler/files.h"
#include "runtime/error.h"
#include "small_network.h"

using namespace atrous;

namespace {

// Long enough for whatever ends by itself.
constexpr double patience = 60;

void no_tick() {}

ProgramRun run_shell(const std::string& command, double seconds = patience, const std::filesystem::path& input = {}) {
    return run_program({"sh", "-c", command}, input, seconds, no_tick);
}

// That the process whose number is in the file is gone; the system may take a moment to say so.
bool is_gone(const std::filesystem::path& file) {
    pid_t process = 0;
    std::ifstream(file) >> process;
    REQUIRE(process > 1);
    for (int i = 0; i < 1000; ++i) {
        if (kill(process, 0) != 0) return true;
        std::ifstream stat("/proc/" + std::to_string(process) + "/stat");
        std::string number, name, state;
        stat >> number >> name >> state;
        if (state == "Z") return true;  // nobody here waits for orphans
        usleep(10000);
    }
    return false;
}

}  // namespace

TEST_CASE("A program's output, of both kinds, and how it ended") {
    const ProgramRun well = run_shell("echo out; echo error >&2");
    CHECK(!well.problem);
    CHECK(well.output == "out\nerror\n");
    CHECK(run_shell("exit 3").problem == "exit status 3");
    CHECK(run_shell("echo before; kill -SEGV $$").problem == "signal 11, Segmentation fault");
    CHECK(run_shell("echo before; kill -SEGV $$").output == "before\n");
    CHECK(run_shell("head -c 1000000 /dev/zero").output.size() == 1000000);
    CHECK(run_shell("exec >&- 2>&-; exit 4").problem == "exit status 4");
    CHECK_THROWS_WITH(run_program({"no-such-program", "x"}, {}, patience, no_tick),
                      "no-such-program: cannot be started: No such file or directory; check the command");
}

TEST_CASE("A program's input is a file, or nothing") {
    const TestFolder folder;
    create_file(folder / "in", "text");
    CHECK(run_shell("cat", patience, folder / "in").output == "text");
    CHECK(run_shell("cat").output.empty());
}

TEST_CASE("A program that takes too long is ended, with what it has started") {
    const TestFolder folder;
    const std::string number = (folder / "number").string();
    SECTION("while it says nothing") {
        const ProgramRun run = run_shell("echo begun; sleep 1000 & echo $! > " + number + "; wait", 0.5);
        CHECK(run.problem == "took more than 0.5 s");
        CHECK(run.output == "begun\n");
    }
    SECTION("after it has closed its output") {
        const ProgramRun run = run_shell("exec >&- 2>&-; echo $$ > " + number + "; exec sleep 1000", 0.5);
        CHECK(run.problem == "took more than 0.5 s");
    }
    SECTION("as somebody else may see") {
        struct Stop {};
        const auto tick = [&] {
            if (std::filesystem::exists(folder / "number.done")) throw Stop{};
        };
        CHECK_THROWS_AS(
            run_program({"sh", "-c", "echo $$ > " + number + "; touch " + number + ".done; exec sleep 1000"}, {},
                        patience, tick),
            Stop);
    }
    CHECK(is_gone(number));
}
