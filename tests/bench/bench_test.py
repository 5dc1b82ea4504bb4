"""apps/bench without its peers: models, the count of multiplications, statistics, options, reports."""

import contextlib
import io
import itertools
import random
import sys
import unittest
from functools import partial
from pathlib import Path

import numpy as np
import onnx
import onnxruntime

sys.path.insert(0, str(Path(__file__).parents[2] / "apps" / "bench"))

import bench  # noqa: E402
import cases  # noqa: E402
import compare  # noqa: E402
import flops  # noqa: E402
import folder  # noqa: E402
import goals  # noqa: E402
import measure  # noqa: E402
import models  # noqa: E402
import networks  # noqa: E402
import report  # noqa: E402
import startup  # noqa: E402

# Every model of the cases, small; and the shape of its output.
SMALL = {
    "stack": (partial(models.stack, 4, 9, (1, 2, 5)), (1, 4, 9, 9)),
    "bottlenecks": (partial(models.bottlenecks, 6, 16, 4), (1, 16, 6, 6)),
    "aspp": (partial(models.aspp, 7, 8, 4), (1, 4, 7, 7)),
    "depthwise": (partial(models.depthwise, 8, 4), (1, 4, 8, 8)),
    "factorised": (partial(models.factorised, 6, 9, 4), (1, 4, 6, 9)),
    "transposed 4": (partial(models.transposed, 4, 1, size=5, channels=3), (1, 3, 10, 10)),
    "transposed 2": (partial(models.transposed, 2, size=5, channels=3), (1, 3, 10, 10)),
    "transposed 3": (partial(models.transposed, 3, 1, 1, size=5, channels=3), (1, 3, 10, 10)),
    "bilinear grouped": (partial(models.bilinear, True, 4, 3), (1, 3, 32, 32)),
    "bilinear dense": (partial(models.bilinear, False, 4, 3), (1, 3, 32, 32)),
    "depth_to_space": (partial(models.depth_to_space, 4, 3, 2), (1, 8, 8)),
    "deeplab": (partial(models.deeplab, 33, 4, (1, 2, 1, 1), 3), (1, 3, 33, 33)),
}


def run(model, inputs):
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, inputs)[0]


class ModelsTest(unittest.TestCase):
    def test_every_case_has_a_small_model_here(self):
        made = {getattr(case.make, "func", case.make) for case in cases.NETWORKS.values() if case.make}
        self.assertEqual(made, {make.func for make, _ in SMALL.values()})
        self.assertEqual({case.group for case in cases.NETWORKS.values()}, set(cases.GOALS))

    def test_they_run_and_have_the_shapes_that_are_counted_with(self):
        for name, (make, shape) in SMALL.items():
            with self.subTest(name):
                model = make()
                inputs = networks.input_arrays(model, 1)
                result = run(model, inputs)
                self.assertEqual(result.shape, shape)
                self.assertGreater(np.std(result), 0)
                counted = [n for n in model.graph.node if n.op_type in flops.COUNTED]
                names = sorted({n for node in counted for n in (node.input[0], node.output[0])})
                known = flops.known_shapes(model)
                observed = flops.observed_shapes(model, names, inputs) if names else {}
                self.assertEqual({n: known[n] for n in names}, observed)

    def test_the_same_seed_gives_the_same_model(self):
        make, _ = SMALL["aspp"]
        self.assertEqual(make().SerializeToString(), make().SerializeToString())

    def test_bilinear_weights_grouped_and_dense_are_one_operation(self):
        grouped, dense = (SMALL[f"bilinear {kind}"][0]() for kind in ("grouped", "dense"))
        inputs = networks.input_arrays(grouped, 1)
        np.testing.assert_allclose(run(grouped, inputs), run(dense, inputs), atol=1e-5)
        of_ones = run(grouped, {"x": np.ones((1, 3, 4, 4), np.float32)})
        np.testing.assert_allclose(of_ones[..., 8:-8, 8:-8], 1, atol=1e-6)


class FlopsTest(unittest.TestCase):
    def test_axis_pairs_against_counting(self):
        sizes = itertools.product((1, 4, 7), (1, 2, 3, 5), (1, 2, 3), (1, 2, 4), (0, 1, 3))
        for size, kernel, stride, rate, pad in sizes:
            outputs = (size + 2 * pad - rate * (kernel - 1) - 1) // stride + 1
            if outputs < 1:
                continue
            read = (o * stride + k * rate - pad for o in range(outputs) for k in range(kernel))
            expected = sum(0 <= pixel < size for pixel in read)
            found = flops.axis_pairs(size, outputs, kernel, stride, rate, pad)
            self.assertEqual(found, expected, (size, kernel, stride, rate, pad))

    def test_networks_against_counting_with_ones(self):
        """A convolution of ones with ones counts its own multiplications."""
        names = "stack", "depthwise", "factorised", "transposed 4", "transposed 3", "bilinear grouped", "deeplab"
        for name in names:
            with self.subTest(name):
                model = SMALL[name][0]()
                inputs = networks.input_arrays(model, 1)
                self.assertEqual(flops.multiplications(model, inputs), self.counted(model))

    def counted(self, model):
        shapes, total = flops.known_shapes(model), 0
        constants = {t.name: t for t in model.graph.initializer}
        for node in model.graph.node:
            if node.op_type in flops.COUNTED:
                one = onnx.NodeProto()
                one.CopyFrom(node)
                del one.input[2:]
                shape = list(constants[node.input[1]].dims)
                weights = onnx.numpy_helper.from_array(np.ones(shape, np.float32), node.input[1])
                value = onnx.helper.make_tensor_value_info
                graph = onnx.helper.make_graph([one], "one", [value(node.input[0], 1, shapes[node.input[0]])],
                                               [value(node.output[0], 1, None)], [weights])
                single = onnx.helper.make_model(graph, opset_imports=model.opset_import, ir_version=8)
                ones = np.ones(shapes[node.input[0]], np.float32)
                total += int(run(single, {node.input[0]: ones}).sum(dtype=np.float64))
        return total

    def test_weights_of_zero_are_not_counted(self):
        grouped, dense = (SMALL[f"bilinear {kind}"][0]() for kind in ("grouped", "dense"))
        inputs = networks.input_arrays(grouped, 1)
        self.assertEqual(flops.multiplications(grouped, inputs), flops.multiplications(dense, inputs))


def rounds_of(*rows):
    """(ours, a, b, peak) per round."""
    return [measure.Round({"atrous": ours, "a": a, "b": b}, (peak, peak)) for ours, a, b, peak in rows]


class FakePeak:
    """The peaks of a list, one after the other; the last one for ever."""

    def __init__(self, *peaks):
        self.peaks, self.best = list(peaks), {1: max(peaks)}

    def __call__(self, threads):
        return self.peaks.pop(0) if len(self.peaks) > 1 else self.peaks[0]


class StatisticsTest(unittest.TestCase):
    def test_ratios_are_of_the_same_round(self):
        found = measure.summarise(rounds_of((1, 2, 3, 100), (2, 5, 4, 100), (1, 3, 5, 95)), 100)
        self.assertEqual((found["ratios"]["a"]["median"], found["ratios"]["b"]["median"]), (2.5, 3))
        self.assertEqual((found["fastest"], found["ratio"]["min"], found["ratio"]["max"]), ("a", 2, 3))
        self.assertEqual((found["rounds"], found["discarded"], found["steady"]), (3, 0, True))

    def test_rounds_of_a_slow_machine_are_discarded(self):
        found = measure.summarise(rounds_of((1, 2, 3, 100), (1, 9, 9, 89), (1, 2, 3, 90)), 100)
        self.assertEqual((found["rounds"], found["discarded"], found["ratio"]["max"]), (2, 1, 2))

    def test_without_a_steady_round_it_says_so(self):
        found = measure.summarise(rounds_of((1, 2, 3, 50), (1, 4, 5, 60)), 100)
        self.assertEqual((found["steady"], found["rounds"], found["ratio"]["median"]), (False, 0, 3))
        self.assertIsNone(measure.summarise([], 100))

    def test_without_ours_or_without_peers_there_is_no_ratio(self):
        self.assertNotIn("ratio", measure.summarise([measure.Round({"atrous": 1.0}, (9, 9))], 9))
        self.assertNotIn("ratio", measure.summarise([measure.Round({"a": 1.0}, (9, 9))], 9))

    def test_spread(self):
        found = measure.spread([5, 1, 3, 2, 4])
        self.assertEqual([found[key] for key in ("min", "q1", "median", "q3", "max")], [1, 2, 3, 4, 5])
        self.assertEqual(measure.spread([7])["q3"], 7)

    def measured(self, run, peak, rounds):
        sample, measure.SAMPLE = measure.SAMPLE, 0
        try:
            return measure.measure({"a": run, "b": lambda: None}, 1, rounds, peak, random.Random(1))
        finally:
            measure.SAMPLE = sample

    def test_discarded_rounds_are_repeated(self):
        done, interrupted = self.measured(lambda: None, FakePeak(100, 50, 100, 100), 2)
        self.assertEqual((len(done), interrupted), (3, False))

    def test_repeating_has_a_bound(self):
        peak = FakePeak(50)
        peak.best[1] = 100
        done, _ = self.measured(lambda: None, peak, 2)
        self.assertEqual(len(done), 2 * measure.TRIES)

    def test_an_interrupt_leaves_the_rounds_before_it(self):
        calls = itertools.count()

        def interrupted_later():
            if next(calls) == 4:
                raise KeyboardInterrupt

        done, interrupted = self.measured(interrupted_later, FakePeak(100), 9)
        self.assertEqual((len(done), interrupted), (2, True))


class CompareTest(unittest.TestCase):
    def test_the_one_that_disagrees_is_wrong(self):
        good = np.linspace(-1, 1, 100, dtype=np.float32)
        right, errors = compare.judge({"a": good + 0.1, "b": good, "c": good + 1e-5})
        self.assertEqual(right, "b")
        self.assertGreater(errors["a"], compare.TOLERANCE)
        self.assertLess(errors["c"], compare.TOLERANCE)

    def test_what_cannot_be_compared(self):
        good = np.ones(4, np.float32)
        self.assertEqual(compare.error(np.ones(5, np.float32), good), np.inf)
        self.assertEqual(compare.error(np.array([1, 1, np.nan, 1], np.float32), good), np.inf)
        self.assertEqual(compare.error(np.array([1, 2, 3, 4]), np.array([1, 2, 3, 5])), 0.25)


class OptionsTest(unittest.TestCase):
    def refused(self, *arguments):
        with contextlib.redirect_stderr(io.StringIO()) as text, self.assertRaises(SystemExit) as stopped:
            bench.options(arguments)
        self.assertEqual(stopped.exception.code, 2)
        return text.getvalue()

    def test_unknown_names(self):
        self.assertIn(f"no case 'hcd'; these exist: {', '.join(cases.NAMES)}", self.refused("--case", "hcd"))
        self.assertIn("no peer 'tvm'; these exist: onnxruntime, openvino, ncnn", self.refused("--peer", "tvm"))
        self.assertIn("neither a number above 0 nor 'all'", self.refused("--threads", "0"))
        self.assertIn("not a number above 0", self.refused("--rounds", "none"))

    def test_prefixes_and_defaults(self):
        self.assertEqual(bench.options(["--case", "bil", "--case", "u2net"]).cases,
                         ["bilinear-grouped", "bilinear-dense", "u2net"])
        self.assertEqual(bench.options([]).cases, cases.NAMES)
        self.assertNotIn("pytorch", bench.options([]).peers)
        self.assertEqual(bench.options(["--peer", "pytorch"]).peers, ["pytorch"])
        self.assertEqual(bench.options(["--peer", "ncnn"]).peers, ["ncnn"])
        self.assertEqual(bench.options(["--threads", "1,3,1"]).threads, [1, 3])

    def test_tuning_has_networks_only(self):
        self.assertEqual(bench.options(["--tuning"]).cases, [n for n in cases.NETWORKS if n not in ("u2net", "deeplab")])
        self.assertEqual(bench.options(["--tuning", "--case", "u2net", "--case", "hdc-64"]).cases, ["hdc-64-256", "u2net"])
        self.assertEqual(bench.options(["--tuning", "--budget", "30"]).budget, 30)
        self.assertIn("no network 'folder'; these exist: hdc-64-256", self.refused("--tuning", "--case", "folder"))
        self.assertIn("--tuning has no peers", self.refused("--tuning", "--peer", "ncnn"))
        self.assertIn("not a number above 0", self.refused("--tuning", "--budget", "2m"))


class ReportTest(unittest.TestCase):
    def record(self, name, group, ratio):
        entry = {"raw": [{"seconds": {"atrous": 1.0, "a": ratio}, "fma_peaks": [100, 100]}],
                 "errors": {"a": 1e-6}, "workspace_bytes": 1 << 20}
        record = {"name": name, "group": group, "about": "", "problems": {"b": "crashes (signal 11)"},
                  "threads": {"1": entry, "2": {**entry}}, "multiplications": 25e9, "weight_bytes": 1 << 20}
        networks.derive(record, {1: 100, 2: 100})
        return record

    def test_goals(self):
        records = [self.record("x", "dilated stacks", 4.0), self.record("y", "dilated stacks", 1.4)]
        rows = list(goals.network_rows(records))
        self.assertEqual(rows[0][:3], ["dilated stacks, 1 thread", "≥ 2.0, none below 1.5",
                                       "2.37, lowest 1.40"])
        self.assertEqual(rows[0][3], "**missed**")
        self.assertEqual(list(goals.network_rows(records[:1]))[0][3], "reached")

    def test_gflops_and_gain(self):
        entry = self.record("x", "aspp", 2.0)["threads"]["2"]
        self.assertEqual((entry["gflops"], entry["share_of_peak"]), (50, 0.5))
        self.assertEqual(entry["gain"], {"ours": 1, "fma": 1})

    def test_markdown(self):
        found = startup.goals({"seconds": {"open": {"atrous": 1, "a": 6}, "mask": {"atrous": 1, "a": 1.5}},
                               "program_bytes": 12e6, "weight_bytes": 10e6})
        results = {"machine": {"cpu": "a cpu", "cores": 2, "memory_bytes": 1 << 30, "kernel": "6",
                               "python": "3", "isa": ["avx2"]},
                   "fma_lanes": 8, "peers": {"a": {"version": "a 1", "settings": "plain"}},
                   "rounds": 1, "seed": 1,
                   "fma_peak_best": {"1": 100.0}, "networks": [self.record("x", "aspp", 2.0)], "tuning": [],
                   "others": {"startup": {"problems": [], "goals": list(found)}}}
        text = report.markdown(results)
        for line in ("| aspp, 1 thread | ≥ 1.1, none below 1.0 | 2.00, lowest 2.00 | reached |",
                     "| opening U²-Net | ≥ 5.0 | 6.00 over a | reached |",
                     "| U²-Net's first mask | ≥ 2.0 | 1.50 over a | **missed** |",
                     "| program's size | weights + 3 MB | weights + 2.00 MB | reached |",
                     "| x | b | crashes (signal 11) |"):
            self.assertIn(line, text)

    def test_folder(self):
        def sample(peak, ours, theirs):
            return peak, {"atrous": {"seconds": ours, "peak_bytes": 100},
                          "rembg": {"seconds": theirs, "peak_bytes": 400}}

        record = folder.summarise([sample(100, 1.0, 3.0), sample(50, 1.0, 9.0)], 100, [], 15)
        self.assertEqual((record["rounds"], record["discarded"], record["ratio"]["median"]), (1, 1, 3))
        self.assertEqual([goal[3] for goal in record["goals"]], [True, True])


if __name__ == "__main__":
    unittest.main()
