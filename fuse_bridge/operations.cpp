#include "fuse_bridge/operations.hpp"

#include "actors/asked.hpp"
#include "actors/route.hpp"
#include "actors/trace/recorder.hpp"
#include "fuse_bridge/control.hpp"
#include "fuse_bridge/control_reply.hpp"

#include <caf/send.hpp>

#include <atomic>
#include <cstring>
#include <fstream>
#include <sstream>
#include <sys/statvfs.h>
#include <unistd.h>

namespace gitfs {

fuse_unit*& this_thread_unit() {
  thread_local fuse_unit* unit = nullptr;
  return unit;
}

refresh_number next_refresh() {
  static std::atomic<refresh_number> last{0};
  return ++last;
}

namespace {

bridge& bridge_of(fuse_req_t req) {
  return *static_cast<bridge*>(fuse_req_userdata(req));
}

template <class What>
void request(fuse_req_t req, fuse_ino_t ino, counter kind, What what, std::size_t size = 0) {
  const bridge& b = bridge_of(req);
  b.context->counts.add(kind);
  const node_id node = node_id::decode(ino);
  auto sink = std::make_unique<fuse_reply>(req, b.common, b.context->latency.of(kind), size);
  if constexpr (std::is_same_v<What, readdir_op>)
    if (!what.plus)
      sink->names_only();
  trace::asked record = asked_of(what);
  record.request = sink->request_id();
  record.node = ino;
  record.size = size;
  const std::uint64_t order = trace::kernel_request(record);
  const trace::because_of edge{order, order};
  send_to_directory(*b.context, b.supervisor, node.dir, kernel_op{reply{std::move(sink)}, node.child, std::move(what)},
                    this_thread_unit());
}

void forget_one(const bridge& b, fuse_ino_t ino, std::uint64_t count) {
  const trace::because_of edge{trace::kernel_forget(ino, count)};
  b.context->counts.add(counter::forget);
  forget_node(*b.context, b.supervisor, node_id::decode(ino), count, this_thread_unit());
}

void op_init(void* userdata, fuse_conn_info* conn) {
  // What an immutable snapshot allows. Readdirplus always, not "auto": with known sizes it is worth 4 times a walk.
  // Not ASYNC_READ: the kernel never interrupts a read of its own readahead, so a reader that is killed would leave its
  // transfer running, and one with a signal handler would not wake.
  constexpr unsigned wanted = FUSE_CAP_READDIRPLUS | FUSE_CAP_PARALLEL_DIROPS | FUSE_CAP_NO_OPEN_SUPPORT
                              | FUSE_CAP_NO_OPENDIR_SUPPORT | FUSE_CAP_CACHE_SYMLINKS | FUSE_CAP_EXPLICIT_INVAL_DATA
                              | FUSE_CAP_IOCTL_DIR;
  constexpr unsigned both_opens = FUSE_CAP_NO_OPEN_SUPPORT | FUSE_CAP_NO_OPENDIR_SUPPORT;
  conn->want = conn->capable & wanted;
  static_cast<bridge*>(userdata)->kernel_opens_alone = (conn->capable & both_opens) == both_opens;
  conn->max_background = 64;
  conn->congestion_threshold = 48;
}

void op_lookup(fuse_req_t req, fuse_ino_t parent, const char* name) {
  request(req, parent, counter::lookup, lookup_op{name});
}

void op_forget(fuse_req_t req, fuse_ino_t ino, std::uint64_t count) {
  forget_one(bridge_of(req), ino, count);
  fuse_reply_none(req);
}

void op_forget_multi(fuse_req_t req, std::size_t count, fuse_forget_data* forgets) {
  for (std::size_t i = 0; i < count; ++i)
    forget_one(bridge_of(req), forgets[i].ino, forgets[i].nlookup);
  fuse_reply_none(req);
}

void op_getattr(fuse_req_t req, fuse_ino_t ino, fuse_file_info*) {
  request(req, ino, counter::getattr, getattr_op{});
}

void op_readlink(fuse_req_t req, fuse_ino_t ino) {
  request(req, ino, counter::readlink, readlink_op{});
}

// ENOSYS once, and the kernel opens without asking ever after (and keeps what it has cached); one that is too old for
// that is answered each time.
void op_open(fuse_req_t req, fuse_ino_t, fuse_file_info* fi) {
  if (bridge_of(req).kernel_opens_alone) {
    fuse_reply_err(req, ENOSYS);
    return;
  }
  fi->keep_cache = 1;
  fi->cache_readdir = 1;
  fuse_reply_open(req, fi);
}

void op_release(fuse_req_t req, fuse_ino_t, fuse_file_info*) {
  fuse_reply_err(req, 0);
}

void op_readdir(fuse_req_t req, fuse_ino_t ino, std::size_t size, off_t offset, fuse_file_info*) {
  request(req, ino, counter::readdir, readdir_op{static_cast<std::uint64_t>(offset), false}, size);
}

void op_readdirplus(fuse_req_t req, fuse_ino_t ino, std::size_t size, off_t offset, fuse_file_info*) {
  request(req, ino, counter::readdirplus, readdir_op{static_cast<std::uint64_t>(offset), true}, size);
}

void op_read(fuse_req_t req, fuse_ino_t ino, std::size_t size, off_t offset, fuse_file_info*) {
  request(req, ino, counter::read, read_op{static_cast<std::uint64_t>(offset), size}, size);
}

void op_getxattr(fuse_req_t req, fuse_ino_t ino, const char* name, std::size_t size) {
  request(req, ino, counter::xattr, getxattr_op{name}, size);
}

void op_listxattr(fuse_req_t req, fuse_ino_t ino, std::size_t size) {
  request(req, ino, counter::xattr, listxattr_op{}, size);
}

void op_statfs(fuse_req_t req, fuse_ino_t) {
  struct statvfs st {};
  st.f_bsize = st.f_frsize = 4096;
  st.f_namemax = 255;
  st.f_flag = ST_RDONLY;
  fuse_reply_statfs(req, &st);
}

bool is_owner(fuse_req_t req) {
  const uid_t caller = fuse_req_ctx(req)->uid;
  return caller == 0 || caller == bridge_of(req).common.uid;
}

// `gitfs-actor trace dump`. Not for everybody who may read the mount: it tells what others have looked at.
void reply_trace(fuse_req_t req, const void* in, std::size_t size, std::size_t room) {
  if (!is_owner(req)) {
    fuse_reply_err(req, EACCES);
    return;
  }
  if (size < sizeof(trace_chunk) || room < sizeof(trace_chunk)) {
    fuse_reply_err(req, EINVAL);
    return;
  }
  auto chunk = std::make_unique<trace_chunk>();
  std::memcpy(&chunk->index, in, sizeof chunk->index);
  answer_trace(*chunk);
  fuse_reply_ioctl(req, 0, chunk.get(), sizeof *chunk);
}

// `gitfs-actor top`: each actor adds what it knows, and the last one answers. Paths of others are in it, as in a trace.
void reply_activity(fuse_req_t req, std::size_t room) {
  const bridge& b = bridge_of(req);
  if (!is_owner(req)) {
    fuse_reply_err(req, EACCES);
    return;
  }
  if (room < sizeof(activity_buffer)) {
    fuse_reply_err(req, EINVAL);
    return;
  }
  tell_activity question{reply{std::make_unique<control_reply>(req, sizeof(activity_buffer))},
                         activity_of(b.context->latency)};
  b.supervisor->enqueue(caf::make_mailbox_element(nullptr, caf::make_message_id(), {}, std::move(question)),
                        this_thread_unit());
}

// `gitfs-actor refresh`.
void reply_refresh(fuse_req_t req, const void* in, std::size_t size, std::size_t room) {
  const bridge& b = bridge_of(req);
  if (!is_owner(req)) {
    fuse_reply_err(req, EACCES);
    return;
  }
  if (size < sizeof(refresh_buffer) || room < sizeof(refresh_buffer)) {
    fuse_reply_err(req, EINVAL);
    return;
  }
  const char* const text = static_cast<const char*>(in);
  const std::string path{text, ::strnlen(text, sizeof(refresh_buffer))};
  auto answer = std::make_shared<reply>(std::make_unique<control_reply>(req, sizeof(refresh_buffer)));
  if (!b.catalog) {
    answer->xattr(path.empty() ? "nothing is followed\n" : "!" + path + ": it is pinned: mount with --follow\n");
    return;
  }
  const refresh_number number = next_refresh();
  const auto tell = [answer](int code, const std::string& report) {
    code != 0 ? answer->error(code) : answer->xattr(report.empty() ? "nothing is followed\n" : report);
  };
  answer->on_interrupt([catalog = b.catalog, number] { caf::anon_send(catalog, cancel_refresh{number}); });
  refresh_refs question;
  question.number = number;
  question.what.path = path;
  question.done = tell;
  caf::anon_send(b.catalog, std::move(question));
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
    else if (name.starts_with("memory.") && name != "memory.budget")
      out.facts["memory"] = std::to_string(used += value);
  }
  out.facts["servers"] = b.context->ways_of_servers();
  out.facts["resident"] = std::to_string(resident());
  out.facts["process"] = std::to_string(::getpid());
  return out;
}

// `gitfs-actor status`: sources and messages of servers are not for everybody who may read the mount.
void reply_status(fuse_req_t req, const void* in, std::size_t size, std::size_t room) {
  const bridge& b = bridge_of(req);
  if (!is_owner(req)) {
    fuse_reply_err(req, EACCES);
    return;
  }
  if (size < sizeof(status_buffer) || room < sizeof(status_buffer) || !b.about) {
    fuse_reply_err(req, b.about ? EINVAL : ENOTTY);
    return;
  }
  std::uint64_t from = 0;
  std::memcpy(&from, in, sizeof from);
  constexpr std::size_t text_room = sizeof(status_buffer::text) - 1;
  // Of one repository its root directory knows the commit, of many the catalog.
  const bool one = b.about->entries.size() == 1 && b.about->entries.front().path.empty();
  const auto complete = [b, one](std::string_view value) {
    std::string text{value};
    if (one) {
      mount_status all = status_now(b);
      all.entries.front().state = "open";
      all.entries.front().commit = value;
      text = all.text(0, text_room);
    }
    text.resize(text_room);
    return std::string(sizeof(status_buffer::from), '\0') + text;
  };
  reply answer{std::make_unique<control_reply>(req, sizeof(status_buffer), complete)};
  if (one) {
    kernel_op question{std::move(answer), self_child, getxattr_op{"user.gitfs.commit"}};
    send_to_directory(*b.context, b.supervisor, root_slot, std::move(question), this_thread_unit());
    return;
  }
  tell_status question{std::move(answer), status_now(b), from, text_room};
  b.supervisor->enqueue(caf::make_mailbox_element(nullptr, caf::make_message_id(), {}, std::move(question)),
                        this_thread_unit());
}

// `gitfs-actor why`: an extended attribute, which the mount may have been made without, and whether its object is here.
void reply_object(fuse_req_t req, fuse_ino_t ino, const void* in, std::size_t size, std::size_t room) {
  const node_id node = node_id::decode(ino);
  if (size < sizeof(object_buffer) || room < sizeof(object_buffer) || node.child != self_child) {
    fuse_reply_err(req, EINVAL);
    return;
  }
  object_buffer asked;
  std::memcpy(&asked, in, sizeof asked);
  asked.text[sizeof asked.text - 1] = '\0';
  const bridge& b = bridge_of(req);
  const auto complete = [context = b.context](std::string_view value) {
    const auto id = oid::from_hex(value.substr(value.rfind(' ') + 1));
    return std::string{value} + (id && context->holds(*id) ? " 1" : " 0");
  };
  kernel_op question{reply{std::make_unique<control_reply>(req, sizeof(object_buffer), complete)}, node.child,
                     getxattr_op{std::string{entry_attribute} + asked.text}};
  send_to_directory(*b.context, b.supervisor, node.dir, std::move(question), this_thread_unit());
}

// `gitfs-actor stats`: answered from counters, so also while every actor is busy.
void op_ioctl(fuse_req_t req, fuse_ino_t ino, unsigned command, void*, fuse_file_info*, unsigned, const void* in,
              std::size_t size, std::size_t room) {
  if (command == static_cast<unsigned>(trace_command)) {
    reply_trace(req, in, size, room);
    return;
  }
  if (command == static_cast<unsigned>(activity_command)) {
    reply_activity(req, room);
    return;
  }
  if (command == static_cast<unsigned>(refresh_command)) {
    reply_refresh(req, in, size, room);
    return;
  }
  if (command == static_cast<unsigned>(status_command)) {
    reply_status(req, in, size, room);
    return;
  }
  if (command == static_cast<unsigned>(object_command)) {
    reply_object(req, ino, in, size, room);
    return;
  }
  if (command != static_cast<unsigned>(report_command) || room < sizeof(report_buffer)) {
    fuse_reply_err(req, ENOTTY);
    return;
  }
  std::string text = bridge_of(req).context->report() + "process " + std::to_string(::getpid()) + '\n';
  text.resize(sizeof(report_buffer)); // zeroes after the text
  fuse_reply_ioctl(req, 0, text.data(), text.size());
}

// Every operation that would write. The kernel refuses most of them before (the mount is read-only), but a remount may
// lift that flag, never this answer.
template <class... Args>
void op_read_only(fuse_req_t req, Args...) {
  fuse_reply_err(req, EROFS);
}

} // namespace

fuse_lowlevel_ops fuse_operations(bool xattr) {
  fuse_lowlevel_ops ops{};
  ops.init = op_init;
  ops.lookup = op_lookup;
  ops.forget = op_forget;
  ops.forget_multi = op_forget_multi;
  ops.getattr = op_getattr;
  ops.readlink = op_readlink;
  ops.open = op_open;
  ops.opendir = op_open;
  ops.release = op_release;
  ops.releasedir = op_release;
  ops.readdir = op_readdir;
  ops.readdirplus = op_readdirplus;
  ops.read = op_read;
  ops.statfs = op_statfs;
  ops.ioctl = op_ioctl;
  if (xattr) { // left out, the kernel asks once and never again; present, `ls -l` asks for every file
    ops.getxattr = op_getxattr;
    ops.listxattr = op_listxattr;
  }
  ops.setattr = op_read_only;
  ops.mknod = op_read_only;
  ops.mkdir = op_read_only;
  ops.unlink = op_read_only;
  ops.rmdir = op_read_only;
  ops.symlink = op_read_only;
  ops.rename = op_read_only;
  ops.link = op_read_only;
  ops.create = op_read_only;
  ops.write = op_read_only;
  ops.write_buf = op_read_only;
  ops.fallocate = op_read_only;
  ops.setxattr = op_read_only;
  ops.removexattr = op_read_only;
  return ops;
}

} // namespace gitfs
