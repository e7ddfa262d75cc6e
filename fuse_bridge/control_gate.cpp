#include "fuse_bridge/control_gate.hpp"

#include "config/version.hpp"
#include "fuse_bridge/control_channel.hpp"
#include "fuse_bridge/control_commands.hpp"

#include <cerrno>
#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace gitfs {

namespace {

class gate_channel final : public control_channel {
public:
  explicit gate_channel(fuse_req_t request) : request_(request) {}
  ~gate_channel() override {
    if (request_ != nullptr)
      fuse_reply_err(take(), EIO);
  }

  void send(control::answer what) override {
    what.program = version;
    auto buffer = std::make_unique<control::gate_buffer>();
    const std::string frame = frame_of(what);
    if (frame.size() > buffer->frame.size()) {
      fuse_reply_err(take(), EMSGSIZE);
      return;
    }
    frame.copy(buffer->frame.data(), frame.size());
    fuse_reply_ioctl(take(), 0, buffer.get(), sizeof *buffer);
  }
  void on_interrupt(std::function<void()> interrupted) override {
    interrupted_ = std::move(interrupted);
    fuse_req_interrupt_func(
        request_, [](fuse_req_t, void* data) { (*static_cast<std::function<void()>*>(data))(); }, &interrupted_);
  }
  std::size_t room() const override { return control::gate_room; }

private:
  // As fuse_reply: unregistering waits for a callback that is running.
  fuse_req_t take() {
    if (interrupted_)
      fuse_req_interrupt_func(request_, nullptr, nullptr);
    return std::exchange(request_, nullptr);
  }

  fuse_req_t request_;
  std::function<void()> interrupted_{};
};

} // namespace

void answer_ioctl(const bridge& of, fuse_req_t request, unsigned command, std::string_view in, std::size_t room) {
  if (command != static_cast<unsigned>(control::gate_command) || in.size() < sizeof(control::gate_buffer)
      || room < sizeof(control::gate_buffer)) {
    fuse_reply_err(request, ENOTTY);
    return;
  }
  const auto lengths = control::lengths_of(in.data());
  in.remove_prefix(control::lengths_size);
  if (!lengths || std::uint64_t{lengths->object} + lengths->text > in.size()) {
    fuse_reply_err(request, EPROTO);
    return;
  }
  const auto question =
      control::question_of(in.substr(0, lengths->object), std::string{in.substr(lengths->object, lengths->text)});
  if (!question) {
    fuse_reply_err(request, EPROTO);
    return;
  }
  handle_question(of, question.value(), fuse_req_ctx(request)->uid, true, std::make_unique<gate_channel>(request));
}

} // namespace gitfs
