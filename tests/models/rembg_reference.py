"""The reference for U²-Net's masks: ONNX Runtime for the network, Pillow for the pictures, rembg's arithmetic around it."""

import numpy as np
from PIL import Image, ImageOps

MEAN = np.array([0.485, 0.456, 0.406])
STD = np.array([0.229, 0.224, 0.225])
SIZE = 320


def read(path):
    """As rembg opens a picture: upright, 8-bit RGB. 16-bit samples are scaled, where Pillow's convert would clip."""
    picture = ImageOps.exif_transpose(Image.open(path))
    if picture.mode.startswith("I"):
        picture = Image.fromarray(np.round(np.asarray(picture, np.float64) * 255 / 65535).astype(np.uint8))
    return picture.convert("RGB")


def to_tensor(picture):
    """Picture → 1×3×320×320."""
    pixels = np.asarray(picture.resize((SIZE, SIZE), Image.Resampling.LANCZOS), np.float64)
    pixels = pixels / max(pixels.max(), 1e-6)
    return ((pixels - MEAN) / STD).transpose(2, 0, 1)[None].astype(np.float32)


def to_mask(output, size):
    """1×1×320×320 → gray picture of `size` (width, height)."""
    plane = output[0, 0]
    low, high = plane.min(), plane.max()
    scaled = ((plane - low) / (high - low) * 255).astype(np.uint8)
    return Image.fromarray(scaled).resize(size, Image.Resampling.LANCZOS)


def mask(session, path):
    picture = read(path)
    (output,) = session.run([session.get_outputs()[0].name], {session.get_inputs()[0].name: to_tensor(picture)})
    return to_mask(output, picture.size)
