#include "apps/segment/inputs.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <memory>

#include "runtime/error.h"
#include "runtime/image.h"
#include "tests/apps/temporary_folder.h"

using namespace atrous;
namespace fs = std::filesystem;

namespace {

void make_picture(const fs::path& file) {
    fs::create_directories(file.parent_path());
    const auto png = encode_png(Image{1, 1, 1, 8, {7}, {}});
    std::ofstream(file, std::ios::binary)
        .write(reinterpret_cast<const char*>(png.data()), static_cast<long>(png.size()));
}

void make_text(const fs::path& file) {
    fs::create_directories(file.parent_path());
    std::ofstream(file) << "not a picture";
}

std::vector<std::string> places(const Inputs& inputs) {
    std::vector<std::string> result;
    for (const Input& input : inputs.pictures) result.push_back(input.place);
    return result;
}

Inputs look(const std::vector<std::string>& arguments, const fs::path& output = "/nowhere",
            const std::string& list = "") {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> stream(std::tmpfile(), std::fclose);
    REQUIRE(stream);
    REQUIRE(std::fputs(list.c_str(), stream.get()) >= 0);
    std::rewind(stream.get());
    return find_inputs(arguments, stream.get(), output);
}

using Places = std::vector<std::string>;

}  // namespace

TEST_CASE("One folder: places are relative to it, in order, at any depth; other files are counted") {
    const TemporaryFolder at;
    make_picture(at / "photos/b.png");
    make_picture(at / "photos/a/deep/c.jpg");  // by content, whatever the name
    make_picture(at / "photos/no suffix");
    make_text(at / "photos/notes.txt");
    make_text(at / "photos/a/fake.png");
    const Inputs found = look({(at / "photos").string()});
    CHECK(places(found) == Places{"a/deep/c.jpg", "b.png", "no suffix"});
    CHECK(found.ignored == 2);
    CHECK(found.pictures[0].file == (at / "photos/a/deep/c.jpg").string());
    CHECK(places(look({(at / "photos/").string()})) == places(found));
    CHECK(places(look({(at / "photos").string(), (at / "photos/").string()})) == places(found));
}

TEST_CASE("Several folders: each folder's name comes first") {
    const TemporaryFolder at;
    make_picture(at / "summer/x.png");
    make_picture(at / "winter/x.png");
    CHECK(places(look({(at / "winter/").string(), (at / "summer/.").string()})) ==
          Places{"winter/x.png", "summer/x.png"});
}

TEST_CASE("Files: relative to the folder that they have in common") {
    const TemporaryFolder at;
    make_picture(at / "p/2020/a.png");
    make_picture(at / "p/2021/a.png");
    make_picture(at / "p/2021/b.png");
    const std::string first = (at / "p/2020/a.png").string(), second = (at / "p/2021/a.png").string(),
                      third = (at / "p/2021/b.png").string();
    CHECK(places(look({first})) == Places{"a.png"});
    CHECK(places(look({second, third})) == Places{"a.png", "b.png"});
    CHECK(places(look({first, second})) == Places{"2020/a.png", "2021/a.png"});
    CHECK(places(look({"-"}, "/nowhere", first + "\r\n\n" + second + "\n")) == Places{"2020/a.png", "2021/a.png"});
    CHECK(places(look({third, third, (at / "p/2021/../2021/b.png").string()})) == Places{"b.png"});
}

TEST_CASE("Two inputs for one place are refused") {
    const TemporaryFolder at;
    make_picture(at / "a/photos/x.png");
    make_picture(at / "b/photos/x.png");
    const std::string a = (at / "a/photos").string(), b = (at / "b/photos").string();
    CHECK_THROWS_WITH(look({a, b}), b + "/x.png: would have the same outputs as " + a +
                                        "/x.png: both are photos/x.png in the output folder; segment them in two runs, "
                                        "or give one folder that holds both");
    CHECK(places(look({a, a + "/x.png"})) == Places{"x.png"});
}

TEST_CASE("The output folder is never scanned") {
    const TemporaryFolder at;
    make_picture(at / "photos/x.png");
    make_picture(at / "photos/masks/x.png.mask.png");
    CHECK(places(look({(at / "photos").string()}, at / "photos/masks")) == Places{"x.png"});
    fs::create_directory_symlink("masks", at / "photos/link");
    CHECK(places(look({(at / "photos").string()}, at / "photos/masks")) == Places{"x.png"});
    CHECK_THROWS_WITH(
        look({(at / "photos").string()}, at / "photos"),
        (at / "photos").string() + ": is the output folder, which is never scanned; choose another folder with -o");
}

TEST_CASE("Links: loops end, each folder is found once and under its own name, broken ones are named") {
    const TemporaryFolder at;
    make_picture(at / "photos/z/x.png");
    fs::create_directory_symlink("..", at / "photos/z/up");
    fs::create_directory_symlink("z", at / "photos/a_link");
    fs::create_symlink("z/x.png", at / "photos/other.png");
    fs::create_symlink("nowhere", at / "photos/broken.png");
    fs::create_symlink("self.png", at / "photos/self.png");
    const Inputs found = look({(at / "photos").string()});
    CHECK(places(found) == Places{"broken.png", "other.png", "self.png", "z/x.png"});
    CHECK(found.pictures[0].problem ==
          (at / "photos/broken.png").string() + ": cannot be opened: No such file or directory; check the link");
    CHECK(found.pictures[1].problem.empty());
    CHECK(found.pictures[2].problem ==
          (at / "photos/self.png").string() + ": cannot be opened: Too many levels of symbolic links; check the link");
}

TEST_CASE("What is named and is no file is an input that fails; in a folder it is ignored") {
    const TemporaryFolder at;
    make_picture(at / "photos/x.png");
    REQUIRE(mkfifo((at / "photos/pipe").c_str(), 0600) == 0);
    const Inputs folder = look({(at / "photos").string()});
    CHECK(places(folder) == Places{"x.png"});
    CHECK(folder.ignored == 1);
    const Inputs named = look({(at / "photos/pipe").string(), (at / "gone.png").string()});
    CHECK(named.pictures.at(0).problem ==
          (at / "photos/pipe").string() + ": is neither a file nor a folder; name a picture or a folder of pictures");
    CHECK(named.pictures.at(1).problem ==
          (at / "gone.png").string() + ": cannot be opened: No such file or directory; check the name");
}
