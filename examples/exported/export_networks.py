# Copyright 2026 The zennit4j authors
# SPDX-License-Identifier: Apache-2.0
"""Exports networks of torchvision and timm with seeded random weights, and writes down what PyTorch computes with them.

    pip install torch==2.10.0 torchvision timm numpy
    python export_networks.py FOLDER                     # all of NETWORKS, about 20 minutes on two cores and 3 GB
    python export_networks.py FOLDER --only resnet18 --only swin_t
    python export_networks.py FOLDER --newer --only resnet18   # with a newer torch: only the archive, for arrays that are there

For each network FOLDER then holds

    NAME.npz             input, weight (that of the output's elements in the explained sum), output and gradient, all float64
    NAME.pt2             torch.export.save of the default export, float32
    NAME.dynamic.pt2     the same for any batch size, exported with another batch and, where listed, with keyword inputs
    NAME.decomposed.pt2  after run_decompositions()
    NAME.VERSION.pt2     by another version of torch (--newer)
    NAME.traced.pt       torch.jit.trace, where tracing works

and index.json names them. Output and gradient are those of the network in float64: a float32 file that is loaded as float64
must come to the same numbers. Weights are random, so no number here says anything about what a network has learned.
"""

import argparse
import gc
import json
import pathlib
import sys
import time
import warnings

import numpy
import torch

# name: (library, size of the picture, arguments, forms beside the default one)
NETWORKS = {
    "alexnet": ("torchvision", 64, {}, []),
    "vgg11_bn": ("torchvision", 32, {}, []),
    "resnet18": ("torchvision", 64, {}, ["dynamic", "decomposed"]),
    "resnet50": ("torchvision", 64, {}, ["dynamic"]),
    "densenet121": ("torchvision", 64, {}, ["decomposed"]),
    "googlenet": ("torchvision", 64, {"aux_logits": False, "init_weights": False}, []),
    "inception_v3": ("torchvision", 75, {"aux_logits": False, "init_weights": False}, []),
    "squeezenet1_1": ("torchvision", 64, {}, []),
    "shufflenet_v2_x0_5": ("torchvision", 64, {}, ["dynamic"]),
    "mobilenet_v2": ("torchvision", 64, {}, []),
    "mobilenet_v3_small": ("torchvision", 64, {}, ["decomposed"]),
    "mnasnet0_5": ("torchvision", 64, {}, []),
    "efficientnet_b0": ("torchvision", 64, {}, ["dynamic", "decomposed"]),
    "regnet_y_400mf": ("torchvision", 64, {}, []),
    "convnext_tiny": ("torchvision", 64, {}, ["decomposed"]),
    "vit_b_32": ("torchvision", 64, {"image_size": 64}, ["dynamic", "decomposed"]),
    "swin_t": ("torchvision", 64, {}, ["dynamic", "decomposed"]),
    "lraspp_mobilenet_v3_large": ("torchvision", 64, {"weights_backbone": None}, []),
    "fcn_resnet50": ("torchvision", 64, {"weights_backbone": None, "aux_loss": True}, ["dynamic"]),
    "resnetv2_50x1_bit": ("timm", 64, {}, []),
    "vit_tiny_patch16_224": ("timm", 64, {"img_size": 64}, ["dynamic", "decomposed"]),
    "deit_tiny_distilled_patch16_224": ("timm", 64, {"img_size": 64}, []),
    "mixer_s32_224": ("timm", 64, {"img_size": 64}, ["dynamic"]),
    "convnextv2_atto": ("timm", 64, {}, []),
    "ghostnet_050": ("timm", 64, {}, []),
    "mobilevit_xxs": ("timm", 64, {}, ["dynamic"]),
    "repvgg_a0": ("timm", 64, {}, []),
    "poolformer_s12": ("timm", 64, {}, []),
    "dm_nfnet_f0": ("timm", 64, {}, []),
    "xcit_nano_12_p16_224": ("timm", 64, {}, []),
    "eva02_tiny_patch14_224": ("timm", 56, {"img_size": 56}, []),
    "resnet26d": ("timm", 64, {"features_only": True}, ["dynamic"]),
    "edgenext_xx_small": ("timm", 64, {}, []),
    "levit_128s": ("timm", 224, {}, []),
}

# What `forward` calls its picture, for those that are exported with it as a keyword.
KEYWORDS = {"resnet18": "x", "vit_tiny_patch16_224": "x"}

SEED = 16


def build(name):
    """The network in evaluation mode, with weights that make every layer count."""
    library, _, arguments, _ = NETWORKS[name]
    torch.manual_seed(SEED)
    if library == "torchvision":
        import torchvision

        network = torchvision.models.get_model(name, weights=None, **arguments)
    else:
        import timm

        network = timm.create_model(name, pretrained=False, **arguments)
    with torch.no_grad():
        # Many networks start with scales of 0, 1 or 1e-6: then whole branches would go unseen.
        for parameter in network.parameters():
            if parameter.numel() == 1 or parameter.min() == parameter.max():
                parameter.add_(0.1 * torch.randn_like(parameter))
        for module in network.modules():
            if isinstance(getattr(module, "running_var", None), torch.Tensor):
                module.running_mean.normal_(0, 0.1)
                module.running_var.uniform_(0.5, 1.5)
    return network.eval()


def tensors(output):
    """The tensors of an output, as torch.export numbers them."""
    return [t for t in torch.utils._pytree.tree_leaves(output) if isinstance(t, torch.Tensor)]


def export(network, picture, form, keyword):
    shapes = None
    if form == "dynamic":
        picture = picture.repeat(2, 1, 1, 1)[:2]
        batch = {0: torch.export.Dim("batch", min=1, max=64)}
        shapes = {keyword: batch} if keyword else (batch,)
    given = ((), {keyword: picture}) if keyword and form == "dynamic" else ((picture,), None)
    program = torch.export.export(network, *given, dynamic_shapes=shapes, strict=False)
    return program.run_decompositions() if form == "decomposed" else program


def arrays(name, size):
    """What PyTorch computes in float64."""
    network = build(name).double()
    generator = torch.Generator().manual_seed(SEED)
    # The numbers of a float32 picture, so that both dtypes have the same input.
    picture = torch.randn(1, 3, size, size, generator=generator).double().requires_grad_()
    output = tensors(network(picture))[0]
    weight = torch.randn(output.shape, generator=generator).double()
    (gradient,) = torch.autograd.grad(output, picture, weight)
    assert torch.isfinite(gradient).all() and gradient.abs().max() > 0, name
    found = {"input": picture, "weight": weight, "output": output, "gradient": gradient}
    return {key: value.detach().numpy() for key, value in found.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--only", action="append", choices=list(NETWORKS), metavar="NAME")
    parser.add_argument("--newer", action="store_true", help="only archives, named by the version of torch")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    warnings.simplefilter("ignore")
    index = options.folder / "index.json"
    rows = {row["name"]: row for row in json.loads(index.read_text())} if index.exists() else {}
    version = torch.__version__.split("+")[0]

    for name in options.only or NETWORKS:
        start = time.time()
        library, size, _, forms = NETWORKS[name]
        picture = torch.zeros(1, 3, size, size)
        row = rows.setdefault(name, {"name": name, "library": library, "input": [1, 3, size, size], "files": {}})
        wanted = {version: version} if options.newer else {"exported": "", **{form: form for form in forms}}
        if not options.newer:
            numpy.savez(options.folder / f"{name}.npz", **arrays(name, size))
        network = build(name)
        for form, suffix in wanted.items():
            file = f"{name}.{suffix}.pt2" if suffix else f"{name}.pt2"
            torch.export.save(export(network, picture, form, KEYWORDS.get(name)), str(options.folder / file))
            row["files"][form] = file
        if not options.newer:
            row["torch"] = version
            try:
                # check_trace runs the network again and complains where rounding differs; strict refuses dictionaries.
                torch.jit.trace(network, picture, check_trace=False, strict=False).save(str(options.folder / f"{name}.traced.pt"))
                row["files"]["traced"] = f"{name}.traced.pt"
            except Exception as error:  # noqa: BLE001 - whatever the tracer cannot do
                print(f"{name}: not traced: {str(error).splitlines()[0]}", file=sys.stderr)
        rows[name] = row
        index.write_text(json.dumps([rows[n] for n in NETWORKS if n in rows], indent=1) + "\n")
        print(f"{name}: {', '.join(row['files'])} ({time.time() - start:.0f} s)", flush=True)
        del network
        gc.collect()


if __name__ == "__main__":
    main()
