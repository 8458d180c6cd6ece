#pragma once

// Private: files that are read and written whole.

#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <memory>

namespace wick::io {

using Path = std::filesystem::path;

// A file open for reading; its length is known from the start.
class InputFile {
 public:
  // FileError when it cannot be opened or is no regular file.
  InputFile(const char* operation, const Path& path);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  std::size_t position() const noexcept { return position_; }
  std::size_t left() const noexcept { return size_ - position_; }
  // Exactly that many bytes; FileError when there are fewer.
  void read(void* to, std::size_t bytes);
  // At most as many as are left.
  void skip(std::size_t bytes);
  // The whole file in memory, private to this process: changes do not reach the file. Null where the system
  // cannot, and for an empty file.
  std::shared_ptr<char> map() const;

 private:
  const char* operation_;
  Path path_;
  int descriptor_;
  std::size_t size_ = 0, position_ = 0;
};

// A file that appears under its name complete or not at all: written under another name beside it, and
// renamed by commit(). Without a commit nothing is left behind.
class OutputFile {
 public:
  OutputFile(const char* operation, const Path& path);
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  // FileError when the disk is full.
  void write(const void* from, std::size_t bytes);
  // On the disk, then under its name.
  void commit();
  const Path& temporary() const noexcept { return temporary_; }

 private:
  [[noreturn]] void failed(const char* what) const;

  const char* operation_;
  Path path_, temporary_;
  int descriptor_ = -1;
};

}  // namespace wick::io
