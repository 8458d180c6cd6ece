#include "wick/io/npz.h"

#include <algorithm>
#include <memory>
#include <set>

#include "wick/core/fail.h"
#include "wick/io/file.h"
#include "wick/io/npy_format.h"

#if defined(WICK_HAS_MINIZIP)
#include <minizip/unzip.h>
#include <minizip/zip.h>
#endif

namespace wick {

#if defined(WICK_HAS_MINIZIP)

namespace {

constexpr std::string_view suffix = ".npy";
// minizip counts the bytes of one call in an unsigned int.
constexpr std::size_t most_at_once = std::size_t{1} << 30;

struct CloseUnzip {
  void operator()(unzFile archive) const { unzClose(archive); }
};
struct CloseZip {
  void operator()(zipFile archive) const { zipClose(archive, nullptr); }
};
using InputArchive = std::unique_ptr<void, CloseUnzip>;
using OutputArchive = std::unique_ptr<void, CloseZip>;

// Of an entry's flags: its name is UTF-8 (the zip format's specification, section 4.4.4, bit 11).
constexpr unsigned long utf8_name = 1u << 11;

constexpr const char* load = "load_npz";
constexpr const char* save = "save_npz";

// Reads the array that the archive stands at.
std::pair<std::string, Tensor> read_array(unzFile archive, const std::string& path) {
  unz_file_info64 info{};
  char name[1024];
  if (unzGetCurrentFileInfo64(archive, &info, name, sizeof name, nullptr, 0, nullptr, 0) != UNZ_OK ||
      info.size_filename >= sizeof name || unzOpenCurrentFile(archive) != UNZ_OK) {
    fail<FileError>(load, "\"{}\" is damaged", path);
  }
  std::string key(name, info.size_filename);
  std::size_t left = info.uncompressed_size;
  const auto read = [&](void* to, std::size_t bytes) {
    char* target = static_cast<char*>(to);
    while (bytes > 0) {
      const int got =
          unzReadCurrentFile(archive, target, static_cast<unsigned>(std::min(bytes, most_at_once)));
      if (got <= 0) fail<FileError>(load, "array \"{}\" of \"{}\" is damaged", key, path);
      target += got;
      bytes -= static_cast<std::size_t>(got);
      left -= std::min(left, static_cast<std::size_t>(got));
    }
  };
  const io::NpyHeader header = io::read_npy_header(load, read);
  io::npy_bytes(load, "array \"" + key + "\" of \"" + path + "\"", header, left);
  Tensor x = io::read_npy_elements(header, read);
  // The checksum is compared when everything has been read.
  char beyond;
  if (unzReadCurrentFile(archive, &beyond, 1) != 0 || unzCloseCurrentFile(archive) != UNZ_OK) {
    fail<FileError>(load, "array \"{}\" of \"{}\" is damaged", key, path);
  }
  if (key.ends_with(suffix)) key.resize(key.size() - suffix.size());
  return {key, x};
}

void write_array(zipFile archive, const std::string& name, const Tensor& x, bool compressed) {
  const std::string header = io::npy_header(save, x);
  const Tensor elements = io::npy_elements(x);
  // 1980-01-01, as NumPy writes it: equal arrays make equal files.
  zip_fileinfo info{};
  info.tmz_date = {0, 0, 0, 1, 0, 1980};
  const int method = compressed ? Z_DEFLATED : 0;
  bool good =
      zipOpenNewFileInZip4_64(archive, (name + std::string(suffix)).c_str(), &info, nullptr, 0, nullptr, 0,
                              nullptr, method, Z_DEFAULT_COMPRESSION, 0, -MAX_WBITS, DEF_MEM_LEVEL,
                              Z_DEFAULT_STRATEGY, nullptr, 0, 0, utf8_name, 1) == ZIP_OK;
  const auto write = [&](const char* from, std::size_t bytes) {
    while (good && bytes > 0) {
      const std::size_t now = std::min(bytes, most_at_once);
      good = zipWriteInFileInZip(archive, from, static_cast<unsigned>(now)) == ZIP_OK;
      from += now;
      bytes -= now;
    }
  };
  write(header.data(), header.size());
  write(elements.raw_data(), static_cast<std::size_t>(elements.numel() * elements.itemsize()));
  good = good && zipCloseFileInZip(archive) == ZIP_OK;
  if (!good) fail<FileError>(save, "array \"{}\" cannot be written; is the disk full?", name);
}

// minizip does not open an archive of nothing but its end (section 4.3.16 of the zip format's specification).
bool is_empty_archive(const std::filesystem::path& path) {
  constexpr std::string_view start("PK\5\6\0\0\0\0\0\0\0\0", 12);
  io::InputFile file(load, path);
  char bytes[start.size()];
  if (file.left() != 22) return false;
  file.read(bytes, sizeof bytes);
  return std::string_view(bytes, sizeof bytes) == start;
}

}  // namespace

NamedTensors load_npz(const std::filesystem::path& path) {
  const InputArchive archive(unzOpen64(path.c_str()));
  if (!archive && is_empty_archive(path)) return {};
  if (!archive) fail<FileError>(load, "\"{}\" cannot be read, or is no .npz file", path.string());
  NamedTensors tensors;
  int state = unzGoToFirstFile(archive.get());
  for (; state == UNZ_OK; state = unzGoToNextFile(archive.get())) {
    tensors.push_back(read_array(archive.get(), path.string()));
  }
  unz_global_info64 info{};
  unzGetGlobalInfo64(archive.get(), &info);
  if (state != UNZ_END_OF_LIST_OF_FILE && info.number_entry != 0) {
    fail<FileError>(load, "\"{}\" is damaged", path.string());
  }
  return tensors;
}

void save_npz(const std::filesystem::path& path, const NamedTensors& tensors, const SaveNpz& options) {
  std::set<std::string_view> names;
  for (const auto& [name, x] : tensors) {
    if (!names.insert(name).second) fail<Error>(save, "two arrays are named \"{}\"", name);
  }
  io::OutputFile file(save, path);
  OutputArchive archive(zipOpen64(file.temporary().c_str(), APPEND_STATUS_CREATE));
  if (!archive) fail<FileError>(save, "cannot write \"{}\"", path.string());
  for (const auto& [name, x] : tensors) write_array(archive.get(), name, x, options.compressed);
  if (zipClose(archive.release(), nullptr) != ZIP_OK)
    fail<FileError>(save, "cannot write \"{}\"", path.string());
  file.commit();
}

#else

NamedTensors load_npz(const std::filesystem::path&) {
  fail<Error>("load_npz", "wick was built without minizip");
}
void save_npz(const std::filesystem::path&, const NamedTensors&, const SaveNpz&) {
  fail<Error>("save_npz", "wick was built without minizip");
}

#endif

}  // namespace wick
