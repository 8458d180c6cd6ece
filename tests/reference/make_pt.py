#!/usr/bin/python3
"""Writes the files of tests/lib/io/pt_test.cpp with torch.save, into pt/ beside this script. Needs PyTorch."""

import collections
import os
import zipfile

import torch

HERE = os.path.dirname(os.path.abspath(__file__))
DTYPES = "bool uint8 int8 int16 int32 int64 float16 bfloat16 float32 float64 complex64 complex128".split()


def values(dtype, shape=(2, 3)):
    x = torch.arange(torch.Size(shape).numel()).reshape(shape) - 2
    if dtype.startswith("complex"):
        return torch.complex(x.double() * 0.5, x.double()).to(getattr(torch, dtype))
    if "float" in dtype:
        return (x * 0.5).to(getattr(torch, dtype))
    return (x % 2 if dtype == "bool" else x.abs() if dtype == "uint8" else x).to(getattr(torch, dtype))


class Own:
    pass


def main():
    os.makedirs(os.path.join(HERE, "pt"), exist_ok=True)
    os.chdir(os.path.join(HERE, "pt"))
    torch.save({name: values(name) for name in DTYPES}, "dtypes.pt")
    whole = values("float32", (4, 6))
    torch.save(collections.OrderedDict(transposed=whole.t(), part=whole[1:3, ::2], again=whole, empty=torch.zeros(0, 3),
                                       scalar=torch.tensor(2.5), parameter=torch.nn.Parameter(whole[0])), "views.pt")
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
    optimizer = torch.optim.Adam(model.parameters())
    model(torch.ones(4, 3)).sum().backward()
    optimizer.step()
    with torch.no_grad():
        for i, parameter in enumerate(model.parameters()):
            parameter.copy_(torch.full_like(parameter, i + 0.5))
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3, "note": "text",
                "loss": 0.25, "none": None, "list": [torch.ones(1), (torch.zeros(1), -7)]}, "checkpoint.pt")
    torch.save(model.state_dict(), "protocol4.pt", pickle_protocol=4)
    for name in ("views", "checkpoint", "protocol4"):
        with zipfile.ZipFile(name + ".pt") as archive, open(name + ".pkl", "wb") as out:
            out.write(archive.read(name + "/data.pkl"))
    torch.save(model, "model.pt")
    torch.save({"own": Own()}, "own.pt")
    torch.save(torch.zeros(3).expand(2, 3), "expanded.pt")
    torch.save({"x": torch.ones(2)}, "old.pt", _use_new_zipfile_serialization=False)


if __name__ == "__main__":
    main()
