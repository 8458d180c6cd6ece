// Data in files that other programs read and write: NumPy's arrays, sounds.

#include "tclext/commands/data_files.h"

#include "tclext/binding/compound.h"
#include "tclext/commands/areas.h"
#include "tclext/commands/named.h"
#include "wick/io/npy.h"
#include "wick/io/npz.h"
#include "wick/io/pt.h"
#include "wick/io/wav.h"

template <>
inline constexpr binding::Word<wick::WavEncoding> binding::words<wick::WavEncoding>[] = {
    {"pcm8", wick::WavEncoding::PCM8},       {"pcm16", wick::WavEncoding::PCM16},
    {"pcm24", wick::WavEncoding::PCM24},     {"pcm32", wick::WavEncoding::PCM32},
    {"float32", wick::WavEncoding::Float32}, {"float64", wick::WavEncoding::Float64}};

namespace commands {
namespace {

using binding::Path;

std::vector<Command> numpy_files() {
  return {
      Command{.name = "npy_read",
              .summary = "Reads an array that NumPy has written with numpy.save, a .npy file.",
              .details = "bool, uint8, int8 to int64, float16 to float64, complex64 and complex128, of "
                         "either byte order; "
                         "arrays of other types are refused by their name.",
              .params = {filename},
              .positional = {"filename"},
              .trusted_only = true,
              .returns = "the array, in its dtype",
              .call = bind([](const Path& path) { return wick::load_npy(path.native); })},
      Command{.name = "npy_write",
              .summary = "Writes a tensor as numpy.save does, for numpy.load to read.",
              .details = "NumPy has no bfloat16. The file appears complete or not at all.",
              .params = {filename, input},
              .positional = {"filename input"},
              .trusted_only = true,
              .returns = "nothing",
              .call = bind([](const Path& path, const Tensor& x) { wick::save_npy(path.native, x); })},
      Command{.name = "npz_read",
              .summary = "Reads an archive of arrays that NumPy has written, a .npz file.",
              .details = "What numpy.savez and numpy.savez_compressed write. Types as npy_read has them.",
              .params = {filename},
              .positional = {"filename"},
              .trusted_only = true,
              .returns = "a dict of names and tensors, in the order of the archive",
              .call = bind([](const Path& path) { return Named{wick::load_npz(path.native)}; })},
      Command{
          .name = "npz_write",
          .summary = "Writes named tensors as numpy.savez does, for numpy.load to read.",
          .details = "The file appears complete or not at all.",
          .params = {filename,
                     {"tensors", required, "a dict of names and tensors"},
                     {"compressed", false, "whether the file is made small, as numpy.savez_compressed does"}},
          .positional = {"filename tensors ?compressed?"},
          .trusted_only = true,
          .returns = "nothing",
          .call = bind([](const Path& path, const Named& named, bool compressed) {
            wick::save_npz(path.native, named.tensors, {.compressed = compressed});
          })},
  };
}

Dict wav_dict(Call& call, const wick::Wav& wav) {
  return DictBuilder()
      .put("samples", binding::new_handle(call.state, Tensor(wav.samples)))
      .put("rate", Tcl_NewWideIntObj(wav.rate))
      .put("encoding", binding::new_text(binding::word_of(wav.encoding)))
      .take();
}

std::vector<Command> torch_files() {
  return {
      Command{
          .name = "pt_read",
          .summary = "Reads the tensors of a state dict that torch.save of PyTorch has written, a .pt file.",
          .details = "Those of PyTorch 1.6 and later. Tensors of dicts and lists within the dict have names "
                     "with dots; what is "
                     "no tensor is left out. Such a file is a program that builds what is in it: only "
                     "tensors, dicts, lists, "
                     "numbers and texts are built, and whatever asks for anything else, such as a whole "
                     "model, is refused by "
                     "its name.",
          .params = {filename},
          .positional = {"filename"},
          .trusted_only = true,
          .returns = "a dict of names and tensors",
          .call = bind([](const Path& path) { return Named{wick::load_pt(path.native)}; })},
  };
}

std::vector<Command> sound_files() {
  return {
      Command{
          .name = "wav_read",
          .summary = "Reads a sound, a WAV file, as channels by samples from -1 to 1.",
          .details = "PCM of 8, 16, 24 and 32 bits, whose whole numbers are divided by 2^(bits - 1), and "
                     "floating point "
                     "numbers of 32 and 64 bits, which are taken as they are. float32 holds all that PCM of "
                     "up to 24 bits "
                     "says.",
          .params = {filename,
                     {"offset", std::int64_t{0}, "how many samples are passed over", at_least(0)},
                     {"count", std::int64_t{-1}, "how many are read at most, -1 for all", at_least(-1)},
                     {"dtype", DType::Float32, "float32 or float64"}},
          .positional = {"filename ?offset? ?count? ?dtype?"},
          .trusted_only = true,
          .returns = "a dict: samples, rate in Hz, and encoding as wav_write takes it",
          .call = bind([](Call& call, const Path& path, std::int64_t offset, std::int64_t count, DType type) {
            return wav_dict(call,
                            wick::load_wav(path.native, {.dtype = type, .offset = offset, .count = count}));
          })},
      Command{
          .name = "wav_write",
          .summary = "Writes a sound as a WAV file.",
          .details = "PCM is rounded to the nearest whole number and cut off at -1 and at the largest number "
                     "below 1; what "
                     "wav_read has read is written without change. The file appears complete or not at all.",
          .params =
              {filename,
               {"samples", required,
                "floating point numbers from -1 to 1, channels by samples, or one dimension for one channel"},
               {"rate", required, "samples in a second", between(1, 4294967295.0)},
               {"encoding", "pcm16", "how samples are written"}},
          .positional = {"filename samples rate ?encoding?"},
          .trusted_only = true,
          .returns = "nothing",
          .call = bind(
              [](const Path& path, const Tensor& samples, std::int64_t rate, wick::WavEncoding encoding) {
                wick::save_wav(path.native, samples, rate, {.encoding = encoding});
              })},
  };
}

}  // namespace

const Area& data_files() {
  static const Area area{"files", "Files and tables",
                         joined({numpy_files(), table_files(), torch_files(), sound_files()})};
  return area;
}

}  // namespace commands
