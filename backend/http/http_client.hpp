// HTTP over libcurl's multi interface, on one thread of its own. Knows nothing of git.
#pragma once

#include "backend/http/tls_trust.hpp"
#include "config/error.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gitfs {

class host_table;

/// The ways of authentication that libcurl supports.
enum class auth_scheme : std::uint8_t { basic, digest, ntlm, negotiate };

/// The ways of authentication that an answer with status 401 offers.
struct http_challenge {
  std::vector<auth_scheme> offered; ///< those that libcurl supports
  std::vector<std::string> schemes; ///< all of them, as the server names them
};

struct http_request {
  std::string url;                         ///< http or https, without userinfo
  std::vector<std::string> headers;        ///< "Name: value"
  std::shared_ptr<const std::string> body; ///< POST of these bytes; null: GET
  /// Sent only to the host of `url`, and not to where a redirect leads. Without a password libcurl looks into the
  /// user's .netrc; with Negotiate it takes the user's Kerberos ticket.
  std::string username, password;
  auth_scheme scheme = auth_scheme::basic; ///< how they are sent; only Basic is sent before the server has asked
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds stall_timeout{30'000};  ///< no byte in either direction while not paused
  std::chrono::steady_clock::time_point deadline{}; ///< deadline of the whole request; the epoch: there is none
  bool follow = true;                               ///< false: an answer with a redirect is the final answer
  /// Replaces the client's trust, for settings that depend on the URL.
  std::optional<tls_trust> trust{};
  std::optional<std::string> proxy{};       ///< replaces the environment's; empty: no proxy; secret
  std::optional<std::string> cookie_file{}; ///< cookies to send, in the form of Netscape's or as headers
  std::vector<std::string>
      keep_headers{}; ///< the names, in lower case, of the headers that http_head::headers is to have
};

/// The head of the final answer, behind redirects. It is known once all its headers have arrived.
struct http_head {
  long status = 0;
  std::string effective_url; ///< where redirects led
  std::string content_type;  ///< without parameters, in lower case
  std::chrono::seconds retry_after{0};
  http_challenge challenge{};                   ///< only with status 401
  std::map<std::string, std::string> headers{}; ///< those of `keep_headers`; several of one name are joined by ", "
};

/// What a failed transport shows about the host.
enum class http_outage : std::uint8_t {
  none,       ///< nothing
  name,       ///< its name, or the proxy's, cannot be resolved
  connection, ///< nobody takes the connection
  broken,     ///< the connection broke or was silent
};

/// How the transport ended. An answer with any status is a success here.
struct http_end {
  http_head head;         ///< status 0 if no answer came
  int failure = 0;        ///< errno: ECANCELED, ETIMEDOUT, EACCES, EIO, …
  std::string message;    ///< message of the failure; it names the host, and has no credentials
  bool transient = false; ///< the same request may succeed when it is made again
  http_outage outage = http_outage::none;
  std::uint64_t sent_bytes = 0; ///< how many bytes of the request's body were sent
};

/// All calls come on the client's thread, which must not be blocked; none comes after `on_end`. A request that is
/// started when that thread has ended is cancelled before `start` returns.
class http_handler {
public:
  virtual ~http_handler() = default;
  enum class flow { more, pause };
  /// Gets the next bytes of the final answer's body, with the content encoding undone. Returns `pause` if it has not
  /// taken them; they come again after http_transfer::resume.
  virtual flow on_body(const http_head& head, std::string_view bytes) = 0;
  /// Exactly once, also after cancellation.
  virtual void on_end(http_end end) = 0;
};

/// A running request; destroying it cancels the request and closes its connection (or HTTP/2 stream).
class http_transfer {
public:
  virtual ~http_transfer() = default;
  /// Lets a paused body continue. Any thread.
  virtual void resume() = 0;
  /// Cancels the request, as destruction does. Any thread.
  virtual void cancel() = 0;
};

struct http_client_options {
  unsigned connections_per_host = 8;          ///< further requests to it queue
  unsigned connections = 64;                  ///< to all hosts; further requests queue
  std::string user_agent = "git/gitfs-actor"; ///< some hosts serve git only to agents that begin with "git/"
  tls_trust trust = tls_trust::of_environment();
};

/// Thread-safe. TLS is verified unless a request's own trust says otherwise; proxies come from the environment as
/// libcurl reads it (http_proxy, https_proxy, all_proxy, no_proxy) unless a request has its own; redirects are
/// followed, a POST stays one, never from https to http. Destruction cancels everything and joins the thread, which
/// begins with the first request.
class http_client {
public:
  explicit http_client(http_client_options options = {});
  ~http_client();
  http_client(const http_client&) = delete;
  http_client& operator=(const http_client&) = delete;

  std::unique_ptr<http_transfer> start(http_request request, std::shared_ptr<http_handler> handler);

  /// What the users of this client know about the hosts of their requests. The client itself does not use it.
  host_table& hosts() { return *hosts_; }

  class core; ///< shared with handles that outlive the client
private:
  std::shared_ptr<core> core_;
  std::unique_ptr<host_table> hosts_;
};

} // namespace gitfs
