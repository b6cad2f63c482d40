# Copyright 2026 The zennit4j authors
# SPDX-License-Identifier: Apache-2.0
"""Makes the networks that the benchmarks run on, with seeded random weights, as traced TorchScript.

usage: python3 make_models.py [FOLDER [NAME...]]   (benchmarks/models and all of them)
needs torch, torchvision and timm
"""

import pathlib
import sys

import torch
from torch import nn

SAMPLE = {"layer_linear": (1024,), "ecg": (1, 256)} | {
    f"layer_{name}": (64, 56, 56) for name in ("conv3x3", "conv1x1", "depthwise")
}
LAYERS = {
    "layer_linear": lambda: nn.Linear(1024, 1024),
    "layer_conv3x3": lambda: nn.Conv2d(64, 64, 3, padding=1),
    "layer_conv1x1": lambda: nn.Conv2d(64, 64, 1),
    "layer_depthwise": lambda: nn.Conv2d(64, 64, 3, padding=1, groups=64),
}


def ecg():
    blocks = []
    for before, after in ((1, 16), (16, 32), (32, 64)):
        blocks += [nn.Conv1d(before, after, 7, padding=3), nn.BatchNorm1d(after), nn.ReLU(), nn.MaxPool1d(2)]
    return nn.Sequential(*blocks, nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(64, 5))


def network(name):
    if name in LAYERS:
        return nn.Sequential(LAYERS[name]())
    if name == "ecg":
        return ecg()
    if name == "efficientnet_lite0":
        import timm

        return timm.create_model("tf_efficientnet_lite0", pretrained=False)
    import torchvision

    return torchvision.models.get_model(name, weights=None)


NAMES = [*LAYERS, "ecg", "vgg16", "vgg16_bn", "resnet50", "efficientnet_lite0", "mobilenet_v2", "vit_b_16"]


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "models")
    folder.mkdir(parents=True, exist_ok=True)
    for name in sys.argv[2:] or NAMES:
        torch.manual_seed(0)
        model = network(name).eval()
        for parameter in model.parameters():
            parameter.requires_grad_(False)
        example = torch.rand(1, *SAMPLE.get(name, (3, 224, 224)))
        torch.jit.trace(model, example).save(str(folder / f"{name}.pt"))
        print(folder / f"{name}.pt", flush=True)


if __name__ == "__main__":
    main()
