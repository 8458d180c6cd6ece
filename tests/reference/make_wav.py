#!/usr/bin/python3
"""Writes the sounds of tests/lib/io for wick to read. Needs NumPy and SciPy.

    make_wav.py            writes wav/ beside this script
    make_wav.py -check DIR compares the files that wick has written into DIR with what they must hold
"""

import os
import struct
import sys
import wave

import numpy as np
from scipy.io import wavfile

HERE = os.path.dirname(os.path.abspath(__file__))
RATE = 8000
GUID = b"\0\0\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71"


def whole(bits, channels=2, samples=5):
    """Whole numbers over the full range, both ends included: samples by channels."""
    last = 2 ** (bits - 1)
    x = np.array([-last, last - 1, 0, 1, -1, last // 3, -(last // 5), 7, -8, last // 2], dtype=np.int64)
    return np.resize(x, samples * channels).reshape(samples, channels)


def fractions(dtype, channels=2, samples=5):
    x = np.array([0.5, -0.25, 1 / 3, -1.0, 1e-8, 1.5, 0.0, -1 / 7, np.inf, np.nan])
    return np.resize(x, samples * channels).reshape(samples, channels).astype(dtype)


def packed(x, size):
    """Little-endian bytes of whole numbers; of one byte they are without sign."""
    if size == 1:
        return (x + 128).astype(np.uint8).tobytes()
    return x.astype("<i8").reshape(-1, 1).view(np.uint8)[:, :size].tobytes()


def chunk(name, data):
    return name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def plain(tag, channels, bits, size=None):
    size = size or bits // 8
    return struct.pack("<HHIIHH", tag, channels, RATE, RATE * channels * size, channels * size, bits)


def extensible(tag, channels, bits, valid):
    return plain(0xFFFE, channels, bits) + struct.pack("<HHIH", 22, valid, 0, tag) + GUID


def riff(*chunks):
    body = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def write():
    os.makedirs(os.path.join(HERE, "wav"), exist_ok=True)
    os.chdir(os.path.join(HERE, "wav"))
    wavfile.write("pcm8.wav", RATE, (whole(8) + 128).astype("uint8"))
    wavfile.write("pcm16.wav", RATE, whole(16).astype("int16"))
    wavfile.write("pcm32.wav", RATE, whole(32).astype("int32"))
    wavfile.write("float32.wav", RATE, fractions("float32"))
    wavfile.write("float64.wav", RATE, fractions("float64"))
    with wave.open("pcm24.wav", "wb") as out:
        out.setparams((2, 3, RATE, 0, "NONE", ""))
        out.writeframes(packed(whole(24), 3))
    # One channel, other chunks around the samples, and an odd number of bytes.
    mono = whole(8, 1, 3)
    files = {
        "chunks.wav": riff(chunk(b"LIST", b"INFOx"), chunk(b"fmt ", plain(1, 1, 8)), chunk(b"bext", b"abc"),
                           chunk(b"data", packed(mono, 1)), chunk(b"LIST", b"INFO")),
        "extensible.wav": riff(chunk(b"fmt ", extensible(1, 3, 24, 20)), chunk(b"data", packed(whole(24, 3), 3))),
        "stream.wav": b"RIFF\xff\xff\xff\xffWAVE" + chunk(b"fmt ", plain(1, 2, 16)) + b"data\xff\xff\xff\xff" +
                      packed(whole(16), 2) + b"\x01",
        "bits12.wav": riff(chunk(b"fmt ", plain(1, 2, 12, 2)), chunk(b"data", packed(whole(16), 2))),
        "none.wav": riff(chunk(b"fmt ", plain(1, 2, 16)), chunk(b"data", b"")),
        "alaw.wav": riff(chunk(b"fmt ", plain(6, 1, 8)), chunk(b"data", b"abcd")),
        "short.wav": riff(chunk(b"fmt ", plain(1, 1, 16))) + b"data\x00\x01\x00\x00ab",
        "order.wav": riff(chunk(b"data", b"abcd"), chunk(b"fmt ", plain(1, 1, 16))),
        "big_endian.wav": b"RIFX" + riff(chunk(b"fmt ", plain(1, 1, 16)), chunk(b"data", b"ab"))[4:],
    }
    for name, data in files.items():
        with open(name, "wb") as out:
            out.write(data)


def check(folder):
    failed = 0

    def same(name, got, wanted):
        nonlocal failed
        if got.dtype != wanted.dtype or got.shape != wanted.shape or not np.array_equal(got, wanted, equal_nan=got.dtype.kind == "f"):
            print(f"{name}: {got.dtype} {got.shape} {got} where {wanted.dtype} {wanted.shape} {wanted} is due")
            failed += 1

    wanted = {
        "pcm8": (whole(8) + 128).astype("uint8"),
        "pcm16": whole(16).astype("int16"),
        "pcm24": (whole(24) << 8).astype("int32"),  # SciPy puts them at the upper end
        "pcm32": whole(32).astype("int32"),
        "float32": fractions("float32"),
        "float64": fractions("float64"),
        "mono": whole(8, 1, 3).reshape(-1).astype("int64") + 128,
        "three": whole(16, 3).astype("int16"),
    }
    wanted["mono"] = wanted["mono"].astype("uint8")
    for name, x in wanted.items():
        path = os.path.join(folder, name + ".wav")
        rate, got = wavfile.read(path)
        failed += rate != RATE
        same(name, got, x)
        with open(path, "rb") as file:
            data = file.read()
        if struct.unpack("<I", data[4:8])[0] != len(data) - 8:
            print(f"{name}: the length in the header is wrong")
            failed += 1
    for name, size in (("pcm8", 1), ("pcm16", 2), ("pcm24", 3), ("pcm32", 4)):
        with wave.open(os.path.join(folder, name + ".wav")) as file:
            if file.getparams()[:4] != (2, size, RATE, 5) or file.readframes(5) != packed(whole(8 * size), size):
                print(f"{name}: Python's module wave reads something else")
                failed += 1
    print("mismatches" if failed else "SciPy and Python read what wick writes")
    return int(failed > 0)


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] == "-check":
        sys.exit(check(sys.argv[2]))
    write()
