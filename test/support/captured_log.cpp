#include "test/support/captured_log.hpp"

#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <sstream>

namespace gitfs::test {

struct captured_log::state {
  std::ostringstream lines;
  std::shared_ptr<spdlog::logger> before = spdlog::default_logger();
};

captured_log::captured_log() : state_(std::make_unique<state>()) {
  auto sink = std::make_shared<spdlog::sinks::ostream_sink_mt>(state_->lines);
  spdlog::set_default_logger(std::make_shared<spdlog::logger>("test", std::move(sink)));
  spdlog::set_level(spdlog::level::trace);
}

captured_log::~captured_log() {
  spdlog::set_default_logger(state_->before);
}

std::string captured_log::text() const {
  return state_->lines.str();
}

void captured_log::clear() {
  state_->lines.str({});
}

} // namespace gitfs::test
