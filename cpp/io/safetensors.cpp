#include "nacre/io/safetensors.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>

#include "nacre/base/error.h"
#include "nacre/base/json.h"
#include "nacre/io/atomic_file.h"

namespace nacre {
namespace {

static_assert(std::endian::native == std::endian::little, "the format is little-endian");

constexpr size_t kSizeBytes = 8;
constexpr uint64_t kMaxHeader = 100'000'000;  // the limit of the format's own library
constexpr size_t kDataAlignment = 64;
constexpr std::string_view kMetadata = "__metadata__";

constexpr std::array<std::string_view, kNumDTypes> kDTypeNames = {
    "BOOL", "I8", "I16", "I32", "I64", "U8", "U16", "U32", "F16", "BF16", "F32", "F64"};

DType parse_file_dtype(const std::string& name, const std::string& where) {
  const auto found = std::find(kDTypeNames.begin(), kDTypeNames.end(), name);
  if (found == kDTypeNames.end()) {
    value_error(where, ": dtype: expected one of BOOL, I8 to I64, U8 to U32, F16, BF16, F32, F64, ",
                "received '", name, "'");
  }
  return static_cast<DType>(found - kDTypeNames.begin());
}

// A JSON number that counts bytes or elements.
uint64_t parse_count(const Json& value, const std::string& what) {
  if (!value.is_int() || value.as_int() < 0) {
    value_error(what, ": expected an integer of at least 0, received ", value.dump());
  }
  return static_cast<uint64_t>(value.as_int());
}

const Json& member(const Json& entry, std::string_view key, const std::string& where) {
  const Json* value = entry.find(key);
  if (value == nullptr) value_error(where, ": expected a member '", key, "'");
  return *value;
}

struct Region {
  NamedArray array;
  uint64_t begin;
  uint64_t end;
};

Region parse_entry(const std::string& name, const Json& entry, uint64_t data_bytes,
                   std::string_view what) {
  const std::string where = str_cat(what, ": tensor '", name, "'");
  entry.as_object(where);
  const DType dtype =
      parse_file_dtype(member(entry, "dtype", where).as_string(where + ": dtype"), where);

  const Json::Array& dims = member(entry, "shape", where).as_array(where + ": shape");
  if (dims.size() > static_cast<size_t>(kMaxRank)) {
    value_error(where, ": expected at most ", kMaxRank, " dimensions, received ", dims.size());
  }
  Shape shape;
  uint64_t bytes = size_of(dtype);
  bool empty = false;
  bool overflow = false;
  for (const Json& dim : dims) {
    const uint64_t size = parse_count(dim, where + ": shape");
    shape.push_back(static_cast<int64_t>(size));
    empty = empty || size == 0;
    overflow = overflow || (size != 0 && bytes > data_bytes / size);
    if (!overflow) bytes *= std::max<uint64_t>(size, 1);
  }
  // Even where a zero makes the product 0, the other sizes must not be absurd.
  if (overflow) {
    value_error(where, ": shape ", shape, " of dtype ", dtype, " exceeds the file's ", data_bytes,
                " bytes of data");
  }
  if (empty) bytes = 0;

  const Json::Array& offsets =
      member(entry, "data_offsets", where).as_array(where + ": data_offsets");
  if (offsets.size() != 2) {
    value_error(where, ": data_offsets: expected 2 numbers, received ", offsets.size());
  }
  const uint64_t begin = parse_count(offsets[0], where + ": data_offsets");
  const uint64_t end = parse_count(offsets[1], where + ": data_offsets");
  if (begin > end || end > data_bytes) {
    value_error(where, ": data_offsets: expected a range within the file's ", data_bytes,
                " bytes of data, received [", begin, ", ", end, "]");
  }
  if (end - begin != bytes) {
    value_error(where, ": shape ", shape, " of dtype ", dtype, " has ", bytes,
                " bytes, data_offsets give ", end - begin);
  }
  if (entry.size() != 3) value_error(where, ": expected dtype, shape and data_offsets only");
  return {{name, dtype, shape, nullptr}, begin, end};
}

// A bool that is neither 0 nor 1 would be undefined behaviour wherever it is read.
void check_bools(const NamedArray& array, std::string_view what) {
  const auto* data = static_cast<const unsigned char*>(array.data);
  const auto* wrong =
      std::find_if(data, data + array.bytes(), [](unsigned char byte) { return byte > 1; });
  if (wrong != data + array.bytes()) {
    value_error(what, ": tensor '", array.name, "': expected 0 or 1 as BOOL, received ",
                static_cast<int>(*wrong));
  }
}

struct FileCloser {
  int descriptor;
  ~FileCloser() { ::close(descriptor); }
};

[[noreturn]] void cannot_read(const std::string& path) {
  const int code = errno;
  raise(ErrorKind::kFile, "cannot read '", path, "': ", std::strerror(code));
}

}  // namespace

Safetensors Safetensors::open(const std::string& path) {
  // Without blocking, so that a pipe in place of a file is an error and not a wait.
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) cannot_read(path);
  const FileCloser closer{descriptor};
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) cannot_read(path);
  if (!S_ISREG(status.st_mode)) {
    raise(ErrorKind::kFile, "cannot read '", path, "': it is not a regular file");
  }
  const auto size = static_cast<size_t>(status.st_size);
  const std::string what = "'" + path + "'";
  if (size == 0) return parse({}, nullptr, what);
  void* memory = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
  if (memory == MAP_FAILED) cannot_read(path);
  std::shared_ptr<const void> owner(
      memory, [size](const void* mapped) { ::munmap(const_cast<void*>(mapped), size); });
  return parse({static_cast<const std::byte*>(memory), size}, std::move(owner), what);
}

Safetensors Safetensors::parse(std::span<const std::byte> bytes, std::shared_ptr<const void> owner,
                               std::string_view what) {
  if (bytes.size() < kSizeBytes) {
    value_error(what, ": expected a safetensors file, received ", bytes.size(), " bytes");
  }
  uint64_t header_bytes = 0;
  std::memcpy(&header_bytes, bytes.data(), kSizeBytes);
  const uint64_t available = bytes.size() - kSizeBytes;
  if (header_bytes > std::min(available, kMaxHeader)) {
    value_error(what, ": not a safetensors file, or a truncated one: it claims a header of ",
                header_bytes, " bytes and has ", available, " bytes after the size");
  }
  const std::string_view header(reinterpret_cast<const char*>(bytes.data()) + kSizeBytes,
                                header_bytes);
  const std::span<const std::byte> data = bytes.subspan(kSizeBytes + header_bytes);
  const std::string header_name = str_cat(what, ": header");
  const Json root = Json::parse(header, header_name);

  Safetensors file;
  std::vector<Region> regions;
  for (const auto& [name, entry] : root.as_object(header_name)) {
    if (name == kMetadata) {
      const std::string where = str_cat(what, ": ", kMetadata);
      for (const auto& [key, value] : entry.as_object(where)) {
        file.metadata_[key] = value.as_string(where + ": '" + key + "'");
      }
    } else {
      regions.push_back(parse_entry(name, entry, data.size(), what));
    }
  }
  std::stable_sort(regions.begin(), regions.end(), [](const Region& a, const Region& b) {
    return a.begin != b.begin ? a.begin < b.begin : a.end < b.end;
  });
  uint64_t filled = 0;
  for (Region& region : regions) {
    if (region.begin != filled) {
      value_error(what, ": tensor '", region.array.name, "': expected its data to begin at ",
                  filled, ", received ", region.begin);
    }
    filled = region.end;
    region.array.data = data.data() + region.begin;
    if (region.array.dtype == DType::kBool) check_bools(region.array, what);
    file.index_.emplace(region.array.name, file.tensors_.size());
    file.tensors_.push_back(std::move(region.array));
  }
  if (filled != data.size()) {
    value_error(what, ": expected ", filled, " bytes of data, received ", data.size());
  }
  file.owner_ = std::move(owner);
  return file;
}

const NamedArray* Safetensors::find(std::string_view name) const {
  const auto found = index_.find(name);
  return found == index_.end() ? nullptr : &tensors_[found->second];
}

void write_safetensors(const std::string& path, std::span<const NamedArray> tensors,
                       const std::map<std::string, std::string>& metadata) {
  std::vector<const NamedArray*> order;
  order.reserve(tensors.size());
  for (const NamedArray& array : tensors) {
    if (array.name == kMetadata) value_error("the tensor name '", kMetadata, "' is reserved");
    if (!array.shape.is_known()) {
      value_error("tensor '", array.name, "': expected a known shape, received ", array.shape);
    }
    order.push_back(&array);
  }
  std::stable_sort(order.begin(), order.end(), [](const NamedArray* a, const NamedArray* b) {
    return size_of(a->dtype) > size_of(b->dtype);
  });

  Json::Object header;
  if (!metadata.empty()) {
    Json::Object strings;
    for (const auto& [key, value] : metadata) strings.push_back({key, value});
    header.push_back({std::string(kMetadata), std::move(strings)});
  }
  uint64_t offset = 0;
  for (const NamedArray* array : order) {
    const uint64_t end = offset + array->bytes();
    header.push_back(
        {array->name, Json::object({{"dtype", kDTypeNames[static_cast<size_t>(array->dtype)]},
                                    {"shape", Json::array_of(array->shape)},
                                    {"data_offsets", Json::array_of(std::array{offset, end})}})});
    offset = end;
  }
  std::string text = Json(std::move(header)).dump();
  // What is written can be read: finds names given twice and strings that are not UTF-8.
  Json::parse(text, str_cat("cannot write '", path, "': header"));
  const size_t end = kSizeBytes + text.size();
  text.append((kDataAlignment - end % kDataAlignment) % kDataAlignment, ' ');
  const uint64_t header_bytes = text.size();
  if (header_bytes > kMaxHeader) {
    value_error("cannot write '", path, "': expected a header of at most ", kMaxHeader,
                " bytes, received ", header_bytes);
  }

  AtomicFile file(path);
  file.write(&header_bytes, kSizeBytes);
  file.write(text.data(), text.size());
  for (const NamedArray* array : order) file.write(array->data, array->bytes());
  file.commit();
}

}  // namespace nacre
