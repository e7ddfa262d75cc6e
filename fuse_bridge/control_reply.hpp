// The reply by which an actor answers a question about the mount itself.
#pragma once

#include "actors/model/question_reply.hpp"
#include "fuse_bridge/control_channel.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace gitfs {

/// Sends what an actor answers through the channel by which the question came. A text that has no room is cut at the
/// end of a line.
class control_reply final : public question_reply {
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
  void on_interrupt(std::function<void()> interrupted) override { to_->on_interrupt(std::move(interrupted)); }

private:
  const std::unique_ptr<control_channel> to_;
  const completion complete_;
};

} // namespace gitfs
