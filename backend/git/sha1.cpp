#include "backend/git/sha1.hpp"

#include <array>
#include <openssl/evp.h>

namespace gitfs {

namespace {

struct free_digest {
  void operator()(EVP_MD* digest) const { EVP_MD_free(digest); }
};

// Fetching the algorithm costs more than hashing a small object.
const EVP_MD* algorithm() {
  static const std::unique_ptr<EVP_MD, free_digest> sha1{EVP_MD_fetch(nullptr, "SHA1", nullptr)};
  return sha1.get();
}

constexpr std::array<std::string_view, 5> type_words{"", "commit", "tree", "blob", "tag"};

} // namespace

void sha1::free_context::operator()(evp_md_ctx_st* context) const {
  EVP_MD_CTX_free(context);
}

sha1::sha1() : context_(EVP_MD_CTX_new()) {
  EVP_DigestInit_ex2(context_.get(), algorithm(), nullptr);
}

sha1& sha1::update(std::string_view bytes) {
  EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size());
  return *this;
}

oid sha1::finish() {
  oid out;
  EVP_DigestFinal_ex(context_.get(), out.bytes.data(), nullptr);
  EVP_DigestInit_ex2(context_.get(), algorithm(), nullptr);
  return out;
}

std::string object_preamble(object_type type, std::uint64_t size) {
  std::string out{type_words[static_cast<std::size_t>(type)]};
  out += ' ';
  out += std::to_string(size);
  out += '\0';
  return out;
}

oid name_of(object_type type, std::string_view data) {
  thread_local sha1 hash; // making a context costs more than hashing a small object
  return hash.update(object_preamble(type, data.size())).update(data).finish();
}

} // namespace gitfs
