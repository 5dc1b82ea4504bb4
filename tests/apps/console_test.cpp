#include "apps/segment/console.h"

#include <catch2/catch.hpp>

#include "apps/atrous/table.h"

using namespace atrous;

TEST_CASE("Durations and sizes for people") {
    CHECK(duration_text(0.04) == "0.0 s");
    CHECK(duration_text(9.94) == "9.9 s");
    CHECK(duration_text(9.96) == "10 s");
    CHECK(duration_text(59.6) == "1 min 00 s");
    CHECK(duration_text(3599) == "59 min 59 s");
    CHECK(duration_text(7800) == "2 h 10 min");
    CHECK(bytes_text(1023) == "1023 B");
    CHECK(bytes_text(1024) == "1.0 KiB");
    CHECK(bytes_text(176.0 * 1024 * 1024) == "176.0 MiB");
}

TEST_CASE("File names cannot steer the terminal") {
    CHECK(printable("a\x1b[2Jb\nc\x7f") == "a\\x1b[2Jb\\x0ac\\x7f");
    CHECK(printable("Ä×.png") == "Ä×.png");
}

TEST_CASE("Tables are aligned by characters, not bytes") {
    Table table({"shape", ">GFLOP"});
    table.add({"1×64", "0.5"});
    table.add({"1×64×320", "12.25"});
    CHECK(table.text() ==
          "shape     GFLOP\n"
          "1×64        0.5\n"
          "1×64×320  12.25\n");
}
