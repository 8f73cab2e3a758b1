// safetensors: tensors with names in one file, which can hold data only.
// Format: https://github.com/huggingface/safetensors (8 bytes of header size, a JSON header, data).
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "nacre/base/dtype.h"
#include "nacre/base/shape.h"

namespace nacre {

// A tensor of a file, or one to be written: a dense row-major array that somebody else owns.
struct NamedArray {
  std::string name;
  DType dtype = DType::kFloat32;
  Shape shape;
  const void* data = nullptr;

  size_t bytes() const { return static_cast<size_t>(shape.size()) * size_of(dtype); }
};

// A file that was read and found sound. Copies share the memory.
class Safetensors {
 public:
  // Maps the file into memory, read-only. Error kFile where it cannot be opened; ValueError saying
  // what is wrong where it is not a sound safetensors file: sizes are checked against the file, and
  // the tensors must fill its data part exactly, without gaps or overlaps.
  static Safetensors open(const std::string& path);
  // The same of bytes in memory that `owner` keeps alive; `what` names them in messages.
  static Safetensors parse(std::span<const std::byte> bytes, std::shared_ptr<const void> owner,
                           std::string_view what);

  const std::vector<NamedArray>& tensors() const { return tensors_; }  // in order of the data
  const NamedArray* find(std::string_view name) const;                 // null where it is not there
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  // Whoever keeps a pointer into the data keeps this. Data is aligned to its element size only.
  const std::shared_ptr<const void>& owner() const { return owner_; }

 private:
  std::vector<NamedArray> tensors_;
  std::map<std::string, size_t, std::less<>> index_;
  std::map<std::string, std::string> metadata_;
  std::shared_ptr<const void> owner_;
};

// Writes the tensors to `path` (see AtomicFile). The data of wider dtypes comes first, so that all
// of it is aligned. ValueError for names that are reserved ("__metadata__"), given twice or not
// UTF-8.
void write_safetensors(const std::string& path, std::span<const NamedArray> tensors,
                       const std::map<std::string, std::string>& metadata = {});

}  // namespace nacre
