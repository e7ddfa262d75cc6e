#include "config/options.hpp"

#include "config/byte_size.hpp"
#include "config/mount_words.hpp"
#include "config/option_values.hpp"
#include "config/paths.hpp"
#include "config/telemetry_options.hpp"

#include <algorithm>
#include <array>
#include <thread>

namespace gitfs {

using std::string;
using std::string_view;

namespace {

constexpr std::array options_table{
    option_row{"Repository", "--config", "FILE", "a file that says what to mount, and how: see docs/configuration.md",
               [](mount_options& o, const string& v) { return put(o.config_file, absolute_path(v)); }, nullptr},
    option_row{"Repository", "--ref", "REF", "branch, tag or commit to show (default: the remote's HEAD)",
               [](mount_options& o, const string& v) { return put_name(o.ref, v); }, nullptr},
    option_row{"Repository", "--follow", "WHEN",
               "look at the ref again: every 30s, 5m, 1h, ..., or on-request (gitfs-actor refresh); never (default)",
               [](mount_options& o, const string& v) { return put(o.follow, read_follow(v)); }, nullptr},
    option_row{"Repository", "--token-file", "FILE", "password of the server: the file that holds it and nothing else",
               [](mount_options& o, const string& v) { return put(o.token.file, absolute_path(v)); }, nullptr},
    option_row{"Repository", "--token-env", "NAME", "the same: the variable that holds it",
               [](mount_options& o, const string& v) { return put_variable(o.token.environment, v); }, nullptr},
    option_row{"Repository", "--username", "NAME", "user name that goes with it, if the server looks at that",
               [](mount_options& o, const string& v) { return put_username(o.username, v); }, nullptr},
    option_row{"Repository", "--profile", "FILE",
               "fetch ahead what this says that a job will read (gitfs-actor profile record)",
               [](mount_options& o, const string& v) { return put(o.profile, absolute_path(v)); }, nullptr},
    option_row{"Repository", "--no-profile", "", "the same as -o profiles=off",
               [](mount_options& o, const string&) { return set_word(o, "profiles=off"); }, nullptr},
    option_row{"Repository", "--cache-dir", "DIR",
               "keep fetched objects here (default: $XDG_CACHE_HOME/gitfs-actor or ~/.cache/gitfs-actor)",
               [](mount_options& o, const string& v) { return put(o.cache_dir, absolute_path(v)); }, nullptr},
    option_row{
        "Repository", "--cache-size", "SIZE", "most that the cache folder may take: 500M, 20G; oldest goes first",
        [](mount_options& o, const string& v) { return put(o.cache_size, parse_byte_size(v, least_cache_size)); },
        [](const mount_options& o) { return show_byte_size(o.cache_size); }},
    option_row{"Repository", "--cache-min-free", "SIZE",
               "what stays free on the cache's disk, as 500M (default: 5 % of it or 1G, whichever is less)",
               [](mount_options& o, const string& v) { return put(o.cache_min_free, parse_byte_size(v, 0)); }, nullptr},
    option_row{"Mount", "-o", "OPT[,OPT...]", "mount options, as mount(8) spells them; see below", set_words, nullptr},
    option_row{"Mount", "--allow-other", "", "the same as -o allow_other",
               [](mount_options& o, const string&) { return set_word(o, "allow_other"); }, nullptr},
    option_row{"Process", "-f,--foreground", "", "stay in the foreground",
               [](mount_options& o, const string&) -> result<void> { return o.foreground = true, success(); }, nullptr},
    option_row{"Process", "--if-needed", "", "when the same is mounted there already, leave it so: exit status 0",
               [](mount_options& o, const string&) -> result<void> { return o.if_needed = true, success(); }, nullptr},
    option_row{"Process", "--pid-file", "FILE", "write the process id of the mount here",
               [](mount_options& o, const string& v) { return put(o.pid_file, absolute_path(v)); }, nullptr},
    option_row{"Process", "--threads", "N", "threads for the kernel's requests; 0: one per core, 2 to 8",
               [](mount_options& o, const string& v) { return put(o.threads, read_number<unsigned>(v, 0, 64)); },
               [](const mount_options& o) { return std::to_string(o.threads); }},
    option_row{"Process", "--memory", "SIZE",
               "memory for contents and listings, as 64M, at least 8M; auto: 48M, less on small machines",
               [](mount_options& o, const string& v) { return put(o.memory, read_memory(v)); },
               [](const mount_options& o) { return o.memory ? show_byte_size(*o.memory) : string{automatic}; }},
    option_row{"Process", "--log-level", "LEVEL", "trace, debug, info, warn, error or off",
               [](mount_options& o, const string& v) { return put(o.level, read_level(v)); },
               [](const mount_options& o) { return show_level(o.level); }},
    option_row{"Process", "--log-file", "FILE",
               "append the log here (default: with -f standard error, else ~/.local/state/gitfs-actor/MOUNTPOINT.log)",
               [](mount_options& o, const string& v) { return put(o.log_file, absolute_path(v)); }, nullptr},
    option_row{"Process", "--trace", "FILE", "write what the actors do to FILE, for 'gitfs-actor trace'",
               [](mount_options& o, const string& v) { return put(o.trace_file, absolute_path(v)); }, nullptr},
    option_row{
        "Process", "--trace-size", "SIZE", "from so much on FILE is renamed to FILE.1 and begun anew",
        [](mount_options& o, const string& v) { return put(o.trace_size, parse_byte_size(v, least_trace_size)); },
        [](const mount_options& o) { return show_byte_size(o.trace_size); }},
    option_row{"Process", "--trace-memory", "SIZE",
               "memory for what the actors did last; 0: without --trace record nothing",
               [](mount_options& o, const string& v) { return put(o.trace_memory, read_trace_memory(v)); },
               [](const mount_options& o) { return show_byte_size(o.trace_memory); }},
    option_row{"Network", "--trees-ahead", "SIZE", "fetch all trees of the snapshot at once, up to so much; 0: never",
               [](mount_options& o, const string& v) { return put(o.trees_ahead, parse_byte_size(v, 0)); },
               [](const mount_options& o) { return show_byte_size(o.trees_ahead); }},
    option_row{"Network", "--connect-timeout", "SECONDS", "limit for connecting to the server",
               [](mount_options& o, const string& v) { return put(o.connect_timeout, read_seconds(v)); },
               [](const mount_options& o) { return show_seconds(o.connect_timeout); }},
    option_row{"Network", "--stall-timeout", "SECONDS", "limit for a transfer without a byte",
               [](mount_options& o, const string& v) { return put(o.stall_timeout, read_seconds(v)); },
               [](const mount_options& o) { return show_seconds(o.stall_timeout); }},
    option_row{"Network", "--timeout", "SECONDS",
               "limit for one request with its retries, for a server that is away, and for all of the start",
               [](mount_options& o, const string& v) { return put(o.timeout, read_seconds(v)); },
               [](const mount_options& o) { return show_seconds(o.timeout); }},
    option_row{"Network", "--wait", "",
               "at the start, too, wait for a server that refuses connections, up to --timeout",
               [](mount_options& o, const string&) -> result<void> { return o.wait = true, success(); }, nullptr},
    option_row{
        "Telemetry", "--otlp-endpoint", "URL",
        "send spans and metrics to this OpenTelemetry collector (URL/v1/traces, ...); may be given several times",
        [](mount_options& o, const string& v) { return add_endpoint(o.telemetry, v); }, nullptr},
    option_row{"Telemetry", "--otlp-header", "NAME=VALUE", "a header of these requests; may be given several times",
               [](mount_options& o, const string& v) { return add_header(o.telemetry, v); }, nullptr},
    option_row{"Telemetry", "--otlp-paths", "", "also name files, folders and the repository in spans",
               [](mount_options& o, const string&) -> result<void> { return o.telemetry.paths = true, success(); },
               nullptr},
    option_row{"Telemetry", "--otlp-propagate", "", "tell the git server which span a request belongs to (traceparent)",
               [](mount_options& o, const string&) -> result<void> { return o.telemetry.propagate = true, success(); },
               nullptr},
    option_row{"Telemetry", "--metrics-listen", "ADDRESS",
               "serve metrics to Prometheus on unix:PATH, 127.0.0.1:PORT or [::1]:PORT",
               [](mount_options& o, const string& v) { return put(o.telemetry.listen, read_listen_address(v)); },
               nullptr},
    option_row{"Help", "-h,--help", "", "print this text and exit",
               [](mount_options&, const string&) -> result<void> { return success(); }, nullptr},
};

} // namespace

std::span<const option_row> mount_option_table() {
  return options_table;
}

string_view long_name(const option_row& row) {
  return row.names.substr(row.names.rfind(',') + 1);
}

unsigned worker_threads(const mount_options& options) {
  return options.threads != 0 ? options.threads : std::clamp(std::thread::hardware_concurrency(), 2U, 8U);
}

} // namespace gitfs
