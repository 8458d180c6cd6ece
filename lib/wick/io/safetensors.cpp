#include "wick/io/safetensors.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>
#include <set>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "wick/core/fail.h"
#include "wick/core/interrupt.h"
#include "wick/io/elements.h"
#include "wick/io/file.h"

namespace wick {
namespace {

constexpr const char* load = "load_safetensors";
constexpr const char* save = "save_safetensors";

// The limit of the format's own implementation: damaged lengths would ask for much memory.
constexpr std::size_t longest_header = 100'000'000;
constexpr std::size_t alignment = 8;
constexpr std::string_view metadata_key = "__metadata__";

struct TypeCode {
  DType dtype;
  std::string_view code;
};
// clang-format off
constexpr TypeCode type_codes[] = {
    {boolean, "BOOL"}, {uint8, "U8"},    {int8, "I8"},     {int16, "I16"},   {int32, "I32"},    {int64, "I64"},
    {float16, "F16"},  {bfloat16, "BF16"}, {float32, "F32"}, {float64, "F64"}, {complex64, "C64"}};
// clang-format on

// --- Reading

struct Entry {
  std::string name;
  DType dtype = float32;
  Shape shape;
  std::uint64_t begin = 0, end = 0;  // of its bytes, counted from the end of the header
};

struct Header {
  std::vector<Entry> entries;
  std::vector<std::size_t> order;  // of the entries in the file
  Metadata metadata;
};

// Builds the header while the parser goes through it, so that nothing is kept of what does not belong in one.
class HeaderReader : public nlohmann::json_sax<nlohmann::json> {
 public:
  HeaderReader(std::string file, Header& header) : file_(std::move(file)), header_(header) {}

  bool start_object(std::size_t) override {
    if (at_ == At::Outside) return enter(At::Root);
    if (at_ == At::Metadata && !in_metadata_) {
      in_metadata_ = true;
      return true;
    }
    if (at_ == At::Entry && !in_entry_) {
      in_entry_ = true;
      return true;
    }
    damaged("an object is out of place");
  }
  bool end_object() override {
    if (at_ == At::Root) return enter(At::End);
    if (at_ == At::Entry && !(has_dtype_ && has_shape_ && has_offsets_))
      damaged("\"" + header_.entries.back().name + "\" lacks its dtype, shape or offsets");
    in_metadata_ = in_entry_ = false;
    return enter(At::Root);
  }
  bool key(std::string& name) override {
    if (at_ == At::Root) {
      if (!names_.insert(name).second) damaged("\"" + name + "\" stands there twice");
      if (name == metadata_key) return enter(At::Metadata);
      header_.entries.emplace_back().name = name;
      has_dtype_ = has_shape_ = has_offsets_ = false;
      return enter(At::Entry);
    }
    if (at_ == At::Metadata) {
      if (!header_.metadata.emplace(name, std::string()).second)
        damaged("metadata \"" + name + "\" stands there twice");
      text_ = &header_.metadata[name];
      return true;
    }
    bool* seen = name == "dtype"          ? &has_dtype_
                 : name == "shape"        ? &has_shape_
                 : name == "data_offsets" ? &has_offsets_
                                          : nullptr;
    if (!seen || *seen)
      damaged("\"" + header_.entries.back().name + "\" has the key \"" + name + "\" twice, or should not");
    *seen = true;
    value_of_ = seen;
    return true;
  }
  bool string(std::string& text) override {
    if (at_ == At::Metadata && in_metadata_ && text_) {
      *std::exchange(text_, nullptr) = text;
      return true;
    }
    if (at_ != At::Entry || value_of_ != &has_dtype_) damaged("a text is out of place");
    value_of_ = nullptr;
    for (const TypeCode& known : type_codes) {
      if (known.code != text) continue;
      header_.entries.back().dtype = known.dtype;
      return true;
    }
    fail<DTypeError>(load, "there is no dtype for type \"{}\" of tensor \"{}\" in \"{}\"", text,
                     header_.entries.back().name, file_);
  }
  bool start_array(std::size_t) override {
    if (at_ != At::Entry || !value_of_ || value_of_ == &has_dtype_) damaged("a list is out of place");
    offsets_ = 0;
    return enter(value_of_ == &has_shape_ ? At::Shape : At::Offsets);
  }
  bool end_array() override {
    if (at_ == At::Offsets && offsets_ != 2)
      damaged("\"" + header_.entries.back().name + "\" must have two offsets");
    value_of_ = nullptr;
    return enter(At::Entry);
  }
  bool number_unsigned(std::uint64_t number) override {
    if (number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
      damaged("a number is too large");
    Entry* entry = header_.entries.empty() ? nullptr : &header_.entries.back();
    if (at_ == At::Shape) {
      if (entry->shape.size() == max_rank)
        fail<ShapeError>(load, "tensor \"{}\" has more than {} dimensions", entry->name, max_rank);
      entry->shape.push_back(static_cast<std::int64_t>(number));
      return true;
    }
    if (at_ != At::Offsets || offsets_ == 2) damaged("a number is out of place");
    (offsets_++ == 0 ? entry->begin : entry->end) = number;
    return true;
  }
  bool number_integer(std::int64_t) override { damaged("a number is negative"); }
  bool number_float(double, const std::string&) override { damaged("a number is not whole"); }
  bool null() override { damaged("a value is missing"); }
  bool boolean(bool) override { damaged("a truth value is out of place"); }
  bool binary(nlohmann::json::binary_t&) override { damaged("it is not JSON"); }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::json::exception&) override {
    damaged("it is not JSON, from byte " + std::to_string(position) + " on");
  }

  [[noreturn]] void damaged(const std::string& why) const {
    fail<FileError>(load, "the header of \"{}\" is damaged: {}", file_, why);
  }

 private:
  enum class At { Outside, Root, Metadata, Entry, Shape, Offsets, End };
  bool enter(At at) {
    at_ = at;
    return true;
  }

  const std::string file_;
  Header& header_;
  At at_ = At::Outside;
  bool in_metadata_ = false, in_entry_ = false;
  bool has_dtype_ = false, has_shape_ = false, has_offsets_ = false;
  bool* value_of_ = nullptr;     // which of these the next value is for
  std::string* text_ = nullptr;  // of the metadata, the next value
  int offsets_ = 0;
  std::unordered_set<std::string> names_;
};

// Zip archives and pickles, which torch.save writes: FileError with what converts them.
void refuse_pytorch(const io::Path& path, const unsigned char* start, io::InputFile& file) {
  const bool zip = std::memcmp(start, "PK\3\4", 4) == 0, pickle = std::memcmp(start, "\x80\2\x8a\n", 4) == 0;
  if (!zip && !pickle) return;
  // The names of an archive's members stand at its end. TorchScript's, which libtorch writes as well, have
  // constants beside the data.
  constexpr std::size_t most = 1 << 16;
  if (file.left() > most) file.skip(file.left() - most);
  std::string tail(file.left(), '\0');
  file.read(tail.data(), tail.size());
  if (zip && tail.find("data.pkl") == std::string::npos)
    fail<FileError>(load, "\"{}\" is a zip archive, not a safetensors file", path.string());
  const bool script = zip && tail.find("constants.pkl") != std::string::npos;
  io::Path converted = path;
  converted.replace_extension(".safetensors");
  // JSON's texts are Python's as well.
  const auto literal = [](const io::Path& name) {
    return nlohmann::json(name.string()).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  };
  const std::string from = literal(path), to = literal(converted);
  const std::string state =
      script ? "torch.jit.load(" + from + ", 'cpu').state_dict()" : "torch.load(" + from + ", 'cpu')";
  fail<FileError>(load,
                  "\"{}\" was written by torch.save or libtorch; this line of Python converts it: import "
                  "torch, safetensors.torch; safetensors.torch.save_file({k: v.clone().contiguous() for k, v "
                  "in {}.items()}, {})",
                  path.string(), state, to);
}

// The sizes, offsets and the length of the file must agree: every byte belongs to one tensor.
// Finds the order.
void check_layout(const HeaderReader& reader, Header& header, std::size_t data_bytes) {
  for (const Entry& entry : header.entries) {
    std::int64_t bytes = size_of(entry.dtype);
    for (const std::int64_t size : entry.shape) {
      if (__builtin_mul_overflow(bytes, size, &bytes))
        reader.damaged("the bytes of \"" + entry.name + "\" cannot be counted");
    }
    if (entry.begin > entry.end || entry.end - entry.begin != static_cast<std::uint64_t>(bytes)) {
      reader.damaged("\"" + entry.name + "\" takes " + std::to_string(bytes) + " bytes, its offsets are " +
                     std::to_string(entry.begin) + " and " + std::to_string(entry.end));
    }
  }
  header.order.resize(header.entries.size());
  std::iota(header.order.begin(), header.order.end(), std::size_t{0});
  std::ranges::sort(header.order, {},
                    [&](std::size_t i) { return std::pair(header.entries[i].begin, header.entries[i].end); });
  std::uint64_t reached = 0;
  for (const std::size_t i : header.order) {
    const Entry& entry = header.entries[i];
    if (entry.begin != reached)
      reader.damaged("\"" + entry.name + "\" does not begin where the tensor before it ends");
    reached = entry.end;
  }
  if (reached != data_bytes) {
    reader.damaged("its tensors take " + std::to_string(reached) + " bytes, the file holds " +
                   std::to_string(data_bytes));
  }
}

// The file then stands at the first tensor's bytes.
Header read_header(const io::Path& path, io::InputFile& file) {
  unsigned char start[8];
  if (file.left() < sizeof start) fail<FileError>(load, "\"{}\" is no safetensors file", path.string());
  file.read(start, sizeof start);
  refuse_pytorch(path, start, file);
  std::uint64_t length = 0;
  for (std::size_t i = sizeof start; i-- > 0;) length = length << 8 | start[i];
  if (length > longest_header || length > file.left()) {
    fail<FileError>(load, "\"{}\" is no safetensors file, or damaged: its header would have {} bytes",
                    path.string(), length);
  }
  std::string text(static_cast<std::size_t>(length), '\0');
  file.read(text.data(), text.size());
  Header header;
  HeaderReader reader(path.string(), header);
  if (!text.starts_with('{')) reader.damaged("it does not begin with a brace");
  nlohmann::json::sax_parse(text, &reader);
  check_layout(reader, header, file.left());
  return header;
}

// Null when the elements cannot be used where they lie.
Tensor mapped(const std::shared_ptr<char>& whole, std::size_t offset, const Entry& entry) {
  const auto part = static_cast<std::size_t>(size_of(real_dtype(entry.dtype)));
  if (!whole || entry.begin == entry.end || entry.dtype == boolean || offset % part != 0 ||
      std::endian::native == std::endian::big) {
    return {};
  }
  return from_blob(
      whole.get() + offset, entry.shape, [whole](void*) {}, entry.dtype);
}

}  // namespace

Safetensors load_safetensors(const std::filesystem::path& path, const LoadSafetensors& options) {
  io::InputFile file(load, path);
  Header header = read_header(path, file);
  const std::size_t start = file.position();
  const std::shared_ptr<char> whole = options.map ? file.map() : nullptr;
  Safetensors out{{}, std::move(header.metadata)};
  out.tensors.resize(header.entries.size());
  for (const std::size_t i : header.order) {
    check_interrupt();
    Entry& entry = header.entries[i];
    const std::size_t offset = start + static_cast<std::size_t>(entry.begin);
    Tensor x = mapped(whole, offset, entry);
    if (!x.defined()) {
      x = empty(entry.shape, entry.dtype);
      if (offset > file.position()) file.skip(offset - file.position());
      file.read(x.raw_data(), static_cast<std::size_t>(entry.end - entry.begin));
      if (std::endian::native == std::endian::big) io::swap_bytes(x);
      if (entry.dtype == boolean) io::normalize_bools(x);
    }
    out.tensors[i] = {std::move(entry.name), std::move(x)};
  }
  return out;
}

Metadata load_safetensors_metadata(const std::filesystem::path& path) {
  io::InputFile file(load, path);
  return read_header(path, file).metadata;
}

// --- Writing

namespace {

// As JSON writes it. Error unless it is UTF-8.
std::string quoted(const std::string& text) {
  try {
    return nlohmann::json(text).dump();
  } catch (const nlohmann::json::type_error&) {
    fail(save, "a name or text is not UTF-8: {}",
         nlohmann::json(text).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace));
  }
}

std::string_view code_of(const std::string& tensor, DType dtype) {
  for (const TypeCode& known : type_codes) {
    if (known.dtype == dtype) return known.code;
  }
  fail<DTypeError>(save, "safetensors have no {}, as tensor \"{}\" is; save its parts or convert it", dtype,
                   tensor);
}

void check_names(const NamedTensors& tensors) {
  std::set<std::string_view> names;
  for (const auto& [name, x] : tensors) {
    if (!x.defined()) fail(save, "tensor \"{}\" is undefined", name);
    if (name == metadata_key) fail(save, "no tensor can be named \"{}\"", name);
    if (!names.insert(name).second) fail(save, "two tensors are named \"{}\"", name);
  }
}

// Tensors of wide elements first: then all are aligned.
std::vector<std::size_t> order_in_file(const NamedTensors& tensors) {
  std::vector<std::size_t> order(tensors.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return tensors[a].second.itemsize() > tensors[b].second.itemsize();
  });
  return order;
}

std::string header_of(const NamedTensors& tensors, const std::vector<std::size_t>& order,
                      const Metadata& metadata) {
  std::vector<std::int64_t> begins(tensors.size());
  std::int64_t reached = 0;
  for (const std::size_t i : order) {
    begins[i] = reached;
    reached += tensors[i].second.numel() * tensors[i].second.itemsize();
  }
  std::string text = "{" + quoted(std::string(metadata_key)) + ":{";
  for (const auto& [name, value] : metadata) {
    if (text.back() != '{') text += ',';
    text += quoted(name) + ":" + quoted(value);
  }
  text += '}';
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const auto& [name, x] = tensors[i];
    text += "," + quoted(name) + ":{\"dtype\":\"";
    text += code_of(name, x.dtype());
    text += "\",\"shape\":[";
    for (int d = 0; d < x.dim(); ++d) text += (d > 0 ? "," : "") + std::to_string(x.sizes()[d]);
    text += "],\"data_offsets\":[" + std::to_string(begins[i]) + "," +
            std::to_string(begins[i] + x.numel() * x.itemsize()) + "]}";
  }
  text += '}';
  text.append((alignment - text.size() % alignment) % alignment, ' ');
  if (text.size() > longest_header)
    fail(save, "the names and texts take {} bytes, more than the format's limit of {}", text.size(),
         longest_header);
  return text;
}

}  // namespace

void save_safetensors(const std::filesystem::path& path, const NamedTensors& tensors, Metadata metadata) {
  check_names(tensors);
  metadata.emplace("format", "pt");
  const std::vector<std::size_t> order = order_in_file(tensors);
  const std::string header = header_of(tensors, order, metadata);
  io::OutputFile file(save, path);
  char length[8];
  for (std::size_t i = 0; i < sizeof length; ++i) length[i] = static_cast<char>(header.size() >> 8 * i);
  file.write(length, sizeof length);
  file.write(header.data(), header.size());
  for (const std::size_t i : order) {
    check_interrupt();
    Tensor x = tensors[i].second.detach().contiguous();
    if (std::endian::native == std::endian::big) {
      x = x.clone();
      io::swap_bytes(x);
    }
    file.write(x.raw_data(), static_cast<std::size_t>(x.numel() * x.itemsize()));
  }
  file.commit();
}

}  // namespace wick
