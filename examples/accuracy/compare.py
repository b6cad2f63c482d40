# Copyright 2026 The zennit4j authors
# SPDX-License-Identifier: Apache-2.0
"""How far float32 relevances are from float64 ones on generated networks of depthwise and grouped convolutions.

It is no part of the build. It needs Zennit 1.0 and a built command line:

    python3 -m venv /tmp/zennit && /tmp/zennit/bin/pip install torch==2.10.0 numpy
    /tmp/zennit/bin/pip install --no-deps --ignore-requires-python zennit==1.0.0
    /tmp/zennit/bin/python examples/accuracy/compare.py FOLDER [--networks 40] [--seed 0] [--zennit4j bin/zennit4j]

Each network is made from a seed of its own: kernel sizes, strides, dilations, groups, channel multipliers, activations,
residual sums and squeeze-and-excite are drawn. FOLDER then holds the networks (traced, float32), Zennit's relevances of the same
weights in float32 and float64, and index.json, which `zennit4j run` reads. Errors are those of the float32 relevance against
Zennit's in float64: the largest difference over the largest value, and the ratio of the L2 norms. The rule: at most the larger
of 1.5 times Zennit's own error and 5e-7.
"""
import argparse
import copy
import json
import math
import pathlib
import statistics
import subprocess
import zipfile

import numpy as np
import torch
from torch import nn
from zennit.attribution import Gradient
from zennit.canonizers import SequentialMergeBatchNorm
from zennit.composites import COMPOSITES

FACTOR, FLOOR = 1.5, 5e-7
LOW, HIGH = -3.0, 3.0
NAMES = [
    "gradient",
    "epsilon_plus",
    "epsilon_plus_flat",
    "epsilon_alpha2_beta1",
    "epsilon_alpha2_beta1_flat",
    "epsilon_gamma_box",
    "excitation_backprop",
    "guided_backprop",
]


class Merge(SequentialMergeBatchNorm):
    """PyTorch 2.10 refuses the epsilon of 0 that a merged normalisation has in Zennit."""

    def register(self, linears, batch_norm):
        super().register(linears, batch_norm)
        batch_norm.eps = 1e-300


class Excite(nn.Module):
    def __init__(self, channels, inner):
        super().__init__()
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.reduce = nn.Conv2d(channels, inner, 1)
        self.act = nn.ReLU()
        self.expand = nn.Conv2d(inner, channels, 1)
        self.gate = nn.Sigmoid()

    def forward(self, x):
        return x * self.gate(self.expand(self.act(self.reduce(self.pool(x)))))


class Block(nn.Module):
    """Expansion, depthwise or grouped convolution, excitation, projection; what is None is left out."""

    def __init__(self, expand, spatial, excite, project, residual):
        super().__init__()
        self.expand = expand
        self.spatial = spatial
        self.excite = excite
        self.project = project
        self.residual = residual

    def forward(self, x):
        y = x if self.expand is None else self.expand(x)
        y = self.spatial(y)
        if self.excite is not None:
            y = self.excite(y)
        y = self.project(y)
        return x + y if self.residual else y


class Net(nn.Module):
    def __init__(self, stem, blocks, channels, classes):
        super().__init__()
        self.stem = stem
        self.blocks = nn.Sequential(*blocks)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.head = nn.Linear(channels, classes)

    def forward(self, x):
        return self.head(torch.flatten(self.pool(self.blocks(self.stem(x))), 1))


class Draw:
    """Draws from a seed."""

    def __init__(self, seed):
        self.generator = torch.Generator().manual_seed(seed)

    def integer(self, low, high):
        return int(torch.randint(low, high + 1, (1,), generator=self.generator))

    def of(self, *choices):
        return choices[self.integer(0, len(choices) - 1)]

    def chance(self, p):
        return float(torch.rand(1, generator=self.generator)) < p

    def normal(self, *shape):
        return torch.randn(*shape, generator=self.generator)


def unit(draw, before, after, kernel, stride, dilation, groups, act):
    pad = dilation * (kernel - 1) // 2
    conv = nn.Conv2d(before, after, kernel, stride, pad, dilation, groups, bias=draw.chance(0.3))
    parts = [conv]
    if draw.chance(0.85):
        parts.append(nn.BatchNorm2d(after))
    if act is not None:
        parts.append(act())
    return nn.Sequential(*parts)


def network(seed):
    """A network in evaluation mode and its input, which has a batch of two."""
    draw = Draw(seed)
    act = draw.of(nn.ReLU, nn.ReLU6, nn.ReLU)
    size = draw.integer(17, 28)
    channels = draw.of(8, 12, 16)
    stem = unit(draw, 3, channels, draw.of(3, 3, 5), draw.of(1, 2), 1, 1, act)
    blocks = []
    spatial_size = size
    for _ in range(draw.integer(2, 5)):
        inner = channels * draw.of(1, 2, 4)
        expand = unit(draw, channels, inner, 1, 1, 1, 1, act) if draw.chance(0.7) else None
        inner = inner if expand is not None else channels
        kernel, dilation = draw.of(3, 3, 5, 7), draw.of(1, 1, 2)
        stride = draw.of(1, 1, 2) if spatial_size > 9 else 1
        spatial_size //= stride
        multiplier = draw.of(1, 1, 2)
        groups = draw.of(inner, inner, inner, inner // 4, inner // 2)
        out = inner * multiplier
        spatial = unit(draw, inner, out, kernel, stride, dilation, groups, act)
        excite = Excite(out, max(2, out // 4)) if draw.chance(0.4) else None
        after = draw.of(channels, channels, channels + 4)
        project = unit(draw, out, after, 1, 1, 1, 1, draw.of(None, act))
        blocks.append(Block(expand, spatial, excite, project, stride == 1 and after == channels))
        channels = after
    net = Net(stem, blocks, channels, 7)
    with torch.no_grad():
        for name, p in sorted(net.named_parameters()):
            noise = draw.normal(*p.shape)
            if p.dim() > 1:
                p.copy_(noise * math.sqrt(1.6 / p[0].numel()))
            else:
                p.copy_((1 if name.endswith("weight") else 0) + 0.2 * noise)
        # Statistics that fit, and are not perfect.
        norms = [m for m in net.modules() if isinstance(m, nn.BatchNorm2d)]
        for norm in norms:
            norm.momentum = None
        net.train()(draw.normal(16, 3, size, size))
        for norm in norms:
            norm.running_mean += 0.2 * norm.running_var.sqrt() * draw.normal(*norm.running_mean.shape)
            norm.running_var *= torch.exp(0.3 * draw.normal(*norm.running_var.shape))
    for p in net.parameters():
        p.requires_grad_(False)
    return net.eval(), draw.normal(2, 3, size, size).clamp(LOW, HIGH)


def zennit(net, x, name, classes):
    seed = torch.eye(7, dtype=x.dtype)[classes]
    composite = None
    if name != "gradient":
        arguments = {"canonizers": [Merge()]}
        if name.endswith("box"):
            arguments |= {"low": torch.full_like(x[:1], LOW), "high": torch.full_like(x[:1], HIGH)}
        composite = COMPOSITES[name](**arguments)
    with Gradient(net, composite) as attributor:
        return attributor(x.clone(), seed)[1].detach().numpy()


def save(traced, file):
    """Without the places in Python's sources, which are half of the file."""
    whole = file.with_suffix(".whole")
    traced.save(str(whole))
    with zipfile.ZipFile(whole) as read, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as write:
        for entry in read.infolist():
            if not entry.filename.endswith(".debug_pkl"):
                write.writestr(entry, read.read(entry))
    whole.unlink()


def errors(found, exact):
    difference = found.astype(np.float64) - exact
    return (
        float(np.abs(difference).max() / np.abs(exact).max()),
        float(np.linalg.norm(difference) / np.linalg.norm(exact)),
    )


def make(folder, seeds, lean):
    models, cases = {}, []
    for seed in seeds:
        net, x = network(seed)
        model = f"net{seed}"
        save(torch.jit.trace(net, x), folder / f"{model}.pt")
        arrays = {"input": x.numpy()}
        models[model] = {"scripted": None, "traced": f"{model}.pt"}
        # A canonizer leaves its tensors at the modules, which a later change of dtype does not see.
        doubled = copy.deepcopy(net).double()
        exact = {name: zennit(doubled, x.double(), name, [3, 1]) for name in NAMES}
        for name in NAMES:
            own = zennit(net, x, name, [3, 1])
            if not lean:
                arrays |= {f"{name}.relevance": own, f"{name}.relevance64": exact[name]}
            composite = None
            if name != "gradient":
                composite = {"type": "named", "name": name, "canonizers": [{"type": "sequential_merge_batch_norm"}]}
                if name.endswith("box"):
                    composite["args"] = {"low": LOW, "high": HIGH}
            one = {
                "id": f"{model}/{name}",
                "group": "numerics",
                "model": model,
                "data": f"{model}.npz",
                "dtype": "float32",
                "inputs": ["input"],
                "target": {"classes": [3, 1]},
                "attributor": {"type": "gradient"},
                "composite": composite,
                "reference_error": dict(zip(("max_over_max", "l2_over_l2"), errors(own, exact[name]))),
            }
            cases.append(one)
            if lean:
                wide = {k: v for k, v in one.items() if k != "reference_error"}
                cases.append(wide | {"id": f"{model}/{name}-float64", "dtype": "float64"})
        np.savez_compressed(folder / f"{model}.npz", **arrays)
        print(f"made {model}", flush=True)
    index = {"format": 1, "title": "float32 on generated networks", "models": models, "cases": cases}
    (folder / "index.json").write_text(json.dumps(index, indent=1) + "\n")


def geometric(values):
    return math.exp(statistics.fmean(math.log(max(v, 1e-12)) for v in values))


def compare(folder, found, verbose):
    rows = {name: [] for name in NAMES}
    for case in json.loads((folder / "index.json").read_text())["cases"]:
        model, name = case["id"].split("/")
        exact = np.load(folder / case["data"])[f"{name}.relevance64"]
        ours = errors(np.load(found / case["id"] / "relevance.0.npy"), exact)
        theirs = tuple(case["reference_error"].values())
        missed = any(a > max(FACTOR * b, FLOOR) for a, b in zip(ours, theirs))
        rows[name].append((ours, theirs, missed))
        if missed and verbose:
            print(f"{case['id']}: ours {ours[0]:.2e} {ours[1]:.2e}, Zennit {theirs[0]:.2e} {theirs[1]:.2e}")
    print("relevance                  ours, Zennit (largest; L2): geometric means    most of the allowed   missed")
    for name, row in rows.items():
        means = [geometric([e[side][k] for e in row]) for k in (0, 1) for side in (0, 1)]
        most = max(a / max(FACTOR * b, FLOOR) for ours, theirs, _ in row for a, b in zip(ours, theirs))
        missed = sum(m for *_, m in row)
        print(
            f"{name:26} {means[0]:.2e} {means[1]:.2e}; {means[2]:.2e} {means[3]:.2e}"
            f"  ratios {means[0] / means[1]:.2f} {means[2] / means[3]:.2f}  {most:10.2f} {missed:12} of {len(row)}"
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--networks", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0, help="of the first network")
    parser.add_argument("--zennit4j", help="bin/zennit4j, to run it and compare")
    parser.add_argument("--lean", action="store_true", help="no relevances; float64 cases instead, as in the tests")
    parser.add_argument("--keep", action="store_true", help="take the networks that FOLDER already holds")
    parser.add_argument("--verbose", action="store_true", help="name each relevance that misses the rule")
    given = parser.parse_args()
    torch.set_num_threads(1)
    given.folder.mkdir(parents=True, exist_ok=True)
    if not given.keep:
        make(given.folder, range(given.seed, given.seed + given.networks), given.lean)
    if given.zennit4j:
        out = given.folder / "found"
        subprocess.run(
            [given.zennit4j, "run", given.folder / "index.json", "--output", out, "--form", "traced"], check=True
        )
        compare(given.folder, out, given.verbose)


if __name__ == "__main__":
    main()
