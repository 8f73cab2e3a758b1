// Json::parse: a recursive descent over the text, its depth limited.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "nacre/base/error.h"
#include "nacre/base/json.h"

namespace nacre {
namespace {

class Parser {
 public:
  Parser(std::string_view text, std::string_view what) : text_(text), what_(what) {}

  Json parse() {
    Json value = parse_value(0);
    skip_space();
    if (!at_end()) fail("expected the end of the text");
    return value;
  }

 private:
  bool at_end() const { return position_ == text_.size(); }
  // The next character; 0 at the end (a 0 in the text is an error wherever it stands).
  char peek() const { return at_end() ? '\0' : text_[position_]; }
  bool skip(char c) {
    if (at_end() || text_[position_] != c) return false;
    ++position_;
    return true;
  }
  bool skip(std::string_view word) {
    if (text_.substr(position_, word.size()) != word) return false;
    position_ += word.size();
    return true;
  }
  void skip_space() {
    while (!at_end() && (peek() == ' ' || peek() == '\n' || peek() == '\r' || peek() == '\t')) {
      ++position_;
    }
  }
  size_t skip_digits() {
    const size_t start = position_;
    while (peek() >= '0' && peek() <= '9') ++position_;
    return position_ - start;
  }

  [[noreturn]] void fail(std::string_view problem) const { fail(problem, position_); }
  [[noreturn]] void fail(std::string_view problem, size_t position) const {
    const std::string_view before = text_.substr(0, position);
    const auto line = std::count(before.begin(), before.end(), '\n') + 1;
    const size_t line_start = before.rfind('\n') + 1;  // 0 where there is none
    std::string received = "the end of the text";
    if (position < text_.size()) {
      const char c = text_[position];
      received = c >= ' ' && c <= '~' ? std::string("'") + c + "'"
                                      : "byte " + std::to_string(static_cast<unsigned char>(c));
    }
    value_error(what_, ": line ", line, ", column ", position - line_start + 1, ": ", problem,
                ", received ", received);
  }

  Json parse_value(int depth) {
    skip_space();
    switch (peek()) {
      case '{':
        return parse_object(depth + 1);
      case '[':
        return parse_array(depth + 1);
      case '"':
        return Json(parse_string());
      case 't':
        if (skip("true")) return Json(true);
        break;
      case 'f':
        if (skip("false")) return Json(false);
        break;
      case 'n':
        if (skip("null")) return Json();
        break;
      case 'N':
        if (skip("NaN")) return Json(std::numeric_limits<double>::quiet_NaN());
        break;
      case 'I':
        if (skip("Infinity")) return Json(INFINITY);
        break;
      default:
        if (peek() == '-' || (peek() >= '0' && peek() <= '9')) return parse_number();
    }
    fail("expected a value");
  }

  void check_depth(int depth) const {
    if (depth > Json::kMaxDepth) {
      fail("expected at most " + std::to_string(Json::kMaxDepth) + " nested arrays and objects");
    }
  }

  Json parse_array(int depth) {
    check_depth(depth);
    ++position_;
    Json::Array items;
    skip_space();
    if (skip(']')) return Json(std::move(items));
    while (true) {
      items.push_back(parse_value(depth));
      skip_space();
      if (skip(']')) return Json(std::move(items));
      if (!skip(',')) fail("expected ',' or ']'");
    }
  }

  Json parse_object(int depth) {
    check_depth(depth);
    const size_t start = position_++;
    Json::Object members;
    skip_space();
    if (skip('}')) return Json(std::move(members));
    while (true) {
      skip_space();
      if (peek() != '"') fail("expected a member's name in double quotes");
      std::string key = parse_string();
      skip_space();
      if (!skip(':')) fail("expected ':'");
      members.push_back({std::move(key), parse_value(depth)});
      skip_space();
      if (skip('}')) break;
      if (!skip(',')) fail("expected ',' or '}'");
    }
    check_unique(members, start);
    return Json(std::move(members));
  }

  void check_unique(const Json::Object& members, size_t start) const {
    std::vector<std::string_view> keys;
    keys.reserve(members.size());
    for (const Json::Member& member : members) keys.push_back(member.key);
    std::sort(keys.begin(), keys.end());
    const auto twice = std::adjacent_find(keys.begin(), keys.end());
    if (twice != keys.end()) {
      fail("expected each member once, '" + std::string(*twice) + "' is there twice", start);
    }
  }

  Json parse_number() {
    const size_t start = position_;
    const bool negative = skip('-');
    if (negative && skip("Infinity")) return Json(-INFINITY);
    if (!skip('0') && skip_digits() == 0) fail("expected a digit");
    if (peek() >= '0' && peek() <= '9') fail("expected no digit after a leading zero");
    bool integer = true;
    if (skip('.')) {
      integer = false;
      if (skip_digits() == 0) fail("expected a digit");
    }
    if (skip('e') || skip('E')) {
      integer = false;
      if (!skip('+')) skip('-');
      if (skip_digits() == 0) fail("expected a digit");
    }
    const char* begin = text_.data() + start;
    const char* end = text_.data() + position_;
    if (integer) {
      int64_t value = 0;
      if (std::from_chars(begin, end, value).ec == std::errc()) return Json(value);
      // Past 64 bits: as near as a double comes.
    }
    double value = 0;
    if (std::from_chars(begin, end, value).ec != std::errc()) {
      fail("expected a number within the range of a double", start);
    }
    return Json(value);
  }

  uint32_t parse_hex4() {
    uint32_t code = 0;
    for (int i = 0; i < 4; ++i) {
      const char c = peek();
      uint32_t digit = 0;
      if (c >= '0' && c <= '9') {
        digit = static_cast<uint32_t>(c - '0');
      } else if (c >= 'a' && c <= 'f') {
        digit = static_cast<uint32_t>(c - 'a' + 10);
      } else if (c >= 'A' && c <= 'F') {
        digit = static_cast<uint32_t>(c - 'A' + 10);
      } else {
        fail("expected four hexadecimal digits");
      }
      code = code * 16 + digit;
      ++position_;
    }
    return code;
  }

  void parse_escape(std::string& out) {
    const size_t start = position_++;
    const char c = peek();
    constexpr std::string_view kEscapes = "\"\\/bfnrt";
    constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
    if (const size_t index = kEscapes.find(c); index != std::string_view::npos && !at_end()) {
      ++position_;
      out += kMeanings[index];
      return;
    }
    if (!skip('u')) fail("expected an escape sequence");
    uint32_t code = parse_hex4();
    if (code >= 0xd800 && code < 0xe000) {
      uint32_t low = 0;
      if (code < 0xdc00 && skip("\\u")) low = parse_hex4();
      if (low < 0xdc00 || low >= 0xe000) fail("expected a pair of surrogates", start);
      code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    append_utf8(code, out);
  }

  static void append_utf8(uint32_t code, std::string& out) {
    const auto add = [&](uint32_t byte) { out += static_cast<char>(byte); };
    if (code < 0x80) {
      add(code);
    } else if (code < 0x800) {
      add(0xc0 | code >> 6);
      add(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
      add(0xe0 | code >> 12);
      add(0x80 | (code >> 6 & 0x3f));
      add(0x80 | (code & 0x3f));
    } else {
      add(0xf0 | code >> 18);
      add(0x80 | (code >> 12 & 0x3f));
      add(0x80 | (code >> 6 & 0x3f));
      add(0x80 | (code & 0x3f));
    }
  }

  // Copies one character of two or more bytes (Unicode, table 3-7: no overlong forms, surrogates or
  // codes past 0x10ffff).
  void parse_multibyte(std::string& out) {
    const size_t start = position_;
    const auto byte = [&](size_t i) {
      return start + i < text_.size() ? static_cast<unsigned char>(text_[start + i]) : 0u;
    };
    const uint32_t lead = byte(0);
    const size_t length = lead >= 0xc2 && lead < 0xe0   ? 2
                          : lead >= 0xe0 && lead < 0xf0 ? 3
                          : lead >= 0xf0 && lead < 0xf5 ? 4
                                                        : 0;
    const uint32_t least = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    const uint32_t most = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    bool valid = length != 0 && byte(1) >= least && byte(1) <= most;
    for (size_t i = 2; i < length; ++i) valid = valid && (byte(i) & 0xc0) == 0x80;
    if (!valid) fail("expected UTF-8");
    out += text_.substr(start, length);
    position_ += length;
  }

  std::string parse_string() {
    const size_t start = position_++;
    std::string out;
    while (true) {
      // Plain characters go over in one piece.
      const size_t plain = position_;
      while (peek() >= ' ' && peek() < '\x7f' && peek() != '"' && peek() != '\\') ++position_;
      out += text_.substr(plain, position_ - plain);
      if (at_end())
        fail("expected the string that begins at byte " + std::to_string(start) + " to end");
      const char c = peek();
      if (c == '"') {
        ++position_;
        return out;
      }
      if (c == '\\') {
        parse_escape(out);
      } else if (c == '\x7f') {
        ++position_;
        out += c;
      } else if (static_cast<unsigned char>(c) < 0x20) {
        fail("expected no control character in a string");
      } else {
        parse_multibyte(out);
      }
    }
  }

  std::string_view text_;
  std::string_view what_;
  size_t position_ = 0;
};

}  // namespace

Json Json::parse(std::string_view text, std::string_view what) {
  return Parser(text, what).parse();
}

}  // namespace nacre
