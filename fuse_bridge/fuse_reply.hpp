// Answers the kernel: reply_sink over libfuse's fuse_reply_* functions.
#pragma once

#include "actors/model/latency.hpp"
#include "actors/model/reply.hpp"
#include "actors/trace/record/recorder.hpp"
#include "fuse_bridge/libfuse.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <sys/types.h>

namespace gitfs {

/// Attributes that are the same for every inode of a mount.
struct common_attr {
  uid_t uid = 0;
  gid_t gid = 0;
  /// Of the first use of each slot; another one in each mount, so that a file handle that somebody has kept from an
  /// earlier one names no node of this.
  std::uint32_t first_generation = 0;
};

/// A snapshot never changes, so the kernel may cache answers for 30 years. When a followed ref moves, the kernel gets
/// explicit notices.
inline constexpr double keep_forever = 1e9;

class fuse_reply final : public reply_sink {
public:
  /// `took` gets the time until the reply. `size`: how many bytes of directory entries or of an extended attribute the
  /// kernel has asked for; 0 for other requests.
  fuse_reply(fuse_req_t request, const common_attr& common, latency_histogram& took, std::size_t size = 0)
    : request_(request),
      common_(common),
      took_(took),
      size_(size) {}
  ~fuse_reply() override { took_.add(std::chrono::steady_clock::now() - arrived_); }
  fuse_reply(const fuse_reply&) = delete;
  fuse_reply& operator=(const fuse_reply&) = delete;

  void error(int code) override;
  void absent() override;
  bool entry(const node_entry& entry) override;
  void attr(const node_attr& attr) override;
  void link(std::string_view target) override;
  void data(const object& blob, std::uint64_t offset, std::size_t size) override;
  void file(const blob_file& blob, std::uint64_t offset, std::size_t size) override;
  void xattr(std::string_view value) override;
  bool dirent(std::string_view name, const node_attr& attr, const node_entry* node, std::uint64_t next) override;
  bool dirents_end() override;
  std::uint64_t request_id() const override { return id_; }
  void on_interrupt(std::function<void()> interrupted) override;

  /// READDIR rather than READDIRPLUS: entries are packed without attributes.
  void names_only() { plus_ = false; }

private:
  struct stat stat_of(const node_attr& attr) const;
  fuse_entry_param param_of(const node_entry& entry) const;
  fuse_req_t take();
  void record(trace::reply_record what) const;
  bool accepted(int sent) const;

  // Not the address of the request, which is used again at once while an interruption of the old request may still be
  // on its way.
  static std::uint64_t next_id();

  fuse_req_t request_;
  const std::uint64_t id_ = next_id();
  const common_attr& common_;
  latency_histogram& took_;
  const std::chrono::steady_clock::time_point arrived_ = std::chrono::steady_clock::now();
  const std::size_t size_;
  std::size_t used_ = 0;
  std::uint64_t digest_ = 0; ///< digest of the entries, for a trace
  bool plus_ = true;
  std::function<void()> interrupted_;
};

} // namespace gitfs
