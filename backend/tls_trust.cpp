#include "backend/tls_trust.hpp"

#include <cstdlib>

namespace gitfs {

namespace {

// Of those with the same place the first one that is set counts.
constexpr struct {
  const char* variable;
  std::string tls_trust::*place;
} variables[] = {
    {"GIT_SSL_CAINFO", &tls_trust::file},   {"CURL_CA_BUNDLE", &tls_trust::file}, {"SSL_CERT_FILE", &tls_trust::file},
    {"GIT_SSL_CAPATH", &tls_trust::folder}, {"SSL_CERT_DIR", &tls_trust::folder},
};

} // namespace

tls_trust tls_trust::of_environment() {
  tls_trust out;
  for (const auto& [variable, place] : variables)
    if (const char* value = std::getenv(variable); value != nullptr && (out.*place).empty())
      out.*place = value;
  return out;
}

void tls_trust::apply(CURL* handle) const {
  if (!file.empty())
    curl_easy_setopt(handle, CURLOPT_CAINFO, file.c_str());
  if (!folder.empty())
    curl_easy_setopt(handle, CURLOPT_CAPATH, folder.c_str());
  if (!client_certificate.empty())
    curl_easy_setopt(handle, CURLOPT_SSLCERT, client_certificate.c_str());
  if (!client_key.empty())
    curl_easy_setopt(handle, CURLOPT_SSLKEY, client_key.c_str());
}

std::string tls_refusal(CURLcode code, std::string_view detail) {
  // libcurl's own headings say the same as ours.
  if (const std::size_t heading = detail.find(": "); heading != std::string_view::npos)
    detail.remove_prefix(heading + 2);
  const std::string why = detail.empty() ? "" : " (" + std::string{detail} + ")";
  if (code == CURLE_SSL_CACERT_BADFILE)
    return "the file of trusted TLS certificates cannot be read" + why
           + ": see GIT_SSL_CAINFO, CURL_CA_BUNDLE and SSL_CERT_FILE";
  // CURLINFO_SSL_VERIFYRESULT does not tell the two apart: it is set only when the name was right.
  if (detail.find("host name") != std::string_view::npos)
    return "the server's TLS certificate is for another host" + why + ": use a name in the URL that it is for";
  return "the server's TLS certificate is not trusted" + why
         + ": if it is the right one, name a file with the certificate of its authority in GIT_SSL_CAINFO";
}

} // namespace gitfs
