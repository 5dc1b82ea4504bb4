"""ONNX's own node tests of every operator that the compiler knows: node_tests.py ATROUS WORK_FOLDER TABLE [--update] [TEST…]

Each test either gives ONNX's expected result or is refused with a reason; a wrong result or a crash is never accepted.
ONNX's tests feed everything as inputs, weights, shapes and scales too. A compiler needs those as constants, as trained
models have them: what is refused is tried again with all inputs but the first made constants, then with all.
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

from network import SKIPPED, Program, Refused, opencl_device, operators
from u_net_models import OPERATORS

HEADER = """# ONNX operators

What `tests/models/node_tests.py` finds when it runs ONNX {version}'s own node tests (operators of opset 7 to {opset})
with every operator that Atrous knows. ONNX's tests feed everything as inputs: weights, shapes, scales. A compiled network
takes data only, the rest must be constants, as it is in trained models. So a test is

- **passed** as it is, or
- **passed with constants**: with all inputs but the first (or all) made constants of the model, or
- **refused**, with the reason given here.

None is computed wrongly. (float16 and bfloat16 tensors are float32 in a compiled network.) The test `node_tests`
compares this file with what happens; where they differ it prints the command that writes it anew.

"""
COMPUTED = "is computed from the data"  # of refusals that a constant would mend
OUTCOMES = ("passed", "passed with constants", "refused")


def collect():
    """ONNX's node tests whose models consist of operators that we know, by name."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from onnx.backend.test.loader import load_model_tests

        tests = load_model_tests(kind="node")
    return {test.name: test for test in tests if operators(test.model) <= OPERATORS}


def as_array(value):
    """A value of a data set as an array, or as it is where it is none."""
    if isinstance(value, onnx.TensorProto):
        return onnx.numpy_helper.to_array(value)
    return np.asarray(value) if isinstance(value, np.generic) else value


def is_narrow(value):
    """float16 or bfloat16: float32 in a compiled network."""
    return isinstance(value, np.ndarray) and value.dtype.name in ("float16", "bfloat16")


def is_array(value):
    return isinstance(value, np.ndarray) and value.dtype.kind in "biuf"


def mismatch(actual, expected, test):
    """What is wrong, in words, or None; with the tolerance that ONNX gives the test."""
    if is_narrow(expected) and actual.dtype == np.float32:  # rounded as whoever wants the narrow type would
        actual, expected = actual.astype(expected.dtype).astype(np.float32), expected.astype(np.float32)
    if actual.dtype != expected.dtype or actual.shape != expected.shape:
        return f"is {actual.dtype}{list(actual.shape)}, expected {expected.dtype}{list(expected.shape)}"
    try:
        np.testing.assert_allclose(actual, expected, rtol=test.rtol, atol=test.atol)
    except AssertionError as error:
        return " ".join(str(error).split())
    return None


def run(program, folder, test):
    """One of OUTCOMES, or "wrong"; and the reason, or what is wrong."""
    file = folder / f"{test.name}.onnx"
    outcome, why = attempt(program, file, test, test.model, test.data_sets)
    for kept in (1, 0):
        if outcome != "refused" or len(test.model.graph.input) <= kept or (not kept and COMPUTED not in why):
            break
        model, data_set = with_constants(test, kept)
        outcome, why = attempt(program, file.with_suffix(f".{kept}.onnx"), test, model, [data_set])
        if outcome == "passed":
            return "passed with constants", ""
    return outcome, why


def with_constants(test, kept):
    """The test's model and data with all inputs but the first `kept` as initializers."""
    model = onnx.ModelProto()
    model.CopyFrom(test.model)
    ((inputs, expected),) = test.data_sets
    for declared, value in zip(list(model.graph.input)[kept:], inputs[kept:]):
        if isinstance(value, (np.ndarray, np.generic)):
            tensor = onnx.numpy_helper.from_array(np.asarray(value), declared.name)
        else:
            tensor = value
        model.graph.initializer.append(tensor)
        model.graph.input.remove(declared)
    return model, (inputs[:kept], expected)


def attempt(program, file, test, model, data_sets):
    """("passed", ""), ("refused", reason) or ("wrong", what)."""
    try:
        onnx.save(model, file)
        names = [value.name for value in model.graph.input]
        outputs = [value.name for value in model.graph.output]
        for inputs, expected in data_sets:
            inputs, expected = ([as_array(value) for value in values] for values in (inputs, expected))
            inputs = [value.astype(np.float32) if is_narrow(value) else value for value in inputs]
            # What cannot be written as .npy (strings, sequences, 4-bit numbers) must be refused by the model alone.
            if not all(map(is_array, inputs)):
                program("compile", "--quiet", file, "-o", file.with_suffix(""), "--emit", "shared")
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
    sections = defaultdict(lambda: defaultdict(list))
    for name in sorted(tests):
        outcome, why = results[name]
        sections[section(tests[name])][outcome].append((name.removeprefix("test_"), why))
    text = HEADER.format(version=onnx.__version__, opset=onnx.defs.onnx_opset_version())
    text += f"| operator | {' | '.join(OUTCOMES)} |\n|---|---|---|---|\n"
    rows = [[title, *(len(found[outcome]) for outcome in OUTCOMES)] for title, found in sorted(sections.items())]
    rows.append(["together", *(sum(row[column] for row in rows) for column in (1, 2, 3))])
    text += "".join("| " + " | ".join(map(str, row)) + " |\n" for row in rows)
    for title, found in sorted(sections.items()):
        text += f"\n## {title}\n"
        for outcome in ("passed", "passed with constants"):
            if found[outcome]:
                text += f"\n{outcome.capitalize()}: " + ", ".join(name for name, _ in found[outcome]) + ".\n"
        if found["refused"]:
            text += "\n| refused, because | tests |\n|---|---|\n" + refusals(found["refused"])
    return text


def refusals(found):
    """A line for each reason."""
    tests = defaultdict(list)
    for name, why in found:
        tests[why].append(name)
    return "".join(f"| {escaped(why)} | {', '.join(names)} |\n" for why, names in sorted(tests.items()))


def escaped(text):
    return re.sub(r"([|<>*_`])", r"\\\1", text)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("atrous")
    parser.add_argument("folder", type=Path)
    parser.add_argument("table", type=Path)
    parser.add_argument("--update", action="store_true", help="write the table from what happens")
    parser.add_argument("--device", default="cpu", help="what to run them on: outcomes are the same everywhere")
    parser.add_argument("tests", nargs="*", help="only these, printed one by one")
    arguments = parser.parse_args()

    if arguments.device == "opencl" and not opencl_device(arguments.atrous):
        print("SKIP: no OpenCL device")
        return SKIPPED
    tests = collect()
    if arguments.tests:
        tests = {name: tests[name] for name in arguments.tests}
    shutil.rmtree(arguments.folder, ignore_errors=True)
    arguments.folder.mkdir(parents=True)
    program = Program(arguments.atrous, arguments.folder / "cache", "--device", arguments.device)
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
