// The reply by which an actor answers a question about the mount itself.
#pragma once

#include "actors/model/reply.hpp"
#include "fuse_bridge/control_channel.hpp"

#include <cerrno>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace gitfs {

/// An extended attribute that an actor answers becomes the text of the answer. A text that has no room is cut at the
/// end of a line. Such a question is no request for a file, so it is neither counted nor recorded.
class control_reply final : public reply_sink {
public:
  using completion = std::function<control::answer(std::string_view value)>;

  /// `complete`, if set, makes the answer from the value that the actor has given.
  explicit control_reply(std::unique_ptr<control_channel> to, completion complete = nullptr)
    : to_(std::move(to)),
      complete_(std::move(complete)) {}

  void xattr(std::string_view value) override {
    control::answer out;
    if (complete_)
      out = complete_(value);
    else
      out.text = value;
    if (out.text.size() > to_->room()) {
      out.text.resize(to_->room());
      out.text.resize(out.text.rfind('\n') + 1); // npos + 1: nothing
    }
    to_->send(std::move(out));
  }
  void error(int code) override {
    control::answer out;
    out.code = code;
    to_->send(std::move(out));
  }
  void absent() override { error(ENOENT); }
  bool entry(const node_entry&) override { return error(EIO), false; }
  void attr(const node_attr&) override { error(EIO); }
  void link(std::string_view) override { error(EIO); }
  void data(const object&, std::uint64_t, std::size_t) override { error(EIO); }
  void file(const blob_file&, std::uint64_t, std::size_t) override { error(EIO); }
  bool dirent(std::string_view, const node_attr&, const node_entry*, std::uint64_t) override { return false; }
  bool dirents_end() override { return error(EIO), false; }
  std::uint64_t request_id() const override { return 0; } // it is no request of the kernel
  void on_interrupt(std::function<void()> interrupted) override { to_->on_interrupt(std::move(interrupted)); }

private:
  const std::unique_ptr<control_channel> to_;
  const completion complete_;
};

} // namespace gitfs
