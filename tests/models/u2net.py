"""U²-Net on real photographs against ONNX Runtime and Pillow: u2net.py ATROUS WORK_FOLDER MODEL.onnx

All seven outputs within 1e-4; masks within half a grey level on average, and fewer than one pixel in a thousand off by
more than 4. Exits with 77 (skipped) where the model, which a PyPI wheel carries, could not be had.
"""

import importlib.util
import shutil
import sys
from pathlib import Path

import numpy as np
from PIL import Image

import rembg_reference
from network import SKIPPED, Program, reference_session

OUTPUTS_WITHIN = 1e-4
MASK_MEAN_WITHIN = 0.5  # grey levels
MASK_FAR = 4  # grey levels …
MASK_FAR_SHARE = 1e-3  # … that this share of the pixels may be off by
TENSORS = 3  # photographs whose outputs are compared one by one; the masks of all are


def photographs(folder):
    """The demo's photographs, in `folder`."""
    script = Path(__file__).parents[2] / "apps" / "demo" / "photographs.py"
    spec = importlib.util.spec_from_file_location("photographs", script)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.fill(folder)
    return sorted(path for path in folder.rglob("*") if path.is_file())


def compare_outputs(program, session, library, path):
    names = [output.name for output in session.get_outputs()]
    tensor = rembg_reference.to_tensor(rembg_reference.read(path))
    expected = session.run(names, {session.get_inputs()[0].name: tensor})
    actual = program.run(library, {session.get_inputs()[0].name: tensor}, names)
    for name, values in zip(names, expected):
        worst = np.abs(actual[name] - values).max()
        if actual[name].shape != values.shape or not worst <= OUTPUTS_WITHIN:
            yield f"{path.name}: output {name} differs by {worst:.3g}, allowed {OUTPUTS_WITHIN}"
    print(f"{path.name}: {len(names)} outputs compared", flush=True)


def compare_mask(session, path, mask_file):
    expected = np.asarray(rembg_reference.mask(session, path), np.int32)
    actual = np.asarray(Image.open(mask_file), np.int32)
    if actual.shape != expected.shape:
        yield f"{path.name}: the mask is {actual.shape}, expected {expected.shape}"
        return
    off = np.abs(actual - expected)
    mean, far = off.mean(), np.mean(off > MASK_FAR)
    print(f"{path.name}: mean difference {mean:.4f} grey levels, {far:.4%} of the pixels off by more than {MASK_FAR}",
          flush=True)
    if not mean < MASK_MEAN_WITHIN:
        yield f"{path.name}: the mask differs by {mean:.3f} grey levels on average, allowed {MASK_MEAN_WITHIN}"
    if not far < MASK_FAR_SHARE:
        yield f"{path.name}: {far:.3%} of the mask's pixels differ by more than {MASK_FAR}, allowed {MASK_FAR_SHARE:.1%}"


def main(program, folder, model):
    if not Path(model).is_file():
        print("SKIP: u2net.onnx is not there; ./dev test unpacks it from the wheel named in versions.lock")
        return SKIPPED
    folder = Path(folder)
    shutil.rmtree(folder, ignore_errors=True)
    pictures = photographs(folder / "photographs")
    program = Program(program, folder / "cache")
    program("compile", "--quiet", model, "--name", "u2net", "-o", folder)
    library = folder / "u2net.so"
    program("segment", "--quiet", "--model", library, folder / "photographs", "-o", folder / "masks")

    session = reference_session(model)
    problems = []
    for path in pictures[:TENSORS]:
        problems += compare_outputs(program, session, library, path)
    for path in pictures:
        relative = path.relative_to(folder / "photographs")
        problems += compare_mask(session, path, folder / "masks" / f"{relative}.mask.png")
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
