#include "cli/screens/counter_text.hpp"

#include <fmt/format.h>
#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>

namespace gitfs {

std::string counter_lines(const std::map<std::string, std::uint64_t>& counters) {
  std::string out;
  for (const auto& [name, value] : counters)
    out += fmt::format("{:<24} {}\n", name, value);
  return out;
}

std::string counter_json(const std::map<std::string, std::uint64_t>& counters) {
  rapidjson::StringBuffer text;
  rapidjson::PrettyWriter<rapidjson::StringBuffer> writer{text};
  writer.StartObject();
  for (const auto& [name, value] : counters) {
    writer.Key(name.c_str(), static_cast<rapidjson::SizeType>(name.size()));
    writer.Uint64(value);
  }
  writer.EndObject();
  return std::string{text.GetString(), text.GetSize()} + "\n";
}

} // namespace gitfs
