// URLs with credentials, proper ones and others, for tests of every place that shows a URL.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gitfs::test {

/// What stands before the host. No place may show any of `hostile_secrets`.
inline constexpr const char* hostile_userinfo[] = {
    "user:hunter2",
    "hunter2",
    ":hunter2",
    "user:hunter2:sesame",
    "user:hunter2%2Fsesame",
    "user:hunter2%zz",
    "user:hunter2%0Asesame",
    // not encoded as it has to be
    "user:hunter2/sesame",
    "user:hunter2/more/sesame",
    "user:/hunter2",
    "user:12/sesame",
    "user:123456/sesame",
    "first.last:12/sesame",
    "hunter2/sesame",
    "user:hunter2?sesame",
    "user:12?sesame",
    "user:hunter2#sesame",
    "user:12#sesame",
    "user:hunter2@sesame",
    "user:hunter2@more/sesame",
    "user:hunter2@more?sesame",
    "user:hunter2'sesame",
    "user:hunter2\"sesame",
    "user:hunter2<sesame>",
    "user:hunter2\\sesame",
};
inline constexpr std::string_view hostile_secrets[] = {"hunter2", "sesame"};

/// Each of them before `host_and_path`.
inline std::vector<std::string> hostile_urls(const std::string& host_and_path, const std::string& scheme = "http://") {
  std::vector<std::string> out;
  for (const char* each : hostile_userinfo)
    out.push_back(scheme + each + "@" + host_and_path);
  return out;
}

/// The first secret in `text`; empty: there is none.
inline std::string_view secret_in(std::string_view text) {
  for (const std::string_view each : hostile_secrets)
    if (text.find(each) != std::string_view::npos)
      return each;
  return {};
}

} // namespace gitfs::test
