#include "backend/mesa/mesa_api.hpp"

#include "backend/http/rest_client.hpp"
#include "backend/os/text.hpp"
#include "backend/os/url.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <memory>
#include <new>

namespace gitfs {

namespace {

constexpr std::size_t deepest = 512; // levels that are taken apart: a path of 4,096 bytes could have more, but has not

const rapidjson::Value* member(const rapidjson::Value& object, const char* name) {
  if (!object.IsObject())
    return nullptr;
  const auto found = object.FindMember(name);
  return found == object.MemberEnd() || found->value.IsNull() ? nullptr : &found->value;
}

bool is_true(const rapidjson::Value& object, const char* name) {
  const rapidjson::Value* const value = member(object, name);
  return value != nullptr && value->IsBool() && value->GetBool();
}

result<oid> id_member(const rapidjson::Value& object, const char* name) {
  const std::string text = string_member(object, name);
  if (const auto id = oid::from_hex(text))
    return *id;
  return fail(EIO, std::string{"the service names an object by \""} + name + "\": \"" + printable(text)
                       + "\", which is no SHA-1");
}

/// None: there is no such type in a git tree.
std::optional<entry_kind> kind_of(const rapidjson::Value& in) {
  struct type_kind {
    std::string_view type;
    entry_kind kind;
  };
  constexpr std::array kinds{type_kind{"file", entry_kind::file}, type_kind{"symlink", entry_kind::symlink},
                             type_kind{"dir", entry_kind::directory}, type_kind{"submodule", entry_kind::gitlink}};
  const std::string type = string_member(in, "type");
  const auto* const found = std::find_if(kinds.begin(), kinds.end(), [&](const auto& k) { return k.type == type; });
  if (found == kinds.end())
    return std::nullopt;
  return found->kind == entry_kind::file && is_true(in, "executable") ? entry_kind::executable : found->kind;
}

/// Whether what is below it can be asked for by its path. Others are hidden from listings (see parse_tree).
bool can_stand_in_path(const std::string& name) {
  constexpr std::size_t longest = 255; // with longer ones the paths of a few nested directories would fill the memory
  return !name.empty() && name.size() <= longest && name != "." && name != ".." && name.find('/') == std::string::npos;
}

result<void> take_page(const rapidjson::Value& in, std::string path, std::size_t depth, std::size_t level,
                       std::vector<mesa_page>& out) {
  const rapidjson::Value* const entries = member(in, "entries");
  if (entries == nullptr)
    return success(); // deeper than was asked for
  if (!entries->IsArray())
    return fail(EIO, "the service's listing is malformed: its entries are no array");
  if (level == deepest)
    return fail(EIO, "the service's listing is nested deeper than " + std::to_string(deepest) + " directories");
  const std::size_t place = out.size();
  out.emplace_back();
  {
    GITFS_TRY(id, id_member(in, "sha"));
    GITFS_TRY(cursor, parse_mesa_cursor(in));
    out[place].listed.id = id;
    out[place].cursor = std::move(cursor);
  }
  if (const rapidjson::Value* const time = member(in, "last_commit_at"))
    out[place].listed.time = parse_mesa_time(*time);
  out[place].depth = std::max<std::size_t>(depth, 1);
  for (const rapidjson::Value& each : entries->GetArray()) {
    const auto kind = kind_of(each);
    tree_entry entry{string_member(each, "name"), kind.value_or(entry_kind::file), {}};
    if (!kind || entry.name.empty() || entry.name.find('\0') != std::string::npos)
      continue;
    GITFS_TRY(id, id_member(each, "sha"));
    entry.id = id;
    if (const rapidjson::Value* const size = member(each, "size");
        size != nullptr && size->IsUint64() && has_contents(*kind))
      entry.size = size->GetUint64();
    if (const rapidjson::Value* const time = member(each, "last_commit_at"))
      entry.time = parse_mesa_time(*time);
    if (*kind == entry_kind::directory && can_stand_in_path(entry.name)) {
      GITFS_TRYV(
          take_page(each, path.empty() ? entry.name : path + '/' + entry.name, depth - (depth > 0), level + 1, out));
    }
    out[place].listed.entries.push_back(std::move(entry));
  }
  out[place].listed.path = std::move(path);
  return success();
}

std::string with_query(std::string path, std::initializer_list<std::pair<const char*, std::string>> values) {
  char separator = '?';
  for (const auto& [name, value] : values) {
    if (value.empty())
      continue;
    path += separator;
    path += name;
    path += '=';
    path += percent_encode(value);
    separator = '&';
  }
  return path;
}

} // namespace

std::string mesa_repositories_path(const std::string& org, const std::string& cursor) {
  return with_query("/" + percent_encode(org) + "/repos", {{"cursor", cursor}, {"limit", "100"}});
}

std::string mesa_repository_path(const std::string& org, const std::string& repository) {
  return "/" + percent_encode(org) + "/" + percent_encode(repository);
}

std::string mesa_content_path(const std::string& org, const std::string& repository, const std::string& ref,
                              const std::string& path, std::size_t depth, const std::string& cursor) {
  return with_query(mesa_repository_path(org, repository) + "/content",
                    {{"ref", ref},
                     {"path", path},
                     {"depth", depth == 0 ? std::string{} : std::to_string(depth)},
                     {"cursor", cursor}});
}

bool mesa_name_possible(std::string_view name) {
  constexpr std::size_t longest = 100;
  return !name.empty() && name.size() <= longest && name.front() != '.' && name.front() != '-'
         && std::all_of(name.begin(), name.end(), [](char c) {
              return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_'
                     || c == '.';
            });
}

result<mesa_repository_facts> parse_mesa_repository(const rapidjson::Value& in) {
  mesa_repository_facts out{string_member(in, "name"), string_member(in, "default_branch"), {}};
  if (!in.IsObject() || member(in, "head_sha") != nullptr || out.default_branch.empty()) {
    GITFS_TRY(head, id_member(in, "head_sha"));
    out.head = head;
  }
  return out;
}

result<std::vector<mesa_repository_facts>> parse_mesa_repositories(const rapidjson::Value& in) {
  const rapidjson::Value* const repositories = member(in, "repos");
  if (repositories == nullptr || !repositories->IsArray())
    return fail(EIO, "the service's list of repositories is malformed");
  std::vector<mesa_repository_facts> out;
  for (const rapidjson::Value& each : repositories->GetArray()) {
    mesa_repository_facts facts{string_member(each, "name"), string_member(each, "default_branch"), {}};
    if (const auto head = oid::from_hex(string_member(each, "head_sha"))) // none: it has no commit yet
      facts.head = *head;
    if (mesa_name_possible(facts.name))
      out.push_back(std::move(facts));
  }
  return out;
}

result<std::string> parse_mesa_cursor(const rapidjson::Value& in) {
  if (!is_true(in, "has_more"))
    return std::string{};
  std::string cursor = string_member(in, "next_cursor");
  if (const rapidjson::Value* const number = member(in, "next_cursor"); number != nullptr && number->IsUint64())
    cursor = std::to_string(number->GetUint64());
  if (cursor.empty())
    return fail(EIO, "the service says that its list goes on (has_more), but not where (next_cursor)");
  return cursor;
}

result<std::vector<mesa_page>> parse_mesa_directory(const rapidjson::Value& in, const std::string& path,
                                                    std::size_t depth) {
  const auto kind = kind_of(in);
  if (kind && *kind != entry_kind::directory)
    return fail(ENOTDIR, "the service has a file where a directory was");
  if (!kind || member(in, "entries") == nullptr)
    return fail(EIO, "the service's answer is no listing of a directory");
  std::vector<mesa_page> out;
  GITFS_TRYV(take_page(in, path, depth, 0, out));
  return out;
}

result<std::string> parse_mesa_contents(const rapidjson::Value& in) {
  const rapidjson::Value* const content = member(in, "content");
  if (content == nullptr || !content->IsString())
    return fail(EIO, "the service's answer has no contents in it");
  const std::string_view text{content->GetString(), content->GetStringLength()};
  if (const std::string encoding = string_member(in, "encoding"); encoding != "base64")
    return fail(EIO, "the service sends contents in an unknown encoding (\"" + printable(encoding) + "\")");
  if (auto bytes = base64_decode(text))
    return std::move(*bytes);
  return fail(EIO, "the service's contents are malformed base64");
}

std::optional<std::string> base64_decode(std::string_view text) {
  // libcrypto passes over spaces too, and takes a '-' for the end.
  if (!std::ranges::all_of(text, [](unsigned char c) {
        return (c < 0x80 && std::isalnum(c) != 0)
               || std::string_view{"+/=\r\n"}.find(static_cast<char>(c)) != std::string_view::npos;
      }))
    return std::nullopt;
  const std::unique_ptr<EVP_ENCODE_CTX, decltype(&EVP_ENCODE_CTX_free)> context{EVP_ENCODE_CTX_new(),
                                                                                EVP_ENCODE_CTX_free};
  if (!context)
    throw std::bad_alloc{};
  std::string out(text.size() / 4 * 3 + 3, '\0');
  auto* const to = reinterpret_cast<unsigned char*>(out.data());
  const auto* const from = reinterpret_cast<const unsigned char*>(text.data());
  int size = 0, rest = 0;
  EVP_DecodeInit(context.get());
  if (EVP_DecodeUpdate(context.get(), to, &size, from, static_cast<int>(text.size())) < 0
      || EVP_DecodeFinal(context.get(), to + size, &rest) != 1)
    return std::nullopt;
  out.resize(static_cast<std::size_t>(size + rest));
  return out;
}

std::int64_t parse_mesa_time(const rapidjson::Value& in) {
  if (in.IsInt64())
    return std::max<std::int64_t>(in.GetInt64(), 0);
  if (!in.IsString())
    return 0;
  int year = 0, minutes = 0, zone_hours = 0, zone_minutes = 0, used = 0;
  unsigned month = 0, day = 0, hours = 0, seconds = 0;
  if (std::sscanf(in.GetString(), "%4d-%2u-%2uT%2u:%2d:%2u%n", &year, &month, &day, &hours, &minutes, &seconds, &used)
          != 6
      || used == 0)
    return 0;
  std::string_view rest{in.GetString() + used, in.GetStringLength() - static_cast<std::size_t>(used)};
  if (rest.starts_with('.'))
    rest.remove_prefix(std::min(rest.find_first_not_of("0123456789", 1), rest.size()));
  if (!rest.empty() && rest != "Z" && rest != "z"
      && std::sscanf(std::string{rest}.c_str(), "%3d:%2d", &zone_hours, &zone_minutes) != 2)
    return 0;
  const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{month}, std::chrono::day{day}};
  if (!date.ok())
    return 0;
  const int zone = zone_hours * 60 + (rest.starts_with('-') ? -zone_minutes : zone_minutes);
  const auto time = std::chrono::sys_days{date} + std::chrono::hours{hours} + std::chrono::minutes{minutes - zone}
                    + std::chrono::seconds{seconds};
  return std::max<std::int64_t>(time.time_since_epoch() / std::chrono::seconds{1}, 0);
}

} // namespace gitfs
