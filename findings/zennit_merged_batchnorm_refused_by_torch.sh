#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Zennit 1.0.0 merges a batch normalisation into the layer before it and sets its eps to 0, so that it becomes an exact
# identity. Current torch refuses an eps of 0, so that the canonizers SequentialMergeBatchNorm, VGG and ResNet end in a
# ValueError on the ordinary Conv2d-BatchNorm2d pair. torch 2.5.1 still takes it.
#
# zennit 1.0.0, torch 2.10.0 and 2.5.1, Python 3.11, 27 November 2026. Output seen:
#   torch 2.10.0: batch_norm eps must be positive, but got 0.0
#   torch 2.5.1: largest difference after merging 1.2e-07
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
pip() { "$folder/venv/bin/pip" install --quiet --disable-pip-version-check "$@"; }
cat >"$folder/merge.py" <<'PYTHON'
import sys

import torch
from zennit.canonizers import SequentialMergeBatchNorm

torch.manual_seed(0)
net = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2)).eval()
x = torch.rand(1, 1, 5, 5)
before = net(x)
merged = SequentialMergeBatchNorm().apply(net)
version = torch.__version__.split("+")[0]
try:
    print(f"torch {version}: largest difference after merging {(net(x) - before).abs().max().item():.1e}")
    refused = False
except ValueError as error:
    print(f"torch {version}: {error}")
    refused = True
assert refused == (sys.argv[1] == "refused"), "the behaviour changed"
PYTHON
pip torch==2.10.0 numpy==2.4.6 torchvision==0.25.0 click==8.1.8 pillow==12.0.0
pip --no-deps --ignore-requires-python zennit==1.0.0
"$folder/venv/bin/python" -W ignore "$folder/merge.py" refused
pip torch==2.5.1 torchvision==0.20.1
"$folder/venv/bin/python" -W ignore "$folder/merge.py" taken
