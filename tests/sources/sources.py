"""The rules that the source files themselves obey: sources.py REPOSITORY

Formatting, which folder may include which, and how long a file may be.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

LONGEST = 500  # lines
# folder → what its files may include; the dependencies point one way
MAY_INCLUDE = {
    "generators": {"generators", "Halide"},
    "schedules": {"schedules", "generators", "Halide"},
    "compiler": {"compiler", "schedules", "generators", "runtime"},
    "runtime": {"runtime"},
    "apps/segment": {"apps/segment", "apps", "runtime"},
    "apps": {"apps/segment", "apps/atrous", "apps", "compiler", "schedules", "runtime"},
}
# What emitted programs consist of does without what would bring streams and locales along, half a megabyte.
SMALL = ("runtime/", "apps/segment/", "apps/npy.")
LARGE = {"CLI/CLI.hpp", "fstream", "iomanip", "iostream", "istream", "locale", "ostream", "regex", "sstream"}
# Element types, plan, ABI and the error class are the language that all parts share.
SHARED = {"runtime/plan.h", "runtime/abi.h", "runtime/error.h"}
INCLUDE = re.compile(r'^\s*#\s*include\s+["<]([^">]+)[">]', re.MULTILINE)


def sources(top):
    """C, C++ and Python files that belong to the project."""
    for folder in ("generators", "schedules", "compiler", "runtime", "apps", "tests"):
        yield from sorted(path for path in (top / folder).rglob("*") if path.suffix in {".c", ".cpp", ".h", ".py"})


def folder_of(name):
    """The rule's folder that a file or an included header is in, or None for somebody else's header."""
    if name == "Halide.h":  # its compiler; HalideRuntime.h only says what a buffer is
        return "Halide"
    known = [folder for folder in (*MAY_INCLUDE, "apps/atrous") if name.startswith(f"{folder}/")]
    return max(known, key=len, default=None)


def layering(top, path):
    name = path.relative_to(top).as_posix()
    if name.startswith("tests/"):
        return
    allowed = next((MAY_INCLUDE[key] for key in sorted(MAY_INCLUDE, key=len, reverse=True) if name.startswith(key + "/")))
    for included in INCLUDE.findall(path.read_text()):
        folder = folder_of(included)
        if folder and folder not in allowed and included not in SHARED:
            yield f"{name}: includes {included}; it may include {', '.join(sorted(allowed))}"


def smallness(top, path):
    name = path.relative_to(top).as_posix()
    if name.startswith(SMALL):
        for included in INCLUDE.findall(path.read_text()):
            if included in LARGE:
                yield f"{name}: includes <{included}>, which would make every emitted program half a megabyte larger"


def length(top, path):
    lines = path.read_text().count("\n")
    if lines > LONGEST:
        yield f"{path.relative_to(top)}: {lines} lines, at most {LONGEST}; perhaps it is two things in one"


def formatting(top, paths):
    beside_python = Path(sys.executable).parent / "clang-format"
    program = beside_python if beside_python.exists() else shutil.which("clang-format")
    if not program:
        print("SKIP: formatting: no clang-format")
        return
    done = subprocess.run([program, "--dry-run", "--Werror", *paths], cwd=top, capture_output=True, text=True)
    for name in sorted({line.split(":")[0] for line in done.stderr.splitlines() if "error: code should be" in line}):
        yield f"{Path(name).relative_to(top)}: not formatted; {program} -i {name}"
    if done.returncode and "error: code should be" not in done.stderr:
        yield f"clang-format: {done.stderr.strip()}"


def main(top):
    paths = list(sources(top))
    problems = [line for path in paths for rule in (layering, smallness, length) for line in rule(top, path)]
    problems += formatting(top, [path for path in paths if path.suffix != ".py"])
    print("\n".join(problems) or f"{len(paths)} files")
    return 1 if problems else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1]).resolve()))
