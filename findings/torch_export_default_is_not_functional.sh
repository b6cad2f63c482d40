#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# torch.export.export gives a graph that is not functional: a write through a view (y[:, 0] = 0) becomes a fill_ on a
# select, and nobody reads the result of either. The next node reads the old name of the base. An interpreter that runs each
# operator out of place gives other numbers without an error. run_decompositions() makes it functional.
#
# torch 2.10.0, Python 3.11, 27 November 2026. Output seen:
#   fill_ reads select, is read by nobody; add reads mul
#   out of place: [3.0, 3.0, 3.0], right: [1.0, 3.0, 3.0]
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.10.0 numpy==2.4.6
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import torch


class Net(torch.nn.Module):
    def forward(self, x):
        y = x * 2
        y[:, 0] = 0
        return y + 1


x = torch.ones(1, 3)
program = torch.export.export(Net(), (x,))
nodes = {n.name: n for n in program.graph.nodes if n.op == "call_function"}
fill = next(n for n in nodes.values() if str(n.target).startswith("aten.fill_"))
add = next(n for n in nodes.values() if str(n.target).startswith("aten.add"))
print(f"{fill.name} reads {fill.args[0]}, is read by {[u.name for u in fill.users] or 'nobody'}; {add.name} reads {add.args[0]}")
assert not fill.users
assert str(add.args[0]) == "mul"

# Each operator on its own, the written value going nowhere but into its own name.
values = {"x": x}
for node in nodes.values():
    arguments = [values.get(str(a), a) for a in node.args]
    if node is fill:
        values[node.name] = torch.zeros_like(arguments[0])
    elif str(node.target).startswith("aten.lift_fresh_copy"):
        values[node.name] = torch.tensor(0.0)
    else:
        values[node.name] = node.target(*arguments)
wrong = values[add.name].flatten().tolist()
right = program.module()(x).flatten().tolist()
print(f"out of place: {wrong}, right: {right}")
assert wrong == [3.0, 3.0, 3.0]
assert right == [1.0, 3.0, 3.0]
PYTHON
