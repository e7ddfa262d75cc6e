#include "cli/commands/commands.hpp"

#include "actors/trace/read/trace_why.hpp"
#include "cli/system/control.hpp"
#include "cli/system/mount_table.hpp"

#include <cerrno>
#include <cstdio>

namespace gitfs {

namespace {

namespace fs = std::filesystem;

// The traces in which the object is looked for. Traces of the same run of a mount are joined into one.
class sources {
public:
  result<void> read_mount(const fs::path& root, bool others) {
    auto bytes = ask_trace(root);
    if (!bytes && bytes.error().code == ENODATA && others)
      return success();
    if (!bytes && bytes.error().code == ENODATA)
      return fail(ENODATA, bytes.error().message + ": name the file of its trace (--trace), if it writes one");
    if (!bytes)
      return bytes.as_failure();
    trace::loaded memory;
    memory.bytes = std::make_unique<const std::string>(std::move(bytes.value()));
    GITFS_TRY(in, trace::read_bytes(*memory.bytes));
    memory.in = std::move(in);
    loaded_.push_back(std::move(memory));
    from_memory_ = true;
    add(loaded_.back().in);
    return success();
  }

  result<void> read_file(const fs::path& file) {
    GITFS_TRY(read, trace::read_file(file));
    loaded_.push_back(std::move(read));
    add(loaded_.back().in);
    return success();
  }

  const std::vector<trace::contents>& runs() const { return runs_; }
  /// True if the trace of the mount begins with the start of the mount, and lacks no record.
  bool complete() const { return from_memory_ && trace::lost_records(runs_.front()) == 0; }

private:
  void add(const trace::contents& in) {
    for (trace::contents& each : runs_)
      if (trace::same_run(each, in)) {
        each = trace::joined(each, in);
        return;
      }
    runs_.push_back(in);
  }

  std::vector<trace::loaded> loaded_;
  std::vector<trace::contents> runs_; // the trace of the mount itself is first
  bool from_memory_ = false;
};

std::string why_not_known(const shown_object& object, const sources& from) {
  if (!object.stored)
    return "it is not on this machine: nothing has needed its contents so far, or it was evicted (cache gc)\n";
  // A server whose filters leave out only files sends all trees together with the commit, before anybody wants them.
  if (from.complete() && object.type == "tree")
    return "this mount has not asked for it: it came with its commit, or was stored before, by an earlier mount of the "
           "repository\n";
  if (from.complete())
    return "this mount has not fetched it: it was stored before, by an earlier mount of the repository\n";
  return "it is on this machine, and the trace does not say since when: it was stored by an earlier mount, or memory "
         "no longer holds so old messages. Mount with --trace FILE to keep all of them, or with a larger "
         "--trace-memory; give that file with --trace.\n";
}

result<void> explain(const why_options& options) {
  const auto at = mount_of(options.path);
  if (!at || !at->type.starts_with("fuse"))
    return fail(ENOTTY, options.path.string() + " is not in a mount of gitfs-actor");
  const fs::path root = at->path;
  sources from;
  GITFS_TRYV(from.read_mount(root, !options.traces.empty()));
  for (const fs::path& each : options.traces) {
    GITFS_TRYV(from.read_file(each));
  }
  const bool is_root = options.path == root;
  GITFS_TRY(object,
            is_root ? ask_object(root, {}) : ask_object(options.path.parent_path(), options.path.filename().string()));
  if (object.type == "commit")
    return fail(EINVAL, options.path.string()
                            + " is a submodule: its contents are in another repository, and nothing "
                              "of it is fetched");
  const std::string type = object.type == "link" ? "blob (of a symbolic link)" : object.type;
  print_out(type + ' ' + object.id.hex() + '\n');
  for (const trace::contents& each : from.runs()) {
    std::string text;
    const auto origin =
        trace::explain(each, object.id, object.type == "tree", [&](std::string_view more) { text += more; });
    if (origin == trace::origin::unknown)
      continue;
    if (&each != &from.runs().front())
      print_out("in the trace of another mount (process " + std::to_string(each.header.process) + "):\n");
    print_out(text);
    if (origin == trace::origin::brought)
      return success();
  }
  print_out(why_not_known(object, from));
  return success();
}

} // namespace

int run_why(const why_options& options) {
  if (auto done = explain(options); !done) {
    std::fprintf(stderr, "gitfs-actor: %s\n", done.error().message.c_str());
    return 1;
  }
  return 0;
}

} // namespace gitfs
