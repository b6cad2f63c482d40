#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The explicit softmax rule of LXT (AttnLRP) sums relevance over the last axis, whatever axis the softmax is over. The
# rule is R_x = x * (R - s * sum(R)), with the sum over the axis of the softmax. For softmax over another axis the relevance
# is another one, without an error.
#
# lxt 2.1, torch 2.10.0, Python 3.11, 27 November 2026. Output seen:
#   softmax over axis 0: sum over its own axis: False, over the last axis: True
#   softmax over axis 1: sum over its own axis: True, over the last axis: True
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.10.0 numpy==2.4.6
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps lxt==2.1
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import torch
import lxt.explicit.functional as rules

relevance = torch.tensor([[1.0, 0.0, 2.0], [0.5, 1.0, 0.0]], dtype=torch.float64)
for axis in (0, 1):
    x = torch.tensor([[1.0, 2.0, 3.0], [0.5, -1.0, 2.0]], dtype=torch.float64, requires_grad=True)
    (found,) = torch.autograd.grad(rules.softmax(x, axis), x, relevance)
    s = torch.softmax(x, axis)
    own = torch.allclose(found, x * (relevance - s * relevance.sum(axis, keepdim=True)))
    last = torch.allclose(found, x * (relevance - s * relevance.sum(-1, keepdim=True)))
    print(f"softmax over axis {axis}: sum over its own axis: {own}, over the last axis: {last}")
    assert last
    assert own == (axis == 1)
PYTHON
