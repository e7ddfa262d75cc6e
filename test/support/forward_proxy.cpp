#include "test/support/forward_proxy.hpp"

#include <fstream>
#include <random>
#include <stdexcept>

namespace gitfs::test {

forward_proxy::forward_proxy(const std::string& more) {
  std::random_device random;
  for (int tries = 0; tries < 20; ++tries) {
    port_ = std::uniform_int_distribution{20'000, 31'999}(random); // below those of outgoing connections
    std::ofstream{dir_ / "conf"} << "Port " << port_ << "\nListen 127.0.0.1\nAllow 127.0.0.1\nLogLevel Connect\n"
                                 << "LogFile \"" << (dir_ / "log").string() << "\"\n"
                                 << more << "\n";
    process_ = std::make_unique<background>("exec tinyproxy -d -c " + (dir_ / "conf").string());
    const auto answers = [&] { return run("exec 3<>/dev/tcp/127.0.0.1/" + std::to_string(port_)).status == 0; };
    if (eventually([&] { return !process_->running() || answers(); }) && process_->running())
      return;
  }
  throw std::runtime_error("tinyproxy does not start: is it installed? (scripts/setup --test)");
}

std::vector<std::string> forward_proxy::requests() const {
  const std::string mark = "): ";
  std::vector<std::string> out;
  std::ifstream log{dir_ / "log"};
  for (std::string line; std::getline(log, line);)
    if (const auto at = line.find("Request (file descriptor "); at != std::string::npos)
      out.push_back(line.substr(line.find(mark, at) + mark.size()));
  return out;
}

} // namespace gitfs::test
