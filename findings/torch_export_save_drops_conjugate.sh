#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# torch.export.save loses the lazy conjugate bit of a tensor: a buffer that was made with .conj() comes back unconjugated,
# without a warning, and the program computes something else than before it was saved. Whoever reads a .pt2 file cannot
# notice. resolve_conj() before the export helps.
#
# torch 2.10.0, Python 3.11, 27 November 2026. Output seen:
#   before: [(1-2j), (3+4j)]
#   after:  [(1+2j), (3-4j)]
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.10.0 numpy==2.4.6
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import os
import tempfile

import torch


class Net(torch.nn.Module):
    def __init__(self, weight):
        super().__init__()
        self.register_buffer("weight", weight)

    def forward(self, x):
        return x * self.weight


def saved(weight):
    net = Net(weight)
    x = torch.ones(2, dtype=torch.complex64)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "net.pt2")
        torch.export.save(torch.export.export(net, (x,)), path)
        return net(x).tolist(), torch.export.load(path).module()(x).tolist()


weight = torch.tensor([1 + 2j, 3 - 4j]).conj()
before, after = saved(weight)
print(f"before: {before}")
print(f"after:  {after}")
assert before == [1 - 2j, 3 + 4j]
assert after == [1 + 2j, 3 - 4j]
assert saved(weight.resolve_conj())[1] == before
PYTHON
