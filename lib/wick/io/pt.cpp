#include "wick/io/pt.h"

#include <algorithm>
#include <bit>
#include <map>
#include <memory>
#include <string>

#include "wick/core/fail.h"
#include "wick/io/elements.h"
#include "wick/io/file.h"
#include "wick/io/pickle.h"
#include "wick/ops/creation.h"

#if defined(WICK_HAS_MINIZIP)
#include <minizip/unzip.h>
#endif

namespace wick {

#if defined(WICK_HAS_MINIZIP)

namespace {

constexpr const char* load = "load_pt";

struct CloseUnzip {
  void operator()(unzFile archive) const { unzClose(archive); }
};

// An archive that torch.save has written: its entries lie in one folder, and none is compressed.
class Archive {
 public:
  explicit Archive(const std::filesystem::path& path)
      : name_(path.string()), most_(io::InputFile(load, path).left()), archive_(unzOpen64(path.c_str())) {
    if (!archive_) {
      fail<FileError>(load, "\"{}\" is no archive of torch.save; PyTorch 1.6 and later write such", name_);
    }
    constexpr std::string_view pickle = "/data.pkl";
    int state = unzGoToFirstFile(archive_.get());
    for (; state == UNZ_OK; state = unzGoToNextFile(archive_.get())) {
      char entry[1024];
      unz_file_info64 info{};
      unz64_file_pos place{};
      if (unzGetCurrentFileInfo64(archive_.get(), &info, entry, sizeof entry, nullptr, 0, nullptr, 0) !=
              UNZ_OK ||
          info.size_filename >= sizeof entry || unzGetFilePos64(archive_.get(), &place) != UNZ_OK) {
        damaged();
      }
      const std::string text(entry, info.size_filename);
      if (text.ends_with(pickle)) folder_ = text.substr(0, text.size() - pickle.size() + 1);
      entries_.emplace(text, place);
    }
    if (state != UNZ_END_OF_LIST_OF_FILE) damaged();
    if (folder_.empty())
      fail<FileError>(load, "\"{}\" is no archive of torch.save: it has no data.pkl", name_);
  }

  const std::string& name() const { return name_; }

  // The bytes of an entry, into memory that `make` gives for their number.
  template <class F>
  void read(const std::string& entry, const F& make) const {
    const auto found = entries_.find(folder_ + entry);
    unz_file_info64 info{};
    if (found == entries_.end() || unzGoToFilePos64(archive_.get(), &found->second) != UNZ_OK ||
        unzGetCurrentFileInfo64(archive_.get(), &info, nullptr, 0, nullptr, 0, nullptr, 0) != UNZ_OK) {
      damaged();
    }
    // A small file cannot claim much memory.
    if (info.compression_method != 0 || info.uncompressed_size > most_ ||
        unzOpenCurrentFile(archive_.get()) != UNZ_OK)
      damaged();
    char* to = make(static_cast<std::size_t>(info.uncompressed_size));
    constexpr std::size_t most_at_once = std::size_t{1} << 30;
    for (std::size_t left = info.uncompressed_size; left > 0;) {
      const int got =
          unzReadCurrentFile(archive_.get(), to, static_cast<unsigned>(std::min(left, most_at_once)));
      if (got <= 0) damaged();
      to += got;
      left -= static_cast<std::size_t>(got);
    }
    // The checksum is compared when everything has been read.
    char beyond;
    if (unzReadCurrentFile(archive_.get(), &beyond, 1) != 0 || unzCloseCurrentFile(archive_.get()) != UNZ_OK)
      damaged();
  }
  std::string read_text(const std::string& entry) const {
    std::string text;
    read(entry, [&](std::size_t bytes) {
      text.resize(bytes);
      return text.data();
    });
    return text;
  }
  bool has(const std::string& entry) const { return entries_.contains(folder_ + entry); }

  [[noreturn]] void damaged() const { fail<FileError>(load, "\"{}\" is damaged", name_); }

 private:
  std::string name_;
  std::size_t most_;
  std::unique_ptr<void, CloseUnzip> archive_;
  std::map<std::string, unz64_file_pos> entries_;
  std::string folder_;
};

}  // namespace

NamedTensors load_pt(const std::filesystem::path& path) {
  const Archive archive(path);
  const bool big = archive.has("byteorder") && archive.read_text("byteorder") == "big";
  const bool swapped = big != (std::endian::native == std::endian::big);
  const std::string pickle = archive.read_text("data.pkl");
  return io::read_pickle(load, archive.name(), pickle,
                         [&](const std::string& key, DType dtype, std::int64_t count) {
                           Tensor elements;
                           archive.read("data/" + key, [&](std::size_t bytes) {
                             if (bytes % static_cast<std::size_t>(size_of(dtype)) != 0 ||
                                 static_cast<std::int64_t>(bytes) / size_of(dtype) != count) {
                               archive.damaged();
                             }
                             elements = empty({count}, dtype);
                             return elements.raw_data();
                           });
                           if (swapped) io::swap_bytes(elements);
                           if (dtype == boolean) io::normalize_bools(elements);
                           return elements;
                         });
}

bool is_pt(const std::filesystem::path& path) {
  try {
    const Archive archive(path);
    return true;
  } catch (const FileError&) {
    return false;
  }
}

#else

bool is_pt(const std::filesystem::path&) { return false; }
NamedTensors load_pt(const std::filesystem::path&) {
  fail<Error>("load_pt", "wick was built without minizip");
}

#endif

}  // namespace wick
