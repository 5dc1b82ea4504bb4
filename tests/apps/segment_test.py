"""`atrous segment` and emitted programs, around networks of known results: segment_test.py ATROUS NETWORKS PROGRAM"""
import json
import os
import pty
import resource
import signal
import subprocess
import sys
import time
import unittest

import numpy as np
from PIL import Image

from program import ProgramTest, main


def mean_mask(file):
    """What the network `mask` says about a picture: the mean of its colours."""
    rgb = np.asarray(Image.open(file).convert("RGB"), np.float64)
    return rgb.mean(2)


class Results(ProgramTest):
    def check_mask(self, picture, mask):
        with Image.open(self.folder / mask) as image:
            self.assertEqual(image.mode, "L")
            np.testing.assert_allclose(np.asarray(image, np.float64), mean_mask(self.folder / picture), atol=1)

    def test_tree_is_mirrored(self):
        for name in ("in/a.png", "in/deep/er/b.webp", "in/deep/c.png"):
            self.picture(name)
        (self.folder / "in/notes.txt").write_text("no picture")
        out = self.segment(0, "mask", "in", "-o", "out")
        self.assertRegex(out, r"^3 pictures segmented into out in [0-9.]+ s, 1 other files ignored\n$")
        self.assertEqual(self.files("out"), ["a.png.mask.png", "deep/c.png.mask.png", "deep/er/b.webp.mask.png",
                                             "manifest.jsonl"])
        for name in ("a.png", "deep/er/b.webp", "deep/c.png"):
            self.check_mask("in/" + name, f"out/{name}.mask.png")

    def test_manifest(self):
        self.picture("in/a.png")
        self.picture("in/c.png")
        (self.folder / "in/b.png").write_bytes((self.folder / "in/a.png").read_bytes()[:60])
        done = self.call("segment", "--model", self.network("mask"), "in", "-o", "out", "--threads", "2")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"^atrous: error: in/b\.png: [^\n]+\n$")
        self.assertRegex(done.stdout, r"^2 pictures segmented into out in [0-9.]+ s, 1 failed\n$")
        lines = [json.loads(line) for line in (self.folder / "out/manifest.jsonl").read_text().splitlines()]
        for line in lines:
            self.assertEqual(list(line), ["input", "status", "outputs", "error", "seconds", "key"])
        self.assertEqual([line["input"] for line in lines], ["in/a.png", "in/b.png", "in/c.png"])
        self.assertEqual([line["status"] for line in lines], ["done", "failed", "done"])
        self.assertEqual([line["outputs"] for line in lines], [["a.png.mask.png"], [], ["c.png.mask.png"]])
        self.assertEqual("atrous: error: " + lines[1]["error"] + "\n", done.stderr)
        self.assertIsNone(lines[0]["error"])
        self.assertRegex(lines[0]["key"], "^[0-9a-f]{32}$")
        self.assertNotEqual(lines[0]["key"], lines[2]["key"])

    def test_key_follows_input_and_options(self):
        self.picture("in/a.png")
        keys = []
        for options in ([], [], ["--format", "mask,cutout"], ["--threads", "2"]):
            self.segment(0, "mask", "in", "-o", "out", "--quiet", *options)
            keys.append(json.loads((self.folder / "out/manifest.jsonl").read_text())["key"])
        self.picture("in/a.png", size=(9, 9))
        self.segment(0, "mask", "in", "-o", "out", "--quiet")
        keys.append(json.loads((self.folder / "out/manifest.jsonl").read_text())["key"])
        self.assertEqual(keys[0], keys[1])
        self.assertEqual(keys[0], keys[3])
        self.assertEqual(len(set(keys)), 3)

    def test_formats_of_one_channel(self):
        picture = self.picture("a.png", "RGBA")
        self.segment(0, "mask", "a.png", "-o", "out", "--format", "mask,cutout", "--format", "overlay", "--format",
                     "probabilities", "--quiet")
        self.assertEqual(self.files("out"), ["a.png.cutout.png", "a.png.mask.png", "a.png.overlay.png",
                                             "a.png.probabilities.npy", "manifest.jsonl"])
        mask = np.asarray(Image.open(self.folder / "out/a.png.mask.png"), np.float64)
        cutout, original = (np.asarray(Image.open(file)) for file in (self.folder / "out/a.png.cutout.png", picture))
        np.testing.assert_array_equal(cutout[..., :3], original[..., :3])
        np.testing.assert_allclose(cutout[..., 3], original[..., 3] * mask / 255, atol=1)
        scores = np.load(self.folder / "out/a.png.probabilities.npy")
        self.assertEqual((scores.shape, scores.dtype), ((1, 5, 7), np.float32))
        np.testing.assert_allclose(scores[0] * 255, mean_mask(picture), atol=0.01)

    def test_formats_of_classes(self):
        picture = self.picture("a.png")
        self.segment(0, "classes", "a.png", "-o", "out", "--quiet")
        self.assertEqual(self.files("out"), ["a.png.labels.png", "manifest.jsonl"])
        labels = Image.open(self.folder / "out/a.png.labels.png")
        self.assertEqual(labels.mode, "P")
        self.assertEqual(labels.getpalette()[:9], [255, 0, 0, 0, 255, 0, 0, 0, 255])
        original = np.asarray(Image.open(picture))
        np.testing.assert_array_equal(np.asarray(labels), original.argmax(2))
        self.segment(0, "classes", "a.png", "-o", "out", "--format", "probabilities,overlay", "--quiet")
        np.testing.assert_allclose(np.load(self.folder / "out/a.png.probabilities.npy"),
                                   original.transpose(2, 0, 1) / 255, atol=1e-5)
        with Image.open(self.folder / "out/a.png.overlay.png") as overlay:
            self.assertEqual(overlay.size, (7, 5))

    def test_label_maps(self):
        picture = self.picture("a.png")
        self.segment(0, "labels", "a.png", "-o", "out", "--format", "labels,overlay", "--quiet")
        labels = np.asarray(Image.open(self.folder / "out/a.png.labels.png"))
        np.testing.assert_array_equal(labels, np.asarray(Image.open(picture)).argmax(2))

    def test_every_kind_of_picture(self):
        kinds = {"gray.png": "L", "gray_alpha.png": "LA", "rgb.png": "RGB", "rgba.png": "RGBA"}
        for name, mode in kinds.items():
            self.picture("in/" + name, mode)
        Image.open(self.folder / "in/rgb.png").quantize(16).save(self.folder / "in/palette.png")
        Image.fromarray(np.arange(35, dtype=np.uint16).reshape(5, 7) * 1800).save(self.folder / "in/sixteen.png")
        Image.open(self.folder / "in/gray.png").convert("1").save(self.folder / "in/one_bit.png")
        self.segment(0, "mask", "in", "-o", "out", "--quiet", "--format", "mask,cutout,overlay")
        for name in [*kinds, "palette.png", "one_bit.png"]:
            self.check_mask("in/" + name, f"out/{name}.mask.png")
        sixteen = np.asarray(Image.open(self.folder / "out/sixteen.png.mask.png"), np.float64)
        np.testing.assert_allclose(sixteen, np.arange(35).reshape(5, 7) * 1800 / 257, atol=1)

    def test_declared_size_is_used(self):
        self.picture("a.png", size=(40, 31))
        self.segment(0, "small", "a.png", "-o", "out", "--quiet")
        with Image.open(self.folder / "out/a.png.mask.png") as mask:
            self.assertEqual(mask.size, (40, 31))

    def test_many_threads_give_the_same(self):
        for i in range(20):
            self.picture(f"in/{i}.png", size=(30, 20 + i))
        for threads in (1, 3, 64):
            self.segment(0, "mask", "in", "-o", f"out{threads}", "--threads", threads, "--quiet")
            self.assertEqual(len(self.files(f"out{threads}")), 21)
        for name in self.files("out1"):
            if name.endswith(".png"):
                contents = {(self.folder / folder / name).read_bytes() for folder in ("out1", "out3", "out64")}
                self.assertEqual(len(contents), 1)

    def test_paths_on_stdin(self):
        self.picture("a/x.png")
        self.picture("b/x.png")
        out = json.loads(self.segment(0, "mask", "-", "-o", "out", "--json", stdin="a/x.png\nb/x.png\n"))
        self.assertEqual((out["done"], out["failed"], out["ignored"]), (2, 0, 0))
        self.assertEqual(self.files("out"), ["a/x.png.mask.png", "b/x.png.mask.png", "manifest.jsonl"])

    def test_outputs_are_overwritten_and_never_inputs(self):
        self.picture("in/a.png")
        for _ in range(2):
            out = self.segment(0, "mask", "in", "-o", "in/masks")
            self.assertRegex(out, "^1 picture segmented into in/masks in ")
        self.assertEqual(self.files("in"), ["a.png", "masks/a.png.mask.png", "masks/manifest.jsonl"])

    def test_nothing_to_do(self):
        (self.folder / "in").mkdir()
        self.assertRegex(self.segment(0, "mask", "in", "-o", "out"), "^0 pictures segmented into out in ")
        self.assertEqual(self.files("out"), ["manifest.jsonl"])

    def test_names_that_are_hard(self):
        names = ["in/with space.png", "in/-o.png", "in/ümläut.png", "in/new\nline.png", "in/" + "n" * 240 + ".png"]
        for name in names:
            self.picture(name)
        os.rename(self.folder / "in/with space.png", os.fsencode(self.folder) + b"/in/\xff.png")
        self.segment(0, "mask", "in", "-o", "out", "--quiet")
        self.assertEqual(len(self.files("out")), 6)
        self.picture("long/" + "n" * 249 + ".png")
        self.segment(1, "mask", "long", "-o", "out", "--quiet",
                     error=f"atrous: error: long/{'n' * 249}.png: its name is too long for .mask.png to be added to "
                           "it; give it a shorter name\n")


class Failures(ProgramTest):
    def test_command_line(self):
        see = "; see atrous segment --help\n"
        line = "atrous: error: command line: "
        self.expect(2, "segment", error=line + "--model is required" + see)
        model = ["segment", "--model", self.network("mask")]
        self.expect(2, *model, "-o", "out", error=line + "INPUT is required" + see)
        self.expect(2, *model, "in", error=line + "--output is required" + see)
        both = [*model, "in", "-o", "out"]
        self.expect(2, *both, "--threads", "0", error=line + "--threads: Value 0 not in range 1 to 4096" + see)
        self.expect(2, *both, "--threads", "x", error=line + "--threads: Value x not in range 1 to 4096" + see)
        self.expect(2, *both, "--max-pixels", "-1",
                    error=line + "--max-pixels: Value -1 not in range 1 to 1099511627776" + see)
        self.expect(2, *both, "--format", "jpeg",
                    error=line + "--format: jpeg not in {mask,cutout,labels,overlay,probabilities}" + see)
        self.expect(2, *both, "--quiet", "--verbose",
                    error=line + "--quiet and --verbose exclude each other; leave one out\n")
        for option in ("--max-memory=1", "--tile=auto", "--verify-tiling", "--resume", "--shard=0/2", "--report=x"):
            self.expect(2, *both, option,
                        error=line + "The following argument was not expected: " + option + see)
        self.assertEqual(self.files("."), [])

    def test_devices(self):
        self.picture("a.png")
        self.segment(0, "mask", "a.png", "-o", "out", "--device", "cpu", "--quiet")
        for device in ("cuda", "opencl"):
            self.segment(2, "mask", "a.png", "-o", "out", "--device", device,
                         error=f"atrous: error: mask: holds no code for --device {device}, only for x86-64-linux; use "
                               "another --device or leave it out\n")

    def test_instruction_sets(self):
        self.picture("a.png")
        self.segment(0, "mask", "a.png", "-o", "out", "--target", "x86-64-linux", "--verbose",
                     error=f"{self.network('mask')}: runs its code for x86-64-linux\na.png → out/a.png.mask.png\n")
        self.expect(2, "a.png", "-o", "out", "--target", "x86-64-linux-avx", program=self.program,
                    error="fake_program: error: mask: holds no code for --target x86-64-linux-avx, only for x86-64-linux; "
                          "choose among these, or leave it out\n")

    def test_formats_that_the_network_lacks(self):
        self.picture("a.png")
        for network, format, offered in (("mask", "labels", "mask, cutout, overlay, probabilities"),
                                         ("classes", "mask", "labels, overlay, probabilities"),
                                         ("labels", "probabilities", "labels, overlay")):
            self.segment(2, network, "a.png", "-o", "out", "--format", format,
                         error=f"atrous: error: {self.network(network)}: has no {format} to give with --format, only "
                               f"{offered}; choose among these\n")

    def test_networks_that_do_not_segment(self):
        self.segment(2, "pair", "in", "-o", "out",
                     error=f"atrous: error: {self.network('pair')}: takes the inputs 'a' (float32 n), 'b=c' (int64 n), "
                           "expected one float32 input of shape 1×3×height×width, as its config says; use `atrous run` "
                           "for networks of other kinds\n")
        done = self.call("segment", "--model", self.network("unconfigured"), "in", "-o", "out")
        first, template = done.stderr.split("\n", 1)
        self.assertEqual((done.returncode, done.stdout, first),
                         (2, "", f"atrous: error: {self.network('unconfigured')}: no config was found that says how a "
                                 "picture becomes its input; fill in the template below and compile the model with "
                                 "--config FILE.json"))
        self.assertEqual(set(json.loads(template)), {"input", "output"})

    def test_no_model(self):
        self.expect(2, "segment", "--model", "gone.so", "in", "-o", "out", program=self.atrous,
                    error="atrous: error: gone.so: cannot be opened: No such file or directory; check the name\n")

    def test_missing_and_wrong_inputs_are_counted(self):
        self.picture("a.png")
        (self.folder / "notes.txt").write_text("no picture")
        done = self.call("segment", "--model", self.network("mask"), "a.png", "gone.png", "notes.txt", "-o", "out")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr.count("\n"), 2)
        self.assertIn("atrous: error: gone.png: cannot be opened: No such file or directory; check the name\n",
                      done.stderr)
        self.assertIn("atrous: error: notes.txt: ", done.stderr)
        self.assertRegex(done.stdout, "^1 picture segmented into out in [0-9.]+ s, 2 failed\n$")

    def test_network_refuses_a_size(self):
        self.picture("a.png", size=(10, 13))
        self.picture("b.png")
        self.segment(1, "mask", "a.png", "b.png", "-o", "out", "--quiet",
                     error="atrous: error: a.png: mask: the height must not be 13, expected another; crop the "
                           "picture\n")
        self.assertEqual(self.files("out"), ["b.png.mask.png", "manifest.jsonl"])

    def test_max_pixels(self):
        self.picture("a.png", size=(10, 10))
        self.segment(0, "mask", "a.png", "-o", "out", "--quiet", "--max-pixels", "100")
        done = self.call("segment", "--model", self.network("mask"), "a.png", "-o", "out", "--max-pixels", "99")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"^atrous: error: a\.png: [^\n]*100[^\n]*99[^\n]*\n$")

    def test_fail_fast(self):
        for i in range(10):
            self.picture(f"in/{i}.png", size=(10, 13 if i == 2 else 5))
        done = self.call("segment", "--model", self.network("mask"), "in", "-o", "out", "--fail-fast", "--threads", "1")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stdout, "2 pictures segmented into out in [0-9.]+ s, 1 failed, 7 not begun\n$")
        self.assertEqual(len((self.folder / "out/manifest.jsonl").read_text().splitlines()), 3)

    def test_output_that_cannot_be_written(self):
        self.picture("a.png")
        (self.folder / "file").write_text("in the way")
        self.segment(2, "mask", "a.png", "-o", "file/out",
                     error="atrous: error: file/out: the folder cannot be made: Not a directory; make room or choose "
                           "another place with -o\n")
        self.segment(2, "mask", "a.png", "-o", "/proc/here",
                     error="atrous: error: /proc/here: the folder cannot be made: No such file or directory; make room "
                           "or choose another place with -o\n")

    def test_full_disk(self):
        for i in range(4):
            self.picture(f"in/{i}.png", size=(100, 100))

        def little_room():  # stands for a full disk: larger files cannot be written
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))

        done = self.call("segment", "--model", self.network("mask"), "in", "-o", "out", preexec_fn=little_room)
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stderr, r"^atrous: error: out/\d\.png\.mask\.png: cannot be written \(File too "
                                      r"large\); [^\n]+\n$")
        self.assertEqual(self.files("out"), ["manifest.jsonl"])
        self.assertEqual((self.folder / "out/manifest.jsonl").read_text(), "")

    def test_stdout_that_cannot_be_written(self):
        self.picture("a.png")
        with open("/dev/full", "w") as full:
            done = subprocess.run([self.atrous, "segment", "--model", self.network("mask"), "a.png", "-o", "out"],
                                  cwd=self.folder, stdout=full, stderr=subprocess.PIPE, text=True)
        self.assertEqual((done.returncode, done.stderr),
                         (2, "atrous: error: standard output: cannot be written: No space left on device; make room or "
                             "redirect it elsewhere\n"))

    @unittest.skipIf(os.geteuid() == 0, "root may read and write everything")
    def test_permissions(self):
        self.picture("in/a.png")
        self.picture("in/closed/b.png")
        self.picture("in/c.png").chmod(0)
        (self.folder / "in/closed").chmod(0)
        self.addCleanup((self.folder / "in/closed").chmod, 0o700)
        done = self.call("segment", "--model", self.network("mask"), "in", "-o", "out", "--threads", "1")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"^atrous: error: in/c\.png: [^\n]*Permission denied[^\n]*\n"
                                      r"atrous: error: in/closed: the folder cannot be read: Permission denied; check "
                                      r"its permissions\n$")
        (self.folder / "in").chmod(0o500)
        self.addCleanup((self.folder / "in").chmod, 0o700)
        self.segment(2, "mask", "in/a.png", "-o", "in/out",
                     error="atrous: error: in/out: the folder cannot be made: Permission denied; make room or choose "
                           "another place with -o\n")


class Interrupts(ProgramTest):
    def start(self, *arguments, sleep):
        for i in range(30):
            self.picture(f"in/{i:02}.png")
        command = [self.atrous, "segment", "--model", self.network("mask"), "in", "-o", "out", "--threads", "2",
                   *arguments]
        return subprocess.Popen(command, cwd=self.folder, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                env=self.environment | {"FAKE_SLEEP_MS": str(sleep)})

    def wait_for_outputs(self, count):
        deadline = time.monotonic() + 60
        while len(list(self.folder.glob("out/*.mask.png"))) < count:
            self.assertLess(time.monotonic(), deadline, "no output appeared")
            time.sleep(0.01)

    def check_whole(self):
        """Every file that is there can be read; none has another name than it should."""
        for name in self.files("out"):
            self.assertRegex(name, r"^(\d\d\.png\.mask\.png|manifest\.jsonl)$")
            if name.endswith(".png"):
                Image.open(self.folder / "out" / name).load()

    def test_ctrl_c(self):
        run = self.start(sleep=50)
        self.wait_for_outputs(4)
        run.send_signal(signal.SIGINT)
        out, error = run.communicate(timeout=60)
        self.assertEqual((run.returncode, out), (130, ""))
        self.assertRegex(error, r"^Interrupted: \d+ of 30 pictures are done\n$")
        self.check_whole()
        lines = (self.folder / "out/manifest.jsonl").read_text().splitlines()
        self.assertEqual(int(error.split()[1]), len(lines))
        for line in map(json.loads, lines):
            self.assertEqual(line["status"], "done")
            for output in line["outputs"]:
                self.assertTrue((self.folder / "out" / output).exists())

    def test_ctrl_c_does_not_wait_for_the_network(self):
        run = self.start(sleep=100_000)
        deadline = time.monotonic() + 60
        while not (self.folder / "out").exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.2)
        run.send_signal(signal.SIGINT)
        run.communicate(timeout=60)
        self.assertEqual(run.returncode, 130)
        self.assertEqual(self.files("out"), ["manifest.jsonl"])

    def test_terminated(self):
        run = self.start(sleep=50)
        self.wait_for_outputs(1)
        run.terminate()
        run.communicate(timeout=60)
        self.assertEqual(run.returncode, 143)
        self.check_whole()

    def test_killed_and_run_again(self):
        run = self.start(sleep=20)
        self.wait_for_outputs(4)
        run.kill()
        run.communicate(timeout=60)
        for name in self.files("out"):
            if name.endswith(".mask.png"):
                Image.open(self.folder / "out" / name).load()
        self.segment(0, "mask", "in", "-o", "out", "--quiet")
        self.assertEqual(len(list((self.folder / "out").glob("*.mask.png"))), 30)
        self.assertFalse((self.folder / "out/.manifest.jsonl.part").exists())


class Terminal(ProgramTest):
    def on_terminal(self, *arguments, **environment):
        """What a run writes to a terminal."""
        master, slave = pty.openpty()
        run = subprocess.Popen([self.atrous, *map(str, arguments)], cwd=self.folder, stdin=slave,
                               stdout=subprocess.PIPE, stderr=slave,
                               env=self.environment | {"TERM": "xterm"} | environment)
        os.close(slave)
        written = b""
        while True:
            try:
                piece = os.read(master, 65536)
            except OSError:
                break
            if not piece:
                break
            written += piece
        os.close(master)
        run.communicate(timeout=60)
        return written.decode()

    def test_progress(self):
        for i in range(8):
            self.picture(f"in/{i}.png")
        arguments = ["segment", "--model", self.network("mask"), "in", "-o", "out", "--threads", "1"]
        shown = self.on_terminal(*arguments, FAKE_SLEEP_MS="150")
        self.assertRegex(shown, r"\rSegmenting [━╌]* ?\d/8  \d+\.\d/s  \d+\.\d s left\x1b\[K")
        self.assertTrue(shown.endswith("\r\x1b[K"), repr(shown[-80:]))
        self.assertNotIn("━", self.on_terminal(*arguments, LANG="C"))
        self.assertEqual(self.on_terminal(*arguments, TERM="dumb"), "")
        self.assertEqual(self.on_terminal(*arguments, "--quiet"), "")

    def test_colour(self):
        self.assertIn("\x1b[1;31merror:\x1b[0m", self.on_terminal("segment"))
        self.assertNotIn("\x1b", self.on_terminal("segment", NO_COLOR="1"))


class Program(ProgramTest):
    """The program around a linked network."""

    def test_it_segments(self):
        self.picture("in/a.png")
        done = self.call("in", "-o", "out", "--format", "cutout", program=self.program)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(self.files("out"), ["a.png.cutout.png", "manifest.jsonl"])

    def test_its_command_line(self):
        name = os.path.basename(self.program)
        self.assertRegex(self.call("--version", program=self.program).stdout,
                         r"^mask, made with Atrous \d+\.\d+\.\d+ for ")
        self.assertIn("mask photos/ -o masks/", self.call("--help", program=self.program).stdout)
        self.expect(2, "in", "-o", "out", "--model", "x", program=self.program,
                    error=f"{name}: error: command line: The following argument was not expected: --model; see mask "
                          "--help\n")
        self.picture("in/a.png")
        self.expect(0, "-", "-oout", "--format=cutout,mask", "--quiet", program=self.program, stdin="in/a.png\r\n\n")
        self.assertEqual(self.files("out"), ["a.png.cutout.png", "a.png.mask.png", "manifest.jsonl"])
        self.expect(2, "in", "-o", "out", "--device", "cuda", program=self.program,
                    error=f"{name}: error: mask: holds no code for --device cuda, only for x86-64-linux; use another "
                          "--device or leave it out\n")


if __name__ == "__main__":
    main(sys.argv)
