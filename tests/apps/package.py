"""What `cmake --install` gives to people who build software: package.py CMAKE BUILD_FOLDER WORK_FOLDER NINJA CXX

Installs, builds apps/sample with it, natively, by a tuning record and for a board, and compares what that cuts out with `atrous segment`.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from compile_test import CONFIG, small_model

SAMPLE = Path(__file__).resolve().parents[2] / "apps" / "sample"


class Package:
    def __init__(self, cmake, folder, ninja, cxx):
        self.cmake, self.folder = cmake, folder
        self.options = ["-G", "Ninja", f"-DCMAKE_MAKE_PROGRAM={ninja}", f"-DCMAKE_CXX_COMPILER={cxx}",
                        f"-DAtrous_DIR={folder}/prefix/lib/cmake/Atrous", f"-DMODEL={folder}/model.onnx"]
        self.environment = os.environ | {"XDG_CACHE_HOME": str(folder / "cache")}

    def call(self, *words, fails=False):
        """Everything that is printed."""
        done = subprocess.run([str(word) for word in words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              env=self.environment)
        if bool(done.returncode) != fails:
            sys.exit(f"{' '.join(map(str, words))}\n{done.stdout}\nexit status {done.returncode}")
        return done.stdout

    def configure(self, name, *options, fails=False):
        return self.call(self.cmake, "-S", SAMPLE, "-B", self.folder / name, *self.options, *options, fails=fails)

    def build(self, name, fails=False):
        return self.call(self.cmake, "--build", self.folder / name, fails=fails)

    def cut_out(self, name, *emulator):
        result = self.folder / f"{name}.png"
        said = self.call(*emulator, self.folder / name / "segment_picture", self.folder / "picture.png", result)
        return np.asarray(Image.open(result), np.int32), said

    def expected(self):
        self.call(self.folder / "prefix" / "bin" / "atrous", "segment", "--quiet", "--model", self.folder / "model.onnx",
                  self.folder / "picture.png", "-o", self.folder / "out", "--format", "cutout")
        return np.asarray(Image.open(self.folder / "out" / "picture.png.cutout.png"), np.int32)


def check(fine, problem):
    if not fine:
        sys.exit(problem)


def check_native(package, folder):
    package.configure("native")
    package.build("native")
    pixels, said = package.cut_out("native")
    check(np.array_equal(pixels, package.expected()), "the sample cuts out something else than atrous segment")
    check("x86-64-linux" in said, f"the sample does not say whose code it runs: {said}")

    library = folder / "native" / "segnet.network" / "segnet.a"
    made = library.stat().st_mtime_ns
    package.build("native")
    check(library.stat().st_mtime_ns == made, "the network was compiled again though nothing had changed")
    small_model(folder / "model.onnx", CONFIG, channels=6)
    package.build("native")
    check(library.stat().st_mtime_ns > made, "the network was not compiled again when the model changed")
    changed, _ = package.cut_out("native")
    check(not np.array_equal(changed, pixels) and np.array_equal(changed, package.expected()),
          "the program does not hold the changed model")
    print("native: ok", flush=True)


def check_tuning(package, folder):
    """A record for the best of the three targets is taken; one for another stops the build."""
    record, atrous = folder / "record.json", folder / "prefix/bin/atrous"
    halide = package.call(atrous, "--version").splitlines()[1].split()[1]
    canonical = {row["target"]: row["canonical"] for row in json.loads(package.call(atrous, "targets", "--json"))["targets"]}

    def write(target):
        record.write_text(json.dumps({"atrous_tuning": 1, "target": canonical[target], "machine": "any", "halide": halide,
                                      "threads": 1, "operators": []}))

    write("x86-64-linux-avx512_skylake")
    package.configure("tuned", f"-DTUNING={record}")
    package.build("tuned")
    pixels, _ = package.cut_out("tuned")
    check(np.array_equal(pixels, package.expected()), "with a record the sample cuts out something else")
    write("x86-64-linux-avx2-fma")
    said = package.build("tuned", fails=True)
    check("record.json: was made for x86-64-linux-avx-avx2-fma" in said, said)
    print("tuning: ok", flush=True)


def check_board(package, folder):
    missing = [tool for tool in ("aarch64-linux-gnu-g++", "qemu-aarch64-static") if not shutil.which(tool)]
    if not (folder / "prefix/lib/atrous/support/arm-64-linux").is_dir():
        missing.append("this build's support for arm-64-linux")
    if missing:
        print(f"SKIP for a board: there is no {', no '.join(missing)}")
        return
    package.options = [option for option in package.options if not option.startswith("-DCMAKE_CXX_COMPILER")]
    package.configure("board", f"-DCMAKE_TOOLCHAIN_FILE={SAMPLE}/aarch64-linux-gnu.cmake",
                      "-DCMAKE_EXE_LINKER_FLAGS=-static")
    package.build("board")
    pixels, said = package.cut_out("board", "qemu-aarch64-static")
    check(np.abs(pixels - package.expected()).max() <= 1, "the board cuts out something else than this machine")
    check("arm-64-linux" in said, f"the sample does not say whose code it runs: {said}")
    print("board: ok", flush=True)


def check_autoschedulers(package, folder):
    compile_again = [folder / "prefix/bin/atrous", "compile", folder / "model.onnx", "--autoscheduler", "Mullapudi2016",
                     "--quiet", "-o", folder / "autoscheduled"]
    package.call(*compile_again)
    plugin = folder / "prefix/lib/atrous/libautoschedule_mullapudi2016.so"
    plugin.unlink()
    said = package.call(*compile_again, fails=True)
    check(said.startswith(f"atrous: error: {plugin}: is missing, and holds the autoscheduler Mullapudi2016; put that file "
                          "of Halide "), said)
    print("autoschedulers: ok", flush=True)


def check_mistakes(package):
    said = package.configure("mistake1", "-DMODEL=", fails=True)
    check("MODEL must name an ONNX file" in said, said)
    said = package.configure("mistake2", "-DCMAKE_SYSTEM_NAME=Linux", "-DCMAKE_SYSTEM_PROCESSOR=riscv64", fails=True)
    check("makes nothing for riscv64-linux, only for:" in said, said)
    print("mistakes: ok", flush=True)


def main(cmake, build, folder, ninja, cxx):
    folder = Path(folder).resolve()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    pixels = np.random.default_rng(1).integers(0, 256, (40, 56, 3), np.uint8)
    Image.fromarray(pixels).save(folder / "picture.png")
    small_model(folder / "model.onnx", CONFIG)
    package = Package(cmake, folder, ninja, cxx)
    package.call(cmake, "--install", build, "--prefix", folder / "prefix")
    check_native(package, folder)
    check_tuning(package, folder)
    check_board(package, folder)
    check_mistakes(package)
    check_autoschedulers(package, folder)


if __name__ == "__main__":
    if len(sys.argv) != 6:
        sys.exit(__doc__)
    main(*sys.argv[1:])
