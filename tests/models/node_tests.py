"""ONNX's own node tests of every operator that the compiler knows: node_tests.py ATROUS WORK_FOLDER TABLE [--update] [TEST…]

Each test either gives ONNX's expected result or is refused with a reason; a wrong result or a crash is never accepted.
TABLE (docs/onnx_operators.md) is what is expected of each; --update writes it anew from what happened.
"""

import argparse
import difflib
import os
import re
import shlex
import shutil
import sys
import warnings
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnx

from network import Program, Refused, operators
from u_net_models import OPERATORS

HEADER = """# ONNX operators

What `tests/models/node_tests.py` finds when it runs ONNX {version}'s own node tests (operators of opset 7 to
{opset}) with every operator that Atrous knows. A test is passed, or the model is refused with the reason given here;
none is computed wrongly. The test `node_tests` compares this file with what happens, and prints the command that writes
it anew where they differ.

"""


def collect():
    """ONNX's node tests whose models consist of operators that we know, by name."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from onnx.backend.test.loader import load_model_tests

        tests = load_model_tests(kind="node")
    return {test.name: test for test in tests if operators(test.model) <= OPERATORS}


def is_array(value):
    return isinstance(value, np.ndarray) and value.dtype.kind in "biuf"


def mismatch(actual, expected, test):
    """What is wrong, in words, or None; with the tolerance that ONNX gives the test."""
    expected = np.asarray(expected)
    if actual.dtype != expected.dtype or actual.shape != expected.shape:
        return f"is {actual.dtype}{list(actual.shape)}, expected {expected.dtype}{list(expected.shape)}"
    try:
        np.testing.assert_allclose(actual, expected, rtol=test.rtol, atol=test.atol)
    except AssertionError as error:
        return " ".join(str(error).split())
    return None


def run(program, folder, test):
    """("passed", ""), ("refused", reason) or ("wrong", what)."""
    file = folder / f"{test.name}.onnx"
    onnx.save(test.model, file)
    names = [value.name for value in test.model.graph.input]
    outputs = [value.name for value in test.model.graph.output]
    try:
        for inputs, expected in test.data_sets:
            # What cannot be written as .npy (strings, sequences, 4-bit numbers) must be refused by the model alone.
            if not all(map(is_array, inputs)):
                program("compile", "--quiet", file, "-o", folder / test.name, "--emit", "shared")
                return "wrong", "accepted, though its inputs are no tensors of numbers"
            actual = program.run(file, dict(zip(names, inputs)), outputs)
            for name, values in zip(outputs, expected):
                problem = mismatch(actual[name], values, test)
                if problem:
                    return "wrong", f"{name} {problem}"
    except Refused as refusal:
        if str(refusal).startswith("command line:"):
            return "wrong", str(refusal)
        return "refused", reason(str(refusal), file)
    except Exception as error:
        return "wrong", f"{type(error).__name__}: {error}"
    return "passed", ""


def reason(message, file):
    """A refusal without the file's name, which is the test's."""
    return message.removeprefix(f"{file}: ").replace(str(file), "the model")


def section(test):
    types = operators(test.model)
    return types.pop() if len(test.model.graph.node) == 1 else "Functions in terms of operators"


def table(tests, results):
    """The document, from the outcome of every test."""
    sections = defaultdict(lambda: {"passed": [], "refused": [], "wrong": []})
    for name in sorted(tests):
        outcome, why = results[name]
        sections[section(tests[name])][outcome].append((name.removeprefix("test_"), why))
    text = HEADER.format(version=onnx.__version__, opset=onnx.defs.onnx_opset_version())
    text += "| operator | passed | refused |\n|---|---|---|\n"
    for title, found in sorted(sections.items()):
        text += f"| {title} | {len(found['passed'])} | {len(found['refused'])} |\n"
    total = {key: sum(len(found[key]) for found in sections.values()) for key in ("passed", "refused")}
    text += f"| together | {total['passed']} | {total['refused']} |\n"
    for title, found in sorted(sections.items()):
        text += f"\n## {title}\n\n"
        if found["passed"]:
            text += "Passed: " + ", ".join(name for name, _ in found["passed"]) + ".\n"
        if found["passed"] and found["refused"]:
            text += "\n"
        if found["refused"]:
            text += "| refused | because |\n|---|---|\n"
            text += "".join(f"| {name} | {escaped(why)} |\n" for name, why in found["refused"])
    return text


def escaped(text):
    return re.sub(r"([|<>*_`])", r"\\\1", text)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("atrous")
    parser.add_argument("folder", type=Path)
    parser.add_argument("table", type=Path)
    parser.add_argument("--update", action="store_true", help="write the table from what happens")
    parser.add_argument("tests", nargs="*", help="only these, printed one by one")
    arguments = parser.parse_args()

    tests = collect()
    if arguments.tests:
        tests = {name: tests[name] for name in arguments.tests}
    shutil.rmtree(arguments.folder, ignore_errors=True)
    arguments.folder.mkdir(parents=True)
    program = Program(arguments.atrous, arguments.folder / "cache")
    results = {}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        outcomes = pool.map(lambda test: run(program, arguments.folder, test), tests.values())
        for done, (name, outcome) in enumerate(zip(tests, outcomes), 1):
            results[name] = outcome
            if arguments.tests or done % 50 == 0:
                print(f"{done}/{len(tests)}", *((name, *outcome) if arguments.tests else ()), flush=True)

    wrong = {name: why for name, (outcome, why) in results.items() if outcome == "wrong"}
    for name, why in wrong.items():
        print(f"{name}: WRONG: {why}")
    print(f"{len(results)} tests, {len(wrong)} wrong")
    if arguments.tests or wrong:
        return 1 if wrong else 0

    text = table(tests, results)
    if arguments.update:
        arguments.table.write_text(text)
        return 0
    committed = arguments.table.read_text() if arguments.table.exists() else ""
    if text != committed:
        sys.stdout.writelines(difflib.unified_diff(committed.splitlines(True), text.splitlines(True), "expected", "found"))
        print(f"\n{arguments.table} does not say what happens. Where that is right, write it anew:")
        print(shlex.join([sys.executable, *sys.argv, "--update"]))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
