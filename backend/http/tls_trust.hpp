// Whose TLS certificates are trusted, and what to say about one that is not. A certificate is always verified.
#pragma once

#include <curl/curl.h>
#include <optional>
#include <string>
#include <string_view>

namespace gitfs {

/// Beside what libcurl was built with. Empty: only that.
struct tls_trust {
  std::string file;   ///< PEM, with the certificates of authorities
  std::string folder; ///< of such files, as `openssl rehash` arranges it
  /// PEM files, for a server that asks who we are; the key may be in the certificate's file, and has no password.
  std::string client_certificate, client_key;

  /// By the variables of git, and after them those of curl and OpenSSL: GIT_SSL_CAINFO, CURL_CA_BUNDLE or
  /// SSL_CERT_FILE; GIT_SSL_CAPATH or SSL_CERT_DIR; GIT_SSL_CERT; GIT_SSL_KEY. An empty one counts as unset.
  static tls_trust of_environment();

  void apply(CURL* handle) const;
};

/// What is wrong with certificates, the server's or ours, and what to do; none: `code` is of something else. `detail`
/// is libcurl's CURLOPT_ERRORBUFFER.
std::optional<std::string> tls_refusal(CURLcode code, std::string_view detail);

} // namespace gitfs
