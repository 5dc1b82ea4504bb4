"""The cases by name: which network, which goal it belongs to."""

from functools import partial

import models

# What is aimed at, by group: the fastest peer's time over ours, as geometric mean of the group, and at least.
GOALS = {
    "dilated stacks": (2.0, 1.5),
    "dense stacks": (2.0, 1.5),
    "bottleneck": (1.3, 1.0),
    "aspp": (1.1, 1.0),
    "depthwise": (1.5, 1.0),
    "factorised": (1.5, 1.0),
    "transposed": (2.0, 1.0),
    "bilinear": (3.0, 1.0),
    "depth-to-space": (1.3, 1.0),
    "u2net": (2.0, 1.0),
    "deeplab": (1.3, 1.0),
}

STACKS = {  # channels and size → rates
    (64, 256): (1, 2, 3),
    (32, 512): (1, 2, 3, 1, 2, 3),
    (128, 128): (1, 2, 5, 9),
    (256, 64): (1, 2, 5, 9),
}


class Case:
    """A network to be timed. `make` returns its model; None: the file is given to the program."""

    def __init__(self, name, group, make, about):
        self.name, self.group, self.make, self.about = name, group, make, about


def network_cases():
    for (channels, size), rates in STACKS.items():
        yield Case(f"hdc-{channels}-{size}", "dilated stacks", partial(models.stack, channels, size, rates),
                   f"3×3, {channels} channels, {size}², rates {','.join(map(str, rates))}")
    for (channels, size), rates in STACKS.items():
        yield Case(f"dense-{channels}-{size}", "dense stacks",
                   partial(models.stack, channels, size, (1,) * len(rates)),
                   f"3×3, {channels} channels, {size}², {len(rates)} layers of rate 1")
    yield Case("bottleneck-60", "bottleneck", models.bottlenecks,
               "1024-256-1024 residual blocks, 60², rates 1,2,5")
    yield Case("aspp-33", "aspp", models.aspp, "512→256, 33², rates 6,12,18, 1×1 and the mean")
    yield Case("depthwise-64", "depthwise", models.depthwise,
               "depthwise 3×3 and pointwise, 256 channels, 64², rates 2,4")
    yield Case("factorised-64x128", "factorised", models.factorised,
               "3×1 and 1×3, 128 channels, 64×128, rates 2,4,8,16")
    yield Case("transposed-4x4", "transposed", partial(models.transposed, 4, 1),
               "64→64, 128², 4×4 stride 2, pad 1")
    yield Case("transposed-2x2", "transposed", partial(models.transposed, 2),
               "64→64, 128², 2×2 stride 2")
    yield Case("transposed-3x3", "transposed", partial(models.transposed, 3, 1, 1),
               "64→64, 128², 3×3 stride 2, pad 1, output padding 1")
    yield Case("bilinear-grouped", "bilinear", partial(models.bilinear, True),
               "transposed 16×16 stride 8, 21 classes, 32², a group per class")
    yield Case("bilinear-dense", "bilinear", partial(models.bilinear, False),
               "the same with dense diagonal weights")
    yield Case("depth-to-space", "depth-to-space", models.depth_to_space,
               "DepthToSpace by 8 and ArgMax, 21 classes, 64² → 512²")
    yield Case("u2net", "u2net", None, "U²-Net as trained, 320²")
    yield Case("deeplab", "deeplab", models.deeplab,
               "DeepLabV3 on ResNet-50, output stride 8, 513², 21 classes")


NETWORKS = {case.name: case for case in network_cases()}
# Measured in ways of their own, after the networks.
OTHERS = {
    "startup": "U²-Net: opening it, the first mask, the program's size",
    "folder": "the sample photographs to cut-outs: atrous segment against rembg p, whole processes",
    "pixels": "time per pixel of stacks of 16 and 64 channels with rates 1,2,3 from 128² to 4096²",
}
NAMES = [*NETWORKS, *OTHERS]
