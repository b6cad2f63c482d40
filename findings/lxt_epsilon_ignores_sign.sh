#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The stabilizer of the explicit epsilon rule of LXT adds epsilon whatever the sign of the output z, so that a small
# negative output is not kept away from zero but moved onto it: with z = -1.0001 epsilon the relevances are ten thousand times
# larger than those for +z. Zennit and Captum add epsilon with the sign of z.
#
# lxt 2.1, torch 2.10.0, Python 3.11, 27 November 2026. Output seen:
#   z = +1.0001e-06: sum of relevance 0.50
#   z = -1.0001e-06: sum of relevance 10001.01
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.10.0 numpy==2.4.6
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps lxt==2.1
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import torch
import lxt.explicit.functional as rules

sums = []
for z in (1.0001e-6, -1.0001e-6):
    x = torch.tensor([[1.0, 1.0]], dtype=torch.float64, requires_grad=True)
    weight = torch.tensor([[1.0, z - 1.0]], dtype=torch.float64)
    output = rules.linear_epsilon(x, weight, None, 1e-6)
    (found,) = torch.autograd.grad(output, x, torch.ones_like(output))
    sums.append(found.sum().item())
    print(f"z = {z:+.4e}: sum of relevance {sums[-1]:.2f}")
assert abs(sums[0] - 0.5) < 0.01
assert sums[1] > 1e3
PYTHON
