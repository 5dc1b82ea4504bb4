"""Models and pictures that are broken, absurd or malicious: hostile.py ATROUS WORK_FOLDER

Each must give one clear line and the exit code of docs/cli.md, and leave nothing half-written.
"""

import io
import os
import resource
import shutil
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import onnx
from PIL import Image

import hostile_models
from network import Graph

LIMIT = 120  # seconds for one command: a hang is a failure too
MEMORY = 8 << 30  # bytes of address space


def limits(file_size=None):
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    if file_size is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (file_size, file_size))


class Checks:
    def __init__(self, program, folder):
        self.program = program
        self.folder = folder
        self.problems = []
        self.count = 0

    def __call__(self, name, arguments, code, words=(), lines=1, output=None, file_size=None, **how):
        """Runs the program. `words` must be in its diagnostics; `output` must not hold anything afterwards."""
        self.count += 1
        # Python leaves SIGXFSZ ignored when signals are not restored, so that a write past file_size fails like one to
        # a full disk.
        done = subprocess.run([self.program, *map(str, arguments)], capture_output=True, timeout=LIMIT,
                              restore_signals=False, preexec_fn=lambda: limits(file_size), **how)
        text = done.stderr.decode(errors="replace")
        errors = [line for line in text.splitlines() if "error: " in line]
        found = []
        if done.returncode != code:
            found.append(f"exit {done.returncode}, expected {code}")
        if code and len(errors) != lines:
            found.append(f"{len(errors)} lines of error, expected {lines}")
        found += [f"'{word}' is not in the message" for word in words if word not in text]
        if any(character < " " and character not in "\n\r\t" for character in text):
            found.append("control characters in the message")
        found += [f"{path} was left behind" for path in (output.rglob("*") if output else ()) if path.is_file()]
        if found:
            self.problems.append(f"{name}: {'; '.join(found)}: {text.strip()!r}")


def far_reaching():
    """Rates and strides that take a receptive field beyond all numbers."""
    g = Graph(17)
    x = g.input("x", [1, 1, 64, 64])
    for _ in range(6):
        x = g("Conv", x, g.weights(1, 1, 3, 3), strides=[60000] * 2, dilations=[1000000] * 2, pads=[1000000] * 4)
    g.output(x)
    return g.model()


def many_paths():
    """Fibonacci's number of paths, through fields that grow with every layer."""
    g = Graph(17)
    a = b = g.input("x", [1, 1, 64, 64])
    for _ in range(400):
        a, b = b, g("Add", g.conv(a, 1, 1), g.conv(b, 1, 1, rate=2))
    g.output(b)
    return g.model()


def many_outputs():
    g = Graph(17)
    x = g.input("x", [1, 1, 64, 64])
    for _ in range(300):
        x = g.conv(x, 1, 1, rate=2)
        g.output(x)
    return g.model()


def check_models(check):
    folder = check.folder / "models"
    folder.mkdir()
    for name, (content, words) in hostile_models.models().items():
        file, output = folder / f"{name}.onnx", folder / name
        file.write_bytes(content)
        check(name, ["compile", file, "-o", output], 2, [file.name, *words], output=output)
        check(f"inspect {name}", ["inspect", file, "--quiet"], 2, [file.name, *words], output=output)
    check("missing", ["compile", folder / "missing.onnx"], 2, ["missing.onnx"])
    (folder / "folder.onnx").mkdir()
    check("folder", ["compile", folder / "folder.onnx", "-o", folder / "out"], 2, ["folder.onnx"], output=folder / "out")
    long_chain = folder / "long_chain.onnx"
    onnx.save(hostile_models.deep_chain(), long_chain)
    check("long chain", ["compile", long_chain, "-o", folder / "long", "--emit", "header"], 0)
    check("inspect long chain", ["inspect", long_chain, "--quiet"], 0)
    for name, model in (("far", far_reaching()), ("many paths", many_paths()), ("many outputs", many_outputs())):
        file = folder / f"{name}.onnx"
        onnx.save(model, file)
        check(f"inspect {name}", ["inspect", file, "--quiet"], 0)


def png_header(width, height):
    """A PNG that claims a size and holds nothing."""
    data = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + data
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", len(data)) + chunk + struct.pack(">I", zlib.crc32(chunk))


def encoded(picture, **options):
    stream = io.BytesIO()
    picture.save(stream, **options)
    return stream.getvalue()


def broken_pictures():
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8))
    png, jpeg = encoded(picture, format="PNG"), encoded(picture, format="JPEG")
    webp = encoded(picture, format="WEBP")
    corrupt = bytearray(png)
    corrupt[len(png) // 2] ^= 0xFF
    return {
        "cut.png": png[: len(png) // 2],
        "cut.jpg": jpeg[: len(jpeg) // 2],
        "cut.webp": webp[: len(webp) // 2],
        "corrupt.png": bytes(corrupt),
        "header_only.png": png_header(64, 48),
        "header_only.jpg": jpeg[:4],
        "huge.png": png_header(100_000, 100_000),
    }


def compiled_net(check):
    """A one-channel net with free height and width."""
    g = Graph(opset=17, seed=3)
    g.output(g("Sigmoid", g.conv(g.input("x", ["N", 3, "H", "W"]), 3, 1)))
    model, config = check.folder / "mask.onnx", check.folder / "mask.json"
    onnx.save(g.model(), model)
    config.write_text("{}")
    check("compile", ["compile", model, "-o", check.folder / "net", "--config", config], 0)
    return check.folder / "net" / "mask.so"


def check_pictures(check):
    net = compiled_net(check)
    segment = ["segment", "--model", net]
    photos = check.folder / "photos"
    photos.mkdir()
    Image.fromarray(np.full((40, 50, 3), 90, np.uint8)).save(photos / "good.png")
    for name, content in broken_pictures().items():
        (photos / name).write_bytes(content)
        output = check.folder / f"masks_{name}"
        check(name, [*segment, photos / name, "-o", output], 1, [name], output=None)
        left = {path.name for path in output.rglob("*") if path.is_file()} - {"manifest.jsonl"}
        if left:
            check.problems.append(f"{name}: left {sorted(left)} behind")

    (photos / "notes.txt").write_text("no picture")
    (photos / "empty.png").write_bytes(b"")
    everything = check.folder / "masks"
    check("folder with broken pictures", [*segment, photos, "-o", everything], 1, list(broken_pictures()),
          lines=len(broken_pictures()))
    masks = {path.name for path in everything.rglob("*.png")}
    if masks != {"good.png.mask.png"}:
        check.problems.append(f"folder with broken pictures: wrote {sorted(masks)}")

    check("more pixels than allowed", [*segment, photos / "good.png", "-o", check.folder / "m", "--max-pixels", "1999"], 1,
          ["good.png", "1999"])
    check("named and no picture", [*segment, photos / "notes.txt", "-o", check.folder / "m"], 1, ["notes.txt"])
    check("named and empty", [*segment, photos / "empty.png", "-o", check.folder / "m"], 1, ["empty.png"])
    check("named and missing", [*segment, photos / "missing.png", "-o", check.folder / "m"], 1, ["missing.png"])
    in_the_way = check.folder / "in_the_way"
    in_the_way.write_text("a file where a folder should be")
    check("a file in the way", [*segment, photos / "good.png", "-o", in_the_way], 2, ["in_the_way"])
    full = check.folder / "full_disk"
    check("full disk", [*segment, photos / "good.png", "-o", full], 2, output=None, file_size=16)
    left = [path.name for path in full.rglob("*") if path.is_file() and path.stat().st_size and path.name != "manifest.jsonl"]
    if left:
        check.problems.append(f"full disk: left {left} behind")
    check("full disk for compile", ["compile", check.folder / "mask.onnx", "-o", check.folder / "full_net"], 2,
          output=check.folder / "full_net", file_size=4096)
    check("no library", ["segment", "--model", photos / "good.png", photos, "-o", check.folder / "m"], 2, ["good.png"])
    (check.folder / "cut.so").write_bytes(net.read_bytes()[:5000])
    check("cut library", ["segment", "--model", check.folder / "cut.so", photos, "-o", check.folder / "m"], 2, ["cut.so"])
    check_permissions(check, segment, photos)


def check_permissions(check, segment, photos):
    """As a user whom permissions bind."""
    how = {}
    if os.geteuid() == 0:
        how = {"user": 65534, "group": 65534, "extra_groups": []}
        reaches = (["test", "-r", photos / "good.png"], [check.program, "--version"])  # and its libraries
        if any(subprocess.run(command, capture_output=True, **how).returncode for command in reaches):
            print("SKIP: permissions: root is not bound by them, and another user cannot reach what root installed")
            return
    closed = check.folder / "closed"
    closed.mkdir()
    (closed / "in.png").write_bytes((photos / "good.png").read_bytes())
    (closed / "in.png").chmod(0)
    writable = check.folder / "writable"
    writable.mkdir()
    writable.chmod(0o777)
    locked = check.folder / "locked"
    locked.mkdir()
    locked.chmod(0o555)
    environment = {**os.environ, "HOME": str(writable), "XDG_CACHE_HOME": str(writable / "cache")}
    check("unreadable picture", [*segment, closed / "in.png", "-o", writable / "a"], 1, ["in.png"], env=environment, **how)
    closed.chmod(0)
    check("unreadable folder", [*segment, closed, photos / "good.png", "-o", writable / "b"], 1, ["closed"],
          env=environment, **how)
    check("output folder without permission", [*segment, photos / "good.png", "-o", locked / "c"], 2, ["locked"],
          env=environment, **how)
    closed.chmod(0o755)


def main(program, folder):
    folder = Path(folder)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    check = Checks(program, folder)
    check_models(check)
    check_pictures(check)
    print("\n".join(check.problems))
    print(f"{check.count} commands, {len(check.problems)} wrong")
    return 1 if check.problems else 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
