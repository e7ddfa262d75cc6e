// A real git server (nginx and git http-backend, by scripts/git-server) that lives as long as its object.
#pragma once

#include "test/support/temp_dir.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace gitfs::test {

/// One line of the server's log: a request that was answered.
struct server_request {
  std::string method;
  std::string path;
  int status = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t bytes_received = 0;
  double seconds = 0;
  std::string command;     ///< info/refs, ls-refs, fetch, object-info or upload-pack (protocol v0); "-" if none of them
  std::uint64_t wants = 0; ///< objects that a fetch asked for
  std::string filter;      ///< as git's --filter; "-" if none
  std::string protocol;    ///< "HTTP/1.1", "HTTP/2.0"
};

enum class transport : std::uint8_t { plain, tls };
enum class passwords : std::uint8_t { basic, digest }; ///< digest: that modifier works, too

class git_server {
public:
  /// Serves every bare repository in `root`.
  explicit git_server(std::filesystem::path root, transport over = transport::plain,
                      passwords asked = passwords::basic);
  ~git_server();
  git_server(const git_server&) = delete;
  git_server& operator=(const git_server&) = delete;

  /// "http://127.0.0.1:PORT/d50/nofilter/linux.git" from ("d50/nofilter", "linux.git"); the modifiers are explained in
  /// scripts/git-server.
  std::string url(std::string_view modifiers, std::string_view repository) const;
  std::string url(std::string_view repository) const { return url("", repository); }

  /// The server's certificate, which signs itself: for whom shall trust it.
  std::filesystem::path certificate() const { return state_ / "certificate.pem"; }

  /// The client's certificate that the modifier clientcert wants, and its key.
  std::filesystem::path client_certificate() const { return state_ / "client.pem"; }
  std::filesystem::path client_key() const { return state_ / "client-key.pem"; }

  /// Every request so far, or since clear_requests. All whose answer has been received are in it.
  std::vector<server_request> requests();
  /// The number of those with this command ("fetch"), or of all ("").
  std::size_t count(std::string_view command = "");
  void clear_requests();

  /// From now on every request gets this status ("503", or "429 2" with a Retry-After of two seconds); "" ends that.
  void answer_all_with(std::string_view status);

  /// Ends the server: connections are refused. start brings it back under the same URL.
  void stop();
  void start();

private:
  std::string plain_port() const;

  std::filesystem::path root_;
  transport over_;
  passwords asked_;
  temp_dir state_;
  std::string base_;
  std::size_t marks_ = 0;
  std::uintmax_t read_from_ = 0; // requests before this offset of the log are not counted
};

} // namespace gitfs::test
