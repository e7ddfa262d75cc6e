#include "actors/replay/silent_world.hpp"

#include <algorithm>
#include <cerrno>
#include <span>
#include <utility>

namespace gitfs {

namespace {

class empty_db final : public object_db {
public:
  result<object> read(const oid&) override { return fail(ENOENT, "a replay has no objects"); }
  bool contains(const oid&) override { return false; }
  void sizes(std::span<const oid>, std::span<std::uint64_t> out) override { std::ranges::fill(out, unknown_size); }
};

class endless_upstream final : public upstream {
public:
  std::unique_ptr<transfer> fetch(fetch_request, transfer_callback) override { return std::make_unique<transfer>(); }
  std::unique_ptr<transfer> object_info(std::vector<oid>, transfer_callback, std::string) override {
    return std::make_unique<transfer>();
  }
  const std::string& display_name() const override { return name_; }

private:
  std::string name_ = "the server";
};

class opened_repository final : public repository {
public:
  opened_repository(bool has_remote, std::string display)
    : objects_(no_objects()),
      remote_(has_remote ? silent_upstream() : nullptr),
      display_(std::move(display)) {}

  const std::shared_ptr<object_db>& objects() const override { return objects_; }
  const std::shared_ptr<upstream>& remote() const override { return remote_; }
  const std::string& display() const override { return display_; }
  result<snapshot_facts> resolve(const std::string&, const std::optional<oid>&, std::stop_token) override {
    return fail(EIO, "a replay asks nobody");
  }

private:
  const std::shared_ptr<object_db> objects_;
  const std::shared_ptr<upstream> remote_;
  const std::string display_;
};

class unanswering_forge final : public forge_tree {
public:
  result<forge_entry> lookup(std::span<const std::string>, const std::string&, std::stop_token) override {
    return nobody();
  }
  result<std::vector<forge_entry>> list(std::span<const std::string>, std::stop_token) override { return nobody(); }
  result<std::shared_ptr<repository>> open(std::span<const std::string>) override { return nobody(); }
  const std::string& display() const override { return name_; }

private:
  static error nobody() { return {EIO, "a replay asks nobody"}; }

  std::string name_ = "the host";
};

} // namespace

std::shared_ptr<object_db> no_objects() {
  return std::make_shared<empty_db>();
}

std::shared_ptr<upstream> silent_upstream() {
  return std::make_shared<endless_upstream>();
}

std::shared_ptr<repository> silent_repository(bool remote, std::string display) {
  return std::make_shared<opened_repository>(remote, std::move(display));
}

std::shared_ptr<forge_tree> silent_forge() {
  return std::make_shared<unanswering_forge>();
}

} // namespace gitfs
