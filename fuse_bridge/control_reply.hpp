// The answer of an actor to a question about the mount itself.
#pragma once

#include "actors/reply.hpp"
#include "fuse_bridge/control.hpp"
#include "fuse_bridge/libfuse.hpp"

#include <algorithm>
#include <string>

namespace gitfs {

/// Answers an ioctl that copies `size` bytes out with the text that comes as an extended attribute, cut at the end of a
/// line where it is longer. It is no request for a file: nothing counts or records it.
class control_reply final : public reply_sink {
public:
  using completion = std::function<std::string(std::string_view value)>;

  /// `complete`, if set, makes the text of what the actor gives.
  control_reply(fuse_req_t request, std::size_t size, completion complete = nullptr)
    : request_(request),
      size_(size),
      complete_(std::move(complete)) {}

  void xattr(std::string_view value) override {
    std::string text = complete_ ? complete_(value) : std::string{value};
    if (text.size() >= size_) {
      text.resize(size_ - 1);
      text.resize(text.rfind('\n') + 1); // npos + 1: nothing
    }
    text.resize(size_);
    fuse_reply_ioctl(take(), 0, text.data(), text.size());
  }
  void error(int code) override { fuse_reply_err(take(), code); }
  void absent() override { error(ENOENT); }
  bool entry(const node_entry&) override { return error(EIO), false; }
  void attr(const node_attr&) override { error(EIO); }
  void link(std::string_view) override { error(EIO); }
  void data(const object&, std::uint64_t, std::size_t) override { error(EIO); }
  void file(const spooled_blob&, std::uint64_t, std::size_t) override { error(EIO); }
  bool dirent(std::string_view, const node_attr&, const node_entry*, std::uint64_t) override { return false; }
  bool dirents_end() override { return error(EIO), false; }
  std::uint64_t request_id() const override { return 0; } // of no request of the kernel
  void on_interrupt(std::function<void()> interrupted) override {
    interrupted_ = std::move(interrupted);
    fuse_req_interrupt_func(
        request_, [](fuse_req_t, void* data) { (*static_cast<std::function<void()>*>(data))(); }, &interrupted_);
  }

private:
  // As fuse_reply: unregistering waits for a callback that is running.
  fuse_req_t take() {
    if (interrupted_)
      fuse_req_interrupt_func(request_, nullptr, nullptr);
    return request_;
  }

  fuse_req_t request_;
  std::size_t size_;
  completion complete_;
  std::function<void()> interrupted_{};
};

} // namespace gitfs
