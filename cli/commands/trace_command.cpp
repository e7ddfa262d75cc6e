#include "cli/commands/commands.hpp"

#include "actors/trace/read/trace_diff.hpp"
#include "actors/trace/read/trace_export.hpp"
#include "actors/trace/read/trace_show.hpp"
#include "cli/system/control.hpp"
#include "config/unique_fd.hpp"

#include <cerrno>
#include <cmath>
#include <cstdio>
#include <fcntl.h>
#include <unistd.h>

namespace gitfs {

namespace {

result<void> write_out(const std::filesystem::path& file, const std::string& bytes) {
  const bool to_file = !file.empty();
  if (!to_file && ::isatty(STDOUT_FILENO) == 1)
    return fail(EINVAL, "a trace is not for a terminal: name a file");
  std::FILE* out = stdout;
  if (to_file) {
    unique_fd made{::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)};
    out = made ? ::fdopen(made.get(), "w") : nullptr;
    if (out == nullptr)
      return system_failure(errno, "cannot write " + file.string());
    (void)made.release(); // the stream owns the descriptor now
  }
  const bool written = std::fwrite(bytes.data(), 1, bytes.size(), out) == bytes.size() && std::fflush(out) == 0;
  const int code = errno;
  if (to_file)
    std::fclose(out);
  if (!written)
    return system_failure(code, to_file ? "cannot write " + file.string() : "cannot write");
  return success();
}

result<void> dump(const trace_options& options) {
  GITFS_TRY(bytes, ask_trace(options.input));
  if (options.redact) {
    GITFS_TRY(in, trace::read_bytes(bytes));
    bytes = trace::redacted_trace(in);
  }
  return write_out(options.output, bytes);
}

std::uint64_t nanoseconds(double seconds) {
  return static_cast<std::uint64_t>(std::llround(seconds * 1e9));
}

result<void> show(const trace::contents& in, const trace_options& options) {
  if (options.request)
    return trace::show_request(in, *options.request, options.redact, print_out);
  trace::show_filter filter;
  filter.actor = options.actor;
  if (options.path)
    filter.about = trace::key_of_path(*options.path);
  filter.message = options.message;
  if (options.from)
    filter.from = nanoseconds(*options.from);
  if (options.until)
    filter.until = nanoseconds(*options.until);
  return trace::show(in, filter, options.redact, print_out);
}

result<trace::loaded> read(const std::filesystem::path& path) {
  GITFS_TRY(file, trace::read_file(path));
  if (file.in.torn)
    std::fprintf(stderr, "gitfs-actor: %s ends within a block: this is what stands before\n", path.c_str());
  return std::move(file);
}

// Warns before a comparison, because a trace with lost records differs from a whole one already in the first of them.
void warn_of_lost(const std::filesystem::path& path, const trace::contents& in) {
  if (const std::uint64_t lost = trace::lost_records(in); lost != 0)
    std::fprintf(
        stderr,
        "gitfs-actor: %s lacks %llu records, because memory held no more: mount with --trace FILE to have all\n",
        path.c_str(), static_cast<unsigned long long>(lost));
}

// Returns the exit status of diff(1): 0 if the traces are the same, 1 if they differ.
result<int> diff(const trace_options& options) {
  GITFS_TRY(first, read(options.input));
  GITFS_TRY(other, read(options.other));
  warn_of_lost(options.input, first.in);
  warn_of_lost(options.other, other.in);
  return trace::show_diff(first.in, other.in, options.redact, print_out) ? 0 : 1;
}

result<void> run(const trace_options& options) {
  using action = trace_options::action_type;
  if (options.action == action::dump)
    return dump(options);
  GITFS_TRY(file, read(options.input));
  switch (options.action) {
  case action::dump:
  case action::diff:
    break;
  case action::show:
    return show(file.in, options);
  case action::stats:
    print_out(trace::stats_text(file.in));
    break;
  case action::perfetto:
    trace::export_perfetto(file.in, options.redact, print_out);
    break;
  }
  return success();
}

} // namespace

int run_trace(const trace_options& options) {
  const bool comparing = options.action == trace_options::action_type::diff;
  const auto say = [](const error& e) { std::fprintf(stderr, "gitfs-actor: %s\n", e.message.c_str()); };
  if (comparing) {
    const auto done = diff(options);
    if (!done)
      say(done.error());
    return done ? done.value() : 2;
  }
  const auto done = run(options);
  if (!done)
    say(done.error());
  return done ? 0 : 1;
}

} // namespace gitfs
