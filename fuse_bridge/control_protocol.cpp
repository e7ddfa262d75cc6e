#include "fuse_bridge/control_protocol.hpp"

#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <cerrno>
#include <charconv>

namespace gitfs::control {

namespace {

using writer = rapidjson::Writer<rapidjson::StringBuffer>;

void put(writer& to, std::string_view key, std::string_view value) {
  to.Key(key.data(), static_cast<rapidjson::SizeType>(key.size()));
  to.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
}

void put(writer& to, std::string_view key, std::uint64_t value) {
  to.Key(key.data(), static_cast<rapidjson::SizeType>(key.size()));
  to.Uint64(value);
}

void put_length(std::string& to, std::size_t length) {
  for (int shift = 0; shift < 32; shift += 8)
    to += static_cast<char>(length >> shift);
}

std::string frame(const rapidjson::StringBuffer& object, std::string_view text) {
  std::string out;
  out.reserve(lengths_size + object.GetSize() + text.size());
  put_length(out, object.GetSize());
  put_length(out, text.size());
  return out.append(object.GetString(), object.GetSize()).append(text);
}

std::uint32_t length_at(const char* bytes) {
  std::uint32_t out = 0;
  for (int i = 3; i >= 0; --i)
    out = out << 8 | static_cast<unsigned char>(bytes[i]);
  return out;
}

std::string text_in(const rapidjson::Value& object, const char* key) {
  const auto at = object.FindMember(key);
  return at != object.MemberEnd() && at->value.IsString()
             ? std::string{at->value.GetString(), at->value.GetStringLength()}
             : std::string{};
}

std::uint64_t number_in(const rapidjson::Value& object, const char* key) {
  const auto at = object.FindMember(key);
  return at != object.MemberEnd() && at->value.IsUint64() ? at->value.GetUint64() : 0;
}

// Names of files may hold any bytes, so they are not looked at as UTF-8.
result<rapidjson::Document> object_in(std::string_view text) {
  rapidjson::Document out;
  out.Parse<rapidjson::kParseIterativeFlag>(text.data(), text.size());
  if (out.HasParseError() || !out.IsObject())
    return fail(EPROTO, "what came is not of a mount of gitfs-actor, nor of its commands");
  return out;
}

} // namespace

std::string_view question::argument(std::string_view name) const {
  const auto at = arguments.find(name);
  return at == arguments.end() ? std::string_view{} : std::string_view{at->second};
}

std::uint64_t question::number(std::string_view name) const {
  const std::string_view text = argument(name);
  std::uint64_t out = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), out);
  return ec == std::errc{} && end == text.data() + text.size() ? out : 0;
}

std::string frame_of(const question& what) {
  rapidjson::StringBuffer object;
  writer to{object};
  to.StartObject();
  put(to, "protocol", what.protocol);
  put(to, "program", what.program);
  put(to, "command", what.command);
  to.Key("arguments");
  to.StartObject();
  for (const auto& [key, value] : what.arguments)
    put(to, key, value);
  to.EndObject();
  to.EndObject();
  return frame(object, what.text);
}

std::string frame_of(const answer& what) {
  rapidjson::StringBuffer object;
  writer to{object};
  to.StartObject();
  put(to, "protocol", what.protocol);
  put(to, "program", what.program);
  put(to, "code", static_cast<std::uint64_t>(what.code));
  put(to, "error", what.error);
  put(to, "next", what.next);
  to.EndObject();
  return frame(object, what.text);
}

std::optional<lengths> lengths_of(const char* bytes) {
  const lengths out{length_at(bytes), length_at(bytes + 4)};
  return out.object <= longest_object && out.text <= longest_text ? std::optional{out} : std::nullopt;
}

result<question> question_of(std::string_view object, std::string text) {
  GITFS_TRY(all, object_in(object));
  question out{static_cast<unsigned>(number_in(all, "protocol")),
               text_in(all, "program"),
               text_in(all, "command"),
               {},
               std::move(text)};
  if (const auto at = all.FindMember("arguments"); at != all.MemberEnd() && at->value.IsObject())
    for (const auto& each : at->value.GetObject())
      if (each.value.IsString())
        out.arguments.insert_or_assign(std::string{each.name.GetString(), each.name.GetStringLength()},
                                       std::string{each.value.GetString(), each.value.GetStringLength()});
  return out;
}

result<answer> answer_of(std::string_view object, std::string text) {
  GITFS_TRY(all, object_in(object));
  return answer{static_cast<unsigned>(number_in(all, "protocol")),
                text_in(all, "program"),
                static_cast<int>(number_in(all, "code")),
                text_in(all, "error"),
                number_in(all, "next"),
                std::move(text)};
}

} // namespace gitfs::control
