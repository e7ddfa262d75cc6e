#include "backend/store/disk/store_folder.hpp"

#include "backend/git/oid.hpp"
#include "backend/git/sha1.hpp"
#include "backend/os/file_io.hpp"
#include "backend/os/file_lock.hpp"
#include "backend/store/disk/folder_lock.hpp"
#include "backend/store/disk/git_odb.hpp"
#include "config/log.hpp"
#include "config/paths.hpp"
#include "config/unique_fd.hpp"

#include <git2.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <memory>
#include <sys/stat.h>
#include <unistd.h>

namespace gitfs {

namespace fs = std::filesystem;

namespace {

constexpr const char* tag_name = "CACHEDIR.TAG"; // bford.info/cachedir: backups leave such a folder out
constexpr const char* tag_text = "Signature: 8a477f597d28d172789f06886806bc55\n"
                                 "# What gitfs-actor has fetched. It may be removed; it is fetched again.\n";
constexpr const char* tag_mark = "gitfs-actor";
constexpr const char* lock_name = "gitfs.lock";
constexpr const char* quota_name = "cache-size";
constexpr const char* head_text = "ref: refs/heads/main\n";
constexpr const char* new_prefix = ".new-";
constexpr std::size_t readable_length = 60;

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

result<void> replace_file(const fs::path& file, const std::string& text) {
  const fs::path fresh = file.string() + "." + std::to_string(::getpid());
  GITFS_TRYV(write_file(fresh, text));
  if (::rename(fresh.c_str(), file.c_str()) != 0)
    return system_failure(errno, "cannot write " + file.string());
  return success();
}

result<void> make_folder(const fs::path& folder) {
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
    return system_failure(errno, "cannot make the folder " + folder.string());
  return success();
}

/// The key with '?' for each character that cannot stand in a config file.
std::string plain(std::string text) {
  for (char& c : text)
    c = static_cast<unsigned char>(c) < 0x20 ? '?' : c;
  return text;
}

/// The text in quotation marks, as git's config files have it.
std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\')
      out += '\\';
    out += c;
  }
  return out + "\"";
}

bool is_store(const fs::path& folder) {
  std::error_code ignored;
  return fs::exists(folder / lock_name, ignored) && fs::is_directory(folder / "objects", ignored);
}

/// True if the folder has stores in it, and nothing that a cache folder of ours does not have.
bool holds_only_ours(const fs::path& cache) {
  std::error_code status;
  bool any = false;
  for (fs::directory_iterator entries{cache, status}, end; !status && entries != end; entries.increment(status)) {
    const std::string name = entries->path().filename().string();
    if (name.starts_with(tag_name) || name.starts_with(new_prefix) || name == maintenance_file
        || name.starts_with(quota_name) || name.starts_with(learned_hosts_name))
      continue;
    if (name != shown_times_name && !is_store(entries->path()))
      return false;
    any = true;
  }
  return any && !status;
}

/// Makes the cache folder if it does not exist, and refuses one that is not ours.
result<void> make_cache_folder(const fs::path& cache) {
  std::error_code status;
  if (cache.has_parent_path())
    fs::create_directories(cache.parent_path(), status);
  GITFS_TRYV(make_folder(cache));
  if (has_mark(cache / tag_name, tag_mark))
    return success();
  const bool ours = holds_only_ours(cache); // true: only the tag was damaged
  for (fs::directory_iterator entries{cache, status}, end; !ours && !status && entries != end;
       entries.increment(status))
    if (!entries->path().filename().string().starts_with(tag_name)) // another process is about to tag it
      return fail(EEXIST, cache.string() + " has files in it and is not a cache of gitfs-actor; name an empty folder");
  if (status)
    return system_failure(status.value(), "cannot read " + cache.string());
  return replace_file(cache / tag_name, tag_text);
}

// The `config` of a store. No ref refers to the objects, so git's own garbage collection would delete them and is
// turned off.
std::string config_text(const std::string& key) {
  return "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n[gc]\n\tauto = 0\n\tpruneExpire = "
         "never\n[gitfs]\n\tupstream = "
         + quoted(plain(key)) + "\n";
}

/// Writes `config` and `HEAD` anew if they are damaged. We can read the objects without them, but git's own tools
/// cannot.
result<void> mend_store(const fs::path& store, const std::string& key) {
  if (!is_store(store))
    return fail(EEXIST, store.string() + " is not an object store of gitfs-actor; move it away");
  if (normal_key(store_key(store)) != normal_key(plain(key))) {
    log::warn("{} was damaged; it is written anew", (store / "config").string());
    GITFS_TRYV(replace_file(store / "config", config_text(key)));
  }
  if (!has_mark(store / "HEAD", "ref: ")) {
    GITFS_TRYV(replace_file(store / "HEAD", head_text));
  }
  return success();
}

result<void> fill_store(const fs::path& store, const std::string& key) {
  for (const char* folder : {"objects", "objects/pack", "objects/info", "refs", "refs/heads", "refs/tags"}) {
    GITFS_TRYV(make_folder(store / folder));
  }
  GITFS_TRYV(write_file(store / "HEAD", head_text));
  GITFS_TRYV(write_file(store_lock(store), ""));
  return write_file(store / "config", config_text(key));
}

result<void> make_store(const fs::path& cache, const fs::path& store, const std::string& key) {
  const file_lock alone{cache / tag_name, file_lock::mode::exclusive, true};
  std::error_code ignored;
  if (fs::exists(store, ignored))
    return success();
  if (alone.held())
    for (const auto& entry : fs::directory_iterator{cache, ignored})
      if (entry.path().filename().string().starts_with(new_prefix)) // the process that was making it was killed
        fs::remove_all(entry.path(), ignored);
  std::string fresh = (cache / new_prefix).string() + "XXXXXX";
  if (::mkdtemp(fresh.data()) == nullptr)
    return system_failure(errno, "cannot make a folder in " + cache.string());
  auto made = fill_store(fresh, key);
  if (made && ::rename(fresh.c_str(), store.c_str()) != 0 && errno != EEXIST && errno != ENOTEMPTY)
    made = system_failure(errno, "cannot make " + store.string());
  fs::remove_all(fresh, ignored); // does nothing if the folder was renamed
  return made;
}

/// A name that people recognise, and that is different for each key.
std::string name_by(const std::string& key) {
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
    readable.erase(0, readable.size() - readable_length); // the end of a URL says more than its begin
  readable.erase(0, readable.find_first_not_of(".-"));
  const oid hash = sha1{}.update(key).finish();
  return (readable.empty() ? "store" : readable) + "-" + hash.hex().substr(0, 16) + ".git";
}

} // namespace

std::string normal_key(std::string key) {
  constexpr std::string_view suffix = ".git";
  while (key.ends_with('/'))
    key.pop_back();
  // The last part of "https://host/.git" is ".git" itself, which stays.
  if (key.ends_with(suffix) && key.size() > suffix.size() && key[key.size() - suffix.size() - 1] != '/')
    key.resize(key.size() - suffix.size());
  return key;
}

std::string store_name(const std::string& key) {
  return name_by(normal_key(key));
}

fs::path store_path(const fs::path& cache_dir, const std::string& key) {
  const std::string normal = normal_key(key);
  const fs::path now = cache_dir / name_by(normal);
  const fs::path before = cache_dir / name_by(normal + ".git"); // the name that versions before 0.2 gave it
  return !is_store(now) && is_store(before) ? before : now;
}

fs::path store_lock(const fs::path& store) {
  return store / lock_name;
}

result<fs::path> make_store_folder(const fs::path& cache_dir, const std::string& key) {
  const fs::path cache = fs::absolute(cache_dir).lexically_normal();
  GITFS_TRYV(make_cache_folder(cache));
  const fs::path store = store_path(cache, key);
  std::error_code status;
  if (!fs::exists(store, status)) {
    GITFS_TRYV(make_store(cache, store, key));
  }
  GITFS_TRYV(mend_store(store, key));
  note_store_use(store);
  return store;
}

result<std::vector<fs::path>> list_stores(const fs::path& cache_dir) {
  std::error_code status;
  if (!fs::is_directory(cache_dir, status)) {
    if (status && status != std::errc::no_such_file_or_directory && status != std::errc::not_a_directory)
      return system_failure(status.value(), "cannot look for the cache folder " + cache_dir.string());
    return fail(status ? status.value() : ENOTDIR, "there is no cache folder " + cache_dir.string());
  }
  if (!has_mark(cache_dir / tag_name, tag_mark) && !holds_only_ours(cache_dir))
    return fail(ENOTSUP, cache_dir.string() + " is not a cache of gitfs-actor");
  std::vector<fs::path> out;
  for (fs::directory_iterator entries{cache_dir, status}, end; !status && entries != end; entries.increment(status))
    if (!entries->path().filename().string().starts_with(new_prefix) && is_store(entries->path()))
      out.push_back(entries->path());
  if (status)
    return system_failure(status.value(), "cannot read " + cache_dir.string());
  std::sort(out.begin(), out.end());
  return out;
}

result<void> remove_store_folder(const fs::path& store) {
  std::string away = (store.parent_path() / new_prefix).string() + "XXXXXX";
  std::error_code status;
  if (::mkdtemp(away.data()) == nullptr) // a full disk may have no room for another folder
    away = store.string();
  else if (::rename(store.c_str(), away.c_str()) != 0)
    return system_failure(errno, "cannot remove " + store.string());
  fs::remove_all(away, status);
  if (status)
    return system_failure(status.value(), "cannot remove " + store.string());
  return success();
}

std::string store_key(const fs::path& store) {
  use_libgit2();
  git_config* raw = nullptr;
  if (git_config_open_ondisk(&raw, (store / "config").c_str()) != 0)
    return {};
  const std::unique_ptr<git_config, void (*)(git_config*)> config{raw, git_config_free};
  git_buf value = GIT_BUF_INIT;
  int bare = 0;
  std::string out;
  if (git_config_get_bool(&bare, raw, "core.bare") == 0 && bare != 0
      && git_config_get_string_buf(&value, raw, "gitfs.upstream") == 0)
    out.assign(value.ptr, value.size);
  git_buf_dispose(&value);
  return out;
}

// The time of use is that of the lock's file, to which nothing else is ever written.
void note_store_use(const fs::path& store) {
  ::utimensat(AT_FDCWD, store_lock(store).c_str(), nullptr, 0);
}

std::int64_t store_last_use(const fs::path& store) {
  struct stat info;
  return ::stat(store_lock(store).c_str(), &info) == 0 ? info.st_mtim.tv_sec : 0;
}

fs::path size_file(const fs::path& store) {
  return store / "sizes.table";
}

fs::path quarantine_folder(const fs::path& store) {
  return store / "quarantine";
}

void note_quota(const fs::path& cache_dir, std::uint64_t bytes) {
  if (auto done = replace_file(cache_dir / quota_name, std::to_string(bytes) + "\n"); !done)
    log::debug("{}", done.error().message);
}

std::optional<std::uint64_t> noted_quota(const fs::path& cache_dir) {
  std::ifstream file{cache_dir / quota_name};
  std::uint64_t bytes = 0;
  return file >> bytes && bytes != 0 ? std::optional{bytes} : std::nullopt;
}

} // namespace gitfs
