"""The loops that do the work on ARM, by llvm-mca's models of its cores: arm_loops.py ATROUS WORK_FOLDER

Multiply-adds of convolutions and matrix products take at least 80 % of what a Neoverse N1 could begin, and nothing in
their loops is on the stack. Exits with 77 (skipped), saying why, where something is missing.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import onnx

from network import SKIPPED, Graph, Program

LEAST_SHARE = 0.8
SCRIPT = Path(__file__).parents[2] / "apps" / "bench" / "inner_loops.py"
ANALYSER = "llvm-mca-19"
EXPECTED = {"direct": ["conv_f32_c16_k3x3", "conv_f32_c16_k1x1", "depthwise_conv"],
            "winograd": ["batched_gemm", "conv_f32_c16_k1x1", "depthwise_conv"]}


def model():
    graph = Graph(opset=17)
    x = graph.conv(graph.input("x", [1, 64, 66, 66]), 64, 64)
    x = graph.conv(graph("Relu", x), 64, 256, kernel=1)
    graph.output(graph.conv(graph("Relu", x), 256, 256, group=256))
    return graph.model()


def main(program, folder):
    if not shutil.which(ANALYSER):
        print(f"SKIP: {ANALYSER} is not installed")
        return SKIPPED
    if not (Path(program).parent.parent / "support/arm-64-linux").is_dir():
        print("SKIP: no support for arm-64-linux was built")
        return SKIPPED
    folder = Path(folder)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    onnx.save(model(), folder / "model.onnx")
    program = Program(program, folder / "cache")
    problems = []
    for way, winograd in (("direct", "off"), ("winograd", "f4")):
        program("compile", "--quiet", folder / "model.onnx", "--target", "arm-64-linux", "--emit", "asm", "-o", folder / way,
                "--winograd", winograd, "--cache", folder / "cache")
        done = subprocess.run([sys.executable, "-B", SCRIPT, folder / way / "model.s", "--json"], capture_output=True,
                              text=True, check=True)
        rows = json.loads(done.stdout)
        for name in EXPECTED[way]:
            row = next((row for row in rows if row["kernel"].startswith(name)), None)
            if not row or not row["loop"] or not row["multiply_adds"]:
                problems.append(f"{way}: no loop of {name} was found")
                continue
            share = row["neoverse-n1"]["share"]
            print(f"{row['kernel']}: {share:.0%} of the bound")
            if share < LEAST_SHARE or row["stack"]:
                problems.append(f"{way}: {row['kernel']} reaches {share:.0%}, at least {LEAST_SHARE:.0%} expected, with "
                                f"{row['stack']} references to the stack, none expected")
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
