#include "fuse_bridge/control_commands.hpp"

#include "actors/fetch/path_finder.hpp"
#include "actors/prefetch/run_recorder.hpp"
#include "actors/runtime/catalog_messages.hpp"
#include "actors/runtime/path_messages.hpp"
#include "actors/runtime/prefetch_messages.hpp"
#include "actors/runtime/question_messages.hpp"
#include "actors/runtime/route.hpp"
#include "actors/trace/record/recorder.hpp"
#include "config/version.hpp"
#include "fuse_bridge/control_reply.hpp"
#include "fuse_bridge/fuse_unit.hpp"
#include "fuse_bridge/mountpoint.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <unistd.h>
#include <utility>

namespace gitfs {

namespace {

using control::answer;
using control::question;
using channel = std::unique_ptr<control_channel>;

answer text_answer(std::string text, std::uint64_t next = 0) {
  answer out;
  out.text = std::move(text);
  out.next = next;
  return out;
}

answer failure(int code, std::string why) {
  answer out;
  out.code = code;
  out.error = std::move(why);
  return out;
}

template <class Message>
void to_supervisor(const bridge& b, Message m) {
  b.supervisor->enqueue(caf::make_mailbox_element(nullptr, caf::make_message_id(), {}, std::move(m)),
                        this_thread_unit());
}

// Answered from counters, so it works while every actor is busy, too.
void stats(const bridge& of, const question&, channel to) {
  to->send(text_answer(of.context->report() + "process " + std::to_string(::getpid()) + '\n'));
}

// Each actor adds what it knows, and the last one answers.
void activity_now(const bridge& of, const question&, channel to) {
  to_supervisor(of,
                tell_activity{reply{std::make_unique<control_reply>(std::move(to))}, activity_of(of.context->latency)});
}

// Bytes of this process in memory.
std::uint64_t resident() {
  std::ifstream pages{"/proc/self/statm"};
  std::uint64_t all = 0, here = 0;
  pages >> all >> here;
  return here * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

mount_status status_now(const bridge& b) {
  mount_status out = *b.about;
  std::istringstream counters{b.context->report()};
  std::string name;
  for (std::uint64_t value = 0, used = 0; counters >> name >> value;) {
    if (name == "store.cache_bytes")
      out.facts["cache_bytes"] = std::to_string(value);
    else if (name == "memory.budget")
      out.facts["memory_limit"] = std::to_string(value);
    else if (name.starts_with("memory."))
      out.facts["memory"] = std::to_string(used += value);
  }
  if (b.context->cache_trouble)
    out.facts["cache_trouble"] = b.context->cache_trouble();
  out.facts["servers"] = b.context->ways_of_servers();
  out.facts["warnings"] = b.context->warnings();
  out.facts["resident"] = std::to_string(resident());
  out.facts["process"] = std::to_string(::getpid());
  return out;
}

// A mount without a catalog cannot change, and its root directory knows the commit. Otherwise the catalog knows commits
// and failures.
void status(const bridge& of, const question& what, channel to) {
  if (!of.about) {
    to->send(failure(ENOTSUP, "it does not know what it shows"));
    return;
  }
  const std::size_t room = to->room();
  if (of.catalog) {
    tell_status message{reply{std::make_unique<control_reply>(std::move(to))}, status_now(of),
                        static_cast<std::size_t>(what.number("from")), room};
    to_supervisor(of, std::move(message));
    return;
  }
  const auto complete = [&of, room](std::string_view commit) {
    mount_status all = status_now(of);
    all.entries.front().state = "open";
    all.entries.front().commit = commit;
    return text_answer(all.text(0, room));
  };
  kernel_op message{reply{std::make_unique<control_reply>(std::move(to), complete)}, self_child,
                    getxattr_op{"user.gitfs.commit"}};
  send_to_directory(*of.context, of.supervisor, root_slot, std::move(message), this_thread_unit());
}

// Answers when the mount shows the commits that were found.
void refresh(const bridge& of, const question& what, channel to) {
  const std::string path{what.argument("path")};
  auto out = std::make_shared<reply>(std::make_unique<control_reply>(std::move(to)));
  if (!of.catalog) {
    out->xattr(path.empty() ? "nothing is followed\n" : "!" + path + ": it is pinned: mount with --follow\n");
    return;
  }
  const refresh_number number = next_refresh();
  out->on_interrupt([catalog = of.catalog, number] { caf::anon_send(catalog, cancel_refresh{number}); });
  refresh_refs message;
  message.number = number;
  message.what.path = path;
  message.done = [out](int code, const std::string& report) {
    code != 0 ? out->error(code) : out->xattr(report.empty() ? "nothing is followed\n" : report);
  };
  caf::anon_send(of.catalog, std::move(message));
}

// As many blocks of the trace in memory as there is room for, the first with the header of a file before it.
void trace_dump(const bridge&, const question& what, channel to) {
  trace::block_ring* const ring = trace::ring();
  if (ring == nullptr) {
    to->send(failure(ENODATA, "it records nothing (--trace-memory 0)"));
    return;
  }
  answer out;
  std::uint64_t block = what.number("block");
  if (block == 0) {
    char header[trace::file_header_size];
    trace::put_file_header(header, trace::ring_header());
    out.text.assign(header, sizeof header);
  }
  for (; block < ring->size() && out.text.size() + trace::block_size <= to->room(); ++block)
    out.text += ring->read(block);
  out.next = block < ring->size() ? block : 0;
  to->send(std::move(out));
}

// Asks for an extended attribute, which works in mounts without -o xattr, too, and adds whether the object is here.
void object_of(const bridge& of, const question& what, channel to) {
  const auto complete = [context = of.context](std::string_view value) {
    const auto id = oid::from_hex(value.substr(value.rfind(' ') + 1));
    return text_answer(std::string{value} + (id && context->holds(*id) ? " 1" : " 0"));
  };
  kernel_op message{reply{std::make_unique<control_reply>(std::move(to), complete)}, self_child,
                    getxattr_op{std::string{entry_attribute} + std::string{what.argument("name")}}};
  to_supervisor(of, ask_directory{what.number("inode"), std::move(message)});
}

// Of a folder that is open while this is asked. The answer comes when all is here.
void prefetch(const bridge& of, const question& what, channel to) {
  std::vector<std::string> paths;
  for (std::string_view rest = what.text; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\0'), rest.size());
    paths.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  if (paths.size() > control::most_paths) {
    to->send(failure(E2BIG, "too many paths in one question"));
    return;
  }
  auto out = std::make_shared<reply>(std::make_unique<control_reply>(std::move(to)));
  to_supervisor(of, find_directory{what.number("inode"),
                                   [out, paths = std::move(paths),
                                    system = &of.supervisor->home_system()](const directory_location_ptr& at) mutable {
                                     find_paths(*system, at, std::move(paths), std::move(*out));
                                   }});
}

// Of a folder that is open while this is asked: what has been read below it.
void profile_of(const bridge& of, const question& what, channel to) {
  const std::size_t room = to->room();
  auto out = std::make_shared<reply>(std::make_unique<control_reply>(std::move(to)));
  to_supervisor(
      of,
      find_directory{what.number("inode"), [out, room, rank = what.number("rank")](const directory_location_ptr& at) {
                       if (!at)
                         return out->error(ESTALE);
                       if (!at->shown)
                         return out->error(EXDEV);
                       if (!at->shown->of->prefetcher)
                         return out->error(ENODATA);
                       std::string folder = path_in_snapshot(*at);
                       if (!folder.empty())
                         folder.pop_back();
                       caf::anon_send(at->shown->of->prefetcher, tell_profile{std::move(*out), std::move(folder),
                                                                              static_cast<std::size_t>(rank), room});
                     }});
}

// The mount detaches itself, so that the mount that was asked ends and no other. Its process then ends by itself.
void unmount(const bridge& of, const question& what, channel to) {
  if (what.argument("mountpoint") != of.mountpoint.native()) {
    to->send(failure(EXDEV, "it is mounted on " + of.mountpoint.string()));
    return;
  }
  const auto done = detach(of.mountpoint, false);
  to->send(done ? answer{} : failure(done.error().code, done.error().message));
}

constexpr control_command table[] = {
    {"stats", "", "lines NAME VALUE", asker::anybody, true, stats},
    {"activity", "", "lines, as `top` shows them", asker::owner, true, activity_now},
    {"status", "from", "lines, of the entries from that number on", asker::owner, true, status},
    {"refresh", "path", "a line for each ref, with ! before failures", asker::owner, true, refresh},
    {"trace", "block", "blocks of a trace file, from that number on", asker::owner, true, trace_dump},
    {"object", "inode name", "TYPE OID STORED, of a name in a folder", asker::owner, true, object_of},
    {"prefetch", "inode", "lines, see below", asker::owner, true, prefetch},
    {"profile", "inode rank", "lines of a profile, of what was read below a folder", asker::owner, true, profile_of},
    {"unmount", "mountpoint", "", asker::owner, false, unmount},
};

std::string served_by(const bridge& of) {
  return "the mount at " + of.mountpoint.string() + " is served by gitfs-actor " + version;
}

const control_command* command_called(std::string_view name) {
  const auto* const at = std::ranges::find(table, name, &control_command::name);
  return at == std::end(table) ? nullptr : at;
}

// The answer to a question that is refused, which says why.
answer refusal(const bridge& of, const question& what, uid_t from, bool in_mount) {
  if (what.protocol != control::protocol_version)
    return failure(EPROTONOSUPPORT, served_by(of) + ", and this is the command of version " + what.program
                                        + ": use the command of that version, or unmount and mount again");
  const control_command* const known = command_called(what.command);
  if (known == nullptr)
    return failure(ENOSYS, served_by(of) + ", which cannot do that: unmount and mount again with version "
                               + what.program + " to have it");
  if (known->who == asker::owner && from != 0 && from != of.common.uid)
    return failure(EACCES,
                   "the mount at " + of.mountpoint.string() + " is another user's: only that user and root may ask");
  if (in_mount && !known->in_mount)
    return failure(EOPNOTSUPP, served_by(of) + ", whose control socket cannot be reached from here: ask where it runs");
  return {};
}

} // namespace

refresh_number next_refresh() {
  static std::atomic<refresh_number> last{0};
  return ++last;
}

std::span<const control_command> control_commands() {
  return table;
}

void handle_question(const bridge& of, const question& what, uid_t from, bool in_mount, channel to) {
  if (answer no = refusal(of, what, from, in_mount); no.code != 0)
    to->send(std::move(no));
  else
    command_called(what.command)->handle(of, what, std::move(to));
}

} // namespace gitfs
