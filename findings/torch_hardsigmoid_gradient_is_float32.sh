#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The gradient of hardsigmoid has the accuracy of float32 in a float64 network: its kernel keeps 1/6 as a float. A decomposed
# export computes hardsigmoid by clamp and div and has no such error, so that gradients of a MobileNet v3 before and after
# run_decompositions() differ by 1e-9 although nothing else changed.
#
# torch 2.10.0, Python 3.11, 27 November 2026. Output seen:
#   hardsigmoid 0.1666666716337204
#   decomposed  0.16666666666666666
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.10.0 numpy==2.4.6
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import torch

net = torch.nn.Hardsigmoid()
x = torch.zeros(1, dtype=torch.float64, requires_grad=True)
decomposed = torch.export.export(net, (torch.zeros(1, dtype=torch.float64),)).run_decompositions().module()
found = {}
for name, network in {"hardsigmoid": net, "decomposed": decomposed}.items():
    (gradient,) = torch.autograd.grad(network(x), x)
    found[name] = gradient.item()
    print(f"{name:11} {found[name]}")
assert found["decomposed"] == 1 / 6
assert 1e-9 < abs(found["hardsigmoid"] - 1 / 6) < 1e-8
PYTHON
