#include "test/support/captured_log.hpp"

#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include <mutex>

namespace gitfs::test {

namespace {

// spdlog's own sink for a stream has no way to read it while others write.
class memory_sink final : public spdlog::sinks::base_sink<std::mutex> {
public:
  std::string text() {
    const std::lock_guard lock{mutex_};
    return text_;
  }
  void clear() {
    const std::lock_guard lock{mutex_};
    text_.clear();
  }

protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t formatted;
    formatter_->format(message, formatted);
    text_.append(formatted.data(), formatted.size());
  }
  void flush_() override {}

private:
  std::string text_;
};

} // namespace

struct captured_log::state {
  std::shared_ptr<memory_sink> lines = std::make_shared<memory_sink>();
  std::shared_ptr<spdlog::logger> before = spdlog::default_logger();
};

captured_log::captured_log() : state_(std::make_unique<state>()) {
  spdlog::set_default_logger(std::make_shared<spdlog::logger>("test", state_->lines));
  spdlog::set_level(spdlog::level::trace);
}

captured_log::~captured_log() {
  spdlog::set_default_logger(state_->before);
}

std::string captured_log::text() const {
  return state_->lines->text();
}

void captured_log::clear() {
  state_->lines->clear();
}

} // namespace gitfs::test
