// SHA-1 by OpenSSL, which uses the processor's instructions for it. Unlike git's own implementation it does not look
// for the marks of known collision attacks. That would take longer than everything else that is done with an arriving
// object, and an attacker who can make two colliding blobs can also choose which of them the server sends.
#pragma once

#include "backend/git/object.hpp"
#include "backend/git/oid.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

struct evp_md_ctx_st;

namespace gitfs {

class sha1 {
public:
  sha1();
  sha1& update(std::string_view bytes);
  /// The hash of everything that was given. The object can be used anew after that.
  oid finish();

private:
  struct free_context {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, free_context> context_;
};

/// The name of an object: the hash of "TYPE SIZE\0" and its contents.
oid name_of(object_type type, std::string_view data);

/// The bytes that are hashed before an object's contents: "TYPE SIZE" and a NUL.
std::string object_preamble(object_type type, std::uint64_t size);

} // namespace gitfs
