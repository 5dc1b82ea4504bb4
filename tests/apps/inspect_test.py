"""`atrous inspect`: bare rates, suggestions, models, pictures, the report: inspect_test.py ATROUS NETWORKS PROGRAM"""
import html
import itertools
import json
import os
import re
import shutil
import sys
import time

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from program import ProgramTest, main


def stack(file, rates, size=48, channels=4, global_pooling=False):
    """3×3 convolutions of these rates, padded to keep the size."""
    random = np.random.default_rng(1)
    nodes, weights, x = [], [], "x"
    for i, rate in enumerate(rates):
        weights.append(numpy_helper.from_array(random.standard_normal((channels, channels, 3, 3), np.float32), f"w{i}"))
        nodes.append(helper.make_node("Conv", [x, f"w{i}"], [f"c{i}"], f"conv <{i}>", kernel_shape=[3, 3],
                                      dilations=[rate] * 2, pads=[rate] * 4))
        nodes.append(helper.make_node("Relu", [f"c{i}"], [f"r{i}"], f"relu {i}"))
        x = f"r{i}"
    if global_pooling:
        nodes += [helper.make_node("GlobalAveragePool", [x], ["mean"], "pool"),
                  helper.make_node("Mul", [x, "mean"], ["scaled"], "scale")]
        x = "scaled"
    shape = [1, channels, size, size]
    graph = helper.make_graph(nodes, "stack", [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
                              [helper.make_tensor_value_info(x, TensorProto.FLOAT, shape)], weights)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), file)


class InspectTest(ProgramTest):
    @classmethod
    def setUpClass(cls):
        cls.cache = os.path.join(cls.networks, "inspect_test_cache")  # shared: kernels are compiled once

    def setUp(self):
        super().setUp()
        self.environment["XDG_CACHE_HOME"] = self.cache

    def inspect(self, *arguments, code=0, error=""):
        return self.expect(code, "inspect", *arguments, error=error)

    def json(self, *arguments):
        return json.loads(self.inspect(*arguments, "--json"))


class Rates(InspectTest):
    def test_the_contract(self):
        facts = self.json("--rates", "1,2,5,1,2,5", "--kernel", "3")
        self.assertEqual({key: facts[key] for key in ("receptive_field", "m2", "gcd", "covered", "sawtooth", "verdict")},
                         {"receptive_field": 33, "m2": 5, "gcd": 1, "covered": 33, "sawtooth": True, "verdict": "fails"})
        self.assertTrue(facts["disagrees"])
        self.assertEqual(facts["plane"]["covered"], 33 * 33)

    def test_gridding(self):
        facts = self.json("--rates", "2,2,2")
        paths = np.array([1])
        for _ in range(3):
            paths = np.convolve(paths, [1, 0, 1, 0, 1])
        self.assertEqual(facts["paths"], paths.tolist())
        self.assertEqual((facts["covered"], facts["verdict"], facts["separate_sets"]), (7, "passes", 2))
        self.assertEqual([layer["gap"] for layer in facts["layers"]], [2, 2, 2])
        text = self.inspect("--rates", "2,2,2")
        self.assertIn("\nM₂ = 2 passes, yet only 7 of 13 positions are read: trust the coverage, which is exact; the "
                      "criterion is only a rule of thumb.\nIn two dimensions 49 of 169 positions are read (29 %).\n", text)

    def test_axes_apart(self):
        facts = self.json("--rates", "1x2,2x4", "--kernel", "3x2", "--stride", "1,1")
        self.assertEqual(facts["axis"], "width")  # of which less is covered
        self.assertEqual((facts["height"]["receptive_field"], facts["width"]["receptive_field"]), (7, 7))
        self.assertEqual((facts["height"]["covered"], facts["width"]["covered"], facts["covered"]), (7, 4, 4))
        self.assertEqual(facts["plane"]["covered"], 28)
        self.assertRegex(self.inspect("--rates", "1x2,2x4"), r"^Rates 1×2, 2×4\nHeight\n(.|\n)*\nWidth\n")

    def test_single_layer_and_strides(self):
        facts = self.json("--rates", "18")
        self.assertEqual((facts["m2"], facts["verdict"], facts["covered"]), (None, "undefined", 3))
        facts = self.json("--rates", "1,1", "--stride", "2")
        self.assertEqual((facts["receptive_field"], facts["verdict"]), (7, "undefined"))

    def test_several_chains(self):
        facts = self.json("--rates", "1,1,1", "--rates", "1,2,3")
        self.assertEqual([chain["receptive_field"] for chain in facts["chains"]], [7, 13])

    def test_what_is_refused(self):
        for arguments, message in (
                (["--rates", "0"], "--rates: 0 is out of range, expected 1 to 65536"),
                (["--rates", "1,-2"], "--rates: -2 is out of range, expected 1 to 65536"),
                (["--rates", "1,,2"], "--rates: '' is no whole number; write it like 1,2,5 or 1x2,3x4"),
                (["--rates", "9" * 30], f"--rates: '{'9' * 30}' is too large a number; use a smaller one"),
                (["--rates", "1,2", "--kernel", "3,3,3"],
                 "--kernel: 3 numbers for 2 rates; give one for all, or one for each"),
                (["--rates", ",".join(["1"] * 20000)], "--rates: 20000 rates, expected at most 1000"),
                (["--rates", ",".join(["65536"] * 9)],
                 "chain of convolutions: its receptive field is longer than 1048576 positions; use smaller rates or "
                 "fewer layers"),
                (["--rates", "40000", "--png", "x.png"],
                 "--rates: the receptive field of 40000 is too large to be drawn; use smaller rates or fewer layers, or "
                 "leave --png out"),
                (["--rates", "1", "m.onnx"],
                 "command line: a model, --rates and --suggest exclude each other; see atrous inspect --help"),
                ([], "command line: a model, --rates or --suggest is missing; see atrous inspect --help"),
                (["--rates", "1", "--measure"], "command line: --measure belongs to a model; leave it out"),
                (["--suggest"], "command line: --suggest needs --layers; add --layers N"),
                (["--suggest", "--layers", "1000000"],
                 "--layers: 1000000 is out of range, expected 1 to 64 with --suggest"),
                (["gone.onnx"], "gone.onnx: there is no such file; check the path of the model")):
            with self.subTest(arguments=str(arguments)[:60]):
                self.assertEqual(self.inspect(*arguments, code=2, error=f"atrous: error: {message}\n"), "")
        self.assertEqual(self.files("."), [])

    def test_large_fields_are_quick(self):
        start = time.monotonic()
        facts = self.json("--rates", ",".join(["1", "3"] + ["9"] * 27), "--html", "large.html", "--png", "large.png")
        self.assertGreater(facts["receptive_field"], 400)
        self.assertLess(time.monotonic() - start, 10 if "sanitize" in self.atrous else 1.5)


class Suggestions(InspectTest):
    def test_of_a_field(self):
        facts = self.json("--suggest", "--kernel", "3", "--layers", "6", "--field", "33", "--list", "5")
        self.assertEqual(facts["suggestions"][0]["rates"], [1, 2, 5, 1, 2, 5])
        self.assertTrue(facts["exhaustive"])
        self.assertEqual(len(facts["suggestions"]), 5)
        for suggestion in facts["suggestions"]:
            same = self.json("--rates", ",".join(map(str, suggestion["rates"])))
            self.assertEqual((same["covered"], same["receptive_field"]), (33, 33))
        text = self.inspect("--suggest", "--kernel", "3", "--layers", "6", "--field", "33", "--list", "5")
        self.assertIn(f"\n{facts['found']:.0f} sequences of 6 rates read all of the field 33; 5 are listed.\nThe search was "
                      "exhaustive: nothing that belongs before these is missing.\nFirst is 1,2,5,1,2,5: a sawtooth of 2 "
                      "teeth of 3 layers", text)

    def test_a_field_that_there_is_not(self):
        self.inspect("--suggest", "--layers", "6", "--field", "34", code=2,
                     error="atrous: error: --field: 34 is no field that 6 layers with a kernel of 3 can read without "
                           "holes: it is 1 + 2 x the sum of the rates, from 13 to 729; the nearest: 33 and 35\n")


class Models(InspectTest):
    def test_facts(self):
        stack(self.folder / "m.onnx", (2, 2, 2))
        facts = self.json("m.onnx")
        self.assertEqual(facts["size"], [48, 48])
        layer = facts["layers"][0]
        self.assertEqual((layer["name"], layer["macs"], layer["rate"]), ("conv <0> + relu 0", 4 * 4 * 9 * 48 * 48, [2, 2]))
        self.assertEqual(layer["real_macs"], 4 * 4 * (3 * 48 - 4) ** 2)
        self.assertTrue(layer["schedule"])
        (output,), (chain,) = facts["outputs"], facts["chains"]
        self.assertEqual(output["fields"][0]["width"], {"receptive_field": 13, "covered": 7, "smallest": 13})
        self.assertEqual(output["fields"][0]["middle_pixel"]["theoretical"]["covered"], 49)
        self.assertEqual((chain["rates"], chain["covered"], chain["gcd"]), ([2, 2, 2], 7, 2))
        tiling = output["tiling"]["height"]
        self.assertEqual((tiling["halo_before"], tiling["halo_after"]), (6, 6))
        # Winograd tiles of a layer at rate 2 begin at multiples of their outputs times two.
        tile = re.search(r"F\((\d)x", layer["schedule"])
        self.assertEqual(tiling["alignment"] % (int(tile[1]) * 2 if tile else 1), 0)

    def test_text(self):
        stack(self.folder / "m.onnx", (1, 2, 3))
        text = self.inspect("m.onnx")
        self.assertRegex(text, r"^operator +name +shape +kernel +GMAC +real +parameters +bytes +footprint +schedule\nConv ")
        self.assertIn("\n  receptive field in x: 13×13; of its rows 13 of 13 are read, of its columns 13 of 13; of the "
                      "middle pixel's 13×13 positions 100 %\n", text)
        self.assertIn("\nChain 1: 3 layers, conv <0> + relu 0 … conv <2> + relu 2\n  rates 1, 2, 3\n", text)
        self.assertEqual(self.inspect("m.onnx", "--quiet"), "")

    def test_sizes_that_are_free(self):
        stack(self.folder / "m.onnx", (1,))
        model = onnx.load(self.folder / "m.onnx")
        for port in (model.graph.input[0], model.graph.output[0]):
            for axis, name in ((2, "h"), (3, "w")):
                port.type.tensor_type.shape.dim[axis].dim_param = name
        onnx.save(model, self.folder / "free.onnx")
        self.assertEqual(self.json("free.onnx")["size"], [320, 320])
        self.assertEqual(self.json("free.onnx", "--size", "24x36")["layers"][0]["shape"], [1, 4, 24, 36])

    def test_whole_picture(self):
        stack(self.folder / "m.onnx", (1,), global_pooling=True)
        (output,) = self.json("m.onnx")["outputs"]
        self.assertTrue(output["whole_picture"])
        self.assertEqual(output["tiling"], {"exact": False, "reason": '"mean" depends on the whole picture'})

    def test_targets(self):
        stack(self.folder / "m.onnx", (1,))
        wide, narrow = (self.json("m.onnx", "--target", target)["layers"][0]["schedule"]
                        for target in ("x86-64-linux-avx2-fma", "arm-64-linux"))
        self.assertNotEqual(wide, narrow)

    def test_measure(self):
        stack(self.folder / "m.onnx", (1, 3))
        facts = self.json("m.onnx", "--measure", "--threads", "1", "--quiet")
        (cost,) = facts["measured"]["layers"]
        self.assertEqual(cost["name"], "conv <1> + relu 1")
        self.assertGreater(cost["seconds"], 0)
        self.assertAlmostEqual(cost["ratio"], cost["seconds"] / cost["dense_seconds"])
        stack(self.folder / "plain.onnx", (1,))
        self.assertIn("No convolution is dilated: there is nothing to measure.", self.inspect("plain.onnx", "--measure"))

    def test_broken_models(self):
        (self.folder / "m.onnx").write_text("no model")
        done = self.call("inspect", "m.onnx", "--html", "m.html", "--png", "m.png")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertRegex(done.stderr, r"^atrous: error: m\.onnx: [^\n]+\n$")
        self.assertEqual(self.files("."), ["m.onnx"])


class Pictures(InspectTest):
    def test_png(self):
        self.inspect("--rates", "2,2,2", "--rates", "1,1,1", "--png", "maps.png", "--quiet")
        with Image.open(self.folder / "maps.png") as picture:
            pixels = np.asarray(picture.convert("RGB"), int)
        cell = 36  # 480 pixels for 13 positions, at most 36
        unread, read = pixels[24 + cell + 4, 24 + cell + 4], pixels[24 + 2 * cell + 4, 24 + 2 * cell + 4]
        self.assertLess(np.ptp(unread), 12)  # grey
        self.assertGreater(np.ptp(read), 40)
        self.inspect("--rates", "1", "--png", "no/maps.png", code=2,
                     error="atrous: error: no/maps.png: cannot be written (No such file or directory); check the folder "
                           "and its permissions\n")

    def test_report_stands_alone(self):
        stack(self.folder / "a <b> & c.onnx", (1, 2, 40))
        self.inspect("a <b> & c.onnx", "--html", "r.html", "--quiet")
        text = (self.folder / "r.html").read_text()
        self.assertIn("<h1>a &lt;b&gt; &amp; c.onnx</h1>", text)
        self.assertIn("conv &lt;0&gt;", text)
        for reference in re.findall(r'(?:src|href)="([^"]*)', text) + re.findall(r"url\(([^)]*)", text):
            self.assertTrue(reference.startswith("data:"), reference[:60])
        self.assertNotRegex(text, r"https?://|<script|@import")

    def browser(self, report, width, dark, screenshot):
        """Shows a report in headless Chromium, in a frame, because windows cannot be as narrow as a phone; returns what
        the document measures: [scroll width, width, background, whether all pictures could be decoded]."""
        program = shutil.which("chromium") or shutil.which("google-chrome")
        if not program:
            self.skipTest("Chromium is not installed")
        page = self.folder / "page.html"
        page.write_text(
            "<!doctype html><html style='color-scheme:light dark'><title>none</title><body style='margin:0'>"
            f"<iframe style='width:{width}px;height:1600px;border:0' srcdoc=\"{html.escape(report)}\"></iframe><script>"
            "addEventListener('load',()=>{const f=document.querySelector('iframe').contentDocument,d=f.documentElement;"
            "document.title=[d.scrollWidth,d.clientWidth,getComputedStyle(f.body).backgroundColor,"
            "[...f.images].every(i=>i.naturalWidth>0)].join('|')})</script>")
        arguments = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
                     f"--user-data-dir={self.folder}/profile", "--window-size=1280,1600",
                     f"--blink-settings=preferredColorScheme={0 if dark else 1}"]
        self.call(*arguments, f"--screenshot={screenshot}", f"file://{page}", program=program)
        dump = self.call(*arguments, "--dump-dom", f"file://{page}", program=program).stdout
        return re.search(r"<title>(.*?)</title>", dump)[1].split("|")

    def test_report_in_a_browser(self):
        stack(self.folder / "m.onnx", (1, 2, 2, 40), size=200)
        self.inspect("m.onnx", "--html", "model.html", "--quiet")
        self.inspect("--rates", "2,2,2", "--rates", "1,2,5,1,2,5", "--html", "rates.html", "--quiet")
        for name, width, dark in itertools.product(("model.html", "rates.html"), (390, 1280), (False, True)):
            with self.subTest(report=name, width=width, dark=dark):
                shot = self.folder / "shot.png"
                report = (self.folder / name).read_text()
                scroll, client, colour, loaded = self.browser(report, width, dark, shot)
                self.assertEqual((scroll, client, loaded), (str(width), str(width), "true"))  # nothing hangs over
                lightness = np.mean([int(c) for c in re.findall(r"\d+", colour)[:3]])
                self.assertTrue(lightness < 60 if dark else lightness > 200, colour)
                with Image.open(shot) as picture:
                    pixels = np.asarray(picture.convert("RGB"))[:, :width]
                self.assertGreater(len(np.unique(pixels.reshape(-1, 3), axis=0)), 100)
                self.assertEqual(pixels[:40].mean() < 100, dark)


if __name__ == "__main__":
    main(sys.argv)
