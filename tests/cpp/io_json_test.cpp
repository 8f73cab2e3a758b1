#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "nacre/base/error.h"
#include "nacre/base/json.h"

using namespace nacre;

namespace {

std::string message_of(const std::string& text) {
  try {
    Json::parse(text, "config");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::kValue);
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("JSON reads and writes as Python's json does") {
  for (const char* text : {"null",
                           "true",
                           "false",
                           "0",
                           "-1",
                           "9223372036854775807",
                           "-9223372036854775808",
                           "0.0",
                           "-0.0",
                           "1.5",
                           "1e-05",
                           "0.0001",
                           "1e+16",
                           "1000000000000000.0",
                           "1.7976931348623157e+308",
                           "5e-324",
                           "NaN",
                           "Infinity",
                           "-Infinity",
                           "\"\"",
                           "\"a\\\"b\\\\c\\n\\u0001\"",
                           "[]",
                           "{}",
                           "[1, [2, {}], \"x\"]",
                           "{\"b\": 1, \"a\": {\"c\": [null]}}"}) {
    CHECK(Json::parse(text).dump() == text);
  }
  CHECK(Json::parse(" [1,\t2 ]\r\n").dump() == "[1, 2]");
  CHECK(Json::parse("1E2").dump() == "100.0");
  CHECK(Json::parse("0.1").as_double() == 0.1);
  CHECK(Json(0.1f).as_double() == static_cast<double>(0.1f));
  CHECK(Json::parse("18446744073709551616").as_double() == 0x1p64);
}

TEST_CASE("JSON doubles keep their bits") {
  std::mt19937_64 random(1);
  for (int i = 0; i < 20000; ++i) {
    const auto value = std::bit_cast<double>(random());
    if (std::isnan(value)) continue;
    const Json read = Json::parse(Json(value).dump());
    CHECK(read.type() == Json::Type::kDouble);
    CHECK(std::bit_cast<uint64_t>(read.as_double()) == std::bit_cast<uint64_t>(value));
  }
}

TEST_CASE("JSON strings") {
  CHECK(Json::parse(R"("\u00e9\u20ac\ud83d\ude00\/")").as_string() == "é€😀/");
  CHECK(Json::parse("\"é€😀\"").dump() == "\"é€😀\"");
  CHECK(Json::parse(R"("\u0000")").as_string() == std::string(1, '\0'));
  for (const char* bad : {"\"\\ud800\"", "\"\\udc00\\ud800\"", "\"\\u12g4\"", "\"\\x\"", "\"a\nb\"",
                          "\"\xff\"", "\"\xc0\x80\"", "\"\xed\xa0\x80\"", "\"\xf4\x90\x80\x80\"",
                          "\"\xe2\x82\"", "\"abc", "\"\\", "\"\\u00"}) {
    CHECK_THROWS_AS(Json::parse(bad), Error);
  }
}

TEST_CASE("JSON errors say where and what") {
  CHECK(message_of("{\"a\": 1,\n \"b\" 2}") ==
        "config: line 2, column 6: expected ':', received '2'");
  CHECK(message_of("[1, 2") ==
        "config: line 1, column 6: expected ',' or ']', received the end of the text");
  CHECK(message_of("{\"a\": 1, \"a\": 2}") ==
        "config: line 1, column 1: expected each member once, 'a' is there twice, received '{'");
  CHECK(message_of("") ==
        "config: line 1, column 1: expected a value, received the end of the text");
  CHECK(message_of("1 2") ==
        "config: line 1, column 3: expected the end of the text, received '2'");
  for (const char* bad :
       {"01",   "+1",         "1.",    ".5",  "-",       "1e", "tru", "nul", "nan",   "-NaN",
        "[1,]", "{\"a\":1,}", "{a:1}", "'a'", "{\"a\"}", "[",  "{",   "]",   "1e999", "\x01"}) {
    CHECK(message_of(bad).starts_with("config: line 1, column "));
  }
  CHECK(message_of(std::string("1\0", 2)).ends_with("received byte 0"));
}

TEST_CASE("JSON depth is limited") {
  const auto nested = [](int depth) {
    return std::string(static_cast<size_t>(depth), '[') +
           std::string(static_cast<size_t>(depth), ']');
  };
  CHECK(Json::parse(nested(Json::kMaxDepth)).dump() == nested(Json::kMaxDepth));
  CHECK(message_of(nested(Json::kMaxDepth + 1)).find("at most 256 nested") != std::string::npos);
  CHECK_THROWS_AS(Json::parse(std::string(10'000'000, '[')), Error);
}

TEST_CASE("JSON access") {
  Json config = Json::object({{"units", 64}, {"rate", 0.5}, {"name", "dense"}, {"bias", true}});
  config["shape"] = Json::array_of(std::vector<int64_t>{2, 3});
  config["axes"].push_back(-1);
  CHECK(config.dump() ==
        "{\"units\": 64, \"rate\": 0.5, \"name\": \"dense\", \"bias\": true, \"shape\": [2, 3], "
        "\"axes\": [-1]}");
  CHECK(config.at("units").as_int() == 64);
  CHECK(config.at("units").as_double() == 64.0);
  CHECK(config.at("shape").at(1).as_int() == 3);
  CHECK(config.find("missing") == nullptr);
  CHECK(Json(2.0).as_int() == 2);
  CHECK(config == Json::parse(config.dump()));
  CHECK(config == Json::parse(config.dump(2)));
  CHECK(config.erase("shape"));
  CHECK(!config.erase("shape"));
  CHECK(Json::parse("{\"a\": [1, {}], \"b\": []}").dump(2) ==
        "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": []\n}");

  CHECK_THROWS_WITH(config.at("units").as_string("Dense"),
                    "Dense: expected a string, received an integer (64)");
  CHECK_THROWS_WITH(Json(0.5).as_int("units"),
                    "units: expected an integer, received a number (0.5)");
  CHECK_THROWS_WITH(Json(1e300).as_int("units"),
                    "units: expected an integer, received a number (1e+300)");
  CHECK_THROWS_WITH(Json::object({{"a", 1}}).at("b"),
                    "JSON: expected a member 'b', received the members 'a'");
  CHECK_THROWS_WITH(Json::array().at(0), "JSON: expected an index below 0, received 0");
  CHECK_THROWS_WITH(Json::array().as_object("model"),
                    "model: expected an object, received an array");
}
