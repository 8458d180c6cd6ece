// Files of models and of training.

#include <cstdio>
#include <filesystem>
#include <map>
#include <mutex>

#include "tclext/commands/training.h"
#include "wick/io/checkpoint.h"
#include "wick/io/pt.h"
#include "wick/io/safetensors.h"
#include "wick/ops/random.h"

namespace commands {
namespace {

using binding::Path;
using wick::NamedTensors;

const Param module{"module", required, "a layer or a container"};
const Param model{"model", required, "a layer or a container"};
const Param optimizer{"optimizer", required, "an optimizer"};
const Param scheduler{"scheduler", omittable, "a scheduler, whose state is in the file as well"};
const Param scaler{"scaler", omittable, "a scaler of gradients, whose state is in the file as well"};
const Param strict{"strict", true,
                   "whether names in the file that the module lacks, or the other way round, are an error"};

constexpr const char* about_files =
    "Files are in the safetensors format, with the names that PyTorch's state dicts have. A state dict that "
    "torch.save of PyTorch 1.6 or later has written is read as well; other files of torch.save are "
    "recognized and "
    "refused with the line of Python that converts them. Nothing is changed unless all fits.";
constexpr const char* about_writing =
    "The file, in the safetensors format with the names that PyTorch's state dicts have, appears complete or "
    "not "
    "at all.";

void save_model(const Module& from, const Path& path) {
  wick::save_safetensors(path.native, from->state_dict());
}

void load_model(const Module& into, const Path& path, bool strictly) {
  into->load_state_dict(
      wick::is_pt(path.native) ? wick::load_pt(path.native) : wick::load_checkpoint(path.native).model,
      strictly);
}

// The text of the word that named the file.
std::string file_text(const Call& call, int index) {
  return std::string(binding::text_of(call.words[index]));
}

std::string six_decimals(double value) {
  char text[400];
  return {text, static_cast<std::size_t>(std::snprintf(text, sizeof text, "%.6f", value))};
}

// Checkpoints that this process has saved, by path: what get_checkpoint_info knows of them besides.
struct Saved {
  std::string model, optimizer;
  wick::CheckpointInfo info;
};

class SavedCheckpoints {
 public:
  void add(const std::string& path, Saved saved) {
    const std::lock_guard lock(mutex_);
    saved_[path] = std::move(saved);
  }
  optional<Saved> find(const std::string& path) {
    const std::lock_guard lock(mutex_);
    const auto it = saved_.find(path);
    return it == saved_.end() ? std::nullopt : optional<Saved>(it->second);
  }

 private:
  std::mutex mutex_;
  std::map<std::string, Saved> saved_;
};

SavedCheckpoints& saved_checkpoints() {
  static SavedCheckpoints saved;
  return saved;
}

std::string absolute(const Path& path) {
  std::error_code ignored;
  return std::filesystem::absolute(path.native, ignored).lexically_normal().string();
}

// What is saved and restored together.
struct Parts {
  Module model;
  Optimizer optimizer;
  optional<Scheduler> scheduler;
  optional<Scaler> scaler;
};

void check_scheduler(const char* command, const Parts& parts) {
  if (parts.scheduler && &parts.scheduler->object->optimizer() != parts.optimizer.get())
    wick::fail(command, "the scheduler is one of another optimizer");
}

std::string save_checkpoint(Call& call, const Parts& parts, const Path& path, wick::CheckpointInfo info) {
  wick::Checkpoint checkpoint{.model = parts.model->state_dict()};
  checkpoint.parts["optimizer"] = parts.optimizer->state_dict();
  check_scheduler("save_checkpoint", parts);
  if (parts.scheduler) {
    checkpoint.parts["scheduler"] = parts.scheduler->object->state_dict();
    info.notes["scheduler"] = parts.scheduler->object->kind();
  }
  if (parts.scaler) checkpoint.parts["scaler"] = (*parts.scaler)->state_dict();
  checkpoint.parts["generator"] = {{"state", wick::get_rng_state()}};
  info.optimizer = parts.optimizer->kind();
  checkpoint.info = info;
  wick::save_checkpoint(path.native, checkpoint);
  info.time = wick::load_checkpoint_info(path.native).time;
  saved_checkpoints().add(absolute(path), {call.state.name_of_handle(call.words[0]),
                                           call.state.name_of_handle(call.words[1]), info});
  return "Checkpoint saved: " + file_text(call, 2) + " (epoch=" + std::to_string(info.epoch) +
         ", loss=" + six_decimals(info.loss) + ")";
}

// Puts the state back that an object has now, unless it is told that all went well.
template <class T>
class Undo {
 public:
  explicit Undo(T& object) : object_(&object), before_(object.state_dict()) {}
  ~Undo() {
    if (!object_) return;
    try {
      object_->load_state_dict(before_);
    } catch (const std::exception&) {  // no memory: the error under way is reported
    }
  }
  Undo(const Undo&) = delete;
  Undo& operator=(const Undo&) = delete;
  void forget() { object_ = nullptr; }

 private:
  T* object_;
  NamedTensors before_;
};

const NamedTensors& part_of(const wick::Checkpoint& checkpoint, const char* part, const Path& path) {
  const auto it = checkpoint.parts.find(part);
  if (it == checkpoint.parts.end())
    wick::fail<wick::FileError>("load_checkpoint", "\"{}\" has no state of a {}", path.native, part);
  return it->second;
}

// The state of a random generator, whole: of a tensor that is none set_rng_state makes a seed.
const Tensor& generator_of(const wick::Checkpoint& checkpoint, const Path& path) {
  const NamedTensors& part = part_of(checkpoint, "generator", path);
  const Tensor now = wick::get_rng_state();
  if (part.size() != 1 || part[0].second.dtype() != now.dtype() || part[0].second.sizes() != now.sizes()) {
    wick::fail<wick::FileError>("load_checkpoint", "\"{}\" has no sound state of a random generator",
                                path.native);
  }
  return part[0].second;
}

// An optimizer's learning rates, which are not in its state.
class Rates {
 public:
  explicit Rates(wick::optim::Optimizer& of) : optimizer_(&of) {
    for (std::int64_t g = 0; g < of.group_count(); ++g) rates_.push_back(of.lr(g));
  }
  ~Rates() {
    if (!optimizer_) return;
    for (std::int64_t g = 0; g < std::ssize(rates_); ++g)
      optimizer_->set_lr(g, rates_[static_cast<std::size_t>(g)]);
  }
  Rates(const Rates&) = delete;
  Rates& operator=(const Rates&) = delete;
  void forget() { optimizer_ = nullptr; }

 private:
  wick::optim::Optimizer* optimizer_;
  std::vector<double> rates_;
};

void restore(const Parts& parts, const wick::Checkpoint& checkpoint, const Path& path, bool generator) {
  // What the file lacks is found out before anything changes.
  const NamedTensors* schedule = parts.scheduler ? &part_of(checkpoint, "scheduler", path) : nullptr;
  const NamedTensors* scale = parts.scaler ? &part_of(checkpoint, "scaler", path) : nullptr;
  const optional<Tensor> random = generator ? optional<Tensor>(generator_of(checkpoint, path)) : std::nullopt;
  const auto found = checkpoint.parts.find("optimizer");
  const Tensor generator_before = wick::get_rng_state();
  // Last to end, for a scheduler's state sets rates as well.
  Rates rates_back(*parts.optimizer);
  Undo optimizer_back(*parts.optimizer);
  parts.optimizer->load_state_dict(found == checkpoint.parts.end() ? NamedTensors{} : found->second);
  optional<Undo<wick::optim::Scheduler>> scheduler_back;
  if (schedule) {
    scheduler_back.emplace(*parts.scheduler->object);
    parts.scheduler->object->load_state_dict(*schedule);
  }
  optional<Undo<wick::optim::GradScaler>> scaler_back;
  if (scale) {
    scaler_back.emplace(**parts.scaler);
    (*parts.scaler)->load_state_dict(*scale);
  }
  if (random) wick::set_rng_state(*random);
  try {
    parts.model->load_state_dict(checkpoint.model);
  } catch (...) {
    if (random) wick::set_rng_state(generator_before);
    throw;
  }
  rates_back.forget();
  optimizer_back.forget();
  if (scheduler_back) scheduler_back->forget();
  if (scaler_back) scaler_back->forget();
}

std::string load_checkpoint(Call& call, const Path& path, const Parts& parts, bool generator) {
  const wick::Checkpoint checkpoint = wick::load_checkpoint(path.native);
  const std::string& kind = checkpoint.info.optimizer;
  if (!kind.empty() && kind != parts.optimizer->kind()) {
    wick::fail("load_checkpoint", "the file has the state of an optimizer {}, not {}", kind,
               parts.optimizer->kind());
  }
  check_scheduler("load_checkpoint", parts);
  if (parts.scheduler) {
    const auto saved = checkpoint.info.notes.find("scheduler");
    if (saved != checkpoint.info.notes.end() && saved->second != parts.scheduler->object->kind()) {
      wick::fail("load_checkpoint", "the file has the state of a scheduler {}, not {}", saved->second,
                 parts.scheduler->object->kind());
    }
  }
  restore(parts, checkpoint, path, generator);
  return "Checkpoint loaded: " + file_text(call, 0) + " (epoch=" + std::to_string(checkpoint.info.epoch) +
         ", loss=" + six_decimals(checkpoint.info.loss) + ", lr=" + six_decimals(checkpoint.info.lr) + ")";
}

// A list of one dict, which scripts take apart with lindex 0.
binding::List checkpoint_info(const Path& path) {
  optional<Saved> saved = saved_checkpoints().find(absolute(path));
  std::error_code ignored;
  const bool gone = saved && !std::filesystem::exists(path.native, ignored);
  const wick::CheckpointInfo info = gone ? saved->info : wick::load_checkpoint_info(path.native);
  // Another file may have taken its place.
  if (saved && info.time != saved->info.time) saved.reset();
  Tcl_Obj* dict = Tcl_NewListObj(0, nullptr);
  const auto put = [&](const char* key, Tcl_Obj* value) {
    Tcl_ListObjAppendElement(nullptr, dict, binding::new_text(key));
    Tcl_ListObjAppendElement(nullptr, dict, value);
  };
  put("epoch", Tcl_NewWideIntObj(info.epoch));
  put("loss", binding::new_text(six_decimals(info.loss)));
  put("learning_rate", binding::new_text(six_decimals(info.lr)));
  if (!info.optimizer.empty()) put("optimizer", binding::new_text(info.optimizer));
  if (!info.time.empty()) put("timestamp", binding::new_text(info.time));
  if (saved) {
    put("model_name", binding::new_text(saved->model));
    put("optimizer_name", binding::new_text(saved->optimizer));
  }
  return {Tcl_NewListObj(1, &dict)};
}

Command saving(const char* name, const Param& what, const char* positional, binding::Function call) {
  return {.name = name,
          .summary = "Writes the parameters and buffers of a module to a file.",
          .details = about_writing,
          .params = {what, filename},
          .positional = {positional},
          .trusted_only = true,
          .returns = "a text",
          .call = std::move(call)};
}

Command loading(const char* name, const Param& what, const char* positional, binding::Function call) {
  return {
      .name = name,
      .summary = "Puts what a file has into the parameters and buffers of a module, by name and in place.",
      .details = about_files,
      .params = {what, filename, strict},
      .positional = {positional},
      .trusted_only = true,
      .returns = "a text",
      .call = std::move(call)};
}

std::vector<Command> model_files() {
  return {
      loading("load_state", module, "module filename",
              bind([](const Module& into, const Path& path, bool strictly) {
                load_model(into, path, strictly);
                return "OK";
              })),
      saving("save_state", module, "module filename", bind([](const Module& from, const Path& path) {
               save_model(from, path);
               return "OK";
             })),
      saving("save_state_dict", model, "model filename",
             bind([](Call& call, const Module& from, const Path& path) {
               save_model(from, path);
               return "Model state dict saved to: " + file_text(call, 1);
             })),
      loading("load_state_dict", model, "model filename",
              bind([](Call& call, const Module& into, const Path& path, bool strictly) {
                load_model(into, path, strictly);
                return "Model state dict loaded from: " + file_text(call, 1);
              })),
  };
}

std::vector<Command> checkpoint_files() {
  return {
      Command{
          .name = "save_checkpoint",
          .summary = "Writes all that training needs to go on: a module, an optimizer's state, and numbers.",
          .details =
              "The file is one of safetensors, whose tensors of the module other programs can read. The "
              "learning rate is a note only; a scheduler's state has the rates. The state of the random "
              "generator is in the file as well.",
          .params = {model,
                     optimizer,
                     filename,
                     {"epoch", std::int64_t{0}, "a number to go with it"},
                     {"loss", 0.0, "a number to go with it"},
                     {"lr", 0.0, "a number to go with it"},
                     scheduler,
                     scaler},
          .positional = {"model optimizer filename ?epoch? ?loss? ?lr?"},
          .trusted_only = true,
          .returns = "Checkpoint saved: FILE (epoch=E, loss=L)",
          .call = bind([](Call& call, const Module& from, const Optimizer& by, const Path& path,
                          std::int64_t epoch, double loss, double lr, const optional<Scheduler>& schedule,
                          const optional<Scaler>& scale) {
            return save_checkpoint(call, {from, by, schedule, scale}, path,
                                   {.epoch = epoch, .loss = loss, .lr = lr});
          })},
      Command{
          .name = "load_checkpoint",
          .summary = "Brings a module and an optimizer back to where save_checkpoint was.",
          .details =
              "Their structure and kind must be those of the file; the optimizer keeps its options and its "
              "learning rate, which a scheduler's state sets. Nothing is changed unless all fits.",
          .params = {filename,
                     model,
                     optimizer,
                     scheduler,
                     scaler,
                     {"generator", false, "whether the random generator goes back as well"}},
          .positional = {"filename model optimizer"},
          .trusted_only = true,
          .returns = "Checkpoint loaded: FILE (epoch=E, loss=L, lr=R)",
          .call =
              bind([](Call& call, const Path& path, const Module& into, const Optimizer& by,
                      const optional<Scheduler>& schedule, const optional<Scaler>& scale, bool generator) {
                return load_checkpoint(call, path, {into, by, schedule, scale}, generator);
              })},
      Command{
          .name = "get_checkpoint_info",
          .summary = "The numbers that save_checkpoint was given, without reading the tensors.",
          .details =
              "A dict with epoch, loss and learning_rate, the kind of the optimizer, and a timestamp; for "
              "a file that this process saved, also when it has gone, model_name and optimizer_name, the "
              "handles of "
              "then. Loss and learning rate have six decimals. It is wrapped in a list of one.",
          .params = {filename},
          .positional = {"filename"},
          .trusted_only = true,
          .returns = "a list of one dict",
          .call = bind([](const Path& path) { return checkpoint_info(path); })},
  };
}

}  // namespace

std::vector<Command> file_commands() { return joined({model_files(), checkpoint_files()}); }

}  // namespace commands
