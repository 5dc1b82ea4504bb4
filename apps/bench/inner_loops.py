"""What ARM cores make of the loops that do the work, by llvm-mca's models: inner_loops.py LISTING.s [--cpu CPU …]

LISTING.s is what `atrous compile --target arm-64-linux --emit asm` writes. Of each kernel the block of instructions with
the most vector arithmetic is taken, a loop's body or a piece of straight code that is repeated. The bound is what its
arithmetic alone takes: two vectors of four floats a cycle on neoverse-n1, one on cortex-a55 (LLVM's model of that
core lets two begin, so that it may stay below the bound).
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

ANALYSER = "llvm-mca-19"
VECTORS_PER_CYCLE = {"neoverse-n1": 2, "cortex-a55": 1}
ARITHMETIC = re.compile(r"\s(fml[as]|fadd|fsub|fmul|fneg|fmax\w*|fmin\w*)\s+v")
MULTIPLY_ADD = re.compile(r"\sfml[as]\s+v")
LABEL = re.compile(r"^(\.?\w+):")
JUMP = re.compile(r"\s(b(\.\w+)?|cbn?z|tbn?z|ret)\b")
LEAST = 8  # arithmetic instructions of a block worth looking at


def kernels(listing):
    """name → lines, of a listing in which "# name" begins each kernel."""
    parts = re.split(r"^# ([a-z]\w+)$", listing, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2]))


def blocks(assembly):
    """Basic blocks, each with whether it is a loop by itself."""
    name, lines = None, []
    for line in assembly.splitlines():
        label = LABEL.match(line)
        if label:
            yield lines, False
            name, lines = label[1], []
        elif line.startswith("\t") and not line.startswith("\t."):
            lines.append(line.split("//")[0])
            if JUMP.search(line):
                yield lines, bool(name) and line.rstrip().endswith(name)
                name, lines = None, []
    yield lines, False


def count(pattern, lines):
    return sum(bool(re.search(pattern, line)) for line in lines)


def hottest(assembly):
    """(lines, is a loop) of the block with the most arithmetic, of loops that multiply and add if there are any. None
    where there is hardly any arithmetic."""
    work = lambda block: count(ARITHMETIC, block[0])
    found = list(blocks(assembly))
    products = [block for block in found if block[1] and count(MULTIPLY_ADD, block[0]) >= LEAST]
    best = max(products or found, key=work)
    return best if work(best) >= LEAST else None


def analyse(lines, cpu):
    """What the model says of these instructions, over and over."""
    iterations = 100
    done = subprocess.run([ANALYSER, "-mtriple=aarch64", f"-mcpu={cpu}", f"-iterations={iterations}", "-json"],
                          input="\n".join(lines) + "\n", capture_output=True, text=True, check=True)
    report = json.loads(done.stdout)
    region, resources = report["CodeRegions"][0], report["TargetInfo"]["Resources"]
    cycles = region["SummaryView"]["TotalCycles"] / iterations
    usage = [0] * len(resources)
    for entry in region["ResourcePressureView"]["ResourcePressureInfo"]:
        if entry["InstructionIndex"] == len(lines):  # the sum
            usage[entry["ResourceIndex"]] += entry["ResourceUsage"]
    busiest = max(range(len(usage)), key=usage.__getitem__)
    issue = region["SummaryView"]["TotaluOps"] / iterations / region["SummaryView"]["DispatchWidth"]
    bound = count(ARITHMETIC, lines) / VECTORS_PER_CYCLE[cpu]
    if issue > usage[busiest]:
        busy, limit = issue, "instructions a cycle"
    else:
        busy, limit = usage[busiest], re.sub(r"\..*", "", resources[busiest])
    return {"cycles": cycles, "bound": bound, "share": bound / max(cycles, bound),
            "limit": limit if busy > 0.9 * cycles else "latency"}


def describe(name, block, cpus):
    lines, loop = block
    row = {"kernel": name.removesuffix("_arm_64_linux"), "loop": loop, "instructions": len(lines),
           "multiply_adds": count(MULTIPLY_ADD, lines), "arithmetic": count(ARITHMETIC, lines),
           "loads": count(r"\sld(u?r|p|1)", lines), "stores": count(r"\sst(u?r|p|1)", lines),
           "stack": count(r"\[sp", lines)}
    return row | {cpu: analyse(lines, cpu) for cpu in cpus}


def table(rows, cpus):
    yield "| kernel | instructions | arithmetic | of which multiply-adds | loads | stores | of the stack |" + "".join(
        f" {cpu}: cycles | bound | share | limit |" for cpu in cpus)
    yield "|---|" + "---|" * (6 + 4 * len(cpus))
    for row in rows:
        cells = [row["kernel"] + ("" if row["loop"] else " (no loop)")]
        cells += [row[key] for key in ("instructions", "arithmetic", "multiply_adds", "loads", "stores", "stack")]
        for cpu in cpus:
            cells += [f"{row[cpu]['cycles']:.1f}", f"{row[cpu]['bound']:.1f}", f"{row[cpu]['share']:.0%}", row[cpu]["limit"]]
        yield "| " + " | ".join(map(str, cells)) + " |"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("listing", type=Path, metavar="LISTING.s")
    parser.add_argument("--cpu", action="append", choices=sorted(VECTORS_PER_CYCLE), help="default: both")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if not shutil.which(ANALYSER):
        sys.exit(f"{ANALYSER} is not installed; install it with `apt install llvm-19`")
    cpus = arguments.cpu or list(VECTORS_PER_CYCLE)
    rows = [describe(name, block, cpus) for name, text in kernels(arguments.listing.read_text()).items()
            if (block := hottest(text))]
    print(json.dumps(rows, indent=1) if arguments.json else "\n".join(table(rows, cpus)))


if __name__ == "__main__":
    main()
