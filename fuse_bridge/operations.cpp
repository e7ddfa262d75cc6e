#include "fuse_bridge/operations.hpp"

#include "actors/model/kernel_operations.hpp"
#include "actors/runtime/directory_messages.hpp"
#include "actors/runtime/route.hpp"
#include "actors/trace/record/recorder.hpp"
#include "fuse_bridge/bridge.hpp"
#include "fuse_bridge/control_gate.hpp"
#include "fuse_bridge/fuse_unit.hpp"

#include <sys/statvfs.h>

namespace gitfs {

namespace {

bridge& bridge_of(fuse_req_t req) {
  return *static_cast<bridge*>(fuse_req_userdata(req));
}

void request(fuse_req_t req, fuse_ino_t ino, kernel_operation what, std::size_t size = 0) {
  const bridge& b = bridge_of(req);
  const kernel_operation_row& row = row_of(what);
  b.context->counts.add(row.counts);
  const node_address node = b.context->inodes.address_of(ino);
  const pid_t caller = ::fuse_req_ctx(req)->pid;
  auto sink = std::make_unique<fuse_reply>(req, b.common, b.context->latency.of(row.counts), size);
  if (row.number == trace::request_kind::readdir)
    sink->names_only();
  trace::request_record record{.op = row.number};
  row.put(what, record);
  record.request = sink->request_id();
  record.node = node.number();
  record.size = size;
  const std::uint64_t order = trace::kernel_request(record);
  const trace::because_of edge{order, order};
  kernel_op op{reply{std::move(sink)}, node.child, std::move(what)};
  op.caller = caller;
  send_to_directory(*b.context, b.supervisor, node.dir, std::move(op), this_thread_unit());
}

void forget_one(const bridge& b, fuse_ino_t ino, std::uint64_t count) {
  const node_address node = b.context->inodes.address_of(ino);
  const trace::because_of edge{trace::kernel_forget(node.number(), count)};
  b.context->counts.add(counter::forget);
  forget_node(*b.context, b.supervisor, node, count, this_thread_unit());
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
  conn->max_read = static_cast<bridge*>(userdata)->max_read; // else libfuse refuses the kernel's first request
  conn->max_background = 64;
  conn->congestion_threshold = 48;
}

void op_lookup(fuse_req_t req, fuse_ino_t parent, const char* name) {
  request(req, parent, lookup_op{name});
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
  request(req, ino, getattr_op{});
}

void op_readlink(fuse_req_t req, fuse_ino_t ino) {
  request(req, ino, readlink_op{});
}

// After one ENOSYS the kernel opens files without asking, and keeps what it has cached of them. An older kernel, which
// cannot do that, gets an answer each time.
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
  request(req, ino, readdir_op{static_cast<std::uint64_t>(offset), false}, size);
}

void op_readdirplus(fuse_req_t req, fuse_ino_t ino, std::size_t size, off_t offset, fuse_file_info*) {
  request(req, ino, readdir_op{static_cast<std::uint64_t>(offset), true}, size);
}

void op_read(fuse_req_t req, fuse_ino_t ino, std::size_t size, off_t offset, fuse_file_info*) {
  request(req, ino, read_op{static_cast<std::uint64_t>(offset), size}, size);
}

void op_getxattr(fuse_req_t req, fuse_ino_t ino, const char* name, std::size_t size) {
  request(req, ino, getxattr_op{name}, size);
}

void op_listxattr(fuse_req_t req, fuse_ino_t ino, std::size_t size) {
  request(req, ino, listxattr_op{}, size);
}

void op_statfs(fuse_req_t req, fuse_ino_t) {
  struct statvfs st {};
  st.f_bsize = st.f_frsize = 4096;
  st.f_namemax = 255;
  st.f_flag = ST_RDONLY;
  fuse_reply_statfs(req, &st);
}

void op_ioctl(fuse_req_t req, fuse_ino_t, unsigned command, void*, fuse_file_info*, unsigned, const void* in,
              std::size_t size, std::size_t room) {
  answer_ioctl(bridge_of(req), req, command, {static_cast<const char*>(in), in == nullptr ? 0 : size}, room);
}

// Refuses every operation that would write. The kernel refuses most of them itself, because the mount is read-only; but
// a remount can lift that flag, and cannot change this answer.
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
  if (xattr) { // without these functions the kernel asks once and never again; with them `ls -l` asks for every file
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
