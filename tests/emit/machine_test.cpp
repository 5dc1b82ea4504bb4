// Programs on another machine: a command that takes their path, or a login, which a script plays here.
#include "compiler/tuning/machine.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "compiler/files.h"
#include "runtime/error.h"
#include "small_network.h"

using namespace atrous;
namespace fs = std::filesystem;

namespace {

fs::path script(const fs::path& file, const std::string& text) {
    create_file(file, "#!/bin/sh\n" + text);
    fs::permissions(file, fs::perms::owner_all);
    return file;
}

Machine machine_of(const std::vector<std::string>& runner) {
    return {runner, [] {}};
}

// A board with its own place for temporary files, and the login to it: ssh BOARD COMMAND.
struct Board {
    const TestFolder folder;
    const fs::path disk = folder / "board";
    Machine machine;

    explicit Board(const std::string& login = "test \"$1\" = board || exit 255\n") {
        fs::create_directory(disk);
        script(folder / "ssh", login + "cd " + disk.string() + " && TMPDIR=$PWD exec sh -c \"$2\"\n");
        machine = machine_of({(folder / "ssh").string(), "board"});
    }
    bool is_empty() const { return fs::is_empty(disk); }
};

bool is_running(const std::string& words) {
    for (const fs::directory_entry& process : fs::directory_iterator("/proc")) {
        std::ifstream in(process.path() / "cmdline");
        std::string line;
        for (std::string word; std::getline(in, word, '\0');) line += (line.empty() ? "" : " ") + word;
        if (line == words) return true;
    }
    return false;
}

// Which may take a moment.
bool has_ended(const std::string& words) {
    for (int i = 0; i < 1000 && is_running(words); ++i) usleep(10000);
    return !is_running(words);
}

}  // namespace

TEST_CASE("A program runs on this machine, or by a command that takes its path") {
    const TestFolder folder;
    const fs::path program = script(folder / "program", "echo \"$0:$1:$2\"; test \"$1\" != fail\n");
    const Machine here = machine_of({});
    CHECK_FALSE(here.is_by_ssh());
    CHECK(PlacedProgram(here, program).run({"a b", "c'd"}, 60) == program.string() + ":a b:c'd\n");
    CHECK_THROWS_WITH(PlacedProgram(here, program).run({"fail", ""}, 60),
                      "PROBE: exit status 1: " + program.string() + ":fail:");

    const fs::path runner = script(folder / "runner", "test \"$1\" = -x || exit 2; shift; echo by; exec \"$@\"\n");
    const Machine other = machine_of({runner.string(), "-x"});
    CHECK_FALSE(other.is_by_ssh());
    CHECK(PlacedProgram(other, program).run({"a b", ""}, 60) == "by\n" + program.string() + ":a b:\n");
    CHECK_THROWS_WITH(PlacedProgram(other, program).run({"fail", ""}, 60),
                      runner.string() + " -x PROBE: exit status 1: by " + program.string() + ":fail:");
    CHECK_THROWS_WITH(PlacedProgram(machine_of({"no-such-runner"}), program).run({}, 60),
                      "no-such-runner: cannot be started: No such file or directory; check the command");
}

TEST_CASE("A program goes to another machine by ssh, runs there, and leaves nothing") {
    const Board board("echo Welcome to the board\n");
    const fs::path program = script(board.folder / "program", "echo \"$0:$1:$2\"; pwd\n");
    CHECK(board.machine.is_by_ssh());
    {
        const PlacedProgram placed(board.machine, program);
        fs::remove(program);  // it is there now
        const std::string output = placed.run({"a b", "c'd $HOME"}, 5);
        CHECK(output.starts_with("Welcome to the board\n" + board.disk.string()));
        CHECK(output.ends_with("/probe:a b:c'd $HOME\n" + board.disk.string() + "\n"));
        CHECK_FALSE(board.is_empty());
    }
    CHECK(board.is_empty());
}

TEST_CASE("A program that fails or hangs on the other machine is an error, and is ended there") {
    const Board board;
    const fs::path program =
        script(board.folder / "program", "test \"$1\" = hang && { echo $$ > running; exec sleep 1000; }; exit 7\n");
    {
        const PlacedProgram placed(board.machine, program);
        const std::string who = (board.folder / "ssh").string() + " board PROBE: exit status ";
        CHECK_THROWS_WITH(placed.run({"fail"}, 5), who + "7: it said nothing");
        CHECK_THROWS_WITH(placed.run({"hang"}, 1), Catch::StartsWith(who + "137: "));
        CHECK(output_of("kill -0 $(cat " + (board.disk / "running").string() + ") 2>/dev/null || echo gone") ==
              "gone\n");
    }
    fs::remove(board.disk / "running");
    CHECK(board.is_empty());
}

TEST_CASE("Nothing waits on the other machine for a program that has ended") {
    const std::string wait = "until [ -e \"$1\" ]; do sleep 0.01; done\n";
    Board board;
    const int limit = 100000000 + getpid();  // which nobody else has
    const std::string watch = "sleep " + std::to_string(limit);
    const fs::path go = board.folder / "go";
    board.machine.tick = [&] {
        if (is_running(watch)) create_file(go, "");
    };
    PlacedProgram(board.machine, script(board.folder / "program", wait)).run({go.string()}, limit);
    CHECK(has_ended(watch));
}

TEST_CASE("A machine that cannot be reached, or takes nothing, is named") {
    const std::string advice = "; check that the command logs in without a password, and that there is room";
    SECTION("no login") {
        const Board board("echo 'Permission denied (publickey).' >&2; exit 255\n");
        CHECK_THROWS_WITH(PlacedProgram(board.machine, script(board.folder / "program", "")),
                          (board.folder / "ssh").string() +
                              " board: could not take a program (exit status 255): Permission denied (publickey)." +
                              advice);
    }
    SECTION("no room") {
        const Board board("trap '' XFSZ\nulimit -f 0\n");
        CHECK_THROWS_WITH(PlacedProgram(board.machine, script(board.folder / "program", "exit 0\n")),
                          Catch::Contains("could not take a program") && Catch::EndsWith(advice));
        CHECK(board.is_empty());
    }
    SECTION("another kind of login") {
        const Board board("echo 'This account is not available'; exit 0\n");
        CHECK_THROWS_WITH(PlacedProgram(board.machine, script(board.folder / "program", "")),
                          (board.folder / "ssh").string() +
                              " board: could not take a program (no folder was made): This account is not available" +
                              advice);
    }
}
