#include "backend/http/tls_trust.hpp"

#include <cstdlib>
#include <utility>

namespace gitfs {

namespace {

// If several variables have the same place, the first one that is set counts.
struct place_of_variable {
  const char* variable;
  std::string tls_trust::*place;
};
constexpr place_of_variable of_git[] = {
    {"GIT_SSL_CAINFO", &tls_trust::file},
    {"GIT_SSL_CAPATH", &tls_trust::folder},
    {"GIT_SSL_CERT", &tls_trust::client_certificate},
    {"GIT_SSL_KEY", &tls_trust::client_key},
};
constexpr place_of_variable of_others[] = {
    {"CURL_CA_BUNDLE", &tls_trust::file},
    {"SSL_CERT_FILE", &tls_trust::file},
    {"SSL_CERT_DIR", &tls_trust::folder},
};

} // namespace

std::string tls_trust::variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

tls_trust tls_trust::of_environment() {
  return of_environment(tls_trust{});
}

tls_trust tls_trust::of_environment(tls_trust configured) {
  tls_trust out = std::move(configured);
  for (const auto& [name, place] : of_git)
    if (const std::string value = variable(name); !value.empty())
      out.*place = value;
  for (const auto& [name, place] : of_others)
    if ((out.*place).empty())
      out.*place = variable(name);
  return out;
}

void tls_trust::apply(CURL* handle) const {
  if (!verify) {
    curl_easy_setopt(handle, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(handle, CURLOPT_SSL_VERIFYHOST, 0L);
  }
  if (!file.empty())
    curl_easy_setopt(handle, CURLOPT_CAINFO, file.c_str());
  if (!folder.empty())
    curl_easy_setopt(handle, CURLOPT_CAPATH, folder.c_str());
  if (!client_certificate.empty()) {
    curl_easy_setopt(handle, CURLOPT_SSLCERT, client_certificate.c_str());
    curl_easy_setopt(handle, CURLOPT_KEYPASSWD, ""); // else OpenSSL asks for it on the terminal
  }
  if (!client_key.empty())
    curl_easy_setopt(handle, CURLOPT_SSLKEY, client_key.c_str());
}

std::optional<std::string> tls_refusal(CURLcode code, std::string_view detail) {
  // From TLS 1.3 on the server looks at our certificate when the handshake is over for us, so its refusal is met while
  // receiving; libcurl gives it no code of its own.
  const bool alert = code == CURLE_RECV_ERROR || code == CURLE_SEND_ERROR || code == CURLE_SSL_CONNECT_ERROR
                     || code == CURLE_SSL_CLIENTCERT;
  const auto says = [&](std::string_view words) { return detail.find(words) != std::string_view::npos; };
  if (alert && says("alert") && (says("certificate required") || says("bad certificate")))
    return "the server wants a client certificate that it knows: name its file in GIT_SSL_CERT and that of its key in "
           "GIT_SSL_KEY";
  if (alert && says("alert") && (says("unknown ca") || says("certificate unknown") || says("certificate expired")))
    return "the server does not take the client certificate of GIT_SSL_CERT (" + std::string{detail} + ")";
  if (code != CURLE_PEER_FAILED_VERIFICATION && code != CURLE_SSL_CACERT_BADFILE && code != CURLE_SSL_CERTPROBLEM)
    return std::nullopt;
  // libcurl's own headings say the same as ours.
  if (const std::size_t heading = detail.find(": "); code != CURLE_SSL_CERTPROBLEM && heading != std::string_view::npos)
    detail.remove_prefix(heading + 2);
  const std::string why = detail.empty() ? "" : " (" + std::string{detail} + ")";
  if (code == CURLE_SSL_CERTPROBLEM)
    return "our client certificate or its key cannot be used" + why
           + ": see GIT_SSL_CERT and GIT_SSL_KEY, or http.sslCert and http.sslKey of git's configuration, files in PEM "
             "format without a password";
  if (code == CURLE_SSL_CACERT_BADFILE)
    return "the file of trusted TLS certificates cannot be read" + why
           + ": see GIT_SSL_CAINFO, http.sslCAInfo of git's configuration, CURL_CA_BUNDLE and SSL_CERT_FILE";
  // CURLINFO_SSL_VERIFYRESULT does not tell the two apart: it is set only when the name was right. "target host name"
  // is "target hostname" in newer versions of libcurl.
  if (says("target host"))
    return "the server's TLS certificate is for another host" + why + ": use a name in the URL that it is for";
  return "the server's TLS certificate is not trusted" + why
         + ": if it is the right one, name a file with the certificate of its authority in GIT_SSL_CAINFO";
}

} // namespace gitfs
