#include "compiler/files.h"

#include <catch2/catch.hpp>

#include "compiler/sha256.h"
#include "runtime/error.h"
#include "small_network.h"

using namespace atrous;
namespace fs = std::filesystem;

TEST_CASE("Files of a work folder appear together, in the place of older ones, or not at all") {
    const TestFolder folder;
    create_file(folder / "a", "old");
    {
        WorkFolder work(folder.path(), "net");
        create_file(work / "a", "new");
        create_file(work / "b", "new");
        create_file(work / "scratch", "x");
        CHECK(read_file(folder / "a") == "old");
        work.publish({"a", "b"});
    }
    CHECK(read_file(folder / "a") == "new");
    CHECK(read_file(folder / "b") == "new");
    CHECK(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()) == 2);

    fs::create_directory(folder / "d");
    {
        WorkFolder work(folder.path(), "net");
        create_file(work / "c", "new");
        create_file(work / "d", "new");
        CHECK_THROWS_WITH(work.publish({"c", "d"}), (folder / "d").string() + ": cannot be replaced: Is a directory");
        CHECK_THROWS_WITH(work.publish({"c", "e"}),
                          (folder / "e").string() + ": cannot be written: No such file or directory");
    }
    CHECK(!fs::exists(folder / "c"));
    CHECK(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()) == 3);
}

TEST_CASE("Folders that cannot be made or written are named") {
    const TestFolder folder;
    create_file(folder / "file", "");
    const std::string below = (folder / "file").string() + "/below";
    CHECK_THROWS_WITH(WorkFolder(below, "net"), below + ": cannot be made: Not a directory");
    CHECK_THROWS_WITH(WorkFolder("/proc", "net"), "/proc: cannot be written to: No such file or directory");
    CHECK_THROWS_WITH(create_file(below, "x"), below + ": cannot be written: Not a directory");
    CHECK_THROWS_WITH(read_file(folder / "absent"),
                      (folder / "absent").string() + ": cannot be read: No such file or directory");
    CHECK_THROWS_WITH(create_file("/dev/full", "x"), "/dev/full: cannot be written: No space left on device");
    CHECK_FALSE(replace_file(below, "x"));
}

TEST_CASE("SHA-256") {
    CHECK(sha256_of("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(sha256_of("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}
