#include "backend/forge/forge_access.hpp"

#include <algorithm>
#include <strings.h>
#include <utility>

namespace gitfs {

result<std::string> read_token(const secret_reader& read, const secret_place& place, const std::string& service) {
  auto out = read(place);
  return out ? std::move(out) : fail(EACCES, service + ": its token cannot be had: " + out.error().message);
}

forge_access::forge_access(const std::string& url, rest_options options, forge_tokens tokens, credential known,
                           std::function<result<std::string>()> password_now)
  : url_(url),
    tokens_(std::move(tokens)),
    patience_(options.limits.total),
    password_is_kept_(password_now != nullptr),
    helpers_(url, std::move(known), std::move(password_now)),
    api_(std::move(options)) {}

const secret_place* forge_access::place_of(const std::string& owner) const {
  const auto own = std::find_if(tokens_.by_owner.begin(), tokens_.by_owner.end(),
                                [&](const auto& each) { return ::strcasecmp(each.first.c_str(), owner.c_str()) == 0; });
  if (own != tokens_.by_owner.end())
    return &own->second;
  return tokens_.general == secret_place{} ? nullptr : &tokens_.general;
}

bool forge_access::renew(const authenticator::ticket& refused, const error& why, const std::stop_token& stop) {
  constexpr auto pause = std::chrono::minutes{10}; // helpers are programs: not one for each name that does not exist
  const auto now = std::chrono::steady_clock::now();
  const bool anonymous = refused.used.password.empty();
  const bool may_help = why.code == EACCES || (anonymous && (why.code == EAGAIN || why.code == ENOENT));
  if (!may_help || now < none_until_.load())
    return false;
  const auto renewed = helpers_.renew(url_, refused, {}, stop, now + patience_);
  if (!renewed && renewed.error().code == EACCES && !password_is_kept_) // that is read, and no helper asked
    none_until_ = now + pause;
  return renewed && !helpers_.current(url_).used.password.empty();
}

bool forge_access::without_token(const std::string& owner) const {
  return place_of(owner) == nullptr && std::chrono::steady_clock::now() < none_until_.load();
}

result<rest_answer> forge_access::get(const std::string& owner, const std::string& path, std::stop_token stop,
                                      on_rate_limit limited) {
  return as<rest_answer>(
      owner, stop, [&](const std::string& token) { return api_.get(path, token, stop); }, limited);
}

result<rest_answer> forge_access::get_object(const std::string& owner, const std::string& path, std::stop_token stop,
                                             on_rate_limit limited) {
  GITFS_TRY(out, get(owner, path, std::move(stop), limited));
  if (!out.body->IsObject())
    return fail(EIO, api_.display() + ": the answer to " + path + " describes nothing");
  return out;
}

result<credential> forge_access::login(const std::string& owner, const std::string& username) const {
  if (const secret_place* place = place_of(owner)) {
    GITFS_TRY(token, read_token(tokens_.read, *place, api_.display()));
    return credential{username, std::move(token)};
  }
  return credential{};
}

} // namespace gitfs
