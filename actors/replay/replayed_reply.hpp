// The reply to a kernel request where there is no kernel.
#pragma once

#include "actors/model/reply.hpp"
#include "actors/trace/record/recorder.hpp"
#include "backend/cache/blob_files.hpp"
#include "backend/git/object_db.hpp"

#include <cerrno>
#include <climits>
#include <cstdint>
#include <functional>
#include <string_view>

namespace gitfs {

/// Answers as the bridge to the kernel does (fuse_bridge/fuse_reply.cpp), but only the recorder or its listener gets
/// the answer.
class replayed_reply final : public reply_sink {
public:
  /// `size`: how many bytes the kernel asked for. `refused`: the kernel no longer wanted the recorded answer.
  replayed_reply(std::uint64_t id, std::uint64_t size, bool plus, bool refused)
    : id_(id),
      size_(size),
      plus_(plus),
      refused_(refused) {}

  void error(int code) override { tell({.is = trace::reply_kind::error, .code = code}); }
  void absent() override { tell({.is = trace::reply_kind::absent}); }
  bool entry(const node_entry& e) override {
    trace::reply_record recorded = of_node(trace::reply_kind::entry, e.attr);
    recorded.node = e.address.number();
    tell(recorded);
    return accepted();
  }
  void attr(const node_attr& a) override { tell(of_node(trace::reply_kind::attr, a)); }
  void link(std::string_view target) override {
    if (target.size() >= PATH_MAX)
      error(ENAMETOOLONG);
    else
      tell({.is = trace::reply_kind::link, .bytes = target.size()});
  }
  void data(const object& blob, std::uint64_t offset, std::size_t size) override {
    tell(trace::data_reply(offset, size, blob.data().size()));
  }
  void file(const blob_file& blob, std::uint64_t offset, std::size_t size) override {
    tell(trace::data_reply(offset, size, blob.size()));
  }
  void xattr(std::string_view value) override {
    if (size_ != 0 && value.size() > size_)
      error(ERANGE);
    else
      tell({.is = trace::reply_kind::xattr, .bytes = value.size()});
  }
  // As <linux/fuse.h> lays them out: fuse_dirent is 24 bytes and the name, fuse_entry_out before it 128.
  bool dirent(std::string_view name, const node_attr& attr, const node_entry* node, std::uint64_t next) override {
    const std::uint64_t needed = align((plus_ ? 128 : 0) + 24 + name.size());
    if (needed > size_ - used_)
      return false;
    used_ += needed;
    digest_ =
        trace::dirent_digest(digest_, {name, attr.key, attr.mode, node != nullptr ? node->address.number() : 0, next});
    return true;
  }
  bool dirents_end() override {
    tell({.is = trace::reply_kind::dirents, .bytes = used_, .digest = digest_});
    return accepted();
  }
  std::uint64_t request_id() const override { return id_; }
  void on_interrupt(std::function<void()>) override {} // the recording has the interruption, if there was one

private:
  static constexpr std::uint64_t align(std::uint64_t bytes) { return (bytes + 7) / 8 * 8; }
  static trace::reply_record of_node(trace::reply_kind is, const node_attr& attr) {
    return {.is = is, .inode = attr.key, .mode = attr.mode, .size = attr.size};
  }
  void tell(trace::reply_record what) const {
    what.request = id_;
    trace::replied(what);
  }
  bool accepted() const {
    if (refused_)
      trace::refused(id_);
    return !refused_;
  }

  const std::uint64_t id_, size_;
  const bool plus_, refused_;
  std::uint64_t used_ = 0, digest_ = 0;
};

} // namespace gitfs
