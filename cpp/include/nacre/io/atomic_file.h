// AtomicFile: a file that is either written whole or not at all.
#pragma once

#include <cstddef>
#include <string>

namespace nacre {

// Writes go to a temporary file beside `path`; commit() syncs it to the disk and renames it over
// `path`. Until then, and after any failure, whatever was at `path` is untouched; the destructor
// removes the temporary file. Every failure is an Error of kind kFile that names `path`.
class AtomicFile {
 public:
  explicit AtomicFile(const std::string& path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(const void* data, size_t bytes);
  void commit();  // at most once, last

 private:
  [[noreturn]] void fail(const char* action) const;

  std::string path_;       // as given, for messages
  std::string target_;     // path_ with symbolic links followed
  std::string temporary_;  // empty once renamed
  int descriptor_ = -1;
};

}  // namespace nacre
