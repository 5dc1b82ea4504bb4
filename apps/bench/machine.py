"""What the numbers were measured on."""

import os
import platform
from pathlib import Path

ISA = ("sse4_1", "avx", "avx2", "fma", "f16c", "avx512f", "avx512dq", "avx512bw", "avx512vl", "avx512_vnni",
       "avx512_bf16", "amx_tile", "asimd", "sve")


def cpu_fields():
    fields = {}
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        fields.setdefault(name.strip(), value.strip())
    return fields


def memory_bytes():
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def describe():
    fields = cpu_fields()
    flags = set((fields.get("flags") or fields.get("Features") or "").split())
    family = f"family {fields.get('cpu family', '?')} model {fields.get('model', '?')}"
    return {"cpu": f"{fields.get('model name', platform.machine())} ({family})",
            "cores": len(os.sched_getaffinity(0)), "isa": [name for name in ISA if name in flags], "memory_bytes": memory_bytes(),
            "kernel": platform.release(), "python": platform.python_version()}
