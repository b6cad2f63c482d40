#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# torch.export.save writes more than weights and program: the values of the example input, and for each operator the lines of
# source that called it, with the comment behind them and the path on the writer's machine. Who exports with a patient's picture
# gives it away with the model. No argument of save turns it off.
#
# torch 2.10.0, Python 3.11, 27 November 2026. Output seen:
#   example input: [17.25, 99.5] stand in STEM/data/sample_inputs/model.pt
#   source: the comment and the path stand in STEM/models/model.json
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.10.0 numpy==2.4.6
cat > "$folder/net.py" <<'PYTHON'
import torch


class Net(torch.nn.Module):
    def forward(self, x):
        return x * 2  # tuned on ward seven
PYTHON
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import io
import os
import zipfile

import torch
from net import Net

patient = torch.tensor([17.25, 99.5])
torch.export.save(torch.export.export(Net(), (patient,)), "model.pt2")
with zipfile.ZipFile("model.pt2") as archive:
    entries = {name.split("/", 1)[1]: archive.read(name) for name in archive.namelist()}
(arguments, _) = torch.load(io.BytesIO(entries["data/sample_inputs/model.pt"]), weights_only=True)
print(f"example input: {arguments[0].tolist()} stand in STEM/data/sample_inputs/model.pt")
assert arguments[0].tolist() == [17.25, 99.5]
program = entries["models/model.json"].decode()
assert "tuned on ward seven" in program
assert os.path.realpath("net.py") in program
print("source: the comment and the path stand in STEM/models/model.json")
PYTHON
