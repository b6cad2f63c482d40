#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Captum's DeepLift is complete (attributions add up to f(x) - f(baseline)) for max pooling with windows side by side, and
# silently is not where windows overlap, as in every ResNet's first pooling (kernel 3, stride 2). It hands the difference of
# each window's maxima back by max_unpool, which writes a position that won two windows once instead of adding up.
#
# captum 0.9.0, torch 2.10.0, Python 3.11, 30 November 2026. Output seen:
#   kernel 2 stride 2: the sums miss f(x) - f(baseline) by 1.11e-16 at most
#   kernel 3 stride 2: the sums miss f(x) - f(baseline) by 7.50e-02 at most
#   kernel 4 stride 2: the sums miss f(x) - f(baseline) by 2.64e-01 at most
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q torch==2.10.0 numpy captum==0.9.0
cat >"$work/pooling.py" <<'PY'
import warnings

import torch
from captum.attr import DeepLift
from torch import nn

warnings.simplefilter("ignore")
torch.manual_seed(0)
worst = {}
for kernel, stride in [(2, 2), (3, 2), (4, 2)]:
    windows = (12 - kernel) // stride + 1
    net = nn.Sequential(nn.MaxPool1d(kernel, stride), nn.Flatten(), nn.Linear(2 * windows, 3)).double()
    x = torch.randn(4, 2, 12, dtype=torch.float64)
    baseline = torch.randn(1, 2, 12, dtype=torch.float64).expand(4, -1, -1).clone()
    attributions, delta = DeepLift(net).attribute(x, baseline, target=1, return_convergence_delta=True)
    wanted = (net(x) - net(baseline))[:, 1]
    missing = (attributions.sum((1, 2)) - wanted).abs().max().item()
    print(f"kernel {kernel} stride {stride}: the sums miss f(x) - f(baseline) by {missing:.2e} at most")
    worst[kernel] = missing
assert worst[2] < 1e-10, "windows side by side are no longer complete"
assert worst[3] > 1e-2 and worst[4] > 1e-2, "overlapping windows are complete now"
PY
"$work/venv/bin/python" "$work/pooling.py"
