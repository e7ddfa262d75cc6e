// A real forward proxy (tinyproxy) on loopback that lives as long as its object.
#pragma once

#include "test/support/background.hpp"
#include "test/support/temp_dir.hpp"

#include <memory>
#include <string>
#include <vector>

namespace gitfs::test {

class forward_proxy {
public:
  /// `more`: further lines of its configuration. Serves plain HTTP and CONNECT to any port.
  explicit forward_proxy(const std::string& more = "");

  /// "http://127.0.0.1:PORT"
  std::string url() const { return "http://" + host(); }
  std::string host() const { return "127.0.0.1:" + std::to_string(port_); }

  /// The first line of every request so far: "CONNECT 127.0.0.1:443 HTTP/1.1".
  std::vector<std::string> requests() const;

private:
  temp_dir dir_;
  int port_ = 0;
  std::unique_ptr<background> process_;
};

} // namespace gitfs::test
