"""The programs that Atrous is timed against, each with one network open: run() computes, result() is the first
output."""

import importlib.util
import subprocess
import sys
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np


class OnnxRuntime:
    name, package, fragile = "onnxruntime", "onnxruntime", False
    settings = "CPU provider, all graph optimisations, sequential, inputs and outputs bound"

    def __init__(self, model, inputs, threads):
        import onnxruntime as ort

        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self.session = ort.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        self.binding = self.session.io_binding()
        for name, value in inputs.items():
            self.binding.bind_cpu_input(name, value)
        names = [output.name for output in self.session.get_outputs()]
        values = self.session.run(names, inputs)
        self.outputs = [ort.OrtValue.ortvalue_from_numpy(value) for value in values]
        for name, value in zip(names, self.outputs):
            self.binding.bind_ortvalue_output(name, value)

    def run(self):
        self.session.run_with_iobinding(self.binding)

    def result(self):
        return self.outputs[0].numpy()


class OpenVino:
    name, package, fragile = "openvino", "openvino", False
    settings = "CPU, f32, latency, one stream, its request's own tensors"

    @staticmethod
    def options(threads):
        return {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": "1",
                "INFERENCE_NUM_THREADS": threads}

    def __init__(self, model, inputs, threads):
        import openvino

        core = openvino.Core()
        self.compiled = core.compile_model(str(model), "CPU", self.options(threads))
        self.request = self.compiled.create_infer_request()
        for name, value in inputs.items():
            self.request.set_tensor(name, openvino.Tensor(value, shared_memory=True))
        self.run()

    def run(self):
        self.request.infer()

    def result(self):
        return self.request.get_output_tensor(0).data


class Ncnn:
    """By way of pnnx, which makes ncnn's files beside the model. Without a batch dimension."""

    name, package, fragile = "ncnn", "ncnn", True
    packing = True
    settings = "float32 throughout, packed layout on, pool allocators"

    def __init__(self, model, inputs, threads):
        import ncnn

        parameters = converted(Path(model), inputs)
        self.net = ncnn.Net()
        options = self.net.opt
        options.num_threads = threads
        options.use_vulkan_compute = False
        for option in ("fp16_packed", "fp16_storage", "fp16_arithmetic", "bf16_storage", "int8_inference"):
            setattr(options, f"use_{option}", False)
        options.use_packing_layout = self.packing
        options.lightmode = True
        self.allocators = ncnn.UnlockedPoolAllocator(), ncnn.PoolAllocator()
        options.blob_allocator, options.workspace_allocator = self.allocators
        if self.net.load_param(str(parameters)) or self.net.load_model(str(parameters.with_suffix(".bin"))):
            raise ValueError("ncnn cannot load what pnnx made")
        self.inputs = [ncnn.Mat(np.ascontiguousarray(value[0])).clone() for value in inputs.values()]
        self.output = None
        self.run()

    def run(self):
        extractor = self.net.create_extractor()
        for index, value in enumerate(self.inputs):
            extractor.input(f"in{index}", value)
        code, self.output = extractor.extract("out0")
        if code:
            raise ValueError(f"ncnn stops with {code}")

    def result(self):
        return np.array(self.output)[None]


class NcnnUnpacked(Ncnn):
    name, packing = "ncnn-unpacked", False
    settings = "float32 throughout, packed layout off, pool allocators"


def converted(model, inputs):
    """The .ncnn.param that pnnx makes of a model, made once."""
    parameters = model.with_suffix(".ncnn.param")
    if parameters.exists():
        return parameters
    # The program that the package carries; the package itself wants PyTorch.
    program = Path(importlib.util.find_spec("pnnx").origin).parent / "pnnx"
    shapes = ",".join(f"[{','.join(map(str, value.shape))}]" for value in inputs.values())
    command = [str(program), model.name, "fp16=0", f"inputshape={shapes}"]
    done = subprocess.run(command, cwd=model.parent, capture_output=True, text=True, errors="replace",
                          timeout=600)
    if done.returncode or not parameters.exists():
        end = (done.stderr.strip() or done.stdout.strip() or "no message").splitlines()[-1]
        parameters.unlink(missing_ok=True)
        raise ValueError(f"pnnx: exit {done.returncode}: {end}")
    return parameters


class PyTorch:
    """Takes part only where it is named: its package is large."""

    name, package, fragile, on_demand = "pytorch", "torch", False, True
    settings = "CPU, traced, frozen, optimize_for_inference; channels first"

    def __init__(self, model, inputs, threads):
        import torch
        import torch_net

        self.torch = torch
        torch.set_num_threads(threads)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of tracing, and that it will go away
            self.net, self.inputs = torch_net.compiled(model, inputs)
        self.run()

    def run(self):
        with self.torch.inference_mode():
            self.output = self.net(*self.inputs)

    def result(self):
        return self.output.numpy()


PEERS = {peer.name: peer for peer in (OnnxRuntime, OpenVino, Ncnn, NcnnUnpacked, PyTorch)}


def describe(names):
    """Versions and settings, for the report."""
    def versions(package):
        packages = ("ncnn", "pnnx") if package == "ncnn" else (package,)
        return ", ".join(f"{name} {version(name)}" for name in packages)

    return {name: {"version": versions(PEERS[name].package), "settings": PEERS[name].settings}
            for name in names}


def survives(name, model, inputs_file):
    """Runs a peer once in a process of its own; None, or what came of it, also where it crashes."""
    command = [sys.executable, "-B", __file__, name, str(model), str(inputs_file)]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=900)
    if done.returncode == 0:
        return None
    if done.returncode < 0:
        return f"crashes (signal {-done.returncode})"
    return (done.stderr.strip().splitlines() or [f"exit {done.returncode}"])[-1]


if __name__ == "__main__":
    with np.load(sys.argv[3]) as values:
        runner = PEERS[sys.argv[1]](sys.argv[2], dict(values), 1)
        runner.run()
        runner.result()
