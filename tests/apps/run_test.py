"""`atrous run` and the verbs' command lines: run_test.py ATROUS NETWORKS PROGRAM"""
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np

from program import ProgramTest, main


class Run(ProgramTest):
    def setUp(self):
        super().setUp()
        self.a = np.array([1.5, -2, 3], np.float32)
        self.b = np.array([1, 2, 3], np.int64)
        np.save(self.folder / "a.npy", self.a)
        np.save(self.folder / "b.npy", self.b)

    def pair(self, code, *arguments, **more):
        return self.expect(code, "run", "--model", self.network("pair"), *arguments, **more)

    def refused(self, *arguments, error):
        self.pair(2, *arguments, error=f"atrous: error: {error}\n")

    def check_sum(self, name):
        np.testing.assert_array_equal(np.load(self.folder / name), self.a + 10 * self.b)

    def test_in_order_and_by_name(self):
        self.pair(0, "--input", "a.npy", "--input", "b.npy", "-o", "sum.npy", "-o", "b_out.npy", "--quiet")
        self.check_sum("sum.npy")
        np.testing.assert_array_equal(np.load(self.folder / "b_out.npy"), self.b)
        self.pair(0, "--input", "b=c=b.npy", "--input", "a=a.npy", "-o", "b=named.npy", "--quiet")
        self.assertEqual(np.load(self.folder / "named.npy").dtype, np.int64)

    def test_facts(self):
        out = self.pair(0, "--input", "a.npy", "--input", "b.npy", "--repeat", "3", "--threads", "2", "--json")
        facts = json.loads(out)
        self.assertEqual(list(facts), ["seconds", "peak_bytes", "workspace_bytes", "threads", "target", "outputs"])
        self.assertEqual(len(facts["seconds"]), 3)
        self.assertGreater(facts["peak_bytes"], 1 << 20)
        self.assertEqual((facts["threads"], facts["target"]), (2, "x86-64-linux"))
        self.assertEqual(facts["outputs"], {"sum": [3], "b": [3]})
        out = self.pair(0, "--input", "a.npy", "--input", "b.npy", "--threads", "1")
        self.assertRegex(out, r"^output  type     shape\nsum     float32  3\nb       int64    3\n[0-9.]+ s best of 1, "
                              r"1 thread, x86-64-linux; peak memory [0-9.]+ MiB\n$")

    def test_instruction_sets(self):
        both = ["--input", "a.npy", "--input", "b.npy"]
        facts = json.loads(self.pair(0, *both, "--target", "x86-64-linux", "--json"))
        self.assertEqual(facts["target"], "x86-64-linux")
        self.refused(*both, "--target", "x86-64-linux-avx",
                     error="pair: holds no code for --target x86-64-linux-avx-sse41, only for x86-64-linux; choose among "
                           "these, or leave it out")
        self.refused(*both, "--target", "6502",
                     error='target "6502": is not a Halide target string; use ARCH-BITS-OS with features, like '
                           "x86-64-linux-avx2-fma, or host")

    def test_wrong_tensors(self):
        both = ["--input", "a.npy", "--input", "b.npy"]
        np.save(self.folder / "double.npy", self.a.astype(np.float64))
        np.save(self.folder / "flat.npy", self.a.reshape(1, 3))
        advice = "; convert it with numpy's astype and reshape"
        self.refused("--input", "double.npy", "--input", "b.npy",
                     error="double.npy: holds float64 3, expected float32 n for the input 'a'" + advice)
        self.refused("--input", "flat.npy", "--input", "b.npy",
                     error="flat.npy: holds float32 1×3, expected float32 n for the input 'a'" + advice)
        self.refused("--input", "gone.npy", "--input", "b.npy",
                     error="gone.npy: cannot be opened: No such file or directory; check the name")
        name = self.network("pair")
        self.refused("--input", "a.npy", error=f"{name}: its input 'b=c' is not given; add --input b=c=FILE.npy")
        self.refused("--input", "a=a.npy", "--input", "a.npy",
                     error=f"{name}: --input is given twice for a; write --input name=file")
        self.refused(*both, "--input", "a.npy",
                     error=f"{name}: has no place for --input a.npy: it has 2 (a, b=c); leave it out")
        self.refused(*both, *["-o", "x.npy"] * 3,
                     error=f"{name}: has no place for -o x.npy: it has 2 (sum, b); leave it out")
        self.refused(*both, "--trace", "t",
                     error=f"{name}: is compiled, and holds no intermediate tensors any more; give the .onnx file")
        self.assertFalse((self.folder / "x.npy").exists())

    def test_profile_of_an_earlier_library(self):
        self.refused("--input", "a.npy", "--input", "b.npy", "--profile",
                     error="pair: was compiled before operators could be timed; make it anew with `atrous compile`")

    def test_output_that_cannot_be_written(self):
        both = ["--input", "a.npy", "--input", "b.npy"]
        self.refused(*both, "-o", "/dev/full",
                     error="/dev/full: cannot be written (No space left on device); free some room, or write elsewhere")
        self.refused(*both, "-o", "gone/x.npy", error="gone/x.npy: cannot be written (No such file or directory); "
                                                      "check the folder and its permissions")
        self.assertEqual(self.pair(0, *both, "-o", "/dev/null", "--quiet"), "")
        self.assertFalse(os.path.isfile("/dev/null") or os.path.isfile("/dev/full"))

    def test_compare(self):
        both = ["--input", "a.npy", "--input", "b.npy", "--compare", "theirs"]
        theirs = self.folder / "theirs"
        self.refused(*both, error="theirs: is not a folder; name one made by --trace, or with a .npy file per tensor")
        theirs.mkdir()
        self.refused(*both, error="theirs: holds none of the network's 2 tensors; name the files after the tensors, or "
                                  "write an index.json")
        np.save(theirs / "sum.npy", self.a + 10 * self.b)
        self.assertTrue(self.pair(0, *both).endswith("No difference: 1 tensor agrees, 1 are not in theirs\n"))

        np.save(theirs / "tensor.npy", self.b + np.array([0, 4, 0]))
        (theirs / "index.json").write_text('{"b": "tensor.npy", "sum": "sum.npy"}')
        facts = json.loads(self.pair(1, *both, "--json"))["compared"]
        self.assertEqual(facts, {"equal": 1, "missing": 0,
                                 "first_difference": {"tensor": "b", "shape": [3], "elements": 3, "beyond": 1,
                                                      "max_abs": 4.0, "max_rel": 4 / 6, "value": 2.0, "expected": 6.0}})
        self.assertTrue(self.pair(1, *both).endswith(
            "First difference: 'b' (3): 1 of 3 elements are beyond the tolerance\n"
            "  largest absolute difference 4 at [1]: 2 here, 6 in theirs\n"
            "  largest relative difference 0.666667\n"
            "Before it 1 tensor agrees\n"))
        self.pair(0, *both, "--atol", "4", "--quiet")
        self.pair(0, *both, "--rtol", "0.67", "--quiet")
        self.pair(1, *both, "--rtol", "0.66", "--quiet")

        np.save(theirs / "sum.npy", np.array([11.5, np.nan, 33], np.float32))
        self.assertEqual(json.loads(self.pair(1, *both, "--json"))["compared"]["first_difference"]["tensor"], "sum")
        np.save(theirs / "sum.npy", np.zeros((3, 1), np.float32))
        self.assertTrue(self.pair(1, *both).endswith("First difference: 'sum' is 3 here, 3×1 in theirs\n"
                                                     "Before it 0 tensors agree\n"))
        (theirs / "index.json").write_text('["sum"]')
        self.refused(*both, error="theirs/index.json: is not a JSON object from tensor names to file names; correct or "
                                  "remove it")

    def test_interrupted_while_running(self):
        run = subprocess.Popen([self.atrous, "run", "--model", self.network("pair"), "--input", "a.npy",
                                "--input", "b.npy", "-o", "x.npy"], cwd=self.folder,
                               env=self.environment | {"FAKE_SLEEP_MS": "100000"})
        time.sleep(1)
        run.send_signal(signal.SIGINT)
        self.assertEqual(run.wait(timeout=60), 130)
        self.assertFalse((self.folder / "x.npy").exists())


class CommandLine(ProgramTest):
    verbs = ("compile", "segment", "run", "inspect", "tune", "targets")

    def test_help_has_an_example_for_each_verb(self):
        listed = self.expect(0, "--help")
        for verb in self.verbs:
            self.assertIn(f"  {verb}", listed)
            text = self.expect(0, verb, "--help")
            self.assertEqual(text.count("Example:\n  atrous " + verb), 1)
            self.assertIn("Usage: atrous " + verb, text)

    def test_version(self):
        self.assertRegex(self.expect(0, "--version"),
                         r"^atrous \d+\.\d+\.\d+\nHalide \d+\.\d+\.\d+\nLLVM \d+\.\d+\n"
                         r"build target [a-z0-9-]+-linux\n$")

    def test_verbs_that_do_not_exist(self):
        expected = "expected one of compile, segment, run, inspect, tune, targets; see atrous --help\n"
        self.expect(2, error="atrous: error: command line: a verb is missing, " + expected)
        for verb in ("tuning", "evaluate", "merge-manifests", "--quiet", "Compile"):
            self.expect(2, verb, error=f"atrous: error: command line: '{verb}' is no verb, " + expected)

    def test_targets(self):
        facts = json.loads(self.expect(0, "targets", "--json"))
        self.assertIn("-linux", facts["host"])
        self.assertIn({"target": "x86-64-linux", "canonical": "x86-64-linux", "makes": True, "runs_here": True,
                       "made_for": "every 64-bit PC"}, facts["targets"])
        arm = next(target for target in facts["targets"] if target["target"] == "arm-64-linux")
        self.assertEqual(arm["makes"], self.support("arm-64-linux/executor.o").exists())
        self.assertFalse(arm["runs_here"])
        self.assertRegex(self.expect(0, "targets"),
                         r"^target +this build +this machine +made for\nhost +makes +runs +this machine: ")

    def test_compile_arguments(self):
        line, see = "atrous: error: command line: ", "; see atrous compile --help\n"
        self.expect(2, "compile", error=line + "MODEL is required" + see)
        self.expect(2, "compile", "gone.onnx",
                    error="atrous: error: gone.onnx: cannot be opened: No such file or directory; check the name\n")
        self.expect(2, "compile", "m.onnx", "--emit", "lib,exe",
                    error=line + "--emit: exe not in {lib,header,shared,app,asm,stmt,ptx}" + see)
        for size in ("480", "480x", "x640", "480x640x3", "0x9", "99999x9", "4 x5", "-4x5"):
            self.expect(2, "compile", "m.onnx", f"--size={size}",
                        error=f"atrous: error: --size: '{size}' is not a height and a width between 1 and 65536; write "
                              "it like 480x640\n")
        for name in ("9a", "a-b", "ä"):
            self.expect(2, "compile", "m.onnx", f"--name={name}",
                        error=f"atrous: error: {name}: cannot be a network's name, expected a C identifier; choose "
                              "letters, digits and underscores with --name\n")
        self.expect(2, "compile", "m.onnx", "--unknown=x",
                    error=line + "The following argument was not expected: --unknown=x" + see)
        self.expect(2, "compile", "m.onnx", "--tuning=x",
                    error="atrous: error: x: cannot be read: No such file or directory\n")


if __name__ == "__main__":
    main(sys.argv)
