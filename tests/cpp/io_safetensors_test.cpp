#include "nacre/io/safetensors.h"

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "nacre/base/error.h"
#include "nacre/io/atomic_file.h"

using namespace nacre;
namespace fs = std::filesystem;

namespace {

struct Folder {
  fs::path path;
  Folder() {
    std::string pattern = (fs::temp_directory_path() / "nacre-io-XXXXXX").string();
    path = mkdtemp(pattern.data());
  }
  ~Folder() { fs::remove_all(path); }
  std::string operator/(const std::string& name) const { return (path / name).string(); }
  auto files() const { return std::distance(fs::directory_iterator(path), {}); }
};

std::string read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// A file's bytes of a header and data.
std::string file_of(const std::string& header, const std::string& data = "") {
  const uint64_t size = header.size();
  return std::string(reinterpret_cast<const char*>(&size), 8) + header + data;
}

Safetensors parse(const std::string& bytes) {
  return Safetensors::parse(std::as_bytes(std::span(bytes)), nullptr, "file");
}

std::string problem(const std::string& bytes) {
  try {
    parse(bytes);
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::kValue);
    return error.what();
  }
  return "";
}

const float kFloats[6] = {1, -2.5f, 3e-40f, 4, 5, 6};
const int64_t kInts[2] = {-1, INT64_MAX};
const bool kBools[3] = {true, false, true};

std::vector<NamedArray> sample() {
  return {{"mask", DType::kBool, {3}, kBools},
          {"w/kernel", DType::kFloat32, {2, 3}, kFloats},
          {"empty", DType::kBFloat16, {4, 0}, nullptr},
          {"step é", DType::kInt64, {}, kInts},
          {"ints", DType::kInt64, {2}, kInts}};
}

}  // namespace

TEST_CASE("safetensors round trip") {
  const Folder folder;
  const std::string path = folder / "m.safetensors";
  write_safetensors(path, sample(), {{"format", "nacre"}, {"config", "{\"a\": \"\\n\"}"}});
  CHECK(folder.files() == 1);
  const Safetensors file = Safetensors::open(path);
  CHECK(file.metadata().at("config") == "{\"a\": \"\\n\"}");
  CHECK(file.tensors().size() == 5);
  for (const NamedArray& wrote : sample()) {
    const NamedArray* got = file.find(wrote.name);
    REQUIRE(got != nullptr);
    CHECK(got->dtype == wrote.dtype);
    CHECK(got->shape == wrote.shape);
    CHECK((wrote.bytes() == 0 || std::memcmp(got->data, wrote.data, wrote.bytes()) == 0));
    CHECK(reinterpret_cast<uintptr_t>(got->data) % size_of(got->dtype) == 0);
  }
  CHECK(file.find("none") == nullptr);
  CHECK(reinterpret_cast<uintptr_t>(file.tensors()[0].data) % 64 == 0);

  // The data outlives the object and the file's name.
  const std::shared_ptr<const void> owner = Safetensors::open(path).owner();
  const void* data = Safetensors(file).find("w/kernel")->data;
  fs::remove(path);
  CHECK(static_cast<const float*>(data)[5] == 6);

  write_safetensors(path, {}, {});
  CHECK(Safetensors::open(path).tensors().empty());
}

TEST_CASE("safetensors writes the format") {
  const Folder folder;
  const std::string path = folder / "m";
  const std::vector<NamedArray> arrays = {{"x", DType::kUInt8, {2}, "ab"}};
  write_safetensors(path, arrays);
  const std::string header =
      "{\"x\": {\"dtype\": \"U8\", \"shape\": [2], \"data_offsets\": [0, 2]}}";
  std::string padded = header;
  padded.resize(120, ' ');
  CHECK(read(path) == file_of(padded, "ab"));
}

TEST_CASE("a truncated safetensors file is an error at every length") {
  const Folder folder;
  const std::string path = folder / "m";
  write_safetensors(path, sample(), {{"k", "v"}});
  const std::string whole = read(path);
  for (size_t length = 0; length < whole.size(); ++length) {
    CHECK(!problem(whole.substr(0, length)).empty());
  }
  CHECK(problem(whole).empty());
  CHECK(!problem(whole + '\0').empty());
}

TEST_CASE("a safetensors file with a flipped bit is read or refused") {
  const Folder folder;
  const std::string path = folder / "m";
  write_safetensors(path, sample(), {{"k", "v"}});
  std::string bytes = read(path);
  for (size_t i = 0; i < bytes.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      bytes[i] = static_cast<char>(bytes[i] ^ (1 << bit));
      try {
        const Safetensors file = parse(bytes);
        for (const NamedArray& array : file.tensors()) {
          const auto* data = static_cast<const char*>(array.data);
          if (array.bytes() == 0) continue;
          CHECK(data >= bytes.data());
          CHECK(data + array.bytes() <= bytes.data() + bytes.size());
        }
      } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::kValue);
      }
      bytes[i] = static_cast<char>(bytes[i] ^ (1 << bit));
    }
  }
}

TEST_CASE("safetensors files that lie are refused") {
  const auto entry = [](const std::string& fields, const std::string& data = "abcd") {
    return problem(file_of("{\"x\": {" + fields + "}}", data));
  };
  CHECK(entry("\"dtype\": \"F32\", \"shape\": [1], \"data_offsets\": [0, 4]").empty());
  CHECK(entry("\"dtype\": \"F32\", \"shape\": [2], \"data_offsets\": [0, 4]") ==
        "file: tensor 'x': shape (2,) of dtype float32 exceeds the file's 4 bytes of data");
  CHECK(entry("\"dtype\": \"F16\", \"shape\": [1], \"data_offsets\": [0, 4]") ==
        "file: tensor 'x': shape (1,) of dtype float16 has 2 bytes, data_offsets give 4");
  CHECK(entry("\"dtype\": \"F8_E4M3\", \"shape\": [4], \"data_offsets\": [0, 4]")
            .find("received 'F8_E4M3'") != std::string::npos);
  CHECK(entry("\"dtype\": \"F32\", \"shape\": [1], \"data_offsets\": [0, 8]")
            .find("within the file's 4 bytes of data, received [0, 8]") != std::string::npos);
  CHECK(entry("\"dtype\": \"U8\", \"shape\": [0], \"data_offsets\": [4, 3]").find("a range") !=
        std::string::npos);
  CHECK(entry("\"dtype\": \"U8\", \"shape\": [2], \"data_offsets\": [2, 4]") ==
        "file: tensor 'x': expected its data to begin at 0, received 2");
  CHECK(entry("\"dtype\": \"U8\", \"shape\": [2], \"data_offsets\": [0, 2]") ==
        "file: expected 2 bytes of data, received 4");
  CHECK(entry("\"dtype\": \"BOOL\", \"shape\": [4], \"data_offsets\": [0, 4]") ==
        "file: tensor 'x': expected 0 or 1 as BOOL, received 97");
  for (const char* shape :
       {"[-1]", "[1.5]", "[\"1\"]", "[4294967296, 4294967296]", "[4611686018427387904, 4]", "1",
        "[9223372036854775807, 0]", "[1, 1, 1, 1, 1, 1, 1, 1, 1]", "[18446744073709551617]"}) {
    CAPTURE(shape);
    CHECK(!entry("\"dtype\": \"F32\", \"shape\": " + std::string(shape) +
                 ", \"data_offsets\": [0, 4]")
               .empty());
  }
  CHECK(entry("\"dtype\": \"F32\", \"shape\": [1]").find("expected a member 'data_offsets'") !=
        std::string::npos);
  CHECK(!entry("\"dtype\": \"F32\", \"shape\": [1], \"data_offsets\": [0, 4], \"a\": 1").empty());

  // Two tensors over the same bytes.
  CHECK(problem(file_of("{\"x\": {\"dtype\": \"U8\", \"shape\": [4], \"data_offsets\": [0, 4]}, "
                        "\"y\": {\"dtype\": \"U8\", \"shape\": [2], \"data_offsets\": [2, 4]}}",
                        "abcd")) ==
        "file: tensor 'y': expected its data to begin at 4, received 2");
  // Headers that claim what is not there.
  for (const uint64_t size :
       {uint64_t{9}, uint64_t{100'000'001}, uint64_t{1} << 62, ~uint64_t{0}}) {
    std::string bytes = file_of("{}");
    std::memcpy(bytes.data(), &size, 8);
    CHECK(problem(bytes).find("it claims a header of ") != std::string::npos);
  }
  for (const char* header : {"", "[]", "1", "{", "{\"__metadata__\": {\"a\": 1}}",
                             "{\"__metadata__\": 1}", "{\"x\": 1}", "{} x"}) {
    CHECK(!problem(file_of(header)).empty());
  }
  CHECK(problem(file_of(std::string(100000, '['))).find("nested") != std::string::npos);
}

TEST_CASE("safetensors files that cannot be read or written") {
  const Folder folder;
  const auto kind_of = [](auto&& call) {
    try {
      call();
    } catch (const Error& error) {
      return std::pair(error.kind(), std::string(error.what()));
    }
    return std::pair(ErrorKind::kRuntime, std::string("no error"));
  };
  const std::string missing = folder / "missing";
  CHECK(kind_of([&] { Safetensors::open(missing); }) ==
        std::pair(ErrorKind::kFile, "cannot read '" + missing + "': No such file or directory"));
  CHECK(kind_of([&] { Safetensors::open(folder.path); }).first == ErrorKind::kFile);
  const std::string pipe = folder / "pipe";
  REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
  CHECK(kind_of([&] { Safetensors::open(pipe); }).first == ErrorKind::kFile);
  std::ofstream(folder / "zero");
  CHECK(kind_of([&] { Safetensors::open(folder / "zero"); }).first == ErrorKind::kValue);

  CHECK(kind_of([&] { write_safetensors(folder / "no/such/folder", sample()); }).first ==
        ErrorKind::kFile);
  CHECK(kind_of([&] { write_safetensors(folder.path, sample()); }).first == ErrorKind::kFile);
  const std::string path = folder / "m";
  for (const std::string name : {"__metadata__", "twice", "\xff"}) {
    const std::vector<NamedArray> arrays = {{name, DType::kUInt8, {1}, "a"},
                                            {"twice", DType::kUInt8, {1}, "a"}};
    CHECK(kind_of([&] { write_safetensors(path, arrays); }).first == ErrorKind::kValue);
  }
  CHECK(!fs::exists(path));
}

TEST_CASE("a failed write leaves the old file and nothing else") {
  const Folder folder;
  const std::string path = folder / "m";
  write_safetensors(path, sample(), {{"k", "old"}});
  const std::string old = read(path);
  const std::vector<char> data(1 << 20, 'x');
  const std::vector<NamedArray> big = {{"big", DType::kUInt8, {1 << 20}, data.data()}};
  const pid_t child = fork();
  if (child == 0) {
    // The same as a full disk: the write comes back with an error half-way.
    signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{100000, 100000};
    setrlimit(RLIMIT_FSIZE, &limit);
    try {
      write_safetensors(path, big);
    } catch (const Error& error) {
      _exit(error.kind() == ErrorKind::kFile ? 0 : 2);
    }
    _exit(1);
  }
  int status = -1;
  waitpid(child, &status, 0);
  CHECK(status == 0);
  CHECK(read(path) == old);
  CHECK(folder.files() == 1);

  {
    AtomicFile abandoned(path);
    abandoned.write("half", 4);
    CHECK(folder.files() == 2);
  }
  CHECK(read(path) == old);
  CHECK(folder.files() == 1);
}

TEST_CASE("an atomic write keeps permissions and follows links") {
  const Folder folder;
  const std::string path = folder / "m";
  write_safetensors(path, sample());
  fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write);
  fs::create_symlink(path, folder / "link");
  write_safetensors(folder / "link", {}, {{"k", "new"}});
  CHECK(fs::is_symlink(folder / "link"));
  CHECK(Safetensors::open(path).metadata().at("k") == "new");
  CHECK(fs::status(path).permissions() == (fs::perms::owner_read | fs::perms::owner_write));
}
