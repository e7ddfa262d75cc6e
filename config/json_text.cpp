#include "config/json_text.hpp"

#include <rapidjson/error/en.h>
#include <rapidjson/pointer.h>
#include <rapidjson/reader.h>

#include <algorithm>
#include <cctype>
#include <cstdint>

namespace gitfs {

using std::size_t;
using std::string;
using std::string_view;

namespace {

constexpr unsigned flags =
    rapidjson::kParseCommentsFlag | rapidjson::kParseTrailingCommasFlag | rapidjson::kParseValidateEncodingFlag;
constexpr size_t deepest = 32;
constexpr string_view byte_order_mark = "\xef\xbb\xbf";
constexpr const char* not_json =
    R"(this is no JSON: write it as {"tree": {"app": {"source": "https://git.example/app.git"}}}, with // for comments; )"
    R"(expected '{', found )";

// RapidJSON copies its own stream while it reads a token, so a handler would see the position before that.
class counted_stream {
public:
  using Ch = char;
  explicit counted_stream(const string& text) : begin_(text.c_str()), at_(begin_) {}
  Ch Peek() const { return *at_; }
  Ch Take() { return *at_++; }
  size_t Tell() const { return static_cast<size_t>(at_ - begin_); }
  // For parsing in place, which is not done.
  Ch* PutBegin() { return nullptr; }
  void Put(Ch) {}
  void Flush() {}
  size_t PutEnd(Ch*) { return 0; }

private:
  const char* begin_;
  const char* at_;
};

// The next token at or after `at`.
size_t next_token(string_view text, size_t at) {
  while (at < text.size()) {
    const string_view rest = text.substr(at);
    size_t skip = 0;
    if (rest.starts_with("//"))
      skip = rest.find('\n');
    else if (rest.starts_with("/*"))
      skip = rest.find("*/") == rest.npos ? rest.npos : rest.find("*/") + 2;
    else if (string_view{" \t\r\n,:"}.find(rest.front()) != string_view::npos)
      skip = 1;
    if (skip == 0)
      break;
    at = skip == rest.npos ? text.size() : at + skip;
  }
  return at;
}

string shown(string_view text, size_t offset) {
  if (offset >= text.size())
    return "the end of the file";
  const auto c = static_cast<unsigned char>(text[offset]);
  return c > 0x20 && c < 0x7f ? string{"'"} + static_cast<char>(c) + "'" : "byte " + std::to_string(c);
}

} // namespace

string pointer_part(string_view text) {
  string out;
  for (const char c : text)
    if (c == '~' || c == '/')
      out += c == '~' ? "~0" : "~1";
    else
      out += c;
  return out;
}

// RapidJSON's handler: notes where each value begins, and which key is there twice.
struct json_text::recorder {
  struct frame {
    bool array;
    size_t pointer_size; // of the container itself
    size_t next = 0;     // index of an array's next element
    std::map<string, size_t> keys{};
  };

  json_text& out;
  counted_stream& in;
  string pointer{};
  std::vector<frame> frames{};
  size_t before = 0; // where the last token ended
  size_t key = 0;
  bool too_deep = false;

  size_t begin() const { return next_token(out.text_, before); }

  bool value(size_t from) {
    if (!frames.empty() && frames.back().array) {
      pointer.resize(frames.back().pointer_size);
      pointer += "/" + std::to_string(frames.back().next++);
      key = from;
    }
    out.places_.try_emplace(pointer, json_place{frames.empty() ? from : key, from, in.Tell()});
    before = in.Tell();
    return true;
  }
  bool open(bool array) {
    value(in.Tell() - 1);
    frames.push_back({array, pointer.size()});
    too_deep = frames.size() > deepest;
    return !too_deep;
  }
  bool close() {
    pointer.resize(frames.back().pointer_size);
    frames.pop_back();
    before = in.Tell();
    return true;
  }

  bool Null() { return value(begin()); }
  bool Bool(bool) { return value(begin()); }
  bool Int(int) { return value(begin()); }
  bool Uint(unsigned) { return value(begin()); }
  bool Int64(std::int64_t) { return value(begin()); }
  bool Uint64(std::uint64_t) { return value(begin()); }
  bool Double(double) { return value(begin()); }
  bool RawNumber(const char*, rapidjson::SizeType, bool) { return value(begin()); }
  bool String(const char*, rapidjson::SizeType, bool) { return value(begin()); }
  bool StartObject() { return open(false); }
  bool StartArray() { return open(true); }
  bool EndObject(rapidjson::SizeType) { return close(); }
  bool EndArray(rapidjson::SizeType) { return close(); }
  bool Key(const char* name, rapidjson::SizeType size, bool) {
    const string text{name, size};
    key = begin();
    before = in.Tell();
    frame& top = frames.back();
    pointer.resize(top.pointer_size);
    pointer += "/" + pointer_part(text);
    const auto [first, is_new] = top.keys.emplace(text, key);
    if (!is_new)
      out.problems_.push_back(
          {key, pointer,
           "the key is there twice, first on line " + std::to_string(out.position_of(first->second).line)});
    return true;
  }
};

json_text::json_text(string text) : text_(std::move(text)), lines_{0} {
  for (size_t at = text_.find('\n'); at != string::npos; at = text_.find('\n', at + 1))
    lines_.push_back(at + 1);
  if (text_.starts_with(byte_order_mark))
    std::fill_n(text_.begin(), byte_order_mark.size(), ' ');
  if (const size_t nul = text_.find('\0'); nul != string::npos) {
    problems_.push_back({nul, "", "a NUL byte: this is no text"});
    return;
  }
  counted_stream in{text_};
  rapidjson::Reader reader;
  recorder seen{*this, in};
  if (const auto done = reader.Parse<flags>(in, seen); !done) {
    string message = rapidjson::GetParseError_En(done.Code());
    size_t at = done.Offset();
    if (seen.too_deep)
      message = "nested deeper than " + std::to_string(deepest);
    else if (done.Code() == rapidjson::kParseErrorDocumentEmpty)
      message = "the file is empty";
    else if (done.Code() == rapidjson::kParseErrorUnspecificSyntaxError)
      message = "a comment that has no end, or is none"; // RapidJSON says it of comments alone
    else if (const size_t first = next_token(text_, 0); text_[first] != '{')
      message = not_json + shown(text_, at = first);
    else
      message += " found " + shown(text_, at);
    if (const size_t stop = message.find(". found"); stop != string::npos)
      message[stop] = ',';
    message.front() = static_cast<char>(std::tolower(static_cast<unsigned char>(message.front())));
    problems_.push_back({std::min(at, text_.size()), "", std::move(message)});
    return;
  }
  document_.Parse<flags>(text_.data(), text_.size());
}

const rapidjson::Value* json_text::find(const string& pointer) const {
  return rapidjson::Pointer(pointer.data(), pointer.size()).Get(document_);
}

json_place json_text::place(const string& pointer) const {
  auto found = places_.find(pointer);
  if (found == places_.end())
    found = places_.find("");
  return found == places_.end() ? json_place{} : found->second;
}

string_view json_text::raw(const string& pointer) const {
  const json_place at = place(pointer);
  return string_view{text_}.substr(at.begin, at.end - at.begin);
}

json_text::position json_text::position_of(size_t offset) const {
  const auto line = std::ranges::upper_bound(lines_, offset) - lines_.begin(); // at least 1: the first begins at 0
  const size_t begin = lines_[static_cast<size_t>(line) - 1];
  const string_view before = string_view{text_}.substr(begin, offset - begin);
  const auto is_character = [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; };
  return {static_cast<size_t>(line), static_cast<size_t>(std::ranges::count_if(before, is_character)) + 1};
}

} // namespace gitfs
