"""`atrous tune` and what it leaves, with a network of a moment: tune_test.py ATROUS NETWORKS PROGRAM"""
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

from program import ProgramTest, main

SIZE = ["--size", "24x32", "--threads", "1"]
USAGE = "atrous: error: command line: {}; see atrous tune --help\n"


def two_convolutions(file):
    """3×3 convolutions of 16 channels at rates 1 and 2, for any size."""
    random = np.random.default_rng(3)
    weights = [numpy_helper.from_array(random.normal(0, 1 / 12, (16, 16, 3, 3)).astype(np.float32), f"w{rate}")
               for rate in (1, 2)]
    nodes = [helper.make_node("Conv", [source, f"w{rate}"], [result], kernel_shape=[3, 3], pads=[rate] * 4,
                              dilations=[rate, rate])
             for rate, source, result in ((1, "x", "c"), (2, "c", "y"))]
    ports = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 16, "h", "w"]) for name in ("x", "y")]
    graph = helper.make_graph(nodes, "two", ports[:1], ports[1:], weights)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), file)


class TuneTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.environment["XDG_CACHE_HOME"] = os.path.join(self.networks, "tune_test_cache")
        two_convolutions(self.folder / "m.onnx")

    def tune(self, *arguments):
        """Runs the search, and returns the record."""
        done = self.call("tune", "m.onnx", "-o", "r.json", *SIZE, *arguments, "--quiet")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))
        return self.record("r.json")

    def record(self, name):
        return json.loads((self.folder / name).read_text())

    def write(self, name, record):
        (self.folder / name).write_text(json.dumps(record))

    def hand_made(self):
        """A record with a tuning for each of the two, which need not be any good."""
        targets = json.loads(self.expect(0, "targets", "--json"))
        halide = self.expect(0, "--version").splitlines()[1].split()[1]
        times = {"median": 1, "quartile_1": 1, "quartile_3": 1}
        operators = [{"operator": f"Conv 3x3, {pads}, 16 -> 16", "input": [1, 16, 24, 32], "tuning": tuning,
                      "seconds": times, "untuned": times, "tried": {}}
                     for pads, tuning in (("pad 1,1,1,1", {"algorithm": "direct", "tile_x": 4, "tile_blocks": 1, "unroll": 4}),
                                          ("rate 2x2, pad 2,2,2,2",
                                           {"algorithm": "winograd", "outputs": [2, 2], "tiles": [1, 4]}))]
        return {"atrous_tuning": 1, "target": targets["host"], "machine": "any", "halide": halide, "threads": 1,
                "operators": operators}

    def needs_programs(self, platform="x86-64-linux"):
        if not self.support(f"{platform}/libatrous_probe.a").exists():
            self.skipTest(f"this build makes no programs for {platform}")


class CommandLine(TuneTest):
    def test_combinations(self):
        for problem, arguments in (
                ("MODEL is required", ["-o", "r.json"]),
                ("--output is required", ["m.onnx"]),
                ("--output is required", ["--merge", "a.json", "b.json"]),
                ("--merge and --replay are two different things", ["m.onnx", "--replay", "r.json", "--merge", "a.json"]),
                ("--merge needs no model", ["m.onnx", "--merge", "a.json", "b.json", "-o", "r.json"]),
                ("MODEL is required", ["--replay", "r.json"]),
                ("--replay only reads its record", ["m.onnx", "--replay", "r.json", "-o", "r.json"]),
                ("--replay only reads its record", ["m.onnx", "--replay", "r.json", "--resume"]),
                ("--replay takes the target from its record", ["m.onnx", "--replay", "r.json", "--target", "host"]),
                ("--replay takes the number of threads from its record",
                 ["m.onnx", "--replay", "r.json", "--threads", "2"])):
            with self.subTest(arguments):
                self.expect(2, "tune", *arguments, error=USAGE.format(problem))
        self.assertEqual(self.files("."), ["m.onnx"])

    def test_budgets(self):
        for budget in ("s", "x", "10x", "0", "0.5", "-5s", "10 m", "1000h", "nan", "inf", "5ms"):
            with self.subTest(budget):
                self.expect(2, "tune", "m.onnx", "-o", "r.json", f"--budget={budget}",
                            error=f"atrous: error: --budget: '{budget}' is not a time between a second and 30 days; "
                                  "write it like 90s, 10m, 2h\n")

    def test_shards(self):
        for shard in ("1", "1/", "/2", "0/2", "3/2", "1/2x", "a/b", "-1/2", "1/0"):
            with self.subTest(shard):
                self.expect(2, "tune", "m.onnx", "-o", "r.json", f"--shard={shard}",
                            error=f"atrous: error: --shard: '{shard}' is not a part and how many there are; write it "
                                  "like 1/4, from 1/4 to 4/4\n")

    def test_files_that_are_missing(self):
        gone = "atrous: error: gone.json: cannot be read: No such file or directory\n"
        self.expect(2, "tune", "m.onnx", "--replay", "gone.json", error=gone)
        self.expect(2, "tune", "--merge", "gone.json", "m.onnx", "-o", "r.json", error=gone)
        self.expect(2, "tune", "gone.onnx", "-o", "r.json", "--quiet",
                    error="atrous: error: gone.onnx: there is no such file; check the path of the model\n")
        self.assertEqual(self.files("."), ["m.onnx"])


class Records(TuneTest):
    """Compiling by records that are written by hand."""

    def compile(self, code, *arguments, error=""):
        return self.expect(code, "compile", "m.onnx", *SIZE[:2], "--tuning", "r.json", *arguments, "--quiet", error=error)

    def test_compiled_twice(self):
        self.write("r.json", self.hand_made())
        for folder in ("one", "two"):
            facts = json.loads(self.compile(0, "-o", folder, "--json"))
            schedules = [row["schedule"] for row in facts["operators"]]
            self.assertNotIn("winograd", schedules[0])
            self.assertEqual(schedules[1], "winograd F(2x2,3x3), 1x4 tiles")
        for name in ("m.a", "m.so", "m.h"):
            self.assertEqual((self.folder / "one" / name).read_bytes(), (self.folder / "two" / name).read_bytes())
        self.expect(0, "compile", "m.onnx", *SIZE[:2], "-o", "untuned", "--quiet")
        self.assertNotEqual((self.folder / "one/m.so").read_bytes(), (self.folder / "untuned/m.so").read_bytes())
        np.save(self.folder / "x.npy", np.random.default_rng(1).random((1, 16, 21, 30), np.float32))
        results = []
        for folder in ("one", "untuned"):
            self.expect(0, "run", "--model", f"{folder}/m.so", "--input", "x.npy", "-o", f"{folder}.npy", "--quiet")
            results.append(np.load(self.folder / f"{folder}.npy"))
        np.testing.assert_allclose(*results, atol=1e-4)

    def test_damaged_ones(self):
        record = self.hand_made()
        record["operators"][1]["tuning"]["tile_y"] = 3
        self.write("r.json", record)
        self.compile(2, "-o", "out",
                     error='atrous: error: r.json: "tuning" of entry 2 (Conv 3x3, rate 2x2, pad 2,2,2,2, 16 -> 16) has a '
                           'key "tile_y", which is not known; correct the record, or make it anew with `atrous tune`\n')
        record = self.hand_made()
        record["operators"][0]["tuning"]["tile_x"] = 1000
        self.write("r.json", record)
        self.compile(2, "-o", "out",
                     error="atrous: error: r.json: the entry for Conv 3x3, pad 1,1,1,1, 16 -> 16, of 1x16x24x32 asks for "
                           "what its schedule cannot do: direct, tile_x 1000, tile_blocks 1, unroll 4; make it anew with `atrous "
                           "tune`\n")
        (self.folder / "r.json").write_text('{"atrous_tuning": 1,')
        done = self.call("compile", "m.onnx", "--tuning", "r.json", "--quiet", "-o", "out")
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stderr, r"^atrous: error: r\.json: is not JSON: [^\n]+; give a file that `atrous tune` has "
                                      r"written\n$")
        self.assertEqual(self.files("."), ["m.onnx", "r.json"])

    def test_other_targets_and_schedulers(self):
        self.write("r.json", self.hand_made() | {"target": "arm-64-linux"})
        done = self.call("compile", "m.onnx", "--tuning", "r.json", "--quiet", "-o", "out")
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stderr, r"^atrous: error: r\.json: was made for arm-64-linux, but the plan is made for "
                                      r"x86-64-linux[^\n]*; compile for the record's target, or make one with `atrous tune "
                                      r"--target`\n$")
        self.compile(2, "--autoscheduler", "Li2018",
                     error="atrous: error: command line: --tuning is about Atrous's schedules, and --autoscheduler takes "
                           "others; leave one of them out\n")

    def test_merge(self):
        whole = self.hand_made()
        for name, operators in (("a.json", whole["operators"][:1]), ("b.json", whole["operators"][1:])):
            self.write(name, whole | {"operators": operators})
        self.expect(0, "tune", "--merge", "a.json", "b.json", "-o", "all.json", error="all.json holds 2 operators\n")
        self.assertEqual(self.record("all.json"), whole)
        self.write("b.json", whole | {"threads": 2})
        done = self.call("tune", "--merge", "a.json", "b.json", "-o", "other.json")
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stderr, r"^atrous: error: b\.json: was measured on any, [^\n]*2 threads[^\n]* but a\.json on ")
        self.assertFalse((self.folder / "other.json").exists())


class Search(TuneTest):
    def setUp(self):
        super().setUp()
        self.needs_programs()

    def test_tuned_and_compiled(self):
        out = self.expect(0, "tune", "m.onnx", "-o", "new/r.json", *SIZE, "--budget", "5s", "--json", "--quiet")
        facts = json.loads(out)
        record = self.record("new/r.json")
        self.assertEqual(len(facts["operators"]), 2)
        self.assertEqual([op["operator"] for op in facts["operators"]], [op["operator"] for op in record["operators"]])
        self.assertEqual(record["threads"], 1)
        self.assertGreater(facts["untuned"]["median"], 0)
        self.assertEqual(self.files("."), ["m.onnx", "new/r.json"])
        self.expect(0, "compile", "m.onnx", *SIZE[:2], "--tuning", "new/r.json", "-o", "out", "--quiet")
        self.assertEqual(self.files("out"), ["m.a", "m.h", "m.so"])

    def test_text(self):
        done = self.call("tune", "m.onnx", "-o", "r.json", *SIZE, "--budget", "1s")
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stdout, r"^(operator +input +best +tried +ms +gain\n(Conv 3x3, [^\n]+\n)+\n)?"
                                      r"(\d other operators take too little time, or were not reached\n)?"
                                      r"Network: [0-9.]+ ms tuned, [0-9.]+ ms untuned, ×[0-9.]+\n"
                                      r"\d+ candidates in \d+ generations[^\n]*\n$")

    def test_replay(self):
        self.write("r.json", self.hand_made())
        arguments = ["tune", "m.onnx", "--replay", "r.json", *SIZE[:2], "--budget", "1s"]
        facts = json.loads(self.expect(0, *arguments, "--json", "--quiet"))
        self.assertEqual([op["recorded"] for op in facts["operators"]],
                         ["direct, tile_x 4, tile_blocks 1, unroll 4", "winograd 2x2, 1x4 tiles"])
        for op in facts["operators"]:
            self.assertIn(op["verdict"], ("holds", "no gain", "slower"))
        done = self.call(*arguments)
        self.assertEqual(done.returncode, 0)
        self.assertIn(f"note: the record is of another machine, any; this is {facts['machine']}\n", done.stderr)
        self.assertRegex(done.stdout, r"^operator +input +recorded +gain +now +verdict\n"
                                      r"(Conv 3x3, [^\n]+ (holds|no gain|slower)\n){2}\nNetwork: ")
        self.write("r.json", self.hand_made() | {"operators": self.hand_made()["operators"][:1]})
        self.expect(0, "tune", "m.onnx", "--replay", "r.json", "--size", "24x33", "--budget", "1s", "--quiet")
        facts = json.loads(self.expect(0, *arguments[:4], "--size", "24x33", "--budget", "1s", "--json", "--quiet"))
        self.assertEqual((facts["operators"], facts["elsewhere"]), ([], 1))

    def test_resume(self):
        record = self.tune("--budget", "1s")
        record["operators"][0]["tried"]["made up"] = 9
        self.write("r.json", record)
        self.assertEqual(self.tune("--budget", "1s", "--resume")["operators"][0]["tried"]["made up"], 9)
        self.assertNotIn("made up", self.tune("--budget", "1s")["operators"][0]["tried"])
        self.write("r.json", record | {"machine": "other"})
        done = self.call("tune", "m.onnx", "-o", "r.json", *SIZE, "--budget", "1s", "--resume", "--quiet")
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stderr, r"^atrous: error: r\.json: was measured on other, ")

    def test_interrupted(self):
        self.environment["TMPDIR"] = str(self.folder / "temporary")
        (self.folder / "temporary").mkdir()
        run = subprocess.Popen([self.atrous, "tune", "m.onnx", "-o", "r.json", *SIZE, "--budget", "10m"], cwd=self.folder,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self.environment)
        deadline = time.monotonic() + 60
        while not (self.folder / "r.json").exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        run.send_signal(signal.SIGINT)
        out, error = run.communicate(timeout=60)
        self.assertEqual((run.returncode, out), (130, ""))
        self.assertTrue(error.endswith("r.json holds what was found so far; --resume goes on\nInterrupted\n"), error)
        self.assertEqual(self.files("temporary"), [])
        self.expect(0, "compile", "m.onnx", "--tuning", "r.json", "--emit", "header", "--quiet")

    def test_a_command_that_runs_it_elsewhere(self):
        runner = self.folder / "there"
        runner.write_text('#!/bin/sh\nmkdir -p "$0.d"; cp "$1" "$0.d/probe"; shift\ncd "$0.d"; echo x >> runs\n'
                          './probe "$@"\n')
        runner.chmod(0o755)
        self.assertEqual(len(self.tune("--budget", "1s", "--runner", str(runner))["operators"]), 2)
        self.assertEqual(self.files("there.d"), ["probe", "runs"])
        self.expect(2, "tune", "m.onnx", "-o", "n.json", *SIZE, "--runner", "false -x", "--quiet",
                    error="atrous: error: false -x PROBE: exit status 1: it said nothing\n")
        self.assertFalse((self.folder / "n.json").exists())

    def test_a_board_that_starts_anew(self):
        ssh = self.folder / "ssh"
        ssh.write_text('#!/bin/sh\ncd "${0%/*}" && mkdir -p disk && echo >> calls\n[ -e gone ] && exit 255\n'
                       '[ $(wc -l < calls) != 13 ] || { rm -rf disk/*; echo Broken pipe; exit 255; }\n'
                       'TMPDIR=$PWD/disk exec sh -c "$2"\n')
        ssh.chmod(0o755)
        record = self.tune("--budget", "5s", "--runner", f"{ssh} board")
        self.assertEqual(len(record["operators"]), 2)
        self.assertGreater(len((self.folder / "calls").read_text()), 13)
        self.assertEqual(self.files("disk"), [])
        (self.folder / "gone").touch()
        self.expect(2, "tune", "m.onnx", "-o", "r.json", *SIZE, "--resume", "--runner", f"{ssh} board", "--quiet",
                    error=f"atrous: error: {ssh} board: could not take a program (exit status 255): it said nothing; check "
                          "that the command logs in without a password, and that there is room\n")
        self.assertEqual(self.record("r.json"), record)

    def test_on_a_gpu(self):
        targets = json.loads(self.expect(0, "targets", "--json"))["targets"]
        device = next((target.get("device") for target in targets if target["target"] == "x86-64-linux-opencl"), None)
        if not device:
            self.skipTest("there is no OpenCL device")
        record = self.tune("--budget", "1s", "--target", "x86-64-linux-opencl")
        self.assertEqual((record["machine"], len(record["operators"])), (device, 2))

    def test_in_an_emulator(self):
        self.needs_programs("arm-64-linux")
        for program in ("qemu-aarch64-static", "aarch64-linux-gnu-g++"):
            if not shutil.which(program):
                self.skipTest(f"{program} is not installed")
        record = self.tune("--budget", "1s", "--target", "arm-64-linux", "--runner", "qemu-aarch64-static")
        self.assertEqual((record["target"], len(record["operators"])), ("arm-64-linux", 2))
        self.expect(0, "compile", "m.onnx", "--target", "arm-64-linux", "--tuning", "r.json", *SIZE[:2], "-o", "out",
                    "--quiet")


if __name__ == "__main__":
    main(sys.argv)
