// The C structures of DLPack 1 (dmlc.github.io/dlpack), as its specification lays them out.
#pragma once

#include <cstdint>

namespace nacre::bindings::dlpack {

inline constexpr int32_t kCpu = 1;
inline constexpr uint8_t kInt = 0, kUInt = 1, kFloat = 2, kBFloat = 4, kBool = 6;
inline constexpr uint64_t kReadOnly = 1, kIsCopied = 2;  // flags
inline constexpr uint32_t kMajorVersion = 1;

struct Device {
  int32_t type;
  int32_t id;
};
struct DataType {
  uint8_t code;
  uint8_t bits;
  uint16_t lanes;
};
struct Array {
  void* data;
  Device device;
  int32_t ndim;
  DataType dtype;
  int64_t* shape;
  int64_t* strides;  // in elements; null: row-major
  uint64_t byte_offset;
};
struct Managed {
  Array array;
  void* context;
  void (*deleter)(Managed*);
};
struct Version {
  uint32_t major;
  uint32_t minor;
};
struct ManagedVersioned {
  Version version;
  void* context;
  void (*deleter)(ManagedVersioned*);
  uint64_t flags;
  Array array;
};

}  // namespace nacre::bindings::dlpack
