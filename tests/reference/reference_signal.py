"""Reference values for fft/ and signal/: torch.fft, torch.stft, torchaudio.functional and scipy."""

import math

import torch

from reference_file import DTYPES, File, fresh, layouts, size, start

NEAR = {torch.float32: "near:64", torch.complex64: "near:64", torch.float64: "near:256", torch.complex128: "near:256"}
NORMS = ("backward", "forward", "ortho")


def both(f, operation, function, arguments, tolerance, forward=True):
    """The result, and the gradients of the tensors."""
    if forward:
        f.case(operation, arguments, function(*arguments), tolerance)
    f.gradient(operation, function, arguments, tolerance)


def given(n):
    return None if n == "none" else n


def fourier():
    f = File("Fourier transforms")
    start(301)
    for name in ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft"):
        torch_function = getattr(torch.fft, name)

        def function(x, n, dim, norm, f=torch_function):
            return f(x, given(n), dim, norm)

        real_input, half_input = name in ("rfft", "ihfft"), name in ("irfft", "hfft")
        for dtype in (torch.float32, torch.float64) if real_input else (torch.complex64, torch.complex128):
            for n in [*range(1, 18), 20, 21, 24, 32, 35, 49, 64, 74, 97, 100]:
                m = n // 2 + 1 if half_input else n
                x = fresh(dtype, (1 + n % 2, m))
                case = [x, n if half_input else "none", -1, NORMS[n % 3]]
                both(f, "fft." + name, function, case, NEAR[dtype])
            # Cut and padded, along other dimensions, of other layouts, and many columns side by side.
            for x, n, dim in ((fresh(dtype, (3, size(7))), 5, 1), (fresh(dtype, (3, 4)), 9, 1), (fresh(dtype, (size(6), 3)), 8, 0),
                              (fresh(dtype, (2, size(5), 3)).permute(2, 0, 1), "none", 1), (fresh(dtype, (9, 8))[1::3, ::2], "none", 0),
                              (fresh(dtype, (4,)).expand(3, 4), 6, 0), (fresh(dtype, (0, 4)), "none", 1)):
                for norm in NORMS:
                    both(f, "fft." + name, function, [x, n, dim, norm], NEAR[dtype])
            for x in (fresh(dtype, (12, size(21))), fresh(dtype, (15, size(12))).t()):
                f.case("fft." + name, [x, "none", 0, "ortho"], function(x, "none", 0, "ortho"), NEAR[dtype])
        for dtype in DTYPES:
            x = fresh(dtype, (2, 6))
            try:
                f.case("fft." + name, [x, "none", -1, "backward"], function(x, "none", -1, "backward"),
                       NEAR.get(dtype, "near:64"))
            except RuntimeError:
                f.error("fft." + name, [x, "none", -1, "backward"])
        for x, n in ((fresh(torch.float32, ()), "none"), (fresh(torch.float32, (2, 0)), "none"), (fresh(torch.float32, (3,)), 0),
                     (fresh(torch.float32, (3,)), -4)):
            f.error("fft." + name, [x, n, -1, "backward"])
    for name in ("fftn", "ifftn", "rfftn", "irfftn", "hfftn", "ihfftn"):
        torch_function = getattr(torch.fft, name)

        def several(x, s, dim, norm, f=torch_function):
            return f(x, given(s), given(dim), norm)

        for dtype in (torch.float32, torch.float64) if name in ("rfftn", "ihfftn") else (torch.complex64, torch.complex128):
            x = fresh(dtype, (max(2, size(3)), 2, max(2, size(4))))
            for s, dim in (("none", "none"), ("none", [0, 2]), ("none", [-1, 0]), ([6, 3], "none"), ([2, 7, 4], "none"), ([5], [1]),
                           ([4, 6], [2, 0])):
                f.case("fft." + name, [x, s, dim, "ortho"], several(x, s, dim, "ortho"), NEAR[dtype])
            for norm in NORMS:
                both(f, "fft." + name, several, [x, [5, 3], [2, 0], norm], NEAR[dtype])
            both(f, "fft." + name, several, [x.permute(2, 0, 1), "none", "none", "backward"], NEAR[dtype])
        f.error("fft." + name, [fresh(torch.float32, (3, 4)), "none", [0, 0], "backward"])
        f.error("fft." + name, [fresh(torch.float32, (3, 4)), [2], [0, 1], "backward"])
    for dtype in (torch.float32, torch.float64):
        for n, d in ((1, 1.0), (8, 0.5), (9, 3.0), (10, 0.001)):
            f.case("fft.fftfreq", [n, d, dtype], torch.fft.fftfreq(n, d, dtype=torch.float64).to(dtype), "ulp:1")
            f.case("fft.rfftfreq", [n, d, dtype], torch.fft.rfftfreq(n, d, dtype=torch.float64).to(dtype), "ulp:1")
    for dtype in (torch.int64, torch.complex64):
        for x in (x for x in layouts(dtype) if x.dim() > 0):
            f.case("fft.fftshift", [x, []], torch.fft.fftshift(x))
            f.case("fft.ifftshift", [x, []], torch.fft.ifftshift(x))
        x = fresh(dtype, (size(5), 4, 3))
        for dims in ([0], [-1], [0, 2]):
            both(f, "fft.fftshift", torch.fft.fftshift, [x, dims], "exact") if dtype != torch.int64 else None
            f.case("fft.ifftshift", [x, dims], torch.fft.ifftshift(x, dims))
    f.write("fft.txt")


def stft(x, n_fft, hop, win, window, center, pad_mode, normalized, onesided):
    return torch.stft(x, n_fft, hop, win, window if isinstance(window, torch.Tensor) else None, center, pad_mode, normalized,
                      onesided, return_complex=True)


def istft(x, n_fft, hop, win, window, center, normalized, onesided, length):
    return torch.istft(x, n_fft, hop, win, window if isinstance(window, torch.Tensor) else None, center, normalized, onesided,
                       given(length))


def dct(s, n_mfcc):
    bands, k = torch.arange(s.size(-2), dtype=torch.float64), torch.arange(n_mfcc, dtype=torch.float64)
    cosines = torch.cos(math.pi * k[:, None] * (2 * bands + 1) / (2 * s.size(-2)))
    return (cosines @ s.double().clamp(min=1e-10).log()).to(s.dtype)


def windows(f):
    for dtype in (torch.float32, torch.float64):
        for n in (0, 1, 2, 3, 8, size(25)):
            for periodic in (True, False):
                for word in ("bartlett", "blackman", "hann"):
                    wide = getattr(torch, word + "_window")(n, periodic=periodic, dtype=torch.float64)
                    f.case(word + "_window", [n, periodic, dtype], wide.to(dtype), "near:4")
                for alpha, beta in ((0.54, 0.46), (0.6, 0.4)):
                    wide = torch.hamming_window(n, periodic, alpha, beta, dtype=torch.float64)
                    f.case("hamming_window", [n, periodic, alpha, beta, dtype], wide.to(dtype), "near:4")
                for beta in (0.0, 3.5, 12.0, 88.0, 400.0):
                    wide = torch.kaiser_window(n, periodic, beta, dtype=torch.float64)
                    f.case("kaiser_window", [n, periodic, beta, dtype], wide.to(dtype), "near:64")


def signals():
    import scipy.signal
    import torchaudio.functional as A
    f = File("signals")
    start(302)
    windows(f)
    for dtype, complex_dtype in ((torch.float32, torch.complex64), (torch.float64, torch.complex128)):
        near = NEAR[dtype]
        for shape in ((20,), (2, 17)):
            x = fresh(dtype, shape)
            for n_fft, hop, win in ((8, 2, 8), (9, 3, 5), (16, 20, 7)):
                window = fresh(dtype, (win,)).abs() + 0.3
                for center, mode, normalized, onesided in ((True, "reflect", False, True), (False, "reflect", True, True),
                                                           (True, "constant", True, False)):
                    both(f, "stft", stft, [x, n_fft, hop, win, window, center, mode, normalized, onesided], near)
                f.case("stft", [x, n_fft, hop, win, "none", True, "replicate", False, True],
                       stft(x, n_fft, hop, win, None, True, "replicate", False, True), near)
                for center, normalized, onesided, length in ((True, False, True, "none"), (False, True, True, 20), (False, False, False, 90)):
                    if hop > win:
                        continue
                    bins = n_fft // 2 + 1 if onesided else n_fft
                    spectrum = fresh(complex_dtype, (*shape[:-1], bins, 5))
                    case = [spectrum, n_fft, hop, win, window, center, normalized, onesided, length]
                    try:
                        both(f, "istft", istft, case, "near:512" if dtype == torch.float32 else "near:2048")
                    except RuntimeError:
                        f.error("istft", case)
        z = fresh(complex_dtype, (30,))
        both(f, "stft", stft, [z, 8, 3, 8, fresh(dtype, (8,)), True, "constant", False, False], near)
        for shape in ((1,), (2,), (7,), (3, size(16))):
            x = fresh(dtype, shape)
            f.case("hilbert", [x], torch.from_numpy(scipy.signal.hilbert(x.numpy()).imag).to(dtype), near)
        for shape, n_mfcc in (((5, 3), 4), ((2, size(4), 6), 9), ((20, 2), 13)):
            s = fresh(dtype, shape).abs()
            s[..., 0, 0] = 0
            f.case("mfcc", [s, n_mfcc], dct(s, n_mfcc), "near:512" if dtype == torch.float32 else "near:1024")
        for norm, scale in ((None, "htk"), ("slaney", "slaney"), (None, "slaney"), ("slaney", "htk")):
            for n_freqs, low, high, n_mels, rate in ((9, 0.0, 800.0, 3, 1600), (40, 100.0, 6000.0, 7, 16000), (33, 0.0, 8000.0, 5, 16000)):
                bank = A.melscale_fbanks(n_freqs, low, high, n_mels, rate, norm, scale)
                f.case("melscale_fbanks", [n_freqs, low, high, n_mels, rate, norm or "none", scale], bank, "near:4096")
        for old, new, width, rolloff in ((3, 2, 6, 0.99), (2, 3, 6, 0.99), (441, 160, 6, 0.99), (5, 7, 3, 0.9), (100, 99, 6, 0.99), (4, 4, 6, 0.99)):
            for shape in ((size(40),), (2, 3, 33)):
                x = fresh(torch.float64, shape)

                def resampled(x, old, new, width, rolloff):
                    return A.resample(x, old, new, lowpass_filter_width=width, rolloff=rolloff)

                f.case("resample", [x.to(dtype), old, new, width, rolloff], resampled(x.to(dtype), old, new, width, rolloff),
                       "near:512" if dtype == torch.float32 else "near:4096")
        for rate in (0.4, 0.7, 1.0, 1.3, 2.5):
            spectrum = fresh(complex_dtype, (2, 5, size(9)))
            advance = torch.zeros(5, 1, dtype=dtype)
            both(f, "phase_vocoder", lambda x, r: A.phase_vocoder(x, r, advance), [spectrum, rate],
                 "near:512" if dtype == torch.float32 else "near:4096")
    for steps in (-12.0, -3.0, 4.0, 12.0):
        x = torch.sin(torch.arange(400) * 0.31) + 0.5 * torch.cos(torch.arange(400) * 0.11)
        f.case("pitch_shift", [x, 1000, steps], A.pitch_shift(x, 1000, int(steps)), "near:2048")
    f.write("signal.txt")


if __name__ == "__main__":
    torch.set_num_threads(1)
    fourier()
    signals()
