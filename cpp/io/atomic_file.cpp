#include "nacre/io/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "nacre/base/error.h"

namespace nacre {
namespace {

std::string folder_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash + 1);
}

}  // namespace

void AtomicFile::fail(const char* action) const {
  const int code = errno;
  raise(ErrorKind::kFile, "cannot write '", path_, "': ", action, ": ", std::strerror(code));
}

AtomicFile::AtomicFile(const std::string& path) : path_(path), target_(path) {
  // A rename would replace a link, not the file it leads to.
  const std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr),
                                                         &std::free);
  if (real) target_ = real.get();
  struct stat existing {};
  const bool exists = ::stat(target_.c_str(), &existing) == 0;
  if (exists && !S_ISREG(existing.st_mode)) {
    raise(ErrorKind::kFile, "cannot write '", path_, "': it is not a regular file");
  }
  static std::atomic<unsigned> counter{0};
  const std::string folder = folder_of(target_);
  const std::string prefix = (folder == "." ? "" : folder) + ".nacre-" + std::to_string(::getpid());
  for (int attempt = 0; descriptor_ < 0; ++attempt) {
    temporary_ = prefix + "-" + std::to_string(counter.fetch_add(1)) + ".tmp";
    descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor_ < 0 && (errno != EEXIST || attempt == 100)) fail("creating a temporary file");
  }
  // The new file keeps the permissions of the one it replaces; where that is refused, the default
  // ones do.
  if (exists && ::fchmod(descriptor_, existing.st_mode & 07777) != 0) errno = 0;
}

AtomicFile::~AtomicFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicFile::write(const void* data, size_t bytes) {
  constexpr size_t kMost = size_t{1} << 30;  // Linux writes at most 2 GiB in a call
  const char* next = static_cast<const char*>(data);
  while (bytes > 0) {
    const ssize_t written = ::write(descriptor_, next, std::min(bytes, kMost));
    if (written < 0) {
      if (errno == EINTR) continue;
      fail("writing");
    }
    next += written;
    bytes -= static_cast<size_t>(written);
  }
}

void AtomicFile::commit() {
  if (::fsync(descriptor_) != 0) fail("syncing");
  const int descriptor = descriptor_;
  descriptor_ = -1;
  if (::close(descriptor) != 0) fail("closing");
  if (::rename(temporary_.c_str(), target_.c_str()) != 0) fail("renaming");
  temporary_.clear();
  // The rename itself survives a power cut only once the folder is synced. Some file systems cannot
  // sync a folder; the file is complete either way.
  const int folder = ::open(folder_of(target_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder >= 0) {
    ::fsync(folder);
    ::close(folder);
  }
}

}  // namespace nacre
