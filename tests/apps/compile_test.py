"""`atrous compile`, and the verbs on ONNX models, with a small network: compile_test.py ATROUS NETWORKS PROGRAM"""
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from program import ProgramTest, main

CONFIG = {"input": {"divide": 255}, "output": {"activation": "none"}}


def small_model(file, config=None, height="h", width="w", channels=3):
    """The mean of three channels by a 1×1 convolution, which a Relu and a second convolution leave as it is."""
    weights = np.full((1, 3, 1, 1), 1 / channels, np.float32)
    edge = np.zeros((1, 1, 3, 3), np.float32)
    edge[0, 0, 1, 1] = 1
    nodes = [helper.make_node("Conv", ["x", "mean"], ["gray"], "first", kernel_shape=[1, 1]),
             helper.make_node("Relu", ["gray"], ["positive/0"], "second"),
             helper.make_node("Conv", ["positive/0", "edge"], ["y"], "third", kernel_shape=[3, 3], pads=[2, 2, 2, 2],
                              dilations=[2, 2])]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, height, width])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1, height, width])
    graph = helper.make_graph(nodes, "small", [x], [y],
                              [numpy_helper.from_array(weights, "mean"), numpy_helper.from_array(edge, "edge")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    if config is not None:
        helper.set_model_props(model, {"atrous.config": json.dumps(config)})
    onnx.save(model, file)


class CompileTest(ProgramTest):
    @classmethod
    def setUpClass(cls):
        cls.cache = os.path.join(cls.networks, "compile_test_cache")  # shared: kernels are compiled once

    def setUp(self):
        super().setUp()
        self.environment["XDG_CACHE_HOME"] = self.cache

    def compile(self, code, *arguments, **more):
        return self.expect(code, "compile", *arguments, **more)

    def mean_of(self, picture):
        with Image.open(self.folder / picture) as image:
            return np.asarray(image.convert("RGB"), np.float64).mean(2)

    def check_mask(self, picture, mask):
        with Image.open(self.folder / mask) as image:
            np.testing.assert_allclose(np.asarray(image, np.float64), self.mean_of(picture), atol=1)


class Compile(CompileTest):
    note = ("note: no config was found for this model; `atrous run` needs none, `atrous segment` does (--config)\n")

    def test_what_is_made(self):
        small_model(self.folder / "small-net.onnx", CONFIG)
        out = self.compile(0, "small-net.onnx")
        self.assertEqual(self.files("."), ["small-net.onnx", "small_net.a", "small_net.h", "small_net.so"])
        self.assertRegex(out, r"^operator +name +shape +schedule +GFLOP\nConv ")
        self.assertRegex(out, r"\nmade +size\nsmall_net\.h +[0-9.]+ KiB\nsmall_net\.a +[0-9.]+ KiB\nsmall_net\.so ")
        self.assertRegex(out, r"\nCompiled small_net in [0-9.]+ s\n$")

    def test_emit_and_json(self):
        small_model(self.folder / "m.onnx", CONFIG)
        facts = json.loads(self.compile(0, "m.onnx", "-o", "out/deep", "--name", "other", "--emit", "asm", "--emit",
                                        "stmt,header", "--json", "--size", "64x48"))
        self.assertEqual(self.files("out/deep"), ["other.h", "other.s", "other.stmt"])
        self.assertEqual(facts["name"], "other")
        self.assertEqual([file["path"] for file in facts["files"]],
                         ["out/deep/other.h", "out/deep/other.s", "out/deep/other.stmt"])
        for file in facts["files"]:
            self.assertEqual(file["bytes"], (self.folder / file["path"]).stat().st_size)
        self.assertGreater(facts["kernels"], 0)
        third = facts["operators"][-1]
        self.assertAlmostEqual(third["gflop"], 2 * 9 * 64 * 48 / 1e9, delta=1e-6)

    def test_program(self):
        if not self.support("x86-64-linux/libatrous_app.a").exists():
            self.skipTest("this build makes no programs: sanitizers cannot be linked statically")
        small_model(self.folder / "m.onnx")
        (self.folder / "config.json").write_text(json.dumps(CONFIG))
        self.compile(0, "m.onnx", "--emit", "app", "--config", "config.json", "--name", "gray", "--quiet", "-o", "out")
        self.assertEqual(self.files("out"), ["gray"])
        self.picture("in/a.png", size=(40, 30))
        done = self.call("in", "-o", "masks", program=self.folder / "out/gray", env={"PATH": "/nowhere"})
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.check_mask("in/a.png", "masks/a.png.mask.png")
        headers = subprocess.run(["readelf", "-lW", self.folder / "out/gray"], capture_output=True, text=True).stdout
        self.assertIn("LOAD", headers)
        self.assertNotIn("INTERP", headers)  # nothing is needed where it runs

    def test_program_for_arm(self):
        emulator = shutil.which("qemu-aarch64-static")
        if not self.support("arm-64-linux/libatrous_app.a").exists() or not emulator:
            self.skipTest("no support for arm-64-linux was built, or qemu-aarch64-static is not installed")
        small_model(self.folder / "m.onnx", CONFIG)
        done = self.call("compile", "m.onnx", "--target", "arm-64-linux-arm_fp16", "--emit", "app,shared", "-o", "out")
        self.assertEqual((done.returncode, done.stderr),
                         (0, "note: arm-64-linux-arm_fp16: float32 kernels have no use for arm_fp16\n"))
        for name in ("a.png", "b.webp"):
            self.picture("in/" + name, size=(40, 30))
        done = subprocess.run([emulator, "out/m", "in", "-o", "masks"], cwd=self.folder, capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        for name in ("a.png", "b.webp"):
            self.check_mask("in/" + name, f"masks/{name}.mask.png")
        self.expect(2, "segment", "--model", "out/m.so", "in", "-o", "x",
                    error="atrous: error: out/m.so: is for another processor, expected one for this machine (x86-64); "
                          "compile the model with --target host\n")

    def test_missing_cross_compiler(self):
        if not self.support("arm-64-linux/executor.o").exists():
            self.skipTest("no support for arm-64-linux was built")
        small_model(self.folder / "m.onnx", CONFIG)
        self.compile(2, "m.onnx", "--target", "arm-64-linux", "--quiet", env={"PATH": "/nowhere"},
                     error="atrous: error: aarch64-linux-gnu-as: is not installed, and is needed to make libraries; "
                           "install it with `apt install binutils-aarch64-linux-gnu`\n")
        self.assertEqual(self.files("."), ["m.onnx"])

    def test_no_config(self):
        small_model(self.folder / "m.onnx")
        self.compile(0, "m.onnx", "--emit", "header", "--quiet", "-o", "out")
        done = self.call("compile", "m.onnx", "--emit", "header", "-o", "out")
        self.assertEqual((done.returncode, done.stderr), (0, self.note))
        for arguments in (["compile", "m.onnx", "--emit", "app", "-o", "apps"],
                          ["segment", "--model", "m.onnx", "in", "-o", "x"]):
            done = self.call(*arguments)
            first, template = done.stderr.split("{", 1)
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertTrue(first.endswith("atrous: error: m.onnx: no config was found that says how a picture becomes "
                                           "its input; fill in the template below and compile the model with --config "
                                           "FILE.json\n"))
            json.loads("{" + template)
        self.assertFalse((self.folder / "apps").exists())

    def test_wrong_config(self):
        small_model(self.folder / "m.onnx")
        (self.folder / "config.json").write_text('{"input": {"filtre": "lanczos"}}')
        done = self.call("compile", "m.onnx", "--config", "config.json", "-o", "out")
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stderr, r"^atrous: error: config\.json: [^\n]*filtre[^\n]*\n$")
        self.compile(2, "m.onnx", "--config", "gone.json",
                     error="atrous: error: gone.json: cannot be opened: No such file or directory; check the name\n")
        small_model(self.folder / "wrong.onnx", {"output": {"activation": "sigmoida"}})
        done = self.call("compile", "wrong.onnx", "-o", "out")
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stderr, r"^atrous: error: wrong\.onnx: metadata atrous\.config: [^\n]*sigmoida[^\n]*\n$")
        self.assertFalse((self.folder / "out").exists())

    def test_output_that_cannot_be_written(self):
        small_model(self.folder / "m.onnx", CONFIG)
        (self.folder / "file").write_text("in the way")
        self.compile(2, "m.onnx", "-o", "file/out",
                     error="atrous: error: file/out: the folder cannot be made: Not a directory; make room or choose "
                           "another place with -o\n")

    def test_models_that_are_none(self):
        (self.folder / "text.onnx").write_text("not a model")
        (self.folder / "empty.onnx").write_text("")
        for name in ("text.onnx", "empty.onnx"):
            done = self.call("compile", name)
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertRegex(done.stderr, rf"^atrous: error: {name}: [^\n]+\n$")
        self.compile(2, ".", error="atrous: error: .: is a folder, where a file is expected; name a file\n")
        self.assertEqual(self.files("."), ["empty.onnx", "text.onnx"])

    def test_interrupted(self):
        small_model(self.folder / "m.onnx", CONFIG)
        run = subprocess.Popen([self.atrous, "compile", "m.onnx", "-o", "out", "--cache", "cold"], cwd=self.folder,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self.environment)
        deadline = time.monotonic() + 60
        while not (self.folder / "out").exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        run.send_signal(signal.SIGINT)
        out, error = run.communicate(timeout=60)
        self.assertEqual((run.returncode, out, error), (130, "", "Interrupted\n"))
        self.assertEqual(list((self.folder / "out").iterdir()), [])


def dilated_stack(file):
    """3×3 convolutions of 16 channels at rates 1, 2, 2, for any size."""
    random = np.random.default_rng(3)
    weights, nodes, x = [], [], "x"
    for i, rate in enumerate((1, 2, 2)):
        weights.append(numpy_helper.from_array(random.normal(0, 1 / 12, (16, 16, 3, 3)).astype(np.float32), f"w{i}"))
        nodes += [helper.make_node("Conv", [x, f"w{i}"], [f"c{i}"], kernel_shape=[3, 3], pads=[rate] * 4,
                                   dilations=[rate, rate]),
                  helper.make_node("Relu", [f"c{i}"], [f"r{i}"])]
        x = f"r{i}"
    ports = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 16, "h", "w"]) for name in ("x", x)]
    graph = helper.make_graph(nodes, "stack", ports[:1], ports[1:], weights)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), file)


class Autoschedulers(CompileTest):
    sizes = ((48, 64), (37, 21), (1, 1))

    def setUp(self):
        super().setUp()
        dilated_stack(self.folder / "m.onnx")

    def make(self, name, *arguments):
        return json.loads(self.compile(0, "m.onnx", "--name", name, "--size", "48x64", "--json", "--quiet", "--emit",
                                       "shared", *arguments))

    def results(self, name):
        for size in self.sizes:
            x = np.random.default_rng(size[0]).standard_normal((1, 16, *size)).astype(np.float32)
            np.save(self.folder / "x.npy", x)
            self.expect(0, "run", "--model", f"{name}.so", "--input", "x.npy", "-o", "y.npy", "--quiet", "--threads", 2)
            yield np.load(self.folder / "y.npy")

    def check(self, autoscheduler, *arguments):
        self.make("ours", *arguments)
        facts = self.make("theirs", "--autoscheduler", autoscheduler, *arguments)
        self.assertEqual(facts["autoscheduler"], autoscheduler)
        for expected, actual in zip(self.results("ours"), self.results("theirs")):
            np.testing.assert_allclose(actual, expected, atol=1e-4)
        return facts

    def check_schedules(self, autoscheduler):
        facts = self.check(autoscheduler, "--winograd", "off")
        self.assertEqual(facts["fallbacks"], [])
        self.assertEqual([row["schedule"] for row in facts["operators"]], [autoscheduler] * 3)

    def test_adams(self):
        if not self.support("x86-64-linux/libatrous_app.a").exists():
            self.skipTest("takes more CPU time than a kernel may, in a build with sanitizers")
        self.check_schedules("Adams2019")

    def test_mullapudi(self):
        self.check_schedules("Mullapudi2016")
        self.check("Mullapudi2016", "--winograd", "f4")

    def test_li(self):
        self.check_schedules("Li2018")
        self.check("Li2018", "--winograd", "f4")

    def test_fallbacks_are_said(self):
        """Mullapudi2016 reorders what winograd_output scatters, in groups of one row of tiles."""
        arguments = ["compile", "m.onnx", "--size", "4x1000", "--winograd", "f4", "--autoscheduler", "Mullapudi2016",
                     "--emit", "header"]
        kernel = r"winograd_output_f32_m4x4_k3x3(_by_element)?_relu"  # as this CPU wants the products
        done = self.call(*arguments)
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stderr, r"(?m)^note: 1 of \d+ kernels have Atrous's schedules, because Mullapudi2016 could not "
                                      rf"make them: {kernel}\n")
        self.assertRegex(self.call(*arguments, "--verbose").stderr, rf"{kernel} \(.+reorder")
        facts = json.loads(self.compile(0, *arguments[1:], "--json", "--quiet"))
        (fallback,) = facts["fallbacks"]
        self.assertRegex(fallback["kernel"], f"^{kernel}$")
        self.assertEqual(fallback["target"][:12], "x86-64-linux")

    def test_unknown_ones(self):
        self.compile(2, "m.onnx", "--autoscheduler", "Adams",
                     error="atrous: error: --autoscheduler Adams: is none that Atrous can use, expected one of Adams2019, "
                           "Mullapudi2016, Li2018; choose one of them\n")
        self.compile(2, "m.onnx", "--autoscheduler", "Li2018", "--target", "host,x86-64-linux-opencl",
                     error="atrous: error: --autoscheduler Li2018: schedules kernels for CPUs only, and "
                           "x86-64-linux-cl_doubles-opencl is for a GPU; leave that target or the autoscheduler out\n")
        self.assertEqual(self.files("."), ["m.onnx"])


class ModelsFromOnnx(CompileTest):
    def setUp(self):
        super().setUp()
        small_model(self.folder / "m.onnx", CONFIG)
        self.x = np.random.default_rng(1).random((1, 3, 20, 30), np.float32)
        np.save(self.folder / "x.npy", self.x)

    def test_segment_compiles_once(self):
        self.picture("in/a.png", size=(40, 30))
        arguments = ["segment", "--model", "m.onnx", "in", "-o", "out", "--cache", "kept"]
        done = self.call(*arguments)
        self.assertEqual((done.returncode, done.stderr), (0, "Compiling m.onnx, once; it is kept in kept\n"))
        self.check_mask("in/a.png", "out/a.png.mask.png")
        (network,) = self.folder.glob("kept/networks/*/network.so")
        before = network.stat().st_mtime_ns
        done = self.call(*arguments)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(network.stat().st_mtime_ns, before)
        # another name, the same contents
        shutil.move(self.folder / "m.onnx", self.folder / "9 other name.onnx")
        self.expect(0, *[a.replace("m.onnx", "9 other name.onnx") for a in arguments], "--quiet")
        # other contents
        small_model(self.folder / "m.onnx", {"output": {"activation": "minmax"}})
        self.assertIn("Compiling m.onnx", self.call(*arguments).stderr)

    def test_two_at_once_compile_once(self):
        command = [self.atrous, "run", "--model", "m.onnx", "--input", "x.npy", "-o", "{}.npy", "--cache", "kept",
                   "--quiet"]
        runs = [subprocess.Popen([part.format(i) for part in command], cwd=self.folder, env=self.environment)
                for i in range(4)]
        self.assertEqual([run.wait(timeout=300) for run in runs], [0] * 4)
        self.assertEqual(len(list(self.folder.glob("kept/networks/*"))), 1)
        for i in range(4):
            np.testing.assert_allclose(np.load(self.folder / f"{i}.npy"), self.x.mean(1, keepdims=True), atol=1e-5)

    def test_renamed_library(self):
        self.expect(0, "compile", "m.onnx", "--quiet", "-o", "out")
        shutil.move(self.folder / "out/m.so", self.folder / "network without suffix")
        self.expect(0, "run", "--model", "network without suffix", "--input", "x=x.npy", "-o", "y=y.npy", "--quiet")
        np.testing.assert_allclose(np.load(self.folder / "y.npy"), self.x.mean(1, keepdims=True), atol=1e-5)

    def test_trace_and_compare(self):
        model = ["run", "--model", "m.onnx", "--input", "x.npy"]
        self.expect(0, *model, "--trace", "trace", "--quiet")
        index = json.loads((self.folder / "trace/index.json").read_text())
        self.assertEqual(index, {"gray": "gray.npy", "positive/0": "positive_0.npy", "y": "y.npy"})
        self.assertEqual(list(index), ["gray", "positive/0", "y"])
        for file in index.values():
            np.testing.assert_allclose(np.load(self.folder / "trace" / file), self.x.mean(1, keepdims=True), atol=1e-5)
        self.assertIn("No difference: 3 tensors agree\n", self.expect(0, *model, "--compare", "trace"))
        self.expect(0, *model, "--trace", "again", "-o", "first.npy", "-o", "positive/0=second.npy", "--quiet")
        for file, tensor in (("first.npy", "y"), ("second.npy", "positive_0")):  # the model's own outputs come first
            np.testing.assert_array_equal(np.load(self.folder / file), np.load(self.folder / f"trace/{tensor}.npy"))
        changed = np.load(self.folder / "trace/positive_0.npy")
        changed[0, 0, 3, 4] += 1
        np.save(self.folder / "trace/positive_0.npy", changed)
        out = self.expect(1, *model, "--compare", "trace")
        self.assertRegex(out, r"\nFirst difference: 'positive/0', of Relu \"second\" \(1×1×20×30\): 1 of 600 elements "
                              r"are beyond the tolerance\n  largest absolute difference 1 at \[0,0,3,4\]: ")

    def test_profile(self):
        np.save(self.folder / "large.npy", np.ones((1, 3, 400, 500), np.float32))
        arguments = ["run", "--model", "m.onnx", "--input", "large.npy", "--profile", "--repeat", "3"]
        facts = json.loads(self.expect(0, *arguments, "--json", "--threads", "2", "--quiet"))
        self.assertEqual([operator["name"] for operator in facts["operators"]], ["first + second", "third"])
        self.assertEqual(len(facts["seconds"]), 3)
        seconds = [operator["seconds"] for operator in facts["operators"]]
        self.assertGreater(min(seconds), 0)
        self.assertLess(sum(seconds), 1.1 * max(facts["seconds"]))
        text = self.expect(0, *arguments)
        self.assertRegex(text, r" s best of 3, [^\n]*\noperator +ms +share\n"
                               r"((first \+ second|third) +[0-9.]+ +[0-9.]+ %\n){2}$")
        shares = [float(line.split()[-2]) for line in text.splitlines()[-2:]]
        self.assertAlmostEqual(sum(shares), 100, delta=0.2)
        self.assertGreaterEqual(*shares)

    def test_declared_sizes_bind_unless_dynamic(self):
        small_model(self.folder / "fixed.onnx", CONFIG, 20, 30)
        np.save(self.folder / "other.npy", np.zeros((1, 3, 21, 30), np.float32))
        for dynamic, code in (([], 2), (["--dynamic"], 0)):
            self.expect(0, "compile", "fixed.onnx", "--quiet", *dynamic)
            self.expect(0, "run", "--model", "fixed.so", "--input", "x.npy", "--quiet")
            self.assertEqual(self.call("run", "--model", "fixed.so", "--input", "other.npy").returncode, code)


if __name__ == "__main__":
    main(sys.argv)
