#!/usr/bin/python3
"""Writes models made by PyTorch to ../data: NAME.safetensors, the state dict under PyTorch's names, and
NAME_run.safetensors, an input and what the model gives for it in evaluation.

    make_models.py ?FOLDER?
"""

import json
import os
import struct
import sys

import torch

CODES = {torch.float32: "F32", torch.float64: "F64", torch.int64: "I64"}


def write(file, named):
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for name, t in named.items():
        raw = t.detach().contiguous().numpy().tobytes()
        header[name] = {"dtype": CODES[t.dtype], "shape": list(t.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(file, "wb") as out:
        out.write(struct.pack("<Q", len(text)) + text + data)


class Tagger(torch.nn.Module):
    """Words to tags: a table, a bidirectional LSTM of two layers, a linear layer."""

    def __init__(self):
        super().__init__()
        self.embedding = torch.nn.Embedding(11, 6, padding_idx=0)
        self.lstm = torch.nn.LSTM(6, 5, num_layers=2, batch_first=True, dropout=0.2, bidirectional=True)
        self.out = torch.nn.Linear(10, 4)

    def forward(self, words):
        return self.out(self.lstm(self.embedding(words))[0])


class Encoder(torch.nn.Module):
    """A transformer of two layers over a sequence of vectors, with a normalization behind."""

    def __init__(self):
        super().__init__()
        layer = torch.nn.TransformerEncoderLayer(8, 2, 12, dropout=0.1, activation="gelu", norm_first=True)
        self.encoder = torch.nn.TransformerEncoder(layer, 2, torch.nn.LayerNorm(8))
        self.out = torch.nn.Linear(8, 3)

    def forward(self, x):
        return self.out(self.encoder(x))


class Pictures(torch.nn.Module):
    """Digits of 8 by 8."""

    def __init__(self):
        super().__init__()
        self.features = torch.nn.Sequential(torch.nn.Conv2d(1, 4, 3, padding=1), torch.nn.BatchNorm2d(4), torch.nn.ReLU(), torch.nn.MaxPool2d(2),
                                            torch.nn.Conv2d(4, 6, 3, padding=1, groups=2), torch.nn.ReLU(), torch.nn.AvgPool2d(2))
        self.classifier = torch.nn.Linear(24, 10)

    def forward(self, x):
        return self.classifier(self.features(x).flatten(1))


def moved(model):
    """Initial values of ones and zeros, and statistics that nothing has gone into, would hide mistakes."""
    with torch.no_grad():
        for name, t in model.state_dict().items():
            if not t.is_floating_point():
                t.fill_(3)
            elif name.endswith("running_var"):
                t.add_(torch.rand(t.shape))
            elif t.dim() == 1:
                t.add_(torch.randn(t.shape) * 0.3)
    return model


def save(folder, name, model, x):
    model = moved(model).eval()
    write(os.path.join(folder, name + ".safetensors"), model.state_dict())
    with torch.enable_grad():  # without the short cuts that PyTorch takes elsewhere
        write(os.path.join(folder, name + "_run.safetensors"), {"input": x, "output": model(x)})


if __name__ == "__main__":
    torch.set_num_threads(1)
    here = os.path.dirname(os.path.abspath(__file__))
    target = sys.argv[1] if len(sys.argv) > 1 else os.path.join(here, "..", "data")
    torch.manual_seed(19)
    save(target, "tagger", Tagger(), torch.randint(0, 11, (3, 7)))
    save(target, "encoder", Encoder(), torch.randn(5, 2, 8))
    save(target, "pictures", Pictures(), torch.randn(2, 1, 8, 8))
