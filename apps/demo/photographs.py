"""Fills a folder with the demo's photographs: photographs.py FOLDER

They come out of scikit-image's wheel, as they are, and once more in the forms that scikit-image has none of: palette,
16 bit, soft alpha, WebP, and a JPEG that lies on its side and says so in EXIF. docs/third_party.md tells who took them.
"""

import importlib.util
import shutil
import sys
from pathlib import Path

import numpy as np
from PIL import Image

GRAY = ["camera.png", "clock_motion.png", "coins.png"]
COLOUR = ["astronaut.png", "chelsea.png", "coffee.png", "horse.png", "motorcycle_left.png", "retina.jpg", "rocket.jpg"]
ORIENTATION = 0x0112  # EXIF tag
TURN_LEFT_TO_SEE_UPRIGHT = 8


def sources():
    """The folder of scikit-image's own pictures, found without importing the package."""
    return Path(importlib.util.find_spec("skimage").submodule_search_locations[0]) / "data"


def soft_ellipse(width, height):
    """Alpha from 255 in the middle to 0 in the corners."""
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    return np.clip(510 * (1.15 - np.hypot(x, y)), 0, 255).astype(np.uint8)


def make_variants(source, folder):
    chelsea = Image.open(source / "chelsea.png").convert("RGB")
    chelsea.quantize(64).save(folder / "chelsea_palette.png")

    coffee = Image.open(source / "coffee.png").convert("RGB")
    coffee.save(folder / "coffee.webp", quality=90)

    camera = np.asarray(Image.open(source / "camera.png"), dtype=np.uint16)
    Image.fromarray(camera * 257).save(folder / "camera_16_bit.png")

    astronaut = Image.open(source / "astronaut.png").convert("RGB")
    astronaut.putalpha(Image.fromarray(soft_ellipse(*astronaut.size)))
    astronaut.save(folder / "astronaut_alpha.png")

    rocket = Image.open(source / "rocket.jpg").convert("RGB")
    exif = Image.Exif()
    exif[ORIENTATION] = TURN_LEFT_TO_SEE_UPRIGHT
    rocket.transpose(Image.Transpose.ROTATE_270).save(folder / "rocket_exif.jpg", quality=92, exif=exif)


def fill(folder):
    source = sources()
    for name, files in {"gray": GRAY, "colour": COLOUR}.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        for file in files:
            shutil.copyfile(source / file, folder / name / file)
    (folder / "made").mkdir(exist_ok=True)
    make_variants(source, folder / "made")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    fill(Path(sys.argv[1]))
