"""What Pillow (and numpy) makes of pictures: cases for the tests of images, resampling and conversion.

pillow_reference.py resample|pictures|tensors|small|attacks FOLDER writes FOLDER/cases.txt, one case per line as KEY=VALUE words, and
FOLDER/data.bin; a value @OFFSET:SIZE is a piece of data.bin. Pictures to be read are files of their own.
"""

import io
import itertools
import pathlib
import struct
import sys
import zlib

import numpy as np
from PIL import Image, ImageCms, ImageOps

RANDOM = np.random.default_rng(20)
FILTERS = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "lanczos": Image.Resampling.LANCZOS,
}


class Cases:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.lines = []
        self.data = bytearray()

    def store(self, array):
        piece = array if isinstance(array, bytes) else np.ascontiguousarray(array).tobytes()
        offset = len(self.data)
        self.data += piece
        return f"@{offset}:{len(piece)}"

    def add(self, **words):
        self.lines.append(" ".join(f"{key}={value}" for key, value in words.items()))

    def write(self):
        (self.folder / "data.bin").write_bytes(bytes(self.data))
        (self.folder / "cases.txt").write_text("\n".join(self.lines) + "\n")


def pixels(height, width, channels, kind):
    """Noise, or only black and white, where overshoot is clipped."""
    shape = (height, width, channels) if channels > 1 else (height, width)
    if kind == "extremes":
        return RANDOM.integers(0, 2, shape, dtype=np.uint8) * np.uint8(255)
    return RANDOM.integers(0, 256, shape, dtype=np.uint8)


def resize_channels(array, size, resample, box):
    """Each channel by itself: Pillow multiplies alpha in before it resizes LA and RGBA, which is not wanted here."""
    if array.ndim == 2:
        return np.asarray(Image.fromarray(array).resize(size, resample, box))
    if array.shape[2] == 3:
        return np.asarray(Image.fromarray(array).resize(size, resample, box))
    planes = [Image.fromarray(plane).resize(size, resample, box) for plane in np.moveaxis(array, 2, 0)]
    return np.stack([np.asarray(plane) for plane in planes], axis=2)


# ---- resample

SIZES = [(1, 1), (1, 7), (13, 1), (2, 3), (7, 11), (31, 17), (64, 64), (101, 67), (320, 200)]
TARGETS = [(1, 1), (2, 2), (5, 3), (13, 29), (64, 64), (97, 101), (320, 320)]


def resample_case(cases, array, size, name, box=None):
    height, width = array.shape[:2]
    result = resize_channels(array, size, FILTERS[name], box)
    left, top, right, bottom = box or (0, 0, width, height)
    cases.add(
        type="float" if array.dtype == np.float32 else "byte", filter=name, width=width, height=height,
        channels=1 if array.ndim == 2 else array.shape[2], new_width=size[0], new_height=size[1],
        left=left, top=top, right=right, bottom=bottom, input=cases.store(array), output=cases.store(result))


def resample(cases):
    for (width, height), target, name in itertools.product(SIZES, TARGETS, FILTERS):
        # Also only one of the directions, and none.
        for size in {target, (width, target[1]), (target[0], height), (width, height)}:
            channels = 1 + len(cases.lines) % 4
            kind = "extremes" if len(cases.lines) % 3 == 0 else "noise"
            resample_case(cases, pixels(height, width, channels, kind), size, name)
        plane = (RANDOM.standard_normal((height, width)) * 10 ** RANDOM.uniform(-3, 3)).astype(np.float32)
        resample_case(cases, plane, target, name)
    for name in FILTERS:
        for _ in range(150):
            width, height, new_width, new_height = (int(n) for n in RANDOM.integers(1, 90, 4))
            array = pixels(height, width, 1 + len(cases.lines) % 4, "noise")
            resample_case(cases, array, (new_width, new_height), name)
        for _ in range(60):  # parts of pictures; quarters of pixels are exact in every precision
            width, height, new_width, new_height = (int(n) for n in RANDOM.integers(4, 60, 4))
            left, right = (float(n) / 4 for n in sorted(RANDOM.choice(4 * width + 1, 2, replace=False)))
            top, bottom = (float(n) / 4 for n in sorted(RANDOM.choice(4 * height + 1, 2, replace=False)))
            box = (left, top, right, bottom)
            resample_case(cases, pixels(height, width, 3, "noise"), (new_width, new_height), name, box)
            plane = RANDOM.standard_normal((height, width)).astype(np.float32)
            resample_case(cases, plane, (new_width, new_height), name, box)
    for size in [(1500, 1100), (37, 1999)]:
        for name in FILTERS:
            resample_case(cases, pixels(320, 320, 1, "noise"), size, name)
            resample_case(cases, pixels(size[1], size[0], 3, "noise"), (320, 320), name)
    for channels in (1, 3):  # luma and back
        array = pixels(50, 50, 3, "noise")
        picture = Image.fromarray(array)
        result = picture.convert("L") if channels == 1 else picture.convert("L").convert("RGB")
        cases.add(type="luma", width=50, height=50, channels=channels, input=cases.store(array),
                  output=cases.store(np.asarray(result)))


# ---- pictures


def png_chunk(name, content):
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def adam7_passes():
    return [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def pack_rows(samples, depth):
    """Rows of samples (height × width × channels) as PNG stores them, each with filter 0."""
    rows = b""
    for row in samples:
        flat = row.reshape(-1)
        if depth == 16:
            packed = flat.astype(">u2").tobytes()
        elif depth == 8:
            packed = flat.astype(np.uint8).tobytes()
        else:
            bits = ((flat[:, None] >> np.arange(depth - 1, -1, -1)) & 1).astype(np.uint8)
            packed = np.packbits(bits.reshape(-1)).tobytes()
        rows += b"\0" + packed
    return rows


def png_file(samples, color_type, depth, interlaced=False, chunks=()):
    """A PNG of any type, written without any library, so that the samples in it are known."""
    height, width = samples.shape[:2]
    header = struct.pack(">IIBBBBB", width, height, depth, color_type, 0, 0, int(interlaced))
    if interlaced:
        parts = [samples[y::dy, x::dx] for x, y, dx, dy in adam7_passes()]
        rows = b"".join(pack_rows(part, depth) for part in parts if part.size)
    else:
        rows = pack_rows(samples, depth)
    body = b"".join(png_chunk(name, content) for name, content in chunks)
    return (b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + body + png_chunk(b"IDAT", zlib.compress(rows))
            + png_chunk(b"IEND", b""))


def expected_of_png(samples, color_type, depth, palette, transparent):
    """What the samples mean, by the PNG specification."""
    largest = (1 << depth) - 1
    scale = 1 if depth >= 8 else 255 // largest
    opaque = 65535 if depth == 16 else 255
    if color_type == 3:
        colors = palette[samples[:, :, 0]]
        if transparent is None:
            return colors, 8
        alphas = np.full(256, 255)
        alphas[: len(transparent)] = transparent
        return np.concatenate([colors, alphas[samples]], axis=2), 8
    result = samples * scale
    if transparent is not None:
        seen = np.any(samples != np.array(transparent), axis=2, keepdims=True)
        result = np.concatenate([result, seen * opaque], axis=2)
    return result, 16 if depth == 16 else 8


def png_cases(cases):
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
    depths = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
    for color_type, interlaced, with_transparency in itertools.product(channels, (False, True), (False, True)):
        if with_transparency and color_type in (4, 6):
            continue
        for depth in depths[color_type]:
            for width, height in ((1, 1), (5, 3), (33, 19)):
                samples = RANDOM.integers(0, 1 << depth, (height, width, channels[color_type]))
                palette = RANDOM.integers(0, 256, (1 << min(depth, 8), 3))
                chunks = [(b"gAMA", struct.pack(">I", 45455)), (b"tEXt", b"Comment\0nothing")]
                transparent = None
                if color_type == 3:
                    chunks.append((b"PLTE", palette.astype(np.uint8).tobytes()))
                if with_transparency and color_type == 3:
                    transparent = RANDOM.integers(0, 256, max(1, (1 << depth) // 2))
                    chunks.append((b"tRNS", transparent.astype(np.uint8).tobytes()))
                elif with_transparency:
                    transparent = samples[height // 2, width // 2]
                    chunks.append((b"tRNS", transparent.astype(">u2").tobytes()))
                name = f"png-{color_type}-{depth}-{int(interlaced)}-{int(with_transparency)}-{width}x{height}.png"
                (cases.folder / name).write_bytes(png_file(samples, color_type, depth, interlaced, chunks))
                result, bits = expected_of_png(samples, color_type, depth, palette, transparent)
                expect(cases, name, result, bits)


def expect(cases, name, array, bits, icc=b""):
    array = array[:, :, None] if array.ndim == 2 else array
    cases.add(file=name, width=array.shape[1], height=array.shape[0], channels=array.shape[2], bits=bits,
              output=cases.store(array.astype(np.uint16 if bits == 16 else np.uint8)), icc=cases.store(icc))


def expect_pillow(cases, name, encoded, mode=None, icc=b""):
    """The file as Pillow reads it, upright."""
    (cases.folder / name).write_bytes(encoded)
    picture = ImageOps.exif_transpose(Image.open(io.BytesIO(encoded)))
    expect(cases, name, np.asarray(picture.convert(mode) if mode else picture), 8, icc)


def encoded(picture, **options):
    stream = io.BytesIO()
    picture.save(stream, **options)
    return stream.getvalue()


def smooth(height, width, channels):
    """Something like a photograph: gradients, edges, a little noise."""
    y, x = np.mgrid[0:height, 0:width] / max(height, width)
    planes = [127 + 80 * np.sin(7 * x + 3 * c) * np.cos(5 * y - c) + 60 * (x > 0.5) * (y > 0.3 * c)
              for c in range(channels)]
    noisy = np.stack(planes, axis=2) + RANDOM.normal(0, 4, (height, width, channels))
    return np.clip(noisy, 0, 255).astype(np.uint8)


def exif_bytes(orientation, big_endian=False):
    order = ">" if big_endian else "<"
    entries = struct.pack(order + "HHI4s", 0x010F, 2, 4, b"abc\0")
    entries += struct.pack(order + "HHIHH", 0x0112, 3, 1, orientation, 0)
    start = b"MM\0*" if big_endian else b"II*\0"
    return start + struct.pack(order + "IH", 8, 2) + entries + struct.pack(order + "I", 0)


def jpeg_cases(cases):
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    color = Image.fromarray(smooth(61, 83, 3))
    gray = Image.fromarray(smooth(61, 83, 1)[:, :, 0])
    cmyk = Image.fromarray(smooth(61, 83, 4), "CMYK")
    for progressive, quality in itertools.product((False, True), (30, 95)):
        kind = f"{'progressive' if progressive else 'baseline'}-{quality}"
        options = {"format": "JPEG", "progressive": progressive, "quality": quality}
        for sampling in (0, 1, 2):  # 4:4:4, 4:2:2, 4:2:0
            expect_pillow(cases, f"rgb-{kind}-{sampling}.jpg", encoded(color, subsampling=sampling, **options))
        expect_pillow(cases, f"gray-{kind}.jpg", encoded(gray, **options))
        expect_pillow(cases, f"cmyk-{kind}.jpg", encoded(cmyk, **options), "RGB")
    expect_pillow(cases, "icc.jpg", encoded(color, format="JPEG", icc_profile=icc), icc=icc)
    long = icc + bytes(150_000)  # in several segments
    expect_pillow(cases, "long-icc.jpg", encoded(color, format="JPEG", icc_profile=long), icc=long)
    expect_pillow(cases, "cmyk-icc.jpg", encoded(cmyk, format="JPEG", icc_profile=icc), "RGB")
    expect_pillow(cases, "ycck.jpg", ycck(cmyk), "RGB")
    for orientation, big_endian in itertools.product(range(1, 9), (False, True)):
        exif = b"Exif\0\0" + exif_bytes(orientation, big_endian)
        for picture in (color, gray):
            name = f"turned-{orientation}-{'MM' if big_endian else 'II'}-{picture.mode}.jpg"
            expect_pillow(cases, name, encoded(picture, format="JPEG", exif=exif))
    expect_pillow(cases, "turned-9.jpg", encoded(color, format="JPEG", exif=b"Exif\0\0" + exif_bytes(9)))


def ycck(picture):
    """The same file with its colours declared as YCCK: the transform byte of Adobe's marker is 2."""
    file = bytearray(encoded(picture, format="JPEG", quality=90))
    marker = file.find(b"Adobe")
    if marker < 0:  # Pillow writes none: it goes behind the start
        adobe = b"Adobe" + struct.pack(">HHHB", 100, 0, 0, 2)
        return bytes(file[:2]) + b"\xff\xee" + struct.pack(">H", len(adobe) + 2) + adobe + bytes(file[2:])
    file[marker + 11] = 2
    return bytes(file)


def webp_cases(cases):
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    color = Image.fromarray(smooth(61, 83, 3))
    alpha = Image.fromarray(smooth(61, 83, 4), "RGBA")
    for lossless in (False, True):
        kind = "lossless" if lossless else "lossy"
        options = {"format": "WEBP", "lossless": lossless, "quality": 80, "exact": True}
        expect_pillow(cases, f"rgb-{kind}.webp", encoded(color, **options))
        expect_pillow(cases, f"rgba-{kind}.webp", encoded(alpha, **options))
        expect_pillow(cases, f"icc-{kind}.webp", encoded(color, icc_profile=icc, **options), icc=icc)
        for orientation in range(1, 9):
            options["exif"] = exif_bytes(orientation)
            expect_pillow(cases, f"turned-{orientation}-{kind}.webp", encoded(alpha, **options))
    frames = [alpha, Image.fromarray(smooth(61, 83, 4), "RGBA")]
    animation = encoded(frames[0], format="WEBP", save_all=True, append_images=frames[1:], lossless=True, exact=True)
    (cases.folder / "animation.webp").write_bytes(animation)
    expect(cases, "animation.webp", np.asarray(Image.open(io.BytesIO(animation)).convert("RGBA")), 8)


def oriented_png_cases(cases):
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for mode, channels in (("L", 1), ("LA", 2), ("RGB", 3), ("RGBA", 4)):
        picture = Image.fromarray(np.squeeze(smooth(7, 11, channels)), mode)
        for orientation in range(1, 9):
            file = encoded(picture, format="PNG", exif=exif_bytes(orientation, True))
            expect_pillow(cases, f"turned-{orientation}-{mode}.png", file)
    expect_pillow(cases, "icc.png", encoded(picture, format="PNG", icc_profile=icc), icc=icc)
    samples = RANDOM.integers(0, 65536, (7, 11, 4))
    for orientation in range(1, 9):
        name = f"turned-{orientation}-16.png"
        chunks = [(b"eXIf", exif_bytes(orientation))]
        (cases.folder / name).write_bytes(png_file(samples, 6, 16, chunks=chunks))
        turned = [samples, samples[:, ::-1], samples[::-1, ::-1], samples[::-1], samples.swapaxes(0, 1),
                  np.rot90(samples, -1), samples.swapaxes(0, 1)[::-1, ::-1], np.rot90(samples)][orientation - 1]
        expect(cases, name, turned, 16)


def pictures(cases):
    png_cases(cases)
    oriented_png_cases(cases)
    jpeg_cases(cases)
    webp_cases(cases)


# ---- tensors and masks, with rembg's arithmetic

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def rembg_tensor(picture, size):
    samples = np.array(picture.convert("RGB").resize(size, Image.Resampling.LANCZOS))
    scaled = samples / max(np.max(samples), 1e-6)
    tensor = np.zeros((size[1], size[0], 3))
    for channel in range(3):
        tensor[:, :, channel] = (scaled[:, :, channel] - MEAN[channel]) / STD[channel]
    return tensor.transpose((2, 0, 1)).astype(np.float32)


def rembg_mask(output, size):
    largest, smallest = np.max(output), np.min(output)
    scaled = (output - smallest) / (largest - smallest)
    return np.asarray(Image.fromarray((scaled * 255).astype("uint8")).resize(size, Image.Resampling.LANCZOS))


def tensors(cases):
    for channels, width, height in itertools.product((1, 3, 4), (1, 64, 333), (1, 41, 500)):
        array = (smooth(height, width, channels) * RANDOM.uniform(0.2, 1)).astype(np.uint8)
        array = array[:, :, 0] if channels == 1 else array
        tensor = rembg_tensor(Image.fromarray(array), (40, 32))
        cases.add(type="tensor", width=width, height=height, channels=channels, new_width=40, new_height=32,
                  input=cases.store(array), output=cases.store(tensor))
    black = np.zeros((3, 4), np.uint8)
    cases.add(type="tensor", width=4, height=3, channels=1, new_width=40, new_height=32, input=cases.store(black),
              output=cases.store(rembg_tensor(Image.fromarray(black), (40, 32))))
    for width, height in itertools.product((1, 17, 64, 500), (1, 23, 48, 377)):
        output = (1 / (1 + np.exp(-RANDOM.standard_normal((48, 64)) * 4))).astype(np.float32)
        cases.add(type="mask", width=64, height=48, channels=1, new_width=width, new_height=height,
                  input=cases.store(output), output=cases.store(rembg_mask(output, (width, height))))
    for width, height, classes in ((90, 70, 5), (20, 31, 2)):
        scores = RANDOM.standard_normal((classes, 24, 32)).astype(np.float32)
        planes = [np.asarray(Image.fromarray(plane).resize((width, height), Image.Resampling.BILINEAR))
                  for plane in scores]
        cases.add(type="labels", width=32, height=24, channels=classes, new_width=width, new_height=height,
                  input=cases.store(scores), output=cases.store(np.argmax(planes, axis=0).astype(np.uint16)))


# ---- files to be broken, and attacks


def small(cases):
    """Small valid files of every kind, whose parts a test removes and changes."""
    color, alpha = Image.fromarray(smooth(7, 9, 3)), Image.fromarray(smooth(7, 9, 4), "RGBA")
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = b"Exif\0\0" + exif_bytes(6)
    files = {
        "gray.png": encoded(color.convert("L"), format="PNG"),
        "rgba.png": encoded(alpha, format="PNG", exif=exif_bytes(6), icc_profile=icc),
        "palette.png": encoded(color.quantize(5), format="PNG", transparency=2),
        "interlaced.png": png_file(RANDOM.integers(0, 65536, (9, 11, 3)), 2, 16, interlaced=True),
        "baseline.jpg": encoded(color, format="JPEG", exif=exif, icc_profile=icc),
        "progressive.jpg": encoded(color, format="JPEG", progressive=True),
        "cmyk.jpg": encoded(color.convert("CMYK"), format="JPEG"),
        "lossy.webp": encoded(color, format="WEBP", exif=exif_bytes(6)),
        "lossless.webp": encoded(alpha, format="WEBP", lossless=True, icc_profile=icc),
        "animation.webp": encoded(alpha, format="WEBP", save_all=True, append_images=[alpha.rotate(90)]),
    }
    for name, file in files.items():
        (cases.folder / name).write_bytes(file)
        cases.add(file=name)


def attacks(cases):
    """Small files that would take much memory or time."""
    samples = RANDOM.integers(0, 256, (4, 4, 3))
    profile = b"profile\0\0" + zlib.compress(bytes(100 << 20), 9)
    text = b"Comment\0\0" + zlib.compress(bytes(100 << 20), 9)
    valid = png_file(samples, 2, 8)
    progressive = encoded(Image.fromarray(smooth(64, 64, 3)), format="JPEG", progressive=True)
    scan = progressive.find(b"\xff\xda")
    after_scan = progressive.find(b"\xff\xc4", scan)  # the next scan's tables
    baseline = encoded(Image.fromarray(smooth(8, 8, 3)), format="JPEG")
    frame = baseline.find(b"\xff\xc0")
    lossless = encoded(Image.fromarray(smooth(8, 8, 3)), format="WEBP", lossless=True)
    wide = struct.pack("<I", (16383 << 14) | 16383)
    files = {
        "profile.png": png_file(samples, 2, 8, chunks=[(b"iCCP", profile)]),
        "text.png": png_file(samples, 2, 8, chunks=[(b"zTXt", text)]),
        "huge.png": valid[:16] + png_size(50000, 50000, 2) + valid[33:],
        "wide.png": valid[:16] + png_size(2000000, 1, 2) + valid[33:],
        "hollow.png": valid[:16] + png_size(15000, 15000, 2) + valid[33:],
        "empty.png": valid[:16] + png_size(0, 4, 2) + valid[33:],
        "scans.jpg": progressive[:scan] + progressive[scan:after_scan] * 120 + progressive[after_scan:],
        "huge.jpg": baseline[: frame + 5] + struct.pack(">HH", 65500, 65500) + baseline[frame + 9:],
        "hollow.jpg": baseline[: frame + 5] + struct.pack(">HH", 3000, 3000) + baseline[frame + 9:],
        "flat.jpg": baseline[: frame + 5] + struct.pack(">HH", 0, 8) + baseline[frame + 9:],
        "huge.webp": lossless[:21] + wide + lossless[25:],
    }
    for name, file in files.items():
        (cases.folder / name).write_bytes(file)
        cases.add(file=name)


def png_size(width, height, color_type):
    header = struct.pack(">IIBBBBB", width, height, 8, color_type, 0, 0, 0)
    return header + struct.pack(">I", zlib.crc32(b"IHDR" + header))


if __name__ == "__main__":
    made = Cases(sys.argv[2])
    kinds = {"resample": resample, "pictures": pictures, "tensors": tensors, "small": small, "attacks": attacks}
    kinds[sys.argv[1]](made)
    made.write()
