#include "backend/http/http_easy.hpp"

#include "backend/os/url.hpp"

#include <algorithm>
#include <cerrno>
#include <stdexcept>

namespace gitfs {

namespace {

/// The meaning of libcurl's failures. A failure that is not listed is EIO and permanent.
constexpr struct {
  CURLcode code;
  int failure;
  bool transient;
  http_outage outage;
  const char* text;
} failures[] = {
    {CURLE_COULDNT_RESOLVE_PROXY, EIO, true, http_outage::name, "the proxy's name cannot be resolved"},
    {CURLE_COULDNT_RESOLVE_HOST, EIO, true, http_outage::name, "the host's name cannot be resolved"},
    {CURLE_COULDNT_CONNECT, EIO, true, http_outage::connection, "cannot connect"},
    {CURLE_OPERATION_TIMEDOUT, ETIMEDOUT, true, http_outage::connection, "connecting took too long"},
    {CURLE_PARTIAL_FILE, EIO, true, http_outage::broken, "the answer was cut off"},
    {CURLE_GOT_NOTHING, EIO, true, http_outage::broken, "the server closed the connection without an answer"},
    {CURLE_SEND_ERROR, EIO, true, http_outage::broken, "the connection broke while sending"},
    {CURLE_RECV_ERROR, EIO, true, http_outage::broken, "the connection broke while receiving"},
    {CURLE_SSL_CONNECT_ERROR, EIO, true, http_outage::broken, "the TLS handshake failed"},
    {CURLE_HTTP2, EIO, true, http_outage::broken, "the HTTP/2 connection broke"},
    {CURLE_HTTP2_STREAM, EIO, true, http_outage::broken, "the HTTP/2 stream was reset"},
    {CURLE_WEIRD_SERVER_REPLY, EIO, true, http_outage::broken, "the answer is not HTTP"},
    {CURLE_UNSUPPORTED_PROTOCOL, EIO, false, http_outage::none,
     "a redirect leads to a protocol that is not allowed (https to http?)"},
    {CURLE_TOO_MANY_REDIRECTS, EIO, false, http_outage::none, "too many redirects"},
    {CURLE_BAD_CONTENT_ENCODING, EIO, false, http_outage::none, "the answer's content encoding is broken"},
};

/// libcurl's bits of the schemes.
constexpr struct {
  auth_scheme scheme;
  unsigned long bit;
} schemes[] = {
    {auth_scheme::basic, CURLAUTH_BASIC},
    {auth_scheme::digest, CURLAUTH_DIGEST},
    {auth_scheme::ntlm, CURLAUTH_NTLM},
    {auth_scheme::negotiate, CURLAUTH_NEGOTIATE},
};

unsigned long bit_of(auth_scheme scheme) {
  return std::find_if(std::begin(schemes), std::end(schemes), [&](auto& each) { return each.scheme == scheme; })->bit;
}

constexpr long body_buffer = 256 * 1024; // fewer calls for large packs

/// libcurl's message without durations ("after 12 ms"). The log has each message once, and two messages that differ by
/// a duration alone are the same reason.
std::string without_time(std::string_view words) {
  constexpr std::string_view after = " after ", unit = " ms";
  std::string out{words};
  const std::size_t begin = out.find(after);
  if (begin == std::string::npos)
    return out;
  const std::size_t digits = begin + after.size(), end = out.find_first_not_of("0123456789", digits);
  if (end != std::string::npos && end > digits && out.compare(end, unit.size(), unit) == 0)
    out.erase(begin, end + unit.size() - begin);
  return out;
}

} // namespace

http_easy::http_easy(http_request request, std::shared_ptr<http_handler> handler, const http_client_options& options)
  : request_(std::move(request)),
    handler_(std::move(handler)) {
  easy_.reset(curl_easy_init());
  CURL* const h = handle();
  if (h == nullptr)
    throw std::bad_alloc{};
  curl_easy_setopt(h, CURLOPT_PRIVATE, this);
  curl_easy_setopt(h, CURLOPT_URL, request_.url.c_str());
  curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(h, CURLOPT_REDIR_PROTOCOLS_STR, request_.url.starts_with("https:") ? "https" : "http,https");
  curl_easy_setopt(h, CURLOPT_FOLLOWLOCATION, request_.follow ? 1L : 0L);
  curl_easy_setopt(h, CURLOPT_MAXREDIRS, 10L);
  curl_easy_setopt(h, CURLOPT_POSTREDIR, long{CURL_REDIR_POST_ALL});
  curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(h, CURLOPT_ACCEPT_ENCODING, "");
  curl_easy_setopt(h, CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_2TLS});
  curl_easy_setopt(h, CURLOPT_BUFFERSIZE, body_buffer);
  curl_easy_setopt(h, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(h, CURLOPT_USERAGENT, options.user_agent.c_str());
  curl_easy_setopt(h, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request_.connect_timeout.count()));
  curl_easy_setopt(h, CURLOPT_ERRORBUFFER, detail_.data());
  const tls_trust& trust = request_.trust ? *request_.trust : options.trust;
  trust.apply(h);
  if (!trust.verify) {
    curl_easy_setopt(h, CURLOPT_PREREQFUNCTION, &http_easy::before_request);
    curl_easy_setopt(h, CURLOPT_PREREQDATA, this);
  }
  if (request_.proxy) {
    curl_easy_setopt(h, CURLOPT_PROXY, request_.proxy->c_str());
    curl_easy_setopt(h, CURLOPT_PROXYAUTH, static_cast<long>(CURLAUTH_ANY));
  }
  if (request_.cookie_file)
    curl_easy_setopt(h, CURLOPT_COOKIEFILE, request_.cookie_file->c_str());
  // A single scheme is used with the first request. With several schemes libcurl would first ask the server.
  curl_easy_setopt(h, CURLOPT_HTTPAUTH, static_cast<long>(bit_of(request_.scheme)));
  curl_easy_setopt(h, CURLOPT_NETRC, long{CURL_NETRC_OPTIONAL});
  if (request_.scheme == auth_scheme::negotiate && request_.username.empty())
    curl_easy_setopt(h, CURLOPT_USERPWD, ":"); // the user is that of the Kerberos ticket
  if (!request_.username.empty())
    curl_easy_setopt(h, CURLOPT_USERNAME, request_.username.c_str());
  if (!request_.password.empty())
    curl_easy_setopt(h, CURLOPT_PASSWORD, request_.password.c_str());
  for (const std::string& header : request_.headers)
    headers_.reset(curl_slist_append(headers_.release(), header.c_str()));
  if (request_.body) {
    // without waiting for "100 Continue", which curl would do for a large body and some proxies never send
    headers_.reset(curl_slist_append(headers_.release(), "Expect:"));
    curl_easy_setopt(h, CURLOPT_POST, 1L);
    curl_easy_setopt(h, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body->size()));
    curl_easy_setopt(h, CURLOPT_POSTFIELDS, request_.body->data());
  }
  curl_easy_setopt(h, CURLOPT_HTTPHEADER, headers_.get());
  curl_easy_setopt(h, CURLOPT_HEADERFUNCTION,
                   static_cast<std::size_t (*)(char*, std::size_t, std::size_t, void*)>(&http_easy::header));
  curl_easy_setopt(h, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(h, CURLOPT_WRITEFUNCTION,
                   static_cast<std::size_t (*)(char*, std::size_t, std::size_t, void*)>(&http_easy::write));
  curl_easy_setopt(h, CURLOPT_WRITEDATA, this);
}

http_easy& http_easy::of(CURL* handle) {
  char* self = nullptr;
  curl_easy_getinfo(handle, CURLINFO_PRIVATE, &self);
  return *reinterpret_cast<http_easy*>(self);
}

/// Called by libcurl when it has connected and is about to send a request, perhaps after a redirect. If verification
/// was turned off for one host, nothing is sent to another one.
int http_easy::before_request(void* data, char*, char*, int, int) {
  http_easy& self = *static_cast<http_easy*>(data);
  const auto wanted = parse_url(self.request_.url);
  self.left_unverified_host_ = !wanted || self.name_of_host() != wanted.value().host;
  return self.left_unverified_host_ ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

std::size_t http_easy::write(char* bytes, std::size_t size, std::size_t count, void* self) {
  return static_cast<http_easy*>(self)->write({bytes, size * count});
}

std::size_t http_easy::write(std::string_view bytes) {
  if (!head_)
    head_ = read_head();
  if (handler_->on_body(*head_, bytes) == http_handler::flow::more)
    return bytes.size();
  paused_ = true;
  return CURL_WRITEFUNC_PAUSE;
}

std::size_t http_easy::header(char* bytes, std::size_t size, std::size_t count, void* self) {
  static_cast<http_easy*>(self)->header({bytes, size * count});
  return size * count;
}

void http_easy::header(std::string_view line) {
  if (line.starts_with("HTTP/")) // also that of a proxy, or of a redirect
    headers_complete_ = false;
  else if (line == "\r\n" || line == "\n")
    headers_complete_ = true;
}

http_challenge http_easy::read_challenge() const {
  http_challenge out;
  long bits = 0;
  curl_easy_getinfo(handle(), CURLINFO_HTTPAUTH_AVAIL, &bits);
  for (const auto& [scheme, bit] : schemes)
    if ((static_cast<unsigned long>(bits) & bit) != 0)
      out.offered.push_back(scheme);
  curl_header* found = nullptr;
  for (std::size_t i = 0; curl_easy_header(handle(), "WWW-Authenticate", i, CURLH_HEADER, -1, &found) == CURLHE_OK;
       ++i) {
    const std::string_view value{found->value};
    out.schemes.emplace_back(value.substr(0, value.find_first_of(" ,")));
  }
  return out;
}

http_head http_easy::read_head() const {
  http_head out;
  char* text = nullptr;
  curl_easy_getinfo(handle(), CURLINFO_RESPONSE_CODE, &out.status);
  if (curl_easy_getinfo(handle(), CURLINFO_EFFECTIVE_URL, &text) == CURLE_OK && text != nullptr)
    out.effective_url = text;
  text = nullptr;
  if (curl_easy_getinfo(handle(), CURLINFO_CONTENT_TYPE, &text) == CURLE_OK && text != nullptr)
    out.content_type = text;
  out.content_type.erase(std::min(out.content_type.find_first_of("; "), out.content_type.size()));
  for (char& c : out.content_type)
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  curl_off_t seconds = 0;
  curl_easy_getinfo(handle(), CURLINFO_RETRY_AFTER, &seconds); // takes both forms, seconds and a date
  out.retry_after = std::chrono::seconds{std::max<curl_off_t>(seconds, 0)};
  constexpr long unauthorized = 401;
  if (out.status == unauthorized)
    out.challenge = read_challenge();
  for (const std::string& name : request_.keep_headers) {
    curl_header* header = nullptr;
    for (std::size_t i = 0; curl_easy_header(handle(), name.c_str(), i, CURLH_HEADER, -1, &header) == CURLHE_OK; ++i)
      out.headers[name] += (i == 0 ? "" : ", ") + std::string{header->value};
  }
  return out;
}

std::string http_easy::host() const {
  char* text = nullptr;
  curl_easy_getinfo(handle(), CURLINFO_EFFECTIVE_URL, &text);
  auto url = parse_url(text != nullptr ? text : request_.url);
  return url ? url.value().authority() : "the server";
}

std::string http_easy::name_of_host() const {
  char* text = nullptr;
  curl_easy_getinfo(handle(), CURLINFO_EFFECTIVE_URL, &text);
  const auto url = parse_url(text != nullptr ? text : request_.url);
  return url ? url.value().host : std::string{};
}

std::optional<http_end> http_easy::overdue(clock::time_point now) {
  if (request_.deadline != clock::time_point{} && now >= request_.deadline)
    return http_end{{}, ETIMEDOUT, host() + ": no complete answer within the time limit", true};
  curl_off_t down = 0, up = 0, connected = 0;
  long headers = 0;
  curl_easy_getinfo(handle(), CURLINFO_SIZE_DOWNLOAD_T, &down);
  curl_easy_getinfo(handle(), CURLINFO_SIZE_UPLOAD_T, &up);
  curl_easy_getinfo(handle(), CURLINFO_HEADER_SIZE, &headers);
  curl_easy_getinfo(handle(), CURLINFO_PRETRANSFER_TIME_T, &connected);
  const curl_off_t moved = down + up + headers;
  // before the request is connected the connect timeout holds, and while it waits for a connection only the deadline
  if (moved != moved_ || paused_ || connected == 0) {
    moved_ = moved;
    last_move_ = now;
  }
  if (now - last_move_ < request_.stall_timeout)
    return std::nullopt;
  return http_end{{},
                  ETIMEDOUT,
                  host() + ": nothing was transferred for "
                      + std::to_string(std::chrono::ceil<std::chrono::seconds>(request_.stall_timeout).count()) + " s",
                  true,
                  http_outage::broken};
}

http_easy::clock::time_point http_easy::next_check() const {
  const clock::time_point stall = last_move_ + request_.stall_timeout;
  return request_.deadline == clock::time_point{} ? stall : std::min(stall, request_.deadline);
}

// HTTP/2 is agreed upon in the TLS handshake alone. libcurl knows which version it is when the answer begins.
bool http_easy::may_be_http2() const {
  long version = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_HTTP_VERSION, &version);
  return version == CURL_HTTP_VERSION_NONE ? request_.url.starts_with("https:") : version >= CURL_HTTP_VERSION_2_0;
}

void http_easy::resume(clock::time_point now) {
  if (!paused_)
    return;
  paused_ = false;
  last_move_ = now;
  curl_easy_pause(handle(), CURLPAUSE_CONT); // may call `write`, and so pause again
}

void http_easy::end(CURLcode code) {
  // libcurl reports no failure when the connection breaks within the headers
  if (code == CURLE_OK && !headers_complete_)
    code = CURLE_PARTIAL_FILE;
  if (code == CURLE_OK)
    return end(http_end{});
  if (left_unverified_host_)
    return end(http_end{{},
                        EIO,
                        host()
                            + ": a redirect leads there, and http.sslVerify=false is not for another host; use the "
                              "URL that it leads to"});
  if (const auto refusal = tls_refusal(code, detail_.data()))
    return end(http_end{{}, EIO, host() + ": " + *refusal});
  long tunnel = 0; // the status of a proxy's answer to CONNECT
  if (code == CURLE_RECV_ERROR && curl_easy_getinfo(handle(), CURLINFO_HTTP_CONNECTCODE, &tunnel) == CURLE_OK
      && tunnel >= 300)
    return end(http_end{{},
                        EIO,
                        host() + ": the proxy refuses to connect to it, with HTTP status " + std::to_string(tunnel),
                        tunnel >= 500,
                        http_outage::connection});
  const auto* known = std::find_if(std::begin(failures), std::end(failures), [&](auto& f) { return f.code == code; });
  if (known == std::end(failures))
    return end(http_end{{}, EIO, host() + ": " + curl_easy_strerror(code)});
  std::string message = host() + ": " + known->text;
  // libcurl's message says to which host (perhaps a proxy) it could not connect, or what the two cannot agree on
  if ((code == CURLE_COULDNT_CONNECT || code == CURLE_SSL_CONNECT_ERROR) && detail_[0] != '\0')
    message += " (" + without_time(detail_.data()) + ")";
  end(http_end{{}, known->failure, std::move(message), known->transient, known->outage});
}

void http_easy::end(http_end how) {
  how.head = read_head();
  // A redirect is no answer if the request to its target has failed.
  if (!headers_complete_ || (how.failure != 0 && how.head.status / 100 == 3))
    how.head.status = 0;
  curl_off_t up = 0;
  curl_easy_getinfo(handle(), CURLINFO_SIZE_UPLOAD_T, &up);
  how.sent_bytes = static_cast<std::uint64_t>(up);
  // moved out first, because releasing the handler may destroy this object's owner
  const std::shared_ptr<http_handler> handler = std::move(handler_);
  handler->on_end(std::move(how));
}

} // namespace gitfs
