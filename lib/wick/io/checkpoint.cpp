#include "wick/io/checkpoint.h"

#include <charconv>
#include <chrono>
#include <cmath>
#include <ctime>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "wick/autograd/gradient.h"
#include "wick/autograd/in_place.h"
#include "wick/core/fail.h"
#include "wick/core/interrupt.h"

namespace wick {
namespace {

constexpr const char* save = "save_checkpoint";
constexpr const char* load = "load_checkpoint";
constexpr std::string_view separator = "..";

// The keys of the metadata.
constexpr const char* known_keys[] = {"epoch", "loss", "lr", "optimizer", "time", "format"};

std::string now() {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

// Text that gives the same number back, whatever the locale.
template <class T>
std::string number_text(T x) {
  char text[64];
  return {text, std::to_chars(text, text + sizeof text, x).ptr};
}

// Takes the text out of the metadata; empty where there is none.
std::string take(Metadata& metadata, const char* key) {
  const auto found = metadata.find(key);
  if (found == metadata.end()) return {};
  std::string text = std::move(found->second);
  metadata.erase(found);
  return text;
}

template <class T>
T take_number(const std::filesystem::path& path, Metadata& metadata, const char* key) {
  const std::string text = take(metadata, key);
  T number = 0;
  if (text.empty()) return number;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size())
    fail<FileError>(load, "the {} of \"{}\" is no number: \"{}\"", key, path.string(), text);
  return number;
}

CheckpointInfo info_of(const std::filesystem::path& path, Metadata metadata) {
  CheckpointInfo info;
  info.epoch = take_number<std::int64_t>(path, metadata, "epoch");
  info.loss = take_number<double>(path, metadata, "loss");
  info.lr = take_number<double>(path, metadata, "lr");
  info.optimizer = take(metadata, "optimizer");
  info.time = take(metadata, "time");
  take(metadata, "format");
  info.notes = std::move(metadata);
  return info;
}

Metadata metadata_of(const CheckpointInfo& info) {
  Metadata metadata = info.notes;
  for (const char* key : known_keys) {
    if (metadata.contains(key)) fail(save, "no note can be named \"{}\"", key);
  }
  metadata["epoch"] = number_text(info.epoch);
  metadata["loss"] = number_text(info.loss);
  metadata["lr"] = number_text(info.lr);
  if (!info.optimizer.empty()) metadata["optimizer"] = info.optimizer;
  metadata["time"] = info.time;
  return metadata;
}

void check_name(const std::string& name) {
  if (name.find(separator) != std::string::npos)
    fail(save, "no tensor can be named \"{}\", with two dots in a row", name);
}

}  // namespace

CheckpointInfo save_checkpoint(const std::filesystem::path& path, const Checkpoint& checkpoint) {
  NamedTensors all = checkpoint.model;
  for (const auto& [name, x] : all) check_name(name);
  for (const auto& [part, state] : checkpoint.parts) {
    if (part.empty() || part.find('.') != std::string::npos)
      fail(save, "a part's name must be a text without dots, \"{}\" was given", part);
    for (const auto& [name, x] : state) {
      check_name(name);
      // "part..." would be another part.
      if (name.starts_with('.'))
        fail(save, "no tensor of a part can be named \"{}\", with a dot in front", name);
      all.emplace_back(part + std::string(separator) + name, x);
    }
  }
  CheckpointInfo written = checkpoint.info;
  written.time = now();
  save_safetensors(path, all, metadata_of(written));
  return written;
}

Checkpoint load_checkpoint(const std::filesystem::path& path) {
  Safetensors file = load_safetensors(path);
  Checkpoint checkpoint;
  checkpoint.info = info_of(path, std::move(file.metadata));
  for (auto& [name, x] : file.tensors) {
    const std::size_t at = name.find(separator);
    if (at == std::string::npos) {
      checkpoint.model.emplace_back(std::move(name), std::move(x));
    } else {
      checkpoint.parts[name.substr(0, at)].emplace_back(name.substr(at + separator.size()), std::move(x));
    }
  }
  return checkpoint;
}

CheckpointInfo load_checkpoint_info(const std::filesystem::path& path) {
  return info_of(path, load_safetensors_metadata(path));
}

// --- Restoring

namespace {

void check_defined(const char* operation, const std::string& name, const Tensor& x) {
  if (!x.defined()) fail(operation, "\"{}\" is an undefined tensor", name);
}

[[noreturn]] void fail_twice(const char* operation, const std::string& name) {
  fail(operation, "\"{}\" was given twice", name);
}

void add(std::string& list, const std::string& name) { list += (list.empty() ? "\"" : ", \"") + name + "\""; }

}  // namespace

void restore(const NamedTensors& targets, const NamedTensors& state, const Restore& options) {
  const char* const operation = options.operation;
  std::unordered_map<std::string_view, const Tensor*> given;
  for (const auto& [name, x] : state) {
    check_defined(operation, name, x);
    if (!given.emplace(name, &x).second) fail_twice(operation, name);
  }
  std::unordered_set<std::string_view> known;
  std::unordered_set<const Storage*> written;
  std::string missing, superfluous;
  for (const auto& [name, target] : targets) {
    check_defined(operation, name, target);
    const auto found = given.find(name);
    if (found == given.end()) {
      add(missing, name);
      continue;
    }
    if (!known.insert(name).second) fail_twice(operation, name);
    written.insert(target.storage().get());
    const Tensor& x = *found->second;
    if (x.sizes() != target.sizes()) {
      fail<ShapeError>(operation, "\"{}\" has shape {}, the state's has {}", name, target.sizes(), x.sizes());
    }
    if (is_complex(x.dtype()) && !is_complex(target.dtype())) {
      fail<DTypeError>(operation, "\"{}\" is {}, the state's is {}", name, target.dtype(), x.dtype());
    }
  }
  if (!missing.empty()) fail(operation, "the state lacks {}", missing);
  for (const auto& [name, x] : state) {
    if (!known.contains(name)) add(superfluous, name);
  }
  if (options.strict && !superfluous.empty())
    fail(operation, "the state has {} beyond the tensors to restore", superfluous);
  const NoGrad no_grad;
  // All that can fail comes before the first change: the conversions, and whether the targets can be written.
  Tensors values;
  for (const auto& [name, target] : targets) {
    check_interrupt();
    check_writable(operation, target);
    const Tensor x = given.at(name)->detach().to(target.dtype());
    // What shares memory with a target that is written earlier must keep its elements.
    values.push_back(written.contains(x.storage().get()) ? x.clone() : x);
  }
  const Uninterrupted whole;
  for (std::size_t i = 0; i < values.size(); ++i) targets[i].second.copy_(values[i]);
}

}  // namespace wick
