#include "backend/store/upkeep/cache_info.hpp"

#include "backend/pack/pack_index.hpp"
#include "backend/store/disk/store_files.hpp"
#include "backend/store/disk/store_folder.hpp"
#include "backend/store/upkeep/store_removal.hpp"
#include "config/byte_size.hpp"

#include <fmt/format.h>
#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>

#include <ctime>

namespace gitfs {

namespace fs = std::filesystem;

namespace {

std::string date(std::int64_t seconds) {
  std::tm parts{};
  const std::time_t time = seconds;
  ::gmtime_r(&time, &parts);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &parts)};
}

} // namespace

result<std::vector<store_info>> cache_info(const fs::path& cache_dir) {
  GITFS_TRY(stores, list_stores(cache_dir));
  std::vector<store_info> out;
  for (const fs::path& store : stores) {
    if (is_unused_store(store))
      continue; // a mount that failed has left this store without an object
    const store_files files = list_files(store);
    store_info one;
    one.path = store;
    one.source = store_key(store);
    one.bytes = disk_use(store);
    one.objects = files.loose.size();
    for (const seen_pack& pack : files.packs)
      one.objects += objects_in(pack.path);
    one.packs = files.packs.size();
    one.loose = files.loose.size();
    one.last_use = store_last_use(store);
    out.push_back(std::move(one));
  }
  return out;
}

std::string info_text(const std::vector<store_info>& stores, std::uint64_t bytes, std::uint64_t quota) {
  std::string out;
  for (const store_info& each : stores)
    out += fmt::format("{}\n  path      {}\n  size      {} in {} objects: {} packs, {} loose\n  last use  {}\n",
                       each.source.empty() ? "(unknown: its config is damaged)" : each.source, each.path.string(),
                       show_byte_size(each.bytes), each.objects, each.packs, each.loose, date(each.last_use));
  return out += fmt::format("{} of at most {} in {} {}\n", show_byte_size(bytes), show_byte_size(quota), stores.size(),
                            stores.size() == 1 ? "repository" : "repositories");
}

std::string info_json(const std::vector<store_info>& stores, std::uint64_t bytes, std::uint64_t quota) {
  rapidjson::StringBuffer text;
  rapidjson::PrettyWriter<rapidjson::StringBuffer> writer{text};
  const auto number = [&](const char* name, std::uint64_t value) {
    writer.Key(name);
    writer.Uint64(value);
  };
  const auto string = [&](const char* name, const std::string& value) {
    writer.Key(name);
    writer.String(value.c_str(), static_cast<rapidjson::SizeType>(value.size()));
  };
  writer.StartObject();
  number("bytes", bytes);
  number("cache_size", quota);
  writer.Key("repositories");
  writer.StartArray();
  for (const store_info& each : stores) {
    writer.StartObject();
    string("source", each.source);
    string("path", each.path.string());
    number("bytes", each.bytes);
    number("objects", each.objects);
    number("packs", each.packs);
    number("loose", each.loose);
    number("last_use", static_cast<std::uint64_t>(each.last_use));
    writer.EndObject();
  }
  writer.EndArray();
  writer.EndObject();
  return std::string{text.GetString(), text.GetSize()} + "\n";
}

} // namespace gitfs
