#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# A torch.no_grad() block survives torch.export.export, but not run_decompositions(), which is supposed to change operators
# only: the output stays, the gradient becomes another one. torch.jit.trace loses the block in the same way. Explanations by
# gradients of such files differ from those of the network in Python.
#
# torch 2.10.0, Python 3.11, 27 November 2026. Output seen:
#   eager      12.0 [2.0, 2.0, 2.0]
#   exported   12.0 [2.0, 2.0, 2.0]
#   decomposed 12.0 [4.0, 4.0, 4.0]
#   traced     12.0 [4.0, 4.0, 4.0]
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.10.0 numpy==2.4.6
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import torch


class Net(torch.nn.Module):
    def forward(self, x):
        with torch.no_grad():
            scale = x.mean()
        return (x * scale).sum()


x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
exported = torch.export.export(Net(), (x,))
found = {}
for name, net in {
    "eager": Net(),
    "exported": exported.module(),
    "decomposed": exported.run_decompositions().module(),
    "traced": torch.jit.trace(Net(), x),
}.items():
    output = net(x)
    found[name] = torch.autograd.grad(output, x)[0].tolist()
    print(f"{name:10} {output.item()} {found[name]}")
    assert output.item() == 12.0
assert found["eager"] == found["exported"] == [2.0, 2.0, 2.0]
assert found["decomposed"] == found["traced"] == [4.0, 4.0, 4.0]
PYTHON
