#include "wick/distributed/world.h"

#include <dlfcn.h>
#include <sched.h>
#include <unistd.h>

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>

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

// Where modules may lie: named by the environment, near this very library (built or installed), or where they are installed.
std::vector<std::filesystem::path> module_folders() {
  std::vector<std::filesystem::path> folders;
  if (const char* named = std::getenv("WICK_MODULE_PATH")) folders.emplace_back(named);
  Dl_info self;
  if (dladdr(reinterpret_cast<const void*>(&module_folders), &self) && self.dli_fname) {
    std::error_code ignored;
    const auto own = std::filesystem::canonical(self.dli_fname, ignored).parent_path();
    for (const char* place : {".", "wick", "wick/distributed", "../lib/wick/distributed", "../../wick"}) folders.push_back(own / place);
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
  throw DistributedError(std::string("a launcher has started several processes, but the MPI module ") + module +
                         " cannot be loaded" + tried + "; build wick with -Dmpi=enabled, or set WICK_MODULE_PATH");
}

World& state() {
  static World* all = new World;  // never destroyed: requests may be under way until the end
  return *all;
}

void add_world_group(World& w) {
  auto all = std::make_unique<Group>();
  for (int r = 0; r < w.size; ++r) all->ranks.push_back(r);
  all->rank = w.rank;
  w.groups[""] = std::move(all);
}

void check_agrees(const char* what, const std::optional<int>& given, int actual) {
  if (given && *given != actual) {
    throw DistributedError(std::string("distributed_init: ") + what + " " + std::to_string(*given) +
                           " was given where the launcher says " + std::to_string(actual));
  }
}

}  // namespace

bool launched() noexcept {
  const Launcher* launcher = find_launcher();
  return launcher && number_in_environment(launcher->size_variable) > 1;
}

void init(const Options& options) {
  World& w = state();
  if (!(options.timeout > 0)) {
    throw DistributedError("distributed_init: the timeout must be above 0 s, " + std::to_string(options.timeout) +
                           " was given");
  }
  if (launched()) {
    const Launcher& launcher = *find_launcher();
    check_agrees("rank", options.rank, number_in_environment(launcher.rank_variable));
    check_agrees("world size", options.world_size, number_in_environment(launcher.size_variable));
    if (!w.transport) {
      const wick_transport* transport = load_transport(launcher.module);
      if (const int error = transport->open(&w.rank, &w.size)) {
        char text[256];
        transport->describe(error, text, sizeof text);
        throw DistributedError(std::string("MPI cannot be started: ") + text);
      }
      w.transport = transport;
      add_world_group(w);
    }
  }
  w.timeout = options.timeout;
  w.initialized = true;
}

World& world() {
  World& w = state();
  if (!w.initialized && launched()) init();
  return w;
}

bool initialized() noexcept { return state().initialized; }
int rank() { return world().rank; }
int world_size() { return world().size; }

Group& find_group(const char* operation, std::string_view name) {
  World& w = world();
  const auto it = w.groups.find(name);
  if (it == w.groups.end()) {
    throw DistributedError(std::string(operation) + ": group \"" + std::string(name) +
                           "\" does not exist on rank " + std::to_string(w.rank) +
                           "; distributed_new_group makes groups");
  }
  if (it->second->rank < 0) {
    throw DistributedError(std::string(operation) + ": rank " + std::to_string(w.rank) + " is not in group \"" +
                           std::string(name) + "\"");
  }
  return *it->second;
}

void transport_failed(int error) {
  char text[256];
  world().transport->describe(error, text, sizeof text);
  throw DistributedError(std::string("communication failed: ") + text);
}

Request::Request(wick_request* request, int error, Tensors keep) : request_(request), keep_(std::move(keep)) {
  if (!request) transport_failed(error);
}

Request& Request::operator=(Request&& other) noexcept {
  std::swap(request_, other.request_);
  std::swap(keep_, other.keep_);
  return *this;
}

Request::~Request() {
  // Given up: the transport may still write into the buffers.
  if (request_) new Tensors(std::move(keep_));
}

bool Request::done() {
  if (!request_) return true;
  int error = 0;
  const int outcome = world().transport->test(request_, &error);
  if (outcome == 0) return false;
  request_ = nullptr;
  keep_.clear();
  if (outcome < 0) transport_failed(error);
  return true;
}

void Backoff::pause() {
  constexpr int spins = 200, yields = 5000;
  ++count_;
  if (count_ < spins) return;
  if (count_ < yields) {
    sched_yield();
  } else {
    usleep(100);
  }
}

Clock::time_point deadline_after(double seconds) {
  // Centuries would overflow the clock.
  const auto span = std::chrono::duration<double>(std::fmin(seconds, 1e9));
  return Clock::now() + std::chrono::duration_cast<Clock::duration>(span);
}

}  // namespace wick::distributed
