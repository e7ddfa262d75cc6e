// The TLS certificates that are trusted, and messages about those that are not.
#pragma once

#include <curl/curl.h>
#include <optional>
#include <string>
#include <string_view>

namespace gitfs {

/// Replaces the authorities that libcurl was built with. Empty: those of libcurl.
struct tls_trust {
  std::string file;   ///< a PEM file with the certificates of authorities
  std::string folder; ///< a folder of such files, as `openssl rehash` arranges it
  /// PEM files for a server that asks for a client certificate. The key may be in the certificate's file, and must have
  /// no password.
  std::string client_certificate, client_key;
  /// False: any certificate is taken. Only git's own configuration can say so, and no variable of the environment; a
  /// request that is made so follows no redirect to another host.
  bool verify = true;

  /// Reads the variables of git, and after them those of curl and OpenSSL: GIT_SSL_CAINFO, CURL_CA_BUNDLE or
  /// SSL_CERT_FILE; GIT_SSL_CAPATH or SSL_CERT_DIR; GIT_SSL_CERT; GIT_SSL_KEY. An empty one counts as unset.
  /// `configured`, from git's configuration, counts after git's variables and before the others.
  static tls_trust of_environment(tls_trust configured);
  static tls_trust of_environment();

  /// The value of a variable; empty: it is not set.
  static std::string variable(const char* name);

  void apply(CURL* handle) const;
};

/// A message about what is wrong with the certificate of the server or of the client, and what to do. None: `code` is
/// no error of certificates. `detail` is libcurl's CURLOPT_ERRORBUFFER.
std::optional<std::string> tls_refusal(CURLcode code, std::string_view detail);

} // namespace gitfs
