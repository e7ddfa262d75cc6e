#include "backend/store_folder.hpp"

#include "backend/oid.hpp"
#include "backend/pack_ingest.hpp"
#include "backend/sha1.hpp"

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sys/stat.h>
#include <unistd.h>

namespace gitfs {

namespace fs = std::filesystem;

namespace {

constexpr const char* tag_name = "CACHEDIR.TAG"; // bford.info/cachedir: backups leave such a folder out
constexpr const char* tag_text = "Signature: 8a477f597d28d172789f06886806bc55\n"
                                 "# What gitfs-actor has fetched. It may be removed; it is fetched again.\n";
constexpr const char* tag_mark = "gitfs-actor";
constexpr const char* config_mark = "[gitfs]";
constexpr const char* new_prefix = ".new-";
constexpr std::size_t readable_length = 60;

error system_failure(int code, const std::string& what) {
  return {code, what + ": " + std::generic_category().message(code)};
}

std::string contents_of(const fs::path& file) {
  std::ifstream in{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

bool has_mark(const fs::path& file, const char* mark) {
  return contents_of(file).find(mark) != std::string::npos;
}

result<void> write_file(const fs::path& file, const std::string& text) {
  errno = 0;
  std::ofstream out{file, std::ios::binary};
  out << text;
  out.close();
  if (!out)
    return system_failure(errno != 0 ? errno : EIO, "cannot write " + file.string());
  return success();
}

result<void> make_folder(const fs::path& folder) {
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
    return system_failure(errno, "cannot make the folder " + folder.string());
  return success();
}

/// A string as git's config files have it.
std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\')
      out += '\\';
    out += static_cast<unsigned char>(c) < 0x20 ? '?' : c;
  }
  return out + "\"";
}

/// Makes sure that the cache folder exists and is ours.
result<void> make_cache_folder(const fs::path& cache) {
  std::error_code status;
  if (cache.has_parent_path())
    fs::create_directories(cache.parent_path(), status);
  BOOST_OUTCOME_TRYV(make_folder(cache));
  if (has_mark(cache / tag_name, tag_mark))
    return success();
  for (fs::directory_iterator entries{cache, status}, end; !status && entries != end; entries.increment(status))
    if (!entries->path().filename().string().starts_with(tag_name)) // another process is about to tag it
      return fail(EEXIST, cache.string() + " has files in it and is not a cache of gitfs-actor; name an empty folder");
  if (status)
    return system_failure(status.value(), "cannot read " + cache.string());
  const fs::path fresh = cache / (tag_name + ("." + std::to_string(::getpid())));
  BOOST_OUTCOME_TRYV(write_file(fresh, tag_text));
  if (::rename(fresh.c_str(), (cache / tag_name).c_str()) != 0)
    return system_failure(errno, "cannot write in " + cache.string());
  return success();
}

result<void> fill_store(const fs::path& store, const std::string& key) {
  for (const char* folder : {"objects", "objects/pack", "objects/info", "refs", "refs/heads", "refs/tags"}) {
    BOOST_OUTCOME_TRYV(make_folder(store / folder));
  }
  BOOST_OUTCOME_TRYV(write_file(store / "HEAD", "ref: refs/heads/main\n"));
  BOOST_OUTCOME_TRYV(write_file(store_lock(store), ""));
  // No ref keeps the objects, so git's own housekeeping must not run.
  return write_file(store / "config", "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n"
                                      "[gc]\n\tauto = 0\n\tpruneExpire = never\n"
                                          + std::string{config_mark} + "\n\tupstream = " + quoted(key) + "\n");
}

result<void> make_store(const fs::path& cache, const fs::path& store, const std::string& key) {
  const file_lock alone{cache / tag_name, file_lock::mode::exclusive, true};
  std::error_code ignored;
  if (fs::exists(store, ignored))
    return success();
  if (alone.held())
    for (const auto& entry : fs::directory_iterator{cache, ignored})
      if (entry.path().filename().string().starts_with(new_prefix)) // its maker was killed
        fs::remove_all(entry.path(), ignored);
  std::string fresh = (cache / new_prefix).string() + "XXXXXX";
  if (::mkdtemp(fresh.data()) == nullptr)
    return system_failure(errno, "cannot make a folder in " + cache.string());
  auto made = fill_store(fresh, key);
  if (made && ::rename(fresh.c_str(), store.c_str()) != 0 && errno != EEXIST && errno != ENOTEMPTY)
    made = system_failure(errno, "cannot make " + store.string());
  fs::remove_all(fresh, ignored); // unless it was renamed
  return made;
}

} // namespace

std::string store_name(const std::string& key) {
  const std::size_t scheme = key.find("://");
  std::string readable;
  for (char c : key.substr(scheme == std::string::npos ? 0 : scheme + 3)) {
    const bool plain =
        (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '_';
    readable += plain ? c : '-';
  }
  if (readable.ends_with(".git"))
    readable.resize(readable.size() - 4);
  if (readable.size() > readable_length)
    readable.erase(0, readable.size() - readable_length); // the end tells more
  readable.erase(0, readable.find_first_not_of(".-"));
  const oid hash = sha1{}.update(key).finish();
  return (readable.empty() ? "store" : readable) + "-" + hash.hex().substr(0, 16) + ".git";
}

fs::path store_lock(const fs::path& store) {
  return store / "gitfs.lock";
}

result<fs::path> make_store_folder(const fs::path& cache_dir, const std::string& key) {
  const fs::path cache = fs::absolute(cache_dir).lexically_normal();
  BOOST_OUTCOME_TRYV(make_cache_folder(cache));
  const fs::path store = cache / store_name(key);
  std::error_code status;
  if (!fs::exists(store, status)) {
    BOOST_OUTCOME_TRYV(make_store(cache, store, key));
  }
  if (!has_mark(store / "config", config_mark))
    return fail(EEXIST, store.string() + " is not an object store of gitfs-actor; move it away");
  return store;
}

} // namespace gitfs
