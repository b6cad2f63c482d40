#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# torch.export.save writes a file that torch.export.load refuses: a torch.no_grad() block without an operator that stays in the
# graph is saved as a nested graph without nodes. The archive is complete, and exporting and running the program in the same
# process works.
#
# torch 2.10.0, Python 3.11, 27 November 2026. Output seen:
#   in memory: [2.0, 2.0]
#   saved and loaded: SpecViolationError
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.10.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import torch


class Net(torch.nn.Module):
    def forward(self, x):
        with torch.no_grad():
            pass
        return x * 2


x = torch.ones(2)
program = torch.export.export(Net(), (x,))
print("in memory:", program.module()(x).tolist())
torch.export.save(program, "model.pt2")
try:
    torch.export.load("model.pt2")
    loaded = "loads"
except Exception as error:
    loaded = type(error).__name__
print("saved and loaded:", loaded)
assert loaded == "SpecViolationError"
PYTHON
