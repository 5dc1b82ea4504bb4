"""Small valid files to start from, for fuzzing and for breaking: seeds.py FOLDER

Makes FOLDER/import (ONNX models), FOLDER/image (pictures) and FOLDER/config (JSON).
"""

import json
import sys
from pathlib import Path

import numpy as np
import onnx
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1] / "models"))

import node_tests
import opsets
import u_net_models

LARGEST_MODEL = 200_000  # bytes: what is larger is weights


def models(folder):
    nets = {f"opset_{opset}": opsets.net(opset) for opset in opsets.OPSETS}
    nets |= {name: model for name, (model, _) in u_net_models.all_models().items()}
    nets |= {name: test.model for name, test in node_tests.collect().items()}
    for name, model in nets.items():
        if model.ByteSize() <= LARGEST_MODEL:
            onnx.save(model, folder / f"{name}.onnx")


def pictures(folder):
    random = np.random.default_rng(0)
    rgba = random.integers(0, 256, (9, 13, 4), np.uint8)
    for mode in ("1", "L", "LA", "P", "RGB", "RGBA"):
        Image.fromarray(rgba).convert(mode).save(folder / f"{mode}.png")
    Image.fromarray(rgba[..., 0].astype(np.uint16) * 257).save(folder / "gray_16.png")
    Image.fromarray(rgba).convert("P").save(folder / "transparent.png", transparency=3)
    rgb = Image.fromarray(rgba).convert("RGB")
    exif = Image.Exif()
    exif[0x0112] = 6
    for name, options in {
        "plain": {}, "progressive": {"progressive": True}, "turned": {"exif": exif}, "profile": {"icc_profile": b"x" * 300},
    }.items():
        rgb.save(folder / f"{name}.jpg", **options)
    rgb.convert("L").save(folder / "gray.jpg")
    rgb.convert("CMYK").save(folder / "cmyk.jpg")
    rgb.save(folder / "lossy.webp")
    Image.fromarray(rgba).save(folder / "lossless.webp", lossless=True)
    for name in ("LA.png", "plain.jpg"):  # cut in the middle
        data = (folder / name).read_bytes()
        (folder / f"cut_{name}").write_bytes(data[: len(data) // 2])


def configs(folder):
    full = {
        "input": {"channels": "bgr", "divide": "max", "mean": [0.5, 0.5, 0.5], "std": [1, 2, 3], "resize": "none",
                  "filter": "lanczos", "multiple": 32},
        "output": {"name": "y", "activation": "softmax", "classes": ["sky", "road"], "palette": ["#4682b4", "#804080"]},
    }
    for index, config in enumerate(({}, full, {"input": full["input"]}, {"output": full["output"]}, [], {"x": 1})):
        (folder / f"{index}.json").write_text(json.dumps(config))


def main(folder):
    for name, make in {"import": models, "image": pictures, "config": configs}.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        make(folder / name)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
