// What a user may ask for, as plain data. One table of options drives the parser (command_line), the help text (help)
// and the defaults shown in it.
#pragma once

#include "config/deployment.hpp"
#include "config/error.hpp"
#include "config/log_level.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gitfs {

/// The access-time mode asked of the kernel. Nothing is ever written back, so it only changes what a read costs.
enum class atime_mode : std::uint8_t { relatime, noatime };

/// What `-o` asked for, as mount(8) spells it. There is no `rw`: the file system is read-only.
struct kernel_options {
  bool nosuid = true; ///< only root can turn this off
  bool nodev = true;  ///< only root can turn this off
  bool noexec = false;
  atime_mode atime = atime_mode::relatime;
  bool allow_other = false;
  bool allow_root = false;
  bool default_permissions = true;
  bool auto_unmount = false;
  std::optional<std::string> fsname; ///< the first column of /proc/mounts; unset: SOURCE without credentials
  std::string subtype = "gitfs";     ///< the type is shown as fuse.SUBTYPE
  std::uint32_t max_read = 0;        ///< largest read request in bytes; 0: the kernel's own limit
};

/// The quota of the cache folder, and the least that may be asked for, in bytes.
inline constexpr std::uint64_t default_cache_size = std::uint64_t{20} << 30;
inline constexpr std::uint64_t least_cache_size = std::uint64_t{1} << 20;

/// Where `--metrics-listen` listens: a Unix socket, or a port of a loopback address.
struct listen_address {
  std::filesystem::path socket; ///< absolute; empty: TCP
  std::string host;             ///< 127.0.0.1 or ::1
  std::uint16_t port = 0;       ///< 0: one that is free
};

/// What the flags say of telemetry; read_telemetry (telemetry_options.hpp) adds what the environment says.
struct telemetry_flags {
  std::vector<std::string> endpoints; ///< base URLs of collectors; may hold credentials: never print them
  std::vector<std::pair<std::string, std::string>> headers;        ///< name, value; the values are secrets
  std::vector<std::pair<std::string, secret_place>> header_places; ///< name, where the value is
  bool propagate = false;                                          ///< send traceparent upstream
  bool paths = false;                                              ///< name files, folders and the repository
  std::optional<listen_address> listen;                            ///< for Prometheus
};

/// Least size of a trace file, in bytes.
inline constexpr std::uint64_t least_trace_size = std::uint64_t{64} << 10;

/// `gitfs-actor mount`. Every path is absolute, because a daemon changes its working directory.
struct mount_options {
  std::string source;             ///< URL (may hold credentials: never print it) or absolute path of a local repository
  std::optional<deployment> tree; ///< then `source` and `ref` are empty
  std::filesystem::path config_file;             ///< absolute; empty: none
  std::filesystem::path mountpoint;              ///< absolute and normal, not resolved
  std::string ref;                               ///< branch, tag or commit; empty: the remote's HEAD
  follow_mode follow;                            ///< of `source`
  secret_place token;                            ///< password of `source`
  std::string username{};                        ///< user name of `source`; see shown_repository
  std::filesystem::path profile;                 ///< of `source`; see shown_repository
  std::filesystem::path cache_dir;               ///< filled in, never empty
  std::uint64_t cache_size = default_cache_size; ///< bytes of the disk, for all of cache_dir
  std::optional<std::uint64_t> cache_min_free;   ///< bytes that stay free on its disk; unset: 5 % or 1 GB
  log_level level = log_level::info;
  std::filesystem::path log_file; ///< empty: standard error; filled in when the mount goes into the background
  bool own_log = false;           ///< log_file is the one that this program chose: it is bounded, and removed in time
  std::filesystem::path pid_file; ///< empty: none
  bool foreground = false;
  bool quiet = false; ///< nothing is printed when the mount is ready
  kernel_options kernel;
  bool prefetch = true;
  bool profiles = true; ///< runs are recorded, and kept in the cache folder
  /// Packed trees of the whole snapshot that are fetched at once, in bytes; 100,000 directories of ten files each have
  /// about this much. Beyond it, and with 0, they come as they are walked.
  std::uint64_t trees_ahead = std::uint64_t{32} << 20;
  std::optional<std::uint64_t> memory; ///< bytes that contents and listings may take; none: what suits the machine
  std::filesystem::path trace_file;    ///< empty: none
  std::uint64_t trace_size = std::uint64_t{256} << 20; ///< bytes of trace_file, from which on it is begun anew
  std::uint64_t trace_memory = std::uint64_t{4} << 20; ///< bytes of what actors did last; 0: not recorded
  telemetry_flags telemetry;
  bool xattr = false;   ///< answer user.gitfs.* extended attributes
  unsigned threads = 0; ///< FUSE worker threads; 0: see worker_threads
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds stall_timeout{30'000}; ///< no byte for this long ends an upstream request
  /// One upstream request with all its retries; also how long requests wait for a host that is away.
  std::chrono::milliseconds timeout{300'000};
  bool wait = false;      ///< also at the start, for a server that refuses connections
  bool if_needed = false; ///< the same mount may stand there already: then there is nothing to do
};

/// `gitfs-actor unmount`.
struct unmount_options {
  std::vector<std::filesystem::path> mountpoints; ///< absolute and normal, not resolved: the mount may be dead
  bool all = false;                               ///< every mount of this user; then `mountpoints` is empty
  bool force = false;                             ///< whoever is in it
};

/// `gitfs-actor stats`.
struct stats_options {
  std::filesystem::path mountpoint; ///< absolute and normal
  bool json = false;
};

/// `gitfs-actor refresh`.
struct refresh_options {
  std::filesystem::path mountpoint; ///< absolute and normal
  std::filesystem::path path;       ///< below it; empty: everything
};

/// `gitfs-actor top`.
struct top_options {
  std::filesystem::path mountpoint; ///< absolute and normal
  double interval = 1;              ///< seconds from one look to the next
  bool once = false;                ///< one frame of plain text
  bool batch = false;               ///< frames of plain text, one after the other
};

/// `gitfs-actor cache`.
struct cache_options {
  enum class action_type : std::uint8_t { info, gc, verify, rm };

  action_type action = action_type::info;
  std::filesystem::path cache_dir;             ///< filled in, absolute and normal
  std::optional<std::uint64_t> cache_size;     ///< bytes; none: what the last mount had
  std::optional<std::uint64_t> cache_min_free; ///< bytes; none: 5 % or 1 GB
  bool json = false;                           ///< info only
  std::vector<std::string> sources;            ///< of rm: URLs, which may hold credentials: never print them
  bool force = false;                          ///< of rm: also what a mount uses
};

/// `gitfs-actor trace`.
struct trace_options {
  enum class action_type : std::uint8_t { dump, show, stats, diff, perfetto };

  action_type action = action_type::show;
  std::filesystem::path input;  ///< absolute and normal: the mountpoint of dump, else a trace
  std::filesystem::path output; ///< dump only; empty: standard output
  std::filesystem::path other;  ///< diff only: what `input` is compared with
  bool redact = false;          ///< names become hashes
  bool perfetto = false;        ///< the one format of export
  // What show is limited to.
  std::optional<std::uint64_t> actor; ///< st_ino of a directory
  std::optional<std::string> path;    ///< below the mountpoint
  std::string message;                ///< kind of a record; empty: all
  std::optional<double> from, until;  ///< seconds since the trace began
  std::optional<std::uint64_t> request;
};

/// `gitfs-actor replay`.
struct replay_options {
  std::filesystem::path input;        ///< absolute and normal
  std::optional<std::uint64_t> until; ///< order number of the last message to be replayed; of --shuffle: steps
  std::optional<std::uint64_t> actor; ///< st_ino of a directory: each message that it takes is shown, with its state
  bool step = false;                  ///< at each message, ask what to do
  std::optional<std::uint64_t> shuffle, shuffle_to; ///< seeds of other orders, the first and the last
  bool json = false;
};

/// `gitfs-actor why`.
struct why_options {
  std::filesystem::path path;                ///< absolute and normal, in a mount
  std::vector<std::filesystem::path> traces; ///< absolute; beside what the mount has in memory
};

/// `gitfs-actor prefetch`.
struct prefetch_options {
  std::vector<std::string> patterns; ///< paths or globs, as given: relative to the current folder
  unsigned readers = 2;
  bool dry_run = false;
  bool null = false; ///< paths on standard input have a NUL behind them, not a line's end
  std::string below; ///< relative paths are below this folder; empty: the current one
};

/// `gitfs-actor config check`. What `config show` prints is known when its command line is read.
struct config_options {
  enum class action_type : std::uint8_t { check };

  action_type action = action_type::check;
  std::filesystem::path file; ///< absolute and normal
  std::string name;           ///< the file as it was given
  bool servers = false;       ///< ask each of its servers, too
};

/// `gitfs-actor profile`.
struct profile_options {
  enum class action_type : std::uint8_t { record, show, merge };

  action_type action = action_type::show;
  std::filesystem::path folder;              ///< of record: absolute and normal, in a mount
  std::vector<std::filesystem::path> inputs; ///< absolute and normal: of show one, of merge some
  std::filesystem::path output;              ///< absolute and normal; empty: standard output
};

/// One line of the table: an option of `gitfs-actor mount`.
struct option_row {
  std::string_view group; ///< heading in the help text
  std::string_view names; ///< "-f,--foreground": all spellings
  std::string_view value; ///< what the help calls the value; empty for a switch
  std::string_view help;
  /// Puts `value` ("" for a switch) into the options. An error's message completes "--option: …".
  result<void> (*set)(mount_options& out, const std::string& value);
  /// The default as the help shows it; empty: none worth showing.
  std::string (*show)(const mount_options& defaults);
};

/// Every option of `gitfs-actor mount`, in the order of the help text.
std::span<const option_row> mount_option_table();

/// "--foreground" of "-f,--foreground": the last spelling is the long one.
std::string_view long_name(const option_row& row);

/// The number of FUSE worker threads: what was asked for, or one per core, at least 2 and at most 8.
unsigned worker_threads(const mount_options& options);

} // namespace gitfs
