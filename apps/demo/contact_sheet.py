"""One PNG that shows what a folder of pictures became: contact_sheet.py PICTURES RESULTS SHEET.png

Every picture of PICTURES stands beside its mask and its cut-out (on a checkerboard) of RESULTS, its name below.
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps

BOX = 232  # the square that a picture is fitted into, pixels
GAP = 8
MARGIN = 32
CAPTION = 30
COLUMNS = 2  # groups of picture, mask and cut-out beside each other
PAPER, INK, FRAME = "#fbfaf7", "#33322e", "#e4e1d9"
LIGHT, DARK, SQUARE = 255, 216, 12  # the checkerboard

SHEET_FONT = ImageFont.load_default(15)
TITLE_FONT = ImageFont.load_default(24)


def upright(path):
    picture = ImageOps.exif_transpose(Image.open(path))
    if picture.mode.startswith("I"):
        picture = Image.fromarray((np.asarray(picture) // 257).astype(np.uint8))
    return picture


def on_checkerboard(picture):
    if "A" not in picture.getbands() and "transparency" not in picture.info:
        return picture.convert("RGB")
    picture = picture.convert("RGBA")
    y, x = np.mgrid[: picture.height, : picture.width] // SQUARE
    board = Image.fromarray(np.where((x + y) % 2, DARK, LIGHT).astype(np.uint8)).convert("RGBA")
    return Image.alpha_composite(board, picture).convert("RGB")


def paste_fitted(sheet, picture, left, top):
    """Scaled first, so that the checkerboard's squares are of one size everywhere."""
    picture = on_checkerboard(ImageOps.contain(picture, (BOX, BOX), Image.Resampling.LANCZOS))
    ImageDraw.Draw(sheet).rectangle((left, top, left + BOX - 1, top + BOX - 1), fill=FRAME)
    sheet.paste(picture, (left + (BOX - picture.width) // 2, top + (BOX - picture.height) // 2))


def contact_sheet(pictures, results):
    paths = sorted(path for path in pictures.rglob("*") if path.is_file())
    rows = -(-len(paths) // COLUMNS)
    group = 3 * BOX + 2 * GAP
    width = 2 * MARGIN + COLUMNS * group + (COLUMNS - 1) * MARGIN
    height = 2 * MARGIN + 40 + rows * (BOX + CAPTION) + (rows - 1) * GAP
    sheet = Image.new("RGB", (width, height), PAPER)
    draw = ImageDraw.Draw(sheet)
    draw.text((MARGIN, MARGIN - 8), "picture, mask, cut-out", INK, TITLE_FONT)
    for index, path in enumerate(paths):
        left = MARGIN + index % COLUMNS * (group + MARGIN)
        top = MARGIN + 40 + index // COLUMNS * (BOX + CAPTION + GAP)
        name = path.relative_to(pictures).as_posix()
        shown = [path, results / f"{name}.mask.png", results / f"{name}.cutout.png"]
        for column, file in enumerate(shown):
            paste_fitted(sheet, upright(file), left + column * (BOX + GAP), top)
        draw.text((left, top + BOX + 6), name, INK, SHEET_FONT)
    return sheet


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    contact_sheet(Path(sys.argv[1]), Path(sys.argv[2])).save(sys.argv[3])
