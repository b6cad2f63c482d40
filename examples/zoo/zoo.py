# Copyright 2026 The zennit4j authors
# SPDX-License-Identifier: Apache-2.0
"""Tries networks of torchvision, timm and transformers, and time series: what loads, what is right, what attn_lrp keeps.

    python3 -m venv /tmp/zoo && /tmp/zoo/bin/pip install torch==2.10.0 torchvision==0.25.0 timm==1.0.31 transformers==5.24.0
    /tmp/zoo/bin/pip install --no-deps --ignore-requires-python --target /tmp/zennit zennit==1.0.0   # for --zennit
    PYTHONPATH=/tmp/zennit /tmp/zoo/bin/python examples/zoo/zoo.py FOLDER --zennit     # writes networks and index.json
    bin/zennit4j run FOLDER/index.json --output FOLDER/out                             # one Java process for all
    /tmp/zoo/bin/python examples/zoo/zoo.py FOLDER --table                             # prints the rows of docs/networks.md

Weights are random and seeded, inputs small. Networks are traced in float32 and loaded in float64; output and gradient are
compared with PyTorch's own in float64, the relevance of epsilon_plus_flat (no canonizers) with that of Zennit 1.0. --only NAME takes
some networks; a network that stands in the index is not made again.
"""
import argparse
import json
import pathlib
import sys
import time
import warnings

import numpy
import torch
from torch import nn

SEED = 12
PICTURE = (1, 3, 64, 64)
VIT = {"img_size": 64}

TORCHVISION = {
    "alexnet": PICTURE, "vgg11_bn": (1, 3, 32, 32), "resnet18": PICTURE, "resnext50_32x4d": PICTURE, "densenet121": PICTURE,
    "squeezenet1_1": PICTURE, "shufflenet_v2_x0_5": PICTURE, "mnasnet0_5": PICTURE, "mobilenet_v2": PICTURE,
    "mobilenet_v3_small": PICTURE, "efficientnet_b0": PICTURE, "regnet_y_400mf": PICTURE, "convnext_tiny": PICTURE,
    "swin_t": PICTURE, "swin_v2_t": PICTURE, "vit_b_32": PICTURE,
}
# The convolutional ones are compared with Zennit.
TIMM_CONVOLUTIONAL = [
    "resnet18", "resnet26d", "resnetv2_50x1_bit", "nf_resnet26", "seresnet18", "skresnet18", "resnest14d", "ecaresnet26t",
    "gcresnext26ts", "legacy_seresnet18", "cspresnet50", "dpn68", "xception41", "inception_v3", "inception_resnet_v2",
    "regnetx_002", "regnety_002", "gernet_s", "repvgg_a0", "mobileone_s0", "repvit_m0_9", "ghostnet_050", "mobilenetv2_035",
    "mobilenetv3_small_050", "tf_mobilenetv3_small_minimal_100", "mobilenetv4_conv_small", "efficientnet_b0",
    "tf_efficientnet_lite0", "mnasnet_small", "semnasnet_075", "spnasnet_100", "fbnetc_100", "hardcorenas_a", "tinynet_e",
    "lcnet_035", "mixnet_s", "rexnet_100", "hrnet_w18_small", "dla34", "selecsls42", "ese_vovnet19b_dw", "hgnet_tiny",
    "hgnetv2_b0", "starnet_s1", "efficientvit_b0", "convnextv2_atto", "densenet121", "vgg11_bn", "res2net50_14w_8s", "visformer_tiny",
    "eca_nfnet_l0",
]
TIMM_OTHERS = {
    "vit_tiny_patch16_224": VIT, "deit_tiny_distilled_patch16_224": VIT, "cait_xxs24_224": VIT, "mixer_s32_224": VIT,
    "poolformer_s12": {}, "caformer_s18": {}, "mobilevit_xxs": {}, "edgenext_xx_small": {}, "fastvit_t8": {}, "pvt_v2_b0": {},
    "davit_tiny": {}, "swin_tiny_patch4_window7_224": VIT, "mobilevitv2_050": {}, "botnet26t_256": {}, "halonet26t": {},
    "lambda_resnet26t": {}, "gcresnet33ts": {}, "sebotnet33ts_256": {}, "coatnet_nano_rw_224": VIT, "levit_128s": {},
    "tiny_vit_5m_224": {}, "volo_d1_224": {}, "efficientformer_l1": {}, "efficientformerv2_s0": {}, "coat_lite_tiny": {},
    "convit_tiny": VIT, "nest_tiny": {}, "twins_pcpvt_small": {}, "crossvit_9_240": {}, "convformer_s18": {}, "mvitv2_tiny": {},
}
# Those that are built for one size.
SIZES = {
    "inception_v3": 75, "inception_resnet_v2": 75, "visformer_tiny": 224, "resnest14d": 64, "botnet26t_256": 256,
    "halonet26t": 256, "lambda_resnet26t": 256, "sebotnet33ts_256": 256, "levit_128s": 224, "tiny_vit_5m_224": 224,
    "volo_d1_224": 224, "efficientformer_l1": 224, "efficientformerv2_s0": 224, "coat_lite_tiny": 224, "nest_tiny": 224,
    "twins_pcpvt_small": 224, "crossvit_9_240": 240, "mvitv2_tiny": 224,
}


def transformer(kind):
    """A small network of the transformers library, which takes vectors or pictures."""
    import transformers as t

    text = dict(hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=48, vocab_size=50, num_labels=4)
    picture = dict(
        hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=48, image_size=32, patch_size=8, num_labels=4
    )
    made = {
        "bert": lambda: (t.BertForSequenceClassification(t.BertConfig(**text)), "inputs_embeds"),
        "roberta": lambda: (t.RobertaForSequenceClassification(t.RobertaConfig(**text)), "inputs_embeds"),
        "electra": lambda: (t.ElectraForSequenceClassification(t.ElectraConfig(**text, embedding_size=32)), "inputs_embeds"),
        "distilbert": lambda: (
            t.DistilBertForSequenceClassification(
                t.DistilBertConfig(dim=32, hidden_dim=48, n_layers=2, n_heads=4, vocab_size=50, num_labels=4)
            ),
            "inputs_embeds",
        ),
        "vit": lambda: (t.ViTForImageClassification(t.ViTConfig(**picture)), "pixel_values"),
        "deit": lambda: (t.DeiTForImageClassification(t.DeiTConfig(**picture)), "pixel_values"),
        "dinov2": lambda: (
            t.Dinov2ForImageClassification(t.Dinov2Config(**{k: v for k, v in picture.items() if k != "intermediate_size"})),
            "pixel_values",
        ),
        "convnext": lambda: (
            t.ConvNextForImageClassification(t.ConvNextConfig(hidden_sizes=[8, 16, 32, 32], depths=[1, 1, 2, 1], num_labels=4)),
            "pixel_values",
        ),
        "swin": lambda: (
            t.SwinForImageClassification(
                t.SwinConfig(image_size=32, patch_size=4, embed_dim=16, depths=[2, 2], num_heads=[2, 4], window_size=4, num_labels=4)
            ),
            "pixel_values",
        ),
        "resnet": lambda: (
            t.ResNetForImageClassification(
                t.ResNetConfig(embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1], layer_type="basic", num_labels=4)
            ),
            "pixel_values",
        ),
    }
    return made[kind]()


TRANSFORMERS = {
    "bert": (1, 7, 32), "roberta": (1, 7, 32), "electra": (1, 7, 32), "distilbert": (1, 7, 32), "vit": (1, 3, 32, 32),
    "deit": (1, 3, 32, 32), "dinov2": (1, 3, 32, 32), "convnext": (1, 3, 64, 64), "swin": (1, 3, 32, 32), "resnet": (1, 3, 32, 32),
}


class Named(nn.Module):
    """Calls a network of transformers with its argument by name."""

    def __init__(self, network, argument):
        super().__init__()
        self.network = network
        self.argument = argument

    def forward(self, x):
        return self.network(**{self.argument: x}).logits


class Block(nn.Module):
    """Convolutions in time, with a sum of both branches."""

    def __init__(self, width, out, dilation=1):
        super().__init__()
        self.first = nn.Conv1d(width, out, 5, padding=2 * dilation, dilation=dilation)
        self.norm = nn.BatchNorm1d(out)
        self.second = nn.Conv1d(out, out, 3, padding=dilation, dilation=dilation)
        self.short = nn.Conv1d(width, out, 1)

    def forward(self, x):
        y = torch.relu(self.norm(self.first(x)))
        return torch.relu(self.second(y) + self.short(x))


class Pooled(nn.Module):
    def __init__(self, *blocks):
        super().__init__()
        self.blocks = nn.Sequential(*blocks)
        self.head = nn.Linear(16, 4)

    def forward(self, x):
        return self.head(self.blocks(x).mean(-1))


class Recurrent(nn.Module):
    def __init__(self, cell, **more):
        super().__init__()
        self.cell = cell(3, 16, batch_first=True, **more)
        self.head = nn.Linear(32 if more.get("bidirectional") else 16, 4)

    def forward(self, x):
        return self.head(self.cell(x.transpose(1, 2))[0].mean(1))


class Mixed(nn.Module):
    """Convolution, recurrence and attention over time."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(3, 16, 5, padding=2)
        self.cell = nn.LSTM(16, 16, batch_first=True)
        self.score = nn.Linear(16, 1)
        self.head = nn.Linear(16, 4)

    def forward(self, x):
        h = self.cell(torch.relu(self.conv(x)).transpose(1, 2))[0]
        return self.head((torch.softmax(self.score(h), 1) * h).sum(1))


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Linear(3, 16)
        self.layer = nn.TransformerEncoderLayer(16, 4, 32, batch_first=True, dropout=0.0)
        self.head = nn.Linear(16, 4)

    def forward(self, x):
        return self.head(self.layer(self.embed(x.transpose(1, 2))).mean(1))


SERIES = {
    "resnet1d": lambda: Pooled(Block(3, 16), Block(16, 16)),
    "tcn": lambda: Pooled(Block(3, 16), Block(16, 16, 2), Block(16, 16, 4)),
    "lstm": lambda: Recurrent(nn.LSTM),
    "lstm_bidirectional": lambda: Recurrent(nn.LSTM, num_layers=2, bidirectional=True),
    "gru": lambda: Recurrent(nn.GRU, num_layers=2),
    "rnn": lambda: Recurrent(nn.RNN),
    "cnn_lstm_attention": Mixed,
    "transformer_encoder": Encoder,
}


def catalogue():
    """Name to family, maker, shape and whether Zennit explains it."""
    found = {}
    for name, shape in TORCHVISION.items():
        more = {"image_size": 64} if name.startswith("vit") else {}
        found[f"torchvision/{name}"] = (lambda name=name, more=more: torchvision(name, more), shape, False)
    for name in TIMM_CONVOLUTIONAL:
        size = SIZES.get(name, 64)
        found[f"timm/{name}"] = (lambda name=name: timm(name, {}), (1, 3, size, size), True)
    for name, more in TIMM_OTHERS.items():
        size = SIZES.get(name, 64)
        found[f"timm/{name}"] = (lambda name=name, more=more: timm(name, more), (1, 3, size, size), False)
    for name, shape in TRANSFORMERS.items():
        found[f"transformers/{name}"] = (lambda name=name: Named(*transformer(name)), shape, False)
    for name, make in SERIES.items():
        found[f"series/{name}"] = (make, (1, 3, 24), False)
    return found


def torchvision(name, more):
    import torchvision as library

    return library.models.get_model(name, weights=None, **more)


def timm(name, more):
    import timm as library

    return library.create_model(name, pretrained=False, **more)


def build(make):
    """In evaluation mode, with numbers that make every layer and every bias count."""
    torch.manual_seed(SEED)
    network = make()
    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.numel() == 1 or parameter.min() == parameter.max():
                parameter.add_(0.1 * torch.randn_like(parameter))
        for module in network.modules():
            if isinstance(getattr(module, "running_var", None), torch.Tensor):
                module.running_mean.normal_(0, 0.1)
                module.running_var.uniform_(0.5, 1.5)
    return network.eval()


def zennit_map(network, x, seed):
    from zennit.attribution import Gradient
    from zennit.composites import EpsilonPlusFlat

    with Gradient(model=network, composite=EpsilonPlusFlat()) as attributor:
        return attributor(x, lambda output: seed)[1].detach().numpy()


def case(name, kind, seed, composite):
    return {
        "id": f"{name}/{kind}".replace("/", "-"),
        "group": "zoo",
        "model": name,
        "data": f"{name.replace('/', '-')}.npz",
        "dtype": "float64",
        "inputs": ["input"],
        "target": {"seed": seed},
        "attributor": {"type": "gradient"},
        "composite": composite,
        "expect": {"output": None, "relevance": [None], "layers": {}},
        "tolerance": {"of_maximum": 1e-9},
    }


def make(folder, name, maker, shape, zennit):
    file = name.replace("/", "-")
    network = build(maker)
    generator = torch.Generator().manual_seed(SEED)
    x = torch.randn(shape, generator=generator)
    traced = torch.jit.trace(network, x, check_trace=False)
    traced.save(str(folder / f"{file}.pt"))
    # Only now: traced without gradients, attention would be one opaque operator.
    network = network.double().requires_grad_(False)
    leaf = x.double().requires_grad_()
    output = network(leaf)
    weight = torch.randn(output.shape, generator=generator).double()
    (gradient,) = torch.autograd.grad(output, leaf, weight)
    seed = torch.zeros_like(output)
    seed.view(-1)[output.reshape(-1).argmax()] = 1
    arrays = {"input": x, "weight": weight, "output": output, "gradient": gradient, "seed": seed}
    arrays = {key: value.detach().numpy() for key, value in arrays.items()}
    if zennit:
        arrays["zennit"] = zennit_map(network, x.double().requires_grad_(), seed)
    numpy.savez(folder / f"{file}.npz", **arrays)
    cases = [
        case(name, "gradient", "weight", None),
        case(name, "attn_lrp", "seed", {"type": "named", "name": "attn_lrp", "args": {"zero_params": ["bias"]}}),
    ]
    if zennit:
        cases.append(case(name, "zennit", "seed", {"type": "named", "name": "epsilon_plus_flat"}))
    return cases


def gap(found, wanted):
    """Over the largest value; Zennit's map of a standardised convolution can be zero."""
    largest = numpy.abs(wanted).max()
    return f"{numpy.abs(found - wanted).max() / largest:.0e}" if largest else "zero there"


def row(folder, name):
    file = name.replace("/", "-")
    arrays = numpy.load(folder / f"{file}.npz")
    out = folder / "out"
    status = json.loads((out / "summary.json").read_text())

    def read(kind, array):
        path = out / f"{file}-{kind}" / f"{array}.npy"
        return numpy.load(path) if path.exists() else None

    output, gradient, lrp = read("gradient", "output"), read("gradient", "relevance.0"), read("attn_lrp", "relevance.0")
    if output is None or lrp is None:
        failed = {key: value for key, value in status.items() if key.startswith(file) and value != "ok"}
        return f"| {name} | {'; '.join(sorted(set(failed.values())))} | | | | |"
    zennit = read("zennit", "relevance.0")
    kept = lrp.sum()
    cells = [
        "yes",
        gap(output, arrays["output"]),
        gap(gradient, arrays["gradient"]),
        f"{kept:.3f}" if numpy.isfinite(lrp).all() else "not finite",
        "" if zennit is None or "zennit" not in arrays else gap(zennit, arrays["zennit"]),
    ]
    return f"| {name} | {' | '.join(cells)} |"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--only", action="append", metavar="NAME")
    parser.add_argument("--zennit", action="store_true", help="explain the convolutional ones with Zennit, too")
    parser.add_argument("--table", action="store_true", help="print the table of what was run")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    options.folder.mkdir(parents=True, exist_ok=True)
    index = options.folder / "index.json"
    found = json.loads(index.read_text()) if index.exists() else {"format": 1, "title": "networks", "models": {}, "cases": []}
    if options.table:
        for name in found["models"]:
            print(row(options.folder, name))
        return
    for name, (maker, shape, convolutional) in catalogue().items():
        if name in found["models"] or (options.only and name not in options.only):
            continue
        start = time.time()
        try:
            cases = make(options.folder, name, maker, shape, options.zennit and convolutional)
        except Exception as error:  # noqa: BLE001 - whatever PyTorch cannot do
            print(f"{name}: not made: {str(error).splitlines()[0][:150]}", file=sys.stderr, flush=True)
            continue
        found["models"][name] = {"scripted": None, "traced": f"{name.replace('/', '-')}.pt"}
        found["cases"] += cases
        index.write_text(json.dumps(found, indent=1) + "\n")
        print(f"{name}: {time.time() - start:.0f} s", flush=True)


if __name__ == "__main__":
    main()
