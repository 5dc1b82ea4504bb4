"""Networks that Atrous compiled, by the C interface of runtime/abi.h."""

import ctypes
import json
import subprocess
from ctypes import POINTER, c_char_p, c_int, c_int32, c_int64, c_size_t, c_uint32, c_void_p

import numpy as np

# In the order of the interface's numbers.
TYPES = ["float32", "int64", "int32", "uint8", "bool", "int8", "float64", "float16"]
MAX_RANK = 6


class Tensor(ctypes.Structure):
    _fields_ = [("data", c_void_p), ("type", c_int32), ("rank", c_int32), ("shape", c_int64 * MAX_RANK)]


class Options(ctypes.Structure):
    _fields_ = [("bytes", c_size_t), ("device", c_int32), ("threads", c_int32), ("target", c_char_p)]


class Network(ctypes.Structure):
    _fields_ = [
        ("abi_version", c_uint32),
        ("bytes", c_uint32),
        ("open", ctypes.CFUNCTYPE(c_int, POINTER(Options), POINTER(c_void_p))),
        ("output_shape", ctypes.CFUNCTYPE(c_int, c_void_p, POINTER(Tensor), POINTER(Tensor))),
        ("workspace_size", ctypes.CFUNCTYPE(c_int, c_void_p, POINTER(Tensor), POINTER(c_size_t))),
        ("run", ctypes.CFUNCTYPE(c_int, c_void_p, POINTER(Tensor), POINTER(Tensor), c_void_p, c_int)),
        ("close", ctypes.CFUNCTYPE(None, c_void_p)),
        ("message", ctypes.CFUNCTYPE(c_char_p, c_int)),
        ("info", ctypes.CFUNCTYPE(c_char_p)),
        ("target", ctypes.CFUNCTYPE(c_char_p, c_void_p)),
    ]


def aligned(size, alignment=4096):
    """Bytes at an address that both the interface and huge pages like."""
    memory = np.empty(size + alignment, np.uint8)
    start = -memory.ctypes.data % alignment
    return memory[start : start + size]


def compile_facts(atrous, model, folder, name, emit="shared", options=(), timeout=None):
    """What `atrous compile --json` says of the library it made; ValueError with what the compiler said."""
    command = [atrous, "compile", "--quiet", "--json", model, "--name", name, "-o", folder, "--emit", emit, *options]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=timeout)
    if done.returncode:
        raise ValueError(done.stderr.strip() or f"atrous compile: exit {done.returncode}")
    return json.loads(done.stdout)


def compile_model(atrous, model, folder, name, emit="shared"):
    """The library of an ONNX file; ValueError with what the compiler said."""
    compile_facts(atrous, model, folder, name, emit)
    return folder / f"{name}.so"


class SharedMemory:
    """Results and workspaces of networks that run one after another; the largest is to be opened first."""

    def __init__(self):
        self.places = {}

    def take(self, place, size):
        if place not in self.places or len(self.places[place]) < size:
            self.places[place] = aligned(size)
        return self.places[place][:size]


class Ours:
    """An open network with its tensors and workspace, in memory of its own or in what others share."""

    name = "atrous"

    def __init__(self, library, inputs, threads, outputs=1, memory=None):
        memory = memory or SharedMemory()
        self.library = ctypes.CDLL(str(library))
        self.table = Network.in_dll(self.library, "atrous_network_v1")
        self.net, self.threads = c_void_p(), threads
        self.check(self.table.open(None, ctypes.byref(self.net)))
        self.target = self.table.target(self.net).decode()
        self.arrays = list(inputs.values())
        self.inputs = (Tensor * len(self.arrays))(*map(self.tensor, self.arrays))
        self.outputs = (Tensor * outputs)()
        self.check(self.table.output_shape(self.net, self.inputs, self.outputs))
        self.results = [self.result_in(memory, i, t) for i, t in enumerate(self.outputs)]
        for tensor, array in zip(self.outputs, self.results):
            tensor.data = array.ctypes.data
        size = c_size_t()
        self.check(self.table.workspace_size(self.net, self.inputs, ctypes.byref(size)))
        self.workspace_bytes = size.value
        self.workspace = memory.take("workspace", max(1, size.value))
        self.address = self.workspace.ctypes.data

    @staticmethod
    def tensor(array):
        shape = (c_int64 * MAX_RANK)(*array.shape)
        return Tensor(array.ctypes.data, TYPES.index(array.dtype.name), array.ndim, shape)

    @staticmethod
    def result_in(memory, output, tensor):
        shape, dtype = tensor.shape[: tensor.rank], np.dtype(TYPES[tensor.type])
        size = int(np.prod(shape)) * dtype.itemsize
        return memory.take(f"output {output}", size).view(dtype).reshape(shape)

    def check(self, code):
        if code:
            raise ValueError(self.table.message(code).decode())

    def run(self):
        code = self.table.run(self.net, self.inputs, self.outputs, self.address, self.threads)
        if code:
            self.check(code)

    def result(self):
        return self.results[0]

    def close(self):
        self.table.close(self.net)
        self.net = c_void_p()
