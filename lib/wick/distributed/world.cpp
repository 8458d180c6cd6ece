#include "wick/distributed/world.h"

#include <dlfcn.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <thread>

#include "wick/core/fail.h"
#include "wick/core/interrupt.h"
#include "wick/distributed/collective.h"
#include "wick/ops/creation.h"

namespace wick::distributed {
namespace {

struct Launcher {
  const char* size_variable;
  const char* rank_variable;
  const char* module;  // of the MPI implementation that this launcher belongs to
};

constexpr Launcher launchers[] = {{"OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK", "libwick_openmpi.so"},
                                  {"PMI_SIZE", "PMI_RANK", "libwick_mpich.so"}};

int number_in_environment(const char* variable) {
  const char* text = std::getenv(variable);
  int value = 0;
  if (text) std::from_chars(text, text + std::strlen(text), value);
  return value;
}

const Launcher* find_launcher() noexcept {
  for (const Launcher& launcher : launchers) {
    if (std::getenv(launcher.size_variable)) return &launcher;
  }
  return nullptr;
}

// Where modules may lie: named by the environment, near this very library (built or installed), or where they
// are installed.
std::vector<std::filesystem::path> module_folders() {
  std::vector<std::filesystem::path> folders;
  if (const char* named = std::getenv("WICK_MODULE_PATH")) folders.emplace_back(named);
  Dl_info self;
  std::error_code failed;
  if (dladdr(reinterpret_cast<const void*>(&module_folders), &self) && self.dli_fname) {
    const auto own = std::filesystem::canonical(self.dli_fname, failed).parent_path();
    for (const char* place : {".", "wick", "wick/distributed", "../lib/wick/distributed", "../../wick"}) {
      if (!failed) folders.push_back(own / place);
    }
  }
  folders.emplace_back(WICK_MODULE_DIR);
  return folders;
}

const wick_transport* load_transport(const char* module) {
  std::string tried;
  for (const auto& folder : module_folders()) {
    const auto path = folder / module;
    std::error_code ignored;
    if (!std::filesystem::exists(path, ignored)) continue;
    // Global, because Open MPI's own plug-ins look for its symbols.
    void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL);
    if (!handle) {
      tried = std::string(": ") + dlerror();
      continue;
    }
    const auto table = reinterpret_cast<const wick_transport* (*)()>(dlsym(handle, WICK_TRANSPORT_SYMBOL));
    if (table && table()->version == WICK_TRANSPORT_VERSION) return table();
    tried = ": " + path.string() + " is of another version";
  }
  throw DistributedError(std::string("a launcher has started several processes, but the MPI module ") +
                         module + " cannot be loaded" + tried +
                         "; build wick with -Dmpi=enabled, or set WICK_MODULE_PATH");
}

// The transport's blocking calls are made on one thread of their own, so that this one can stop waiting for
// them.
class BlockingCalls {
 public:
  // What the call answered; nothing when it has not come back within that time. No other can follow then.
  std::optional<int> run(std::function<int()> call, double seconds) {
    std::unique_lock lock(mutex_);
    if (!started_) std::thread([this] { serve(); }).detach();
    started_ = true;
    call_ = std::move(call);
    answer_.reset();
    changed_.notify_all();
    const auto deadline = deadline_after(seconds);
    const auto answered = [this] { return answer_.has_value(); };
    while (!changed_.wait_until(lock, std::min(deadline, deadline_after(0.05)), answered) &&
           Clock::now() < deadline) {
      check_interrupt();
    }
    return answer_;
  }

 private:
  void serve() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return static_cast<bool>(call_); });
      const auto call = std::exchange(call_, nullptr);
      lock.unlock();
      const int answer = call();
      lock.lock();
      answer_ = answer;
      changed_.notify_all();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  bool started_ = false;
  std::function<int()> call_;
  std::optional<int> answer_;
};

World& state() {
  static World* all = new World;  // never destroyed: requests may be under way until the end
  return *all;
}

std::recursive_mutex& world_mutex() {
  static auto* mutex = new std::recursive_mutex;
  return *mutex;
}

BlockingCalls& blocking_calls() {
  static auto* calls = new BlockingCalls;
  return *calls;
}

std::string error_text(const wick_transport& transport, int error) {
  char text[256];
  transport.describe(error, text, sizeof text);
  return text;
}

// Joins the world; where that fails there is no second try.
void open_world(World& w, double timeout) {
  if (!w.closed.empty()) throw DistributedError(w.closed);
  const wick_transport* transport = load_transport(find_launcher()->module);
  static int rank, size;  // the call may come back later than anybody waits for it
  std::optional<int> error;
  try {
    error = blocking_calls().run([transport] { return transport->open(&rank, &size); }, timeout);
  } catch (...) {
    w.closed = "MPI cannot be used: its start was interrupted";
    throw;
  }
  if (!error) {
    w.closed = "MPI did not start within " + seconds_text(timeout) + ": some ranks did not come to it";
  } else if (*error) {
    w.closed = "MPI cannot be started: " + error_text(*transport, *error);
  }
  if (!w.closed.empty()) throw DistributedError(w.closed);
  w.transport = transport;
  w.rank = rank;
  w.size = size;
  std::vector<int> ranks;
  for (int r = 0; r < size; ++r) ranks.push_back(r);
  add_group(ranks, "", 0);
}

void check_agrees(const char* what, const std::optional<std::int64_t>& given, int actual) {
  if (given && *given != actual) {
    fail<DistributedError>("distributed_init", "{} {} was given where the launcher says {}", what, *given,
                           actual);
  }
}

}  // namespace

Lock::Lock() : lock_(world_mutex()) {}

bool under_launcher() noexcept {
  static const bool present = find_launcher() != nullptr;
  return present;
}

bool launched() noexcept {
  // Looked up once: every collective asks.
  static const bool several = under_launcher() && number_in_environment(find_launcher()->size_variable) > 1;
  return several;
}

void init(const Options& options) {
  const Lock lock;
  World& w = state();
  if (!(options.timeout > 0)) {
    fail<DistributedError>("distributed_init", "the timeout must be above 0 s, {} was given",
                           options.timeout);
  }
  if (under_launcher())
    check_agrees("world size", options.world_size, number_in_environment(find_launcher()->size_variable));
  if (launched()) {
    check_agrees("rank", options.rank, number_in_environment(find_launcher()->rank_variable));
    if (!w.transport) open_world(w, options.timeout);
  }
  w.timeout = options.timeout;
  w.initialized = true;
}

void finalize() {
  const Lock lock;
  World& w = state();
  w.initialized = false;
  if (!w.transport) return;
  const auto deadline = deadline_after(w.timeout);
  const auto left = [&] { return std::chrono::duration<double>(deadline - Clock::now()).count(); };
  bool together = false;
  // A rank that still calls something else learns from the mismatch that this one leaves; it may leave next.
  while (!together && left() > 0 && w.groups.find("")->second->unusable.empty()) {
    try {
      run_to_end(*start({.kind = Kind::Finalize, .input = empty({0}, uint8)}, Context{"", left()}));
      together = true;
    } catch (const DistributedError&) {
    }
  }
  // Without the others MPI's own end would wait for them.
  const wick_transport* transport = std::exchange(w.transport, nullptr);
  w.closed = "distributed_finalize has left the world, and MPI cannot be started again";
  if (together) blocking_calls().run(transport->close, std::max(left(), 1.0));
}

World& world() {
  const Lock lock;
  World& w = state();
  if (!w.transport && launched()) {
    Options options;
    options.timeout = w.timeout;
    init(options);
  }
  return w;
}

bool initialized() noexcept {
  const Lock lock;
  return state().initialized;
}
int rank() { return world().rank; }
int world_size() { return world().size; }

int join_group(const std::vector<int>& ranks) {
  const Lock lock;  // MPI is called from one thread at a time
  World& w = world();
  static int id;  // the call may come back later than anybody waits for it
  std::optional<int> error;
  try {
    error = blocking_calls().run(
        [&transport = *w.transport, ranks] {
          return transport.group(ranks.data(), static_cast<int>(ranks.size()), &id);
        },
        w.timeout);
  } catch (...) {
    w.closed = "distributed_new_group was interrupted; MPI cannot be used any more";
    w.transport = nullptr;
    throw;
  }
  if (error && *error) transport_failed(*error);
  if (!error) {
    w.closed = "distributed_new_group: no answer within " + seconds_text(w.timeout) +
               " from all ranks of the group; MPI cannot be used any more";
    w.transport = nullptr;
    throw DistributedError(w.closed);
  }
  return id;
}

void transport_failed(int error) {
  throw DistributedError("communication failed: " + error_text(*world().transport, error));
}

Clock::time_point deadline_after(double seconds) {
  // Centuries would overflow the clock.
  const auto span = std::chrono::duration<double>(std::fmin(seconds, 1e9));
  return Clock::now() + std::chrono::duration_cast<Clock::duration>(span);
}

std::string seconds_text(double seconds) {
  char text[32];
  std::snprintf(text, sizeof text, "%g s", seconds);
  return text;
}

}  // namespace wick::distributed
