#include "wick/io/pickle.h"

#include <cstdint>
#include <map>
#include <unordered_map>
#include <vector>

#include "wick/core/fail.h"
#include "wick/ops/creation.h"
#include "wick/ops/elementwise.h"
#include "wick/ops/views.h"

namespace wick::io {
namespace {

enum class Kind { None, Number, Text, Tuple, List, Dict, Global, Storage, Tensor };

// Values are known by their places in one list: a pickle can put a dict into itself, and a program that wants
// to do harm does so.
using Place = std::size_t;

struct Value {
  Kind kind = Kind::None;
  std::int64_t number = 0;        // whole numbers; of a storage the count of elements
  DType dtype = float32;          // of a storage
  std::string text = {};          // also "module name" of a global, and the key of a storage
  std::vector<Place> items = {};  // of a dict keys and values in turn
  Tensor tensor = {};
};

struct StorageClass {
  std::string_view name;
  DType dtype;
};
constexpr StorageClass storage_classes[] = {{"torch FloatStorage", float32},
                                            {"torch DoubleStorage", float64},
                                            {"torch HalfStorage", float16},
                                            {"torch BFloat16Storage", bfloat16},
                                            {"torch LongStorage", int64},
                                            {"torch IntStorage", int32},
                                            {"torch ShortStorage", int16},
                                            {"torch CharStorage", int8},
                                            {"torch ByteStorage", uint8},
                                            {"torch BoolStorage", boolean},
                                            {"torch ComplexFloatStorage", complex64},
                                            {"torch ComplexDoubleStorage", complex128}};

constexpr std::string_view ordered_dict = "collections OrderedDict";
constexpr std::string_view rebuild_tensor = "torch._utils _rebuild_tensor_v2";
constexpr std::string_view rebuild_parameter = "torch._utils _rebuild_parameter";

class Unpickler {
 public:
  Unpickler(const char* operation, const std::string& name, std::string_view bytes, const ReadStorage& read)
      : operation_(operation), name_(name), rest_(bytes), read_(read) {}

  NamedTensors run() {
    while (step()) {
    }
    NamedTensors named;
    gather(pop(), "", 0, named);
    return named;
  }

 private:
  [[noreturn]] void damaged(std::string_view what) const {
    fail<FileError>(operation_, "\"{}\" is damaged: {}", name_, what);
  }
  [[noreturn]] void refuse(std::string_view what) const {
    fail<FileError>(operation_,
                    "\"{}\" asks for {}, which no state dict needs and which is not read; in Python, save "
                    "model.state_dict()",
                    name_, what);
  }

  // --- Bytes

  std::string_view take(std::size_t count) {
    if (count > rest_.size()) damaged("the pickle ends too early");
    const std::string_view bytes = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return bytes;
  }
  std::uint64_t take_number(std::size_t bytes) {
    std::uint64_t value = 0;
    const std::string_view text = take(bytes);
    for (std::size_t i = bytes; i-- > 0;) value = value << 8 | static_cast<unsigned char>(text[i]);
    return value;
  }
  std::string_view take_line() {
    const std::size_t end = rest_.find('\n');
    if (end == rest_.npos) damaged("the pickle ends too early");
    const std::string_view line = take(end);
    take(1);
    return line;
  }

  // --- The stack

  Place make(Value value) {
    constexpr std::size_t most = 4'000'000;
    if (values_.size() == most) damaged("there are too many values");
    values_.push_back(std::move(value));
    return values_.size() - 1;
  }
  void push(Value value) { stack_.push_back(make(std::move(value))); }
  std::size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }
  Place pop() {
    if (stack_.size() <= floor()) damaged("a value is not there");
    const Place place = stack_.back();
    stack_.pop_back();
    return place;
  }
  std::vector<Place> pop_mark() {
    if (marks_.empty()) damaged("a mark is not there");
    std::vector<Place> items(stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back()), stack_.end());
    stack_.resize(marks_.back());
    marks_.pop_back();
    return items;
  }
  Value& top(Kind kind) {
    if (stack_.size() <= floor() || values_[stack_.back()].kind != kind)
      damaged("a value is of another kind");
    return values_[stack_.back()];
  }
  const Value& item(const Value& tuple, std::size_t i, Kind kind) const {
    if (i >= tuple.items.size() || values_[tuple.items[i]].kind != kind)
      damaged("a value is of another kind");
    return values_[tuple.items[i]];
  }

  void push_tuple(std::size_t count) {
    std::vector<Place> items(count);
    for (std::size_t i = count; i-- > 0;) items[i] = pop();
    push({.kind = Kind::Tuple, .items = std::move(items)});
  }
  void push_number(std::int64_t number) { push({.kind = Kind::Number, .number = number}); }
  void push_text(std::size_t length) { push({.kind = Kind::Text, .text = std::string(take(length))}); }
  void add(Kind kind, const std::vector<Place>& items) {
    std::vector<Place>& target = top(kind).items;
    if (kind == Kind::Dict && items.size() % 2 == 1) damaged("a key has no value");
    target.insert(target.end(), items.begin(), items.end());
  }

  // --- Instructions

  // False for the last one.
  bool step() {
    switch (const auto code = static_cast<unsigned char>(take(1)[0]); code) {
      case 0x80:  // PROTO
        if (const auto protocol = take_number(1); protocol < 2 || protocol > 5)
          fail<FileError>(operation_, "\"{}\" has a pickle of protocol {}, which is not known", name_,
                          protocol);
        return true;
      case 0x95:
        take(8);
        return true;  // FRAME
      case '.':
        return false;  // STOP
      case '(':
        marks_.push_back(stack_.size());
        return true;
      case '0':
        pop();
        return true;
      case 'N':
        push({});
        return true;
      case 0x88:
      case 0x89:
        push_number(code == 0x88);
        return true;
      case 'J':
        push_number(static_cast<std::int32_t>(take_number(4)));
        return true;
      case 'K':
        push_number(static_cast<std::int64_t>(take_number(1)));
        return true;
      case 'M':
        push_number(static_cast<std::int64_t>(take_number(2)));
        return true;
      case 0x8a:
        push_long();
        return true;
      case 'G':
        take(8);
        push({});
        return true;  // a floating point number, which no tensor is made of
      case 'X':
        push_text(static_cast<std::size_t>(take_number(4)));
        return true;
      case 0x8c:
        push_text(static_cast<std::size_t>(take_number(1)));
        return true;
      case '}':
        push({.kind = Kind::Dict});
        return true;
      case ']':
        push({.kind = Kind::List});
        return true;
      case ')':
        push_tuple(0);
        return true;
      case 0x85:
      case 0x86:
      case 0x87:
        push_tuple(code - 0x84u);
        return true;
      case 't':
        push({.kind = Kind::Tuple, .items = pop_mark()});
        return true;
      case 's':
      case 'a':
        add_one(code == 's');
        return true;
      case 'u':
      case 'e': {
        const std::vector<Place> items = pop_mark();
        add(code == 'u' ? Kind::Dict : Kind::List, items);
        return true;
      }
      case 'q':
        keep(take_number(1));
        return true;
      case 'r':
        keep(take_number(4));
        return true;
      case 0x94:
        keep(memo_.size());
        return true;
      case 'h':
        recall(take_number(1));
        return true;
      case 'j':
        recall(take_number(4));
        return true;
      case 'c': {
        const std::string module(take_line());
        push_global(module + " " + std::string(take_line()));
        return true;
      }
      case 0x93: {
        const Place name = pop(), module = pop();
        if (values_[name].kind != Kind::Text || values_[module].kind != Kind::Text)
          damaged("a name is no text");
        push_global(values_[module].text + " " + values_[name].text);
        return true;
      }
      case 'R':
        reduce();
        return true;
      case 'Q':
        push_storage(values_[pop()]);
        return true;
      case 'b': {
        // What an OrderedDict has besides its items: the versions of modules.
        pop();
        top(Kind::Dict);
        return true;
      }
      default:
        refuse("instruction " + std::to_string(code) + " of pickles");
    }
  }

  void push_long() {
    const std::string_view bytes = take(static_cast<std::size_t>(take_number(1)));
    // One of more than 64 bits, of which no tensor is made either.
    if (bytes.size() > 8) return push({});
    std::uint64_t value = !bytes.empty() && (bytes.back() & 0x80) != 0 ? ~std::uint64_t{0} : 0;
    for (std::size_t i = bytes.size(); i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[i]);
    push_number(static_cast<std::int64_t>(value));
  }
  void add_one(bool to_dict) {
    std::vector<Place> items(to_dict ? 2 : 1);
    for (std::size_t i = items.size(); i-- > 0;) items[i] = pop();
    add(to_dict ? Kind::Dict : Kind::List, items);
  }
  void keep(std::uint64_t key) {
    if (stack_.size() <= floor()) damaged("a value is not there");
    memo_[key] = stack_.back();
  }
  void recall(std::uint64_t key) {
    const auto found = memo_.find(key);
    if (found == memo_.end()) damaged("a value is not there");
    stack_.push_back(found->second);
  }

  void push_global(std::string name) {
    bool known = name == ordered_dict || name == rebuild_tensor || name == rebuild_parameter;
    for (const StorageClass& c : storage_classes) known = known || c.name == name;
    if (!known) {
      // "module name", as Python writes it.
      name[name.find(' ')] = '.';
      if (name.starts_with("torch.") && name.ends_with("Storage"))
        fail<DTypeError>(operation_, "\"{}\" has elements of a {}, for which there is no dtype", name_, name);
      refuse(name);
    }
    push({.kind = Kind::Global, .text = std::move(name)});
  }

  void reduce() {
    const Place arguments_at = pop(), function_at = pop();
    // Valid until the next value is made.
    const Value& arguments = values_[arguments_at];
    if (arguments.kind != Kind::Tuple || values_[function_at].kind != Kind::Global)
      damaged("a call is of another kind");
    const std::string& function = values_[function_at].text;
    if (function == ordered_dict) {
      if (!arguments.items.empty()) damaged("an OrderedDict has arguments");
      push({.kind = Kind::Dict});
    } else if (function == rebuild_parameter) {
      stack_.push_back(arguments.items.empty() ? damaged_place() : arguments.items[0]);
      top(Kind::Tensor);
    } else if (function == rebuild_tensor) {
      push({.kind = Kind::Tensor, .tensor = tensor_of(arguments)});
    } else {
      refuse("a call of " + function);
    }
  }
  [[noreturn]] Place damaged_place() const { damaged("a parameter has no elements"); }

  // ("storage", class, key, device, count)
  void push_storage(const Value& id) {
    if (id.kind != Kind::Tuple || id.items.size() != 5 || item(id, 0, Kind::Text).text != "storage")
      damaged("a storage is of another kind");
    const std::string& class_name = item(id, 1, Kind::Global).text;
    const Value& key = item(id, 2, Kind::Text);
    const std::int64_t count = item(id, 4, Kind::Number).number;
    if (count < 0) damaged("a storage has fewer than no elements");
    for (const StorageClass& c : storage_classes) {
      if (c.name != class_name) continue;
      push({.kind = Kind::Storage, .number = count, .dtype = c.dtype, .text = key.text});
      return;
    }
    damaged("a storage is of another kind");
  }

  Dims dims_of(const Value& tuple) const {
    Dims dims;
    if (tuple.items.size() > static_cast<std::size_t>(max_rank)) {
      fail<ShapeError>(operation_, "a tensor has more than {} dimensions", max_rank);
    }
    for (std::size_t i = 0; i < tuple.items.size(); ++i) {
      const std::int64_t size = item(tuple, i, Kind::Number).number;
      if (size < 0) damaged("a size is negative");
      dims.push_back(size);
    }
    return dims;
  }

  // (storage, offset, sizes, strides, requires_grad, hooks), and from PyTorch 2 on metadata where there are
  // any
  Tensor tensor_of(const Value& arguments) {
    const Value& storage = item(arguments, 0, Kind::Storage);
    const std::int64_t offset = item(arguments, 1, Kind::Number).number;
    const Dims sizes = dims_of(item(arguments, 2, Kind::Tuple)),
               strides = dims_of(item(arguments, 3, Kind::Tuple));
    if (sizes.size() != strides.size() || offset < 0) damaged("a tensor has no sound sizes");
    std::int64_t last = offset, count = 1, step;
    bool fits = true;
    for (int d = 0; d < sizes.size(); ++d) {
      fits = fits && !__builtin_mul_overflow(count, sizes[d], &count) &&
             (sizes[d] == 0 || (!__builtin_mul_overflow(sizes[d] - 1, strides[d], &step) &&
                                !__builtin_add_overflow(last, step, &last)));
    }
    if (!fits || (count > 0 && last >= storage.number)) damaged("a tensor is larger than its storage");
    // Of a repeated element; it would take more memory than the file has bytes.
    if (count > storage.number) refuse("a tensor whose elements share memory");
    if (count == 0) return empty(Shape(sizes), storage.dtype);
    const auto found = storages_.find(storage.text);
    const Tensor elements =
        found != storages_.end() ? found->second : read_(storage.text, storage.dtype, storage.number);
    if (elements.dtype() != storage.dtype || elements.numel() != storage.number)
      damaged("a storage is of two kinds");
    if (storages_.emplace(storage.text, elements).second) read_bytes_ += bytes_of(storage.number, elements);
    // Each tensor has memory of its own, so that many of one storage would take more than the file has bytes.
    constexpr double most_copies = 100, of_no_account = 1 << 20;
    copied_bytes_ += bytes_of(count, elements);
    if (copied_bytes_ > most_copies * (read_bytes_ + of_no_account))
      refuse("too many tensors whose elements share memory");
    const char* start = elements.raw_data() + offset * elements.itemsize();
    const Tensor x = from_blob(start, Shape(sizes), Strides(strides), storage.dtype);
    return with_metadata(x, arguments).clone();
  }
  static double bytes_of(std::int64_t count, const Tensor& elements) {
    return static_cast<double>(count) * static_cast<double>(elements.itemsize());
  }
  // A dict of what is still to be done to the elements of a view.
  Tensor with_metadata(Tensor x, const Value& arguments) const {
    constexpr std::size_t place = 6;
    if (arguments.items.size() <= place || values_[arguments.items[place]].kind == Kind::None) return x;
    const Value& metadata = item(arguments, place, Kind::Dict);
    for (std::size_t i = 0; i < metadata.items.size(); i += 2) {
      const std::string& key = item(metadata, i, Kind::Text).text;
      if (key != "conj" && key != "neg") refuse("tensors with the metadata " + key);
      if (item(metadata, i + 1, Kind::Number).number == 0) continue;
      x = key == "conj" ? conj(x) : neg(x);
    }
    return x;
  }

  // --- The result

  void gather(Place place, const std::string& name, int depth, NamedTensors& named) {
    constexpr int deepest = 100;
    constexpr std::size_t most = 1'000'000;
    // Names of names would take more memory than the file has bytes.
    constexpr std::size_t most_characters = std::size_t{1} << 28;
    if (depth > deepest || ++visited_ > most) damaged("dicts are nested too deeply or too often");
    if ((characters_ += name.size()) > most_characters) damaged("names are too long");
    const Value& value = values_[place];
    const auto within = [&](const std::string& key) { return name.empty() ? key : name + "." + key; };
    if (value.kind == Kind::Tensor) {
      put(named, name, value.tensor);
    } else if (value.kind == Kind::Dict) {
      for (std::size_t i = 0; i < value.items.size(); i += 2) {
        const Value& key = values_[value.items[i]];
        const bool has_name = key.kind == Kind::Text || key.kind == Kind::Number;
        nameless_ += !has_name;
        gather(value.items[i + 1], within(key.kind == Kind::Number ? std::to_string(key.number) : key.text),
               depth + 1, named);
        nameless_ -= !has_name;
      }
    } else if (value.kind == Kind::List || value.kind == Kind::Tuple) {
      for (std::size_t i = 0; i < value.items.size(); ++i)
        gather(value.items[i], within(std::to_string(i)), depth + 1, named);
    }
  }
  // Of two under one name the last counts, as in a dict.
  void put(NamedTensors& named, const std::string& name, const Tensor& tensor) {
    if (nameless_ > 0) refuse("a tensor under a key that is neither a text nor a whole number");
    const auto [at, is_new] = places_.emplace(name, named.size());
    if (is_new) {
      named.emplace_back(name, tensor);
    } else {
      named[at->second].second = tensor;
    }
  }

  const char* operation_;
  const std::string& name_;
  std::string_view rest_;
  const ReadStorage& read_;
  std::vector<Value> values_;
  std::vector<Place> stack_;
  std::vector<std::size_t> marks_;
  std::unordered_map<std::uint64_t, Place> memo_;
  std::map<std::string, Tensor> storages_;
  std::unordered_map<std::string, std::size_t> places_;
  double read_bytes_ = 0, copied_bytes_ = 0;  // of storages, and of the tensors made of them
  std::size_t visited_ = 0, characters_ = 0;  // values of the result, and what their names have
  int nameless_ = 0;                          // keys that no name can be made of, around the value
};

}  // namespace

NamedTensors read_pickle(const char* operation, const std::string& name, std::string_view bytes,
                         const ReadStorage& read) {
  return Unpickler(operation, name, bytes, read).run();
}

}  // namespace wick::io
