#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# nn_module_stack of an exported program says which modules were called, not which ones computed. A layer whose forward is
# called directly leaves no trace, and neither does the output projection of nn.MultiheadAttention, which hands its weights to
# a function. A tool that maps operators to layers by this metadata misses such layers.
#
# torch 2.10.0, Python 3.11, 27 November 2026. Output seen:
#   linear layers seen: [a] of [a, b]
#   attention: [m] of [m, m.out_proj]
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.10.0 numpy==2.4.6
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import torch


def seen(net, x):
    program = torch.export.export(net.eval(), (x,))
    stacks = [n.meta["nn_module_stack"] for n in program.graph.nodes if n.op == "call_function"]
    return sorted({entry[0] for stack in stacks for entry in stack.values()} - {""})


class Direct(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.a = torch.nn.Linear(2, 2)
        self.b = torch.nn.Linear(2, 2)

    def forward(self, x):
        return self.b.forward(self.a(x))


class Attention(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.m = torch.nn.MultiheadAttention(4, 2, batch_first=True)

    def forward(self, x):
        return self.m(x, x, x, need_weights=False)[0]


linear = seen(Direct(), torch.ones(1, 2))
attention = seen(Attention(), torch.ones(1, 3, 4))
print(f"linear layers seen: {linear} of {[n for n, _ in Direct().named_modules() if n]}")
print(f"attention: {attention} of {[n for n, _ in Attention().named_modules() if n]}")
assert linear == ["a"]
assert attention == ["m"]
PYTHON
