#include "wick/io/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>

#include "wick/core/fail.h"

namespace wick::io {
namespace {

// Where a chain of links ends, which may be where nothing is yet.
Path end_of_links(const char* operation, const Path& path) {
  constexpr int most = 40;  // as the system has it
  std::error_code error;
  Path end = path;
  for (int links = 0; std::filesystem::is_symlink(end, error); ++links) {
    const Path next = links < most ? std::filesystem::read_symlink(end, error) : Path();
    if (next.empty())
      fail<FileError>(operation, "cannot follow \"{}\": {}", path.string(),
                      error ? error.message() : std::strerror(ELOOP));
    end = end.parent_path() / next;
  }
  return end;
}

// Systems move at most some 2 GB in one call.
constexpr std::size_t most_at_once = std::size_t{1} << 30;

}  // namespace

// Without O_NONBLOCK the opening of a named pipe waits for somebody who writes into it; files ignore it.
InputFile::InputFile(const char* operation, const Path& path)
    : operation_(operation), path_(path), descriptor_(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
  if (descriptor_ < 0)
    fail<FileError>(operation, "cannot open \"{}\": {}", path.string(), std::strerror(errno));
  struct stat status {};
  if (fstat(descriptor_, &status) != 0 || !S_ISREG(status.st_mode)) {
    close(descriptor_);
    fail<FileError>(operation, "\"{}\" is not a regular file", path.string());
  }
  size_ = static_cast<std::size_t>(status.st_size);
}

InputFile::~InputFile() { close(descriptor_); }

void InputFile::read(void* to, std::size_t bytes) {
  char* target = static_cast<char*>(to);
  while (bytes > 0) {
    const ssize_t got = ::read(descriptor_, target, std::min(bytes, most_at_once));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail<FileError>(operation_, "cannot read \"{}\": {}", path_.string(), std::strerror(errno));
    if (got == 0) fail<FileError>(operation_, "\"{}\" ends {} bytes too early", path_.string(), bytes);
    target += got;
    bytes -= static_cast<std::size_t>(got);
    position_ += static_cast<std::size_t>(got);
  }
}

void InputFile::skip(std::size_t bytes) {
  position_ += bytes;
  if (lseek(descriptor_, static_cast<off_t>(position_), SEEK_SET) < 0)
    fail<FileError>(operation_, "cannot read \"{}\": {}", path_.string(), std::strerror(errno));
}

std::shared_ptr<char> InputFile::map() const {
  if (size_ == 0) return nullptr;
  void* address = mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE, descriptor_, 0);
  if (address == MAP_FAILED) return nullptr;
  return {static_cast<char*>(address), [size = size_](char* start) { munmap(start, size); }};
}

OutputFile::OutputFile(const char* operation, const Path& path)
    : operation_(operation), path_(end_of_links(operation, path)) {
  static std::atomic<unsigned> count{0};
  // A link stays one: what it leads to is replaced. Nothing but a regular file is.
  struct stat before {};
  const bool exists = stat(path_.c_str(), &before) == 0;
  if (exists && !S_ISREG(before.st_mode))
    fail<FileError>(operation, "\"{}\" is not a regular file", path.string());
  temporary_ = path_;
  temporary_ += "." + std::to_string(getpid()) + "-" + std::to_string(count++) + ".tmp";
  descriptor_ = open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (descriptor_ < 0) failed("create");
  // Where the system lets it; nothing is lost otherwise.
  if (exists) static_cast<void>(!fchmod(descriptor_, before.st_mode & 07777));
}

OutputFile::~OutputFile() {
  if (descriptor_ < 0) return;
  close(descriptor_);
  unlink(temporary_.c_str());
}

void OutputFile::failed(const char* what) const {
  fail<FileError>(operation_, "cannot {} \"{}\": {}", what, path_.string(), std::strerror(errno));
}

void OutputFile::write(const void* from, std::size_t bytes) {
  const char* source = static_cast<const char*>(from);
  while (bytes > 0) {
    const ssize_t written = ::write(descriptor_, source, std::min(bytes, most_at_once));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) failed("write");
    source += written;
    bytes -= static_cast<std::size_t>(written);
  }
}

void OutputFile::commit() {
  if (fsync(descriptor_) != 0) failed("write");
  if (rename(temporary_.c_str(), path_.c_str()) != 0) failed("write");
  close(descriptor_);
  descriptor_ = -1;
  // The name as well, where the system can: some file systems have no such thing.
  const Path folder = path_.parent_path();
  const int parent = open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (parent < 0) return;
  fsync(parent);
  close(parent);
}

}  // namespace wick::io
