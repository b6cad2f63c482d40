# Copyright 2026 The zennit4j authors
# SPDX-License-Identifier: Apache-2.0
"""zennit4j, Zennit and Captum on the same network with the same weights, in turns; outside the build.

usage: python3 peers.py NETWORK [BATCH [THREADS [ROUNDS [COMPOSITE...]]]]
needs  pip install torch==2.10.0 torchvision==0.25.0 zennit==0.5.1 captum==0.8.0, and a built command line (bin/zennit4j)

Each composite is timed against PyTorch's own gradient of the same round, and zennit4j against its own; the table has the
medians of the ratios. Captum has gradients, guided_backprop and LRP (epsilon everywhere), and no composites.
"""

import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
import warnings

import torch
import torchvision
from captum.attr import LRP, GuidedBackprop, Saliency
from zennit.attribution import Gradient
from zennit.canonizers import SequentialMergeBatchNorm
from zennit.composites import COMPOSITES
from zennit.torchvision import ResNetCanonizer, VGGCanonizer

warnings.filterwarnings("ignore")
ROOT = pathlib.Path(__file__).resolve().parent.parent
LOW, HIGH = -2.2, 2.7


def zennit_composite(name, network):
    if name in ("guided_backprop", "deconvnet"):
        return COMPOSITES[name]()
    canonizer = {"vgg": VGGCanonizer, "res": ResNetCanonizer}.get(network[:3], SequentialMergeBatchNorm)
    arguments = {"canonizers": [canonizer()]}
    if name.endswith("box"):
        arguments |= {"low": torch.full((1, 3, 224, 224), LOW), "high": torch.full((1, 3, 224, 224), HIGH)}
    return COMPOSITES[name](**arguments)


def seconds(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main():
    network = sys.argv[1] if len(sys.argv) > 1 else sys.exit(__doc__)
    batch, threads, rounds = (int(a) for a in (*sys.argv[2:5], *("4", "2", "5")[len(sys.argv[2:5]) :]))
    names = sys.argv[5:] or ["epsilon_plus", "epsilon_plus_flat", "epsilon_gamma_box", "guided_backprop"]
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    model = torchvision.models.get_model(network, weights=None).eval()
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    x, seed = torch.rand(batch, 3, 224, 224), torch.eye(1000)[torch.arange(batch)]
    classes = torch.arange(batch)

    def plain():
        leaf = x.clone().requires_grad_(True)
        torch.autograd.grad(model(leaf), leaf, seed)

    def zennit(name):
        attributor = Gradient(model, zennit_composite(name, network))

        def once():
            with attributor:
                attributor(x.clone(), seed)

        return once

    peers = {f"Zennit {name}": zennit(name) for name in names}
    leaf = x.clone().requires_grad_(True)
    peers["Captum Saliency"] = lambda: Saliency(model).attribute(leaf, classes, abs=False)
    peers["Captum GuidedBackprop"] = lambda: GuidedBackprop(model).attribute(leaf, classes)
    peers["Captum LRP"] = lambda: LRP(model).attribute(leaf, classes)
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / f"{network}.pt"
        torch.jit.trace(model, torch.rand(1, 3, 224, 224)).save(str(file))
        command = [str(ROOT / "bin/zennit4j"), "benchmark", str(file), "--composite", ",".join(names)]
        command += ["--batch", str(batch), "--threads", str(threads), "--rounds", str(rounds), "--json"]
        ours = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    ratios = {name: [] for name in peers}
    plain_times = []
    for turn in range(rounds + 1):
        base = seconds(plain)
        for name, work in peers.items():
            try:
                taken = seconds(work)
            except Exception as error:  # Captum's LRP knows few layers
                if name in ratios:
                    print(f"{name}: {type(error).__name__}: {str(error).splitlines()[0][:100]}")
                    del ratios[name]
                continue
            if turn and name in ratios:
                ratios[name].append(taken / base)
        if turn:
            plain_times.append(base)
    torch_gradient = statistics.median(plain_times)
    print(f"{network}, batch {batch}, {threads} threads, {rounds} rounds; PyTorch's gradient {torch_gradient:.3f} s")
    print(f"{'zennit4j gradient':40s} {ours[0]['gradient_s'] / torch_gradient:6.2f} of PyTorch's gradient (not in turns)")
    for one in ours:
        own, foreign = one["ratio"], one["composite_s"] / torch_gradient
        print(f"{'zennit4j ' + one['composite']:40s} {foreign:6.2f} (not in turns), {own:.2f} of its own gradient")
    for name, values in ratios.items():
        print(f"{name:40s} {statistics.median(values):6.2f}")


if __name__ == "__main__":
    main()
