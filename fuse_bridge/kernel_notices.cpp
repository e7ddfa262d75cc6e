#include "fuse_bridge/kernel_notices.hpp"

#include "config/log.hpp"
#include "config/unique_fd.hpp"

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <span>
#include <string>
#include <string_view>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
#include <utility>

namespace gitfs {

namespace {

// These are in the kernel's fuse.h of 7.45, which is newer than the headers here.
constexpr std::int32_t notify_inval_inode = 2, notify_inval_entry = 3, notify_prune = 9;
struct inval_inode_out {
  std::uint64_t nodeid;
  std::int64_t offset; // negative: attributes only
  std::int64_t length; // 0: to the end
};
struct inval_entry_out {
  std::uint64_t parent;
  std::uint32_t length;
  std::uint32_t flags;
};
struct out_header {
  std::uint32_t len;
  std::int32_t code;
  std::uint64_t unique; // 0: a notification
};
struct prune_out {
  std::uint32_t count;
  std::uint32_t padding;
  std::uint64_t spare;
};

/// 0 or an errno.
int prune(int connection, std::span<const std::uint64_t> nodeids) {
  const prune_out body{static_cast<std::uint32_t>(nodeids.size()), 0, 0};
  const out_header head{static_cast<std::uint32_t>(sizeof(out_header) + sizeof body + nodeids.size_bytes()),
                        notify_prune, 0};
  iovec parts[] = {{const_cast<out_header*>(&head), sizeof head},
                   {const_cast<prune_out*>(&body), sizeof body},
                   {const_cast<std::uint64_t*>(nodeids.data()), nodeids.size_bytes()}};
  return ::writev(connection, parts, 3) >= 0 ? 0 : errno;
}

/// 0 or an errno.
template <class Body>
int notify(int connection, std::int32_t code, const Body& body, std::string_view text = {}) {
  const out_header head{static_cast<std::uint32_t>(sizeof(out_header) + sizeof body + text.size()), code, 0};
  iovec parts[] = {{const_cast<out_header*>(&head), sizeof head},
                   {const_cast<Body*>(&body), sizeof body},
                   {const_cast<char*>(text.data()), text.size()}};
  return ::writev(connection, parts, text.empty() ? 2 : 3) >= 0 ? 0 : errno;
}

// fspick(2) and fsconfig(2) without glibc, which has them since 2.36 only.
int reconfigure(const std::filesystem::path& mountpoint) {
  constexpr unsigned close_on_exec = 1, command_reconfigure = 7;
  const unique_fd context{static_cast<int>(::syscall(SYS_fspick, AT_FDCWD, mountpoint.c_str(), close_on_exec))};
  if (!context)
    return errno;
  const long done = ::syscall(SYS_fsconfig, context.get(), command_reconfigure, nullptr, nullptr, 0);
  return done == 0 ? 0 : errno;
}

struct forget_nodes {
  std::vector<std::uint64_t> nodeids;
};
struct tell_change {
  directory_change what;
};
/// The actor sends this to itself. Messages behind it in the mailbox came after the last reconfiguration.
struct reconfigured {};

} // namespace
} // namespace gitfs

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(gitfs::forget_nodes)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(gitfs::tell_change)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(gitfs::reconfigured)

namespace gitfs {
namespace {

class notice_writer final : public caf::event_based_actor {
public:
  notice_writer(caf::actor_config& cfg, std::shared_ptr<kernel_notices::life> life, int connection,
                std::filesystem::path mountpoint)
    : caf::event_based_actor(cfg),
      life_(std::move(life)),
      connection_(connection),
      mountpoint_(std::move(mountpoint)) {}

  const char* name() const override { return "notice_writer"; }

protected:
  caf::behavior make_behavior() override {
    return {
        [this](const forget_nodes& m) { forget(m.nodeids); },
        [this](const tell_change& m) { tell(m.what); },
        [this](reconfigured) { way_ = way::reconfigure; },
    };
  }
  void on_exit() override { life_->ended = true; }

private:
  using nodes = std::vector<std::uint64_t>;
  enum class way { prune, reconfigure, none };

  // No pointer to a member function: calling it, g++ 12 with -fsanitize=undefined warns of something uninitialized.
  void forget(const nodes& ids) {
    if (life_->ending)
      return;
    switch (way_) {
    case way::prune:
      return by_pruning(ids);
    case way::reconfigure:
      return by_reconfiguring();
    case way::none:
      return;
    }
  }

  void by_pruning(const nodes& ids) {
    constexpr std::size_t batch = 512; // the kernel's own limit; it holds the connection's lock for one batch
    for (std::size_t at = 0; at < ids.size() && !life_->ending; at += batch) {
      const int code = prune(connection_, std::span{ids}.subspan(at, std::min(batch, ids.size() - at)));
      if (code == EINVAL || code == ENOSYS) // an older kernel does not know this notification
        return by_reconfiguring();
      if (code != 0)
        return; // ENOTCONN: the mount is ending
    }
  }

  // Nodes come first, because a name may have to wait for a request in its directory. ENOENT: the kernel has not cached
  // it.
  void tell(const directory_change& what) const {
    if (life_->ending)
      return;
    (void)notify(connection_, notify_inval_inode, inval_inode_out{what.nodeid, 0, 0});
    for (const std::uint64_t each : what.attributes) {
      if (life_->ending)
        return;
      (void)notify(connection_, notify_inval_inode, inval_inode_out{each, -1, 0});
    }
    for (const std::string& each : what.names) {
      if (life_->ending)
        return;
      const std::string_view terminated{each.c_str(), each.size() + 1};
      const int code = notify(connection_, notify_inval_entry,
                              inval_entry_out{what.nodeid, static_cast<std::uint32_t>(each.size()), 0}, terminated);
      if (code != 0 && code != ENOENT && code != ENOTDIR && code != ENOTCONN && code != ENODEV)
        log::warn("the kernel cannot be told that '{}' has changed: {}", each, std::strerror(code));
    }
  }

  // One reconfiguration serves all messages that came meanwhile, because it is not about single nodes.
  void by_reconfiguring() {
    way_ = way::none;
    if (const int code = reconfigure(mountpoint_); code == 0)
      anon_send(this, reconfigured{});
    else
      log::warn("the kernel cannot be asked to forget what it has cached ({}): memory grows with the files that were "
                "visited, until it is short in the whole system",
                std::strerror(code));
  }

  const std::shared_ptr<kernel_notices::life> life_;
  const int connection_;
  const std::filesystem::path mountpoint_;
  way way_ = way::prune;
};

} // namespace

kernel_notices::kernel_notices(caf::actor_system& system, int connection, std::filesystem::path mountpoint)
  : writer_(system.spawn<notice_writer, caf::detached>(life_, connection, std::move(mountpoint))) {}

void kernel_notices::end() {
  life_->ending = true;
  caf::anon_send_exit(writer_, caf::exit_reason::user_shutdown);
}

void kernel_notices::forget(std::vector<std::uint64_t> nodeids) {
  if (!nodeids.empty())
    caf::anon_send(writer_, forget_nodes{std::move(nodeids)});
}

void kernel_notices::changed(directory_change what) {
  caf::anon_send(writer_, tell_change{std::move(what)});
}

} // namespace gitfs
