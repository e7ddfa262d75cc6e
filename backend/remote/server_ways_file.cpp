#include "backend/remote/server_ways_file.hpp"

#include "backend/os/file_io.hpp"
#include "config/log.hpp"
#include "config/unique_fd.hpp"

#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <optional>

#include <string_view>
#include <unistd.h>

namespace gitfs {

namespace fs = std::filesystem;

namespace {

constexpr int version = 1;
constexpr std::size_t longest_file = std::size_t{1} << 20;
constexpr std::size_t most_hosts = 256, most_repositories = 256; // of each host

std::string_view text_of(const rapidjson::Value& value) {
  return {value.GetString(), value.GetStringLength()};
}

const rapidjson::Value* member(const rapidjson::Value& of, const char* name) {
  const auto found = of.FindMember(name);
  return found == of.MemberEnd() ? nullptr : &found->value;
}

std::optional<way_form> form_named(std::string_view name) {
  for (std::size_t i = 0; i < way_forms; ++i)
    if (name_of(static_cast<way_form>(i)) == name)
      return static_cast<way_form>(i);
  return std::nullopt;
}

verdict verdict_named(std::string_view name) {
  for (const verdict each : {verdict::works, verdict::refused, verdict::lacking})
    if (name_of(each) == name)
      return each;
  return verdict::unknown;
}

/// {"commit tree:1": {"is": "refused", "at": 1700000000}}. False: not as we write it.
bool read_ways(const rapidjson::Value& from, std::int64_t now, learned_ways& out) {
  if (!from.IsObject())
    return false;
  for (const auto& [name, value] : from.GetObject()) {
    const auto form = form_named(text_of(name));
    const auto* is = value.IsObject() ? member(value, "is") : nullptr;
    const auto* at = value.IsObject() ? member(value, "at") : nullptr;
    if (!form || is == nullptr || at == nullptr || !is->IsString() || !at->IsInt64())
      return false;
    const learned_way what{verdict_named(text_of(*is)), at->GetInt64()};
    if (what.is == verdict::unknown)
      return false;
    if (what.at <= now && what.at >= now - longest_learned) // a time that is to come would never pass
      out[static_cast<std::size_t>(*form)] = what;
  }
  return true;
}

/// {"/path": {"at": 1700000000, "says": ["agent=git/2.39.5", "fetch=shallow filter"]}}. False: not as we write it.
bool read_offers(const rapidjson::Value& from, std::int64_t now, std::map<std::string, learned_capabilities>& out) {
  if (!from.IsObject() || from.MemberCount() > most_repositories)
    return false;
  for (const auto& [path, value] : from.GetObject()) {
    const auto* at = value.IsObject() ? member(value, "at") : nullptr;
    const auto* says = value.IsObject() ? member(value, "says") : nullptr;
    if (at == nullptr || says == nullptr || !at->IsInt64() || !says->IsArray())
      return false;
    std::vector<std::string> lines;
    for (const auto& line : says->GetArray()) {
      if (!line.IsString())
        return false;
      lines.emplace_back(text_of(line));
    }
    const learned_capabilities what{capabilities_in(lines), at->GetInt64()};
    if (!what.what.ls_refs || !what.what.fetch)
      return false;
    if (is_recent(what, now))
      out.emplace(text_of(path), what);
  }
  return true;
}

bool read_host(const rapidjson::Value& from, std::int64_t now, learned_host& out) {
  const auto* ways = from.IsObject() ? member(from, "ways") : nullptr;
  const auto* repositories = from.IsObject() ? member(from, "repositories") : nullptr;
  if (ways == nullptr || repositories == nullptr || !repositories->IsObject()
      || repositories->MemberCount() > most_repositories)
    return false;
  for (const auto& [path, own] : repositories->GetObject()) {
    learned_ways of_repository;
    if (!read_ways(own, now, of_repository))
      return false;
    if (of_repository != learned_ways{})
      out.repositories.emplace(text_of(path), of_repository);
  }
  const auto* offers = member(from, "offers"); // there are none in older files
  return (offers == nullptr || read_offers(*offers, now, out.offers)) && read_ways(*ways, now, out.ways);
}

std::optional<learned_hosts> parse(const std::string& text, std::int64_t now) {
  rapidjson::Document document;
  document.Parse<rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag>(text.data(), text.size());
  if (document.HasParseError() || !document.IsObject())
    return std::nullopt;
  const auto* number = member(document, "version");
  const auto* hosts = member(document, "hosts");
  if (number == nullptr || !number->IsInt() || number->GetInt() != version || hosts == nullptr || !hosts->IsObject()
      || hosts->MemberCount() > most_hosts)
    return std::nullopt;
  learned_hosts out;
  for (const auto& [name, value] : hosts->GetObject()) {
    learned_host host;
    if (!read_host(value, now, host))
      return std::nullopt;
    if (host != learned_host{})
      out.emplace(text_of(name), std::move(host));
  }
  return out;
}

std::int64_t last_learned(const learned_ways& ways) {
  std::int64_t out = 0;
  for (const learned_way& each : ways)
    out = std::max(out, each.at);
  return out;
}

std::int64_t last_learned(const learned_capabilities& of) {
  return of.at;
}

std::int64_t last_learned(const learned_host& host) {
  std::int64_t out = last_learned(host.ways);
  for (const auto& [path, ways] : host.repositories)
    out = std::max(out, last_learned(ways));
  for (const auto& [path, offer] : host.offers)
    out = std::max(out, last_learned(offer));
  return out;
}

/// Leaves out those of which was learned longest ago.
template <class Map>
void keep_latest(Map& all, std::size_t most) {
  while (all.size() > most)
    all.erase(std::min_element(all.begin(), all.end(), [](const auto& a, const auto& b) {
      return last_learned(a.second) < last_learned(b.second);
    }));
}

using json = rapidjson::Writer<rapidjson::StringBuffer>;

void put_key(json& to, std::string_view name) {
  to.Key(name.data(), static_cast<rapidjson::SizeType>(name.size()));
}

void put_ways(json& to, const learned_ways& ways) {
  to.StartObject();
  for (std::size_t i = 0; i < ways.size(); ++i) {
    if (ways[i].is == verdict::unknown)
      continue;
    put_key(to, name_of(static_cast<way_form>(i)));
    to.StartObject();
    put_key(to, "is");
    const std::string_view is = name_of(ways[i].is);
    to.String(is.data(), static_cast<rapidjson::SizeType>(is.size()));
    put_key(to, "at");
    to.Int64(ways[i].at);
    to.EndObject();
  }
  to.EndObject();
}

void put_offers(json& to, const std::map<std::string, learned_capabilities>& offers) {
  to.StartObject();
  for (const auto& [path, offer] : offers) {
    put_key(to, path);
    to.StartObject();
    put_key(to, "at");
    to.Int64(offer.at);
    put_key(to, "says");
    to.StartArray();
    for (const std::string& line : lines_of(offer.what))
      to.String(line.data(), static_cast<rapidjson::SizeType>(line.size()));
    to.EndArray();
    to.EndObject();
  }
  to.EndObject();
}

std::string compose(const learned_hosts& hosts) {
  rapidjson::StringBuffer text;
  json to{text};
  to.StartObject();
  put_key(to, "version");
  to.Int(version);
  put_key(to, "hosts");
  to.StartObject();
  for (const auto& [name, host] : hosts) {
    put_key(to, name);
    to.StartObject();
    put_key(to, "ways");
    put_ways(to, host.ways);
    put_key(to, "repositories");
    to.StartObject();
    for (const auto& [path, ways] : host.repositories) {
      put_key(to, path);
      put_ways(to, ways);
    }
    to.EndObject();
    put_key(to, "offers");
    put_offers(to, host.offers);
    to.EndObject();
  }
  to.EndObject();
  to.EndObject();
  return std::string{text.GetString(), text.GetSize()} + "\n";
}

} // namespace

learned_hosts read_learned_hosts(const fs::path& file, std::int64_t now) {
  std::error_code status;
  if (!fs::exists(file, status))
    return {};
  std::ifstream in{file, std::ios::binary};
  std::string text(longest_file + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() <= longest_file)
    if (auto out = parse(text, now))
      return std::move(*out);
  log::warn("{} is damaged, or of another version: what servers take is learned anew", file.string());
  return {};
}

bool is_recent(const learned_capabilities& of, std::int64_t now) {
  return of.at <= now && of.at >= now - longest_offered;
}

void change_learned_hosts(const fs::path& file, const std::function<void(learned_hosts&)>& change, std::int64_t now) {
  learned_hosts all = read_learned_hosts(file, now);
  change(all);
  for (auto& [name, host] : all) {
    keep_latest(host.repositories, most_repositories);
    keep_latest(host.offers, most_repositories);
  }
  keep_latest(all, most_hosts);
  std::string text = compose(all);
  if (text.size() > longest_file) { // what is dearer to learn stays
    for (auto& [name, host] : all)
      host.offers.clear();
    text = compose(all);
  }
  std::string fresh = file.string() + ".XXXXXX";
  unique_fd out{::mkostemp(fresh.data(), O_CLOEXEC)};
  if (!out) {
    log::debug("{}", system_failure(errno, "cannot write " + file.string()).message);
    return;
  }
  auto written = write_at(out.get(), text, 0, "cannot write " + file.string());
  out.reset();
  if (written && ::rename(fresh.c_str(), file.c_str()) == 0)
    return;
  ::unlink(fresh.c_str());
  log::debug("cannot write {}", file.string());
}

} // namespace gitfs
