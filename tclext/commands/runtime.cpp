// Threads, memory, times, and what there is of the machine.

#include <chrono>
#include <cstdio>
#include <ctime>

#include "tclext/binding/compound.h"
#include "tclext/commands/areas.h"
#include "tclext/commands/common.h"
#include "wick/nn/convolution.h"

namespace profiler = wick::profiler;

namespace commands {

enum class Sorting { Total, Self, Count, Name };
enum class Format { Text, Dict };
enum class Timed { Matmul, Mm, Add, Conv2d };

}  // namespace commands

template <>
inline constexpr binding::Word<commands::Sorting> binding::words<commands::Sorting>[] = {
    {"total", commands::Sorting::Total},
    {"self", commands::Sorting::Self},
    {"count", commands::Sorting::Count},
    {"name", commands::Sorting::Name}};
template <>
inline constexpr binding::Word<commands::Format> binding::words<commands::Format>[] = {
    {"text", commands::Format::Text}, {"dict", commands::Format::Dict}};
template <>
inline constexpr binding::Word<commands::Timed> binding::words<commands::Timed>[] = {
    {"matmul", commands::Timed::Matmul},
    {"mm", commands::Timed::Mm},
    {"add", commands::Timed::Add},
    {"conv2d", commands::Timed::Conv2d}};

namespace commands {
namespace {

const Param device_of_memory{"device", "cpu", "accepted; there is only the cpu"};
const Param any_text{"device", "cpu", "any text; there is only the cpu"};
const Param gpu{"device_id", std::int64_t{0}, "number of the GPU", at_least(0)};

[[noreturn]] void no_cuda() { throw wick::Error("CUDA not available"); }

// --- Memory

using Figures = std::vector<std::pair<const char*, std::int64_t>>;

Figures memory_figures(const Call& call) {
  const wick::allocator::Statistics memory = wick::allocator::statistics();
  return {{"allocated_bytes", static_cast<std::int64_t>(memory.used)},
          {"peak_bytes", static_cast<std::int64_t>(memory.peak)},
          {"reserved_bytes", static_cast<std::int64_t>(memory.used + memory.cached)},
          {"tensors", call.state.live_tensors()}};
}

std::string memory_stats(const Call& call) {
  std::string out = "cuda_available: false";
  for (const auto& [name, value] : memory_figures(call))
    out += " " + std::string(name) + ": " + std::to_string(value);
  return out;
}

std::string memory_summary(const Call& call) {
  std::string out = "Memory of tensors (CUDA not available)\n";
  for (const auto& [name, value] : memory_figures(call)) {
    char line[64];
    std::snprintf(line, sizeof line, "  %-16s %20lld\n", name, static_cast<long long>(value));
    out += line;
  }
  out.pop_back();
  return out;
}

std::vector<Command> memory() {
  return {
      Command{.name = "memory_stats",
              .summary = "Figures of the memory that tensors have.",
              .details =
                  "allocated_bytes: in use by all tensors of the process; peak_bytes: the most so far; "
                  "reserved_bytes: with what is kept for reuse; tensors: those of this interpreter.",
              .params = {device_of_memory},
              .positional = {"?device?"},
              .returns = "words in pairs, key: and value",
              .call = bind([](Call& call, AnyDevice) { return memory_stats(call); })},
      Command{.name = "memory_summary",
              .summary = "The figures of memory_stats as a table.",
              .params = {device_of_memory},
              .positional = {"?device?"},
              .returns = "lines of text",
              .call = bind([](Call& call, AnyDevice) { return memory_summary(call); })},
      Command{.name = "memory_snapshot",
              .summary = "The figures of memory_stats with the time.",
              .positional = {""},
              .returns = "words in pairs, key: and value; timestamp: in seconds since 1970",
              .call = bind([](Call& call) {
                return "timestamp: " + std::to_string(std::time(nullptr)) + " " + memory_stats(call);
              })},
      Command{.name = "empty_cache",
              .summary = "Gives memory that is kept for reuse back to the system.",
              .params = {any_text},
              .positional = {"?device?"},
              .returns = "cuda_not_available, for there is no GPU whose memory it could be",
              .call = bind([](std::string_view) {
                wick::allocator::trim();
                return "cuda_not_available";
              })},
  };
}

// --- Times

std::string profile_text(const std::vector<profiler::Entry>& entries) {
  std::string out = "     count     total ms      self ms      allocated  name";
  for (const profiler::Entry& entry : entries) {
    char line[96];
    std::snprintf(line, sizeof line, "\n%10lld %12.3f %12.3f %14lld  ", static_cast<long long>(entry.count),
                  entry.total * 1e3, entry.self * 1e3, static_cast<long long>(entry.allocated));
    out += line + entry.name;
  }
  return out;
}

Tcl_Obj* profile_dict(const std::vector<profiler::Entry>& entries) {
  Tcl_Obj* out = Tcl_NewDictObj();
  for (const profiler::Entry& entry : entries) {
    Tcl_Obj* figures = Tcl_NewDictObj();
    const auto put = [&](const char* key, Tcl_Obj* value) {
      Tcl_DictObjPut(nullptr, figures, binding::new_text(key), value);
    };
    put("count", Tcl_NewWideIntObj(entry.count));
    put("total", Tcl_NewDoubleObj(entry.total));
    put("self", Tcl_NewDoubleObj(entry.self));
    put("allocated", Tcl_NewWideIntObj(entry.allocated));
    Tcl_DictObjPut(nullptr, out, binding::new_text(entry.name), figures);
  }
  return out;
}

Tcl_Obj* profile(Sorting sorting, Format format) {
  std::vector<profiler::Entry> entries = profiler::report();
  const auto before = [sorting](const profiler::Entry& a, const profiler::Entry& b) {
    switch (sorting) {
      case Sorting::Self:
        return a.self > b.self;
      case Sorting::Count:
        return a.count > b.count;
      case Sorting::Name:
        return a.name < b.name;
      case Sorting::Total:
        break;
    }
    return a.total > b.total;
  };
  std::stable_sort(entries.begin(), entries.end(), before);
  return format == Format::Text ? binding::new_text(profile_text(entries)) : profile_dict(entries);
}

// "1000x1000"
Shape sizes_in(std::string_view text) {
  Shape shape;
  std::size_t at = 0;
  while (at <= text.size()) {
    const std::size_t end = std::min(text.find('x', at), text.size());
    const std::string_view part = text.substr(at, end - at);
    const bool digits =
        !part.empty() && part.size() < 10 && part.find_first_not_of("0123456789") == part.npos;
    if (!digits) wick::fail("benchmark", "the size must be whole numbers joined by x, {} was given", text);
    shape.push_back(std::stoll(std::string(part)));
    at = end + 1;
  }
  return shape;
}

// What an operation is timed on: its second operand beside the one of the size that is given.
Tensor second_operand(Timed operation, const Tensor& first) {
  if (operation == Timed::Add) return wick::randn(first.sizes(), first.dtype());
  if (operation != Timed::Conv2d) return first;
  if (first.dim() != 4) {
    wick::fail<wick::ShapeError>("benchmark", "conv2d takes a 4D size, NxCxHxW, {} was given", first.sizes());
  }
  return wick::randn({32, first.size(1), 3, 3}, first.dtype());
}

void run(Timed operation, const Tensor& a, const Tensor& b) {
  switch (operation) {
    case Timed::Matmul:
      wick::matmul(a, b);
      break;
    case Timed::Mm:
      wick::mm(a, b);
      break;
    case Timed::Add:
      wick::add(a, b);
      break;
    case Timed::Conv2d:
      wick::conv2d(a, b);
      break;
  }
}

// Microseconds, 1 at least.
std::int64_t time_of(Timed operation, std::int64_t iterations, const Shape& shape, DType type) {
  const wick::NoGrad no_grad;
  const auto begin = std::chrono::steady_clock::now();
  const Tensor a = wick::randn(shape, type), b = second_operand(operation, a);
  for (std::int64_t i = 0; i < iterations; ++i) {
    wick::check_interrupt({i, iterations});
    run(operation, a, b);
  }
  const auto time = std::chrono::steady_clock::now() - begin;
  return std::max<std::int64_t>(std::chrono::duration_cast<std::chrono::microseconds>(time).count(), 1);
}

Tcl_Obj* benchmark(Timed operation, std::int64_t iterations, std::string_view size, DType type,
                   bool verbose) {
  const std::int64_t time = time_of(operation, iterations, sizes_in(size), type);
  if (!verbose) return Tcl_NewWideIntObj(time);
  return binding::new_text("Operation: " + std::string(binding::word_of(operation)) +
                           ", Iterations: " + std::to_string(iterations) + ", Size: " + std::string(size) +
                           ", Time: " + std::to_string(time) + " microseconds");
}

std::vector<Command> times() {
  return {
      Command{.name = "profiler_start",
              .summary = "Begins to record how long commands and the nodes of backward passes take.",
              .details = "What was recorded before is forgotten. profiler_report shows the record.",
              .params = {{"config", "", "key=value pairs; accepted, and without effect"}},
              .positional = {"?config?"},
              .returns = "profiler_started",
              .call = bind([](std::string_view) {
                profiler::start();
                return "profiler_started";
              })},
      Command{.name = "profiler_stop",
              .summary = "Ends the recording. What was recorded stays until the next profiler_start.",
              .positional = {""},
              .returns = "profiler_stopped",
              .call = bind([] {
                profiler::stop();
                return "profiler_stopped";
              })},
      Command{.name = "profiler_report",
              .summary = "What was recorded since profiler_start.",
              .details =
                  "For each command and each sort of node of a backward pass the number of calls, the time "
                  "in all, the "
                  "time without that of others within it, and the bytes of memory that were asked for.",
              .params = {{"sort", "total", "by which figure, the largest first; or by name"},
                         {"format", "text", "text: a table in milliseconds; dict: for programs, in seconds"}},
              .positional = {"?sort? ?format?"},
              .returns = "a table, or a dict of dicts by name with the keys count, total, self and allocated",
              .call = bind([](Sorting sorting, Format format) { return profile(sorting, format); })},
      Command{
          .name = "benchmark",
          .summary = "Times an operation on random operands.",
          .details =
              "The wall clock's time of all iterations together, and of making the operands. matmul and mm "
              "multiply a square matrix with itself, add adds two tensors, conv2d applies 32 kernels of 3 by "
              "3 "
              "to images of a size NxCxHxW.",
          .params = {{"operation op", required, "what to time"},
                     {"iterations iter", std::int64_t{1}, "how many times", at_least(1)},
                     {"size", "1000x1000", "sizes of the operands, joined by the letter x"},
                     dtype,
                     device,
                     {"verbose", false, "whether to answer with a sentence"}},
          .positional = {"operation ?iterations? ?size? ?dtype? ?device? ?verbose?"},
          .returns = "microseconds, 1 at least, or a sentence with them",
          .call = bind([](Timed operation, std::int64_t iterations, std::string_view size, DType type, Device,
                          bool verbose) { return benchmark(operation, iterations, size, type, verbose); })},
  };
}

// --- The processor, and GPUs

std::vector<Command> machine() {
  return {
      Command{.name = "synchronize",
              .summary = "Waits for the work that a GPU has to do; there is none.",
              .params = {any_text},
              .positional = {"?device?"},
              .returns = "cuda_not_available",
              .call = bind([](std::string_view) { return "cuda_not_available"; })},
      Command{.name = "set_flush_denormal",
              .summary = "Whether floating point numbers too small to be normal count as 0.",
              .details =
                  "Of float32 those below about 1.18e-38, in results and operands of all commands and their "
                  "threads. "
                  "Tcl's own arithmetic stays as it is. On a processor that cannot do it nothing changes.",
              .params = {{"enabled", required, "0 for no, another integer for yes"}},
              .positional = {"enabled"},
              .returns = "denormal_flushing_enabled or denormal_flushing_disabled",
              .call = bind([](std::int64_t enabled) {
                wick::set_flush_denormal(enabled != 0);
                return enabled != 0 ? "denormal_flushing_enabled" : "denormal_flushing_disabled";
              })},
      Command{.name = "get_num_threads",
              .summary = "How many threads an operation may use.",
              .positional = {""},
              .returns = "the number",
              .call = bind([] { return std::int64_t{wick::num_threads()}; })},
      Command{.name = "set_num_threads",
              .summary = "Sets how many threads an operation may use.",
              .details =
                  "For all interpreters of the process. More than a few times the processors there are count "
                  "as that many.",
              .params = {{"numThreads num_threads", required, "the number", between(1, 1e6)}},
              .positional = {"numThreads"},
              .returns = "threads_set",
              .call = bind([](std::int64_t count) {
                wick::set_num_threads(static_cast<int>(count));
                return "threads_set";
              })},
      Command{.name = "cuda_is_available",
              .summary = "Whether tensors can be put on a CUDA GPU.",
              .details =
                  "They cannot; the device cuda means the cpu, as scripts expect that are written for both.",
              .positional = {""},
              .returns = "0",
              .call = bind([] { return false; })},
      Command{.name = "cuda_device_count",
              .summary = "The number of CUDA GPUs that can be used.",
              .positional = {""},
              .returns = "0",
              .call = bind([] { return std::int64_t{0}; })},
      Command{.name = "cuda_device_info",
              .summary = "Name and compute capability of a GPU: the error that there is none.",
              .params = {gpu},
              .positional = {"?device_id?"},
              .returns = "nothing",
              .call = bind([](std::int64_t) { no_cuda(); })},
      Command{.name = "cuda_memory_info",
              .summary = "The memory of a GPU: the error that there is none.",
              .params = {gpu},
              .positional = {"?device_id?"},
              .returns = "nothing",
              .call = bind([](std::int64_t) { no_cuda(); })},
      Command{.name = "build_info",
              .summary = "What the library is made of: for reports of faults.",
              .positional = {""},
              .returns =
                  "a dict: version, kernels in use, levels of kernels that this machine can run, threads, "
                  "compiler, npz (whether archives can be read), tcl",
              .call = bind([](Call& call) {
                Tcl_Obj* out = Tcl_NewDictObj();
                for (const auto& [name, value] : wick::build_info())
                  Tcl_DictObjPut(nullptr, out, binding::new_text(name), binding::new_text(value));
                const char* tcl = Tcl_GetVar(call.interp(), "tcl_patchLevel", TCL_GLOBAL_ONLY);
                Tcl_DictObjPut(nullptr, out, binding::new_text("tcl"), binding::new_text(tcl ? tcl : ""));
                return out;
              })},
  };
}

}  // namespace

const Area& runtime() {
  static const Area area{"runtime", "Threads, memory and times", joined({memory(), times(), machine()})};
  return area;
}

}  // namespace commands
