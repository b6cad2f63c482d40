#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Integrated gradients of Captum with method="riemann_trapezoid" and n steps use weights that add up to (n - 1) / n: the
# attributions of a linear model, for which any quadrature is exact, come out too small by that factor. The other methods have
# weights that add up to one.
#
# captum 0.9.0, torch 2.10.0, Python 3.11, 27 November 2026. Output seen:
#   riemann_trapezoid 10 steps: 5.4 of 6.0
#   riemann_right     10 steps: 6.0 of 6.0
#   gausslegendre     10 steps: 6.0 of 6.0
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.10.0 numpy==2.4.6
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check captum==0.9.0
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import torch
from captum.attr import IntegratedGradients

net = torch.nn.Linear(3, 1, bias=False).double()
net.weight.data = torch.tensor([[1.0, 2.0, 3.0]], dtype=torch.float64)
x = torch.ones(1, 3, dtype=torch.float64)
for method, expected in (("riemann_trapezoid", 5.4), ("riemann_right", 6.0), ("gausslegendre", 6.0)):
    total = IntegratedGradients(net).attribute(x, target=0, n_steps=10, method=method).sum().item()
    print(f"{method:17} 10 steps: {total:.1f} of {net(x).item():.1f}")
    assert abs(total - expected) < 1e-6
PYTHON
