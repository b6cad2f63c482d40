"""Runs Quantus on the maps that `zennit4j evaluate` judged, and compares values and the order of methods.

It is no part of the build. It needs quantus 0.6.0 and torch:

    python3 -m venv /tmp/quantus && /tmp/quantus/bin/pip install quantus==0.6.0 torch
    bin/zennit4j evaluate examples/models/fashion_test_200.npz -m examples/models/fashion_cnn.pt \
        --methods gradient,gradient_x_input,epsilon_plus,epsilon_plus_flat,integrated_gradients,grad_cam,guided_backprop,random_uniform \
        --metrics pixel_flipping:unit=element:step=16:auc=quantus,infidelity:kind=quantus,sparseness:quantus=true,complexity \
        --json out.json --save-maps maps
    /tmp/quantus/bin/python examples/quantus/compare.py out.json maps examples/models/fashion_test_200.npz \
        examples/models/fashion_cnn.pt
"""
import json
import sys

import numpy as np
import quantus
import torch


def area(curves):
    """The trapezoidal rule with steps of one: Quantus's own call fails with NumPy 2.4."""
    curves = np.asarray(curves)
    return (curves[:, 1:] + curves[:, :-1]).sum(1) / 2


def spearman(a, b):
    ranks = [np.argsort(np.argsort(v)).astype(float) for v in (a, b)]
    return np.corrcoef(*ranks)[0, 1]


def ordered(maps):
    """Maps of the same order without ties: Quantus sorts ties as they come, zennit4j by ascending index."""
    flat = maps.reshape(len(maps), -1)
    places = np.argsort(np.argsort(-flat, axis=1, kind="stable"), axis=1)
    return -places.reshape(maps.shape).astype(np.float64)


def main(result, maps, data, model_file):
    ours = json.load(open(result))
    arrays = np.load(data)
    x = arrays["images"].astype(np.float32) / 255
    y = arrays["labels"].astype(np.int64)
    model = torch.jit.load(model_file).eval()
    metrics = {
        "pixel_flipping": quantus.PixelFlipping(features_in_step=16, perturb_baseline="black", disable_warnings=True),
        "infidelity": quantus.Infidelity(
            perturb_baseline="black", perturb_patch_sizes=[4], n_perturb_samples=1, normalise=False, disable_warnings=True
        ),
        "sparseness": quantus.Sparseness(disable_warnings=True),
        "complexity": quantus.Complexity(disable_warnings=True),
    }
    names = [m["method"] for m in ours["methods"]]
    for column, described in enumerate(ours["metrics"]):
        metric = metrics.get(described["type"])
        if metric is None:
            continue
        theirs, mine, gaps = [], [], []
        for method in ours["methods"]:
            a = np.load(f"{maps}/{method['method']}.npy").astype(np.float64)
            if described["type"] == "pixel_flipping":
                a = ordered(a)
            values = metric(model=model, x_batch=x, y_batch=y, a_batch=a, device="cpu", softmax=described["type"] != "infidelity")
            values = area(values) if described["type"] == "pixel_flipping" else np.asarray(values, dtype=float)
            own = np.asarray(method["results"][column]["values"], dtype=float)
            theirs.append(np.nanmedian(values))
            mine.append(np.nanmedian(own))
            gaps.append(np.nanmax(np.abs(values - own)) / max(np.nanmax(np.abs(values)), 1e-12))
        print(described["label"])
        for name, a, b, gap in zip(names, mine, theirs, gaps):
            print(f"  {name:22s} zennit4j {a:10.5f}  Quantus {b:10.5f}  largest gap of a sample {gap:.1e}")
        same = list(np.argsort(mine, kind="stable")) == list(np.argsort(theirs, kind="stable"))
        print(f"  order of methods: {'the same' if same else 'different'}, rank correlation {spearman(mine, theirs):.3f}")


if __name__ == "__main__":
    main(*sys.argv[1:5])
