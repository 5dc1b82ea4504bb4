"""The program under test, and pictures to give it."""
import os
import shutil
import subprocess
import tempfile
import unittest
import zlib
from pathlib import Path

import numpy as np
from PIL import Image


class ProgramTest(unittest.TestCase):
    """Runs `atrous` in an empty folder of its own."""

    atrous = networks = program = None  # set by main()

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="atrous-test-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder / "home"), "LANG": "C.UTF-8",
                            **{name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")}}

    def call(self, *arguments, program=None, stdin="", **more):
        """CompletedProcess of a run in the test's folder."""
        command = [program or self.atrous, *map(str, arguments)]
        return subprocess.run(command, cwd=self.folder, input=stdin, text=True, capture_output=True, timeout=300,
                              env=self.environment | more.pop("env", {}), **more)

    def expect(self, code, *arguments, error="", **more):
        """Runs, checks the exit code and all of stderr, and returns stdout."""
        done = self.call(*arguments, **more)
        self.assertEqual((done.returncode, done.stderr), (code, error))
        return done.stdout

    def support(self, name):
        """A file among the parts of libraries and programs, which this build may lack."""
        return Path(self.atrous).parent.parent / "support" / name

    def network(self, name):
        return f"{self.networks}/{name}.so"

    def segment(self, code, network, *arguments, **more):
        return self.expect(code, "segment", "--model", self.network(network), *arguments, **more)

    def picture(self, name, mode="RGB", size=(7, 5)):
        """A picture of random pixels."""
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        channels = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4}[mode]
        random = np.random.default_rng(zlib.crc32(name.encode()))
        pixels = random.integers(0, 256, (size[1], size[0], channels), np.uint8)
        Image.fromarray(pixels[..., 0] if channels == 1 else pixels, mode).save(file, lossless=True)
        return file

    def files(self, folder):
        """All files below a folder, relative."""
        root = self.folder / folder
        return sorted(str(file.relative_to(root)) for file in root.rglob("*") if not file.is_dir())


def main(arguments):
    ProgramTest.atrous, ProgramTest.networks, ProgramTest.program = map(str, arguments[1:4])
    unittest.main(module="__main__", argv=[arguments[0], *arguments[4:]])
