#include "actors/replay/model_world.hpp"

#include "actors/runtime/directory_messages.hpp"
#include "actors/trace/record/trace_format.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace gitfs {

struct model_world::running {
  fetch_request request;
  std::vector<oid> sizes_of;
  transfer_callback done;
};

class model_world::model_server final : public upstream {
public:
  explicit model_server(model_world& world) : world_(world) {}

  std::unique_ptr<transfer> fetch(fetch_request request, transfer_callback done) override {
    return begin({std::move(request), {}, std::move(done)});
  }
  std::unique_ptr<transfer> object_info(std::vector<oid> ids, transfer_callback done, std::string) override {
    return begin({{}, std::move(ids), std::move(done)});
  }
  const std::string& display_name() const override { return name_; }

private:
  // Destroying the handle cancels the transfer, and the callback is called with ECANCELED, as the real upstream does
  // it.
  struct handle final : transfer {
    std::shared_ptr<running> what;
    ~handle() override {
      if (auto done = std::exchange(what->done, nullptr))
        done({error{ECANCELED, "cancelled"}, {}, 0, 0});
    }
  };

  std::unique_ptr<transfer> begin(running what) {
    auto out = std::make_unique<handle>();
    out->what = std::make_shared<running>(std::move(what));
    world_.running_.push_back(out->what);
    return out;
  }

  model_world& world_;
  std::string name_ = "the server";
};

class model_world::view final : public environment {
public:
  view(model_world& world, mount_context& context) : world_(world), context_(context) {}

  result<object> read(const oid& id) override {
    if (!world_.here(id))
      return fail(ENOENT, "not fetched");
    if (const std::string* tree = world_.from_.tree(id))
      return object{object_type::tree, nullptr, *tree};
    return blob(id, 0);
  }
  bool contains(const oid& id) override { return world_.here(id); }
  void sizes(std::span<const oid> ids, std::span<std::uint64_t> out) override {
    for (std::size_t i = 0; i < ids.size(); ++i)
      out[i] = world_.here(ids[i]) || world_.known_sizes_.contains(ids[i]) ? world_.size_of(ids[i]) : unknown_size;
  }

  std::optional<object> cached_blob(const oid& id, std::uint64_t bytes) override {
    return world_.loaded_.contains(id) ? std::optional{blob(id, bytes).value()} : std::nullopt;
  }
  result<object> blob(const oid& id, std::uint64_t) override {
    if (!world_.here(id))
      return fail(ENOENT, "not fetched");
    const auto bytes = std::make_shared<const std::string>(world_.size_of(id), '\0');
    return object{object_type::blob, bytes, *bytes};
  }
  std::shared_ptr<const blob_file> blob_file_of(const oid& id) override {
    return world_.loaded_.contains(id) ? std::make_shared<blob_file>(unlinked_file::none(), world_.size_of(id))
                                       : nullptr;
  }
  bool has_listing(const oid& tree) override { return world_.here(tree); }
  result<listing_ptr> listing(const oid& tree) override {
    if (!world_.here(tree))
      return fail(ENOENT, "not fetched");
    const std::string* contents = world_.from_.tree(tree);
    GITFS_TRY(parsed, parse_tree(contents == nullptr ? std::string_view{} : *contents));
    return with_sizes(*this, tree, std::make_shared<parsed_tree>(std::move(parsed)));
  }

  std::optional<dir_slot> allocate(dir_slot parent, std::uint64_t ino, directory_location_ptr link) override {
    return context_.inodes.allocate(parent, ino, std::move(link));
  }
  bool is_current(dir_slot slot, std::uint32_t generation) override {
    return context_.inodes.in_use(slot) && context_.inodes.generation_of(slot) == generation;
  }
  std::uint64_t slots() override { return context_.inodes.slots(); }
  std::uint64_t listings_memory(std::uint64_t more) override {
    return context_.memory.add(memory_budget::kind::listings, more);
  }
  std::uint64_t kernel_requests() override { return world_.requests; }
  std::uint64_t prefetching(int) override { return 1; }
  void aside(const std::function<void()>&) override {}
  void load(const blob_load& what, const std::function<void()>&) override { world_.loads_.push_back(what); }

private:
  model_world& world_;
  mount_context& context_;
};

namespace {

bool was_ended(const trace::record& r) {
  return r.what == trace::kind::transfer_ended;
}

} // namespace

model_world::model_world(const recording& from, bool fails) : from_(from), all_here_(!from.mounted().remote) {
  if (fails) {
    failures_.push_back(EIO);
    recorded_transfers_ = 20;
  }
  for (const trace::record* each : from.messages()) {
    if (!was_ended(*each))
      continue;
    recorded_transfers_ += fails ? 0 : 1;
    const auto code = static_cast<int>(trace::number_in(*each, "error"));
    if (code == ENOTSUP)
      tells_sizes_ = false;
    else if (code != 0 && code != ECANCELED)
      failures_.push_back(code);
  }
}

model_world::~model_world() = default;

std::shared_ptr<environment> model_world::around(mount_context& context) {
  return std::make_shared<view>(*this, context);
}

std::shared_ptr<upstream> model_world::server() {
  return std::make_shared<model_server>(*this);
}

// A size made from the id. The recording has the sizes of most files only as answers to handlers, and not by object.
// Any size will do, as long as an object always has the same one.
std::uint64_t model_world::size_of(const oid& id) const {
  return (id.bytes[0] * 256U + id.bytes[1]) % 20'000;
}

std::size_t model_world::transfers() const {
  return static_cast<std::size_t>(std::ranges::count_if(running_, [](const auto& r) { return r->done != nullptr; }));
}

void model_world::end_transfer(std::size_t which, std::mt19937_64* random) {
  std::erase_if(running_, [](const auto& r) { return r->done == nullptr; });
  const auto what = running_.at(which);
  running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(which));
  transfer_outcome outcome;
  outcome.requests = 1;
  const bool of_sizes = !what->sizes_of.empty();
  if (of_sizes && !tells_sizes_) {
    outcome.failure = error{ENOTSUP, "as recorded"};
  } else if (random != nullptr && !failures_.empty() && (*random)() % recorded_transfers_ < failures_.size()) {
    outcome.failure = error{failures_[(*random)() % failures_.size()], "as one of the recorded"};
    failed_ = true;
  } else if (of_sizes) {
    for (const oid& id : what->sizes_of) {
      known_sizes_.insert(id);
      outcome.sizes.emplace_back(id, size_of(id));
    }
  } else if (what->request.need == fetch_need::trees || what->request.need == fetch_need::blobs) {
    here_.insert(what->request.wants.begin(), what->request.wants.end());
  } else if (what->request.need == fetch_need::snapshot) {
    all_here_ = true;
  } else {
    for (const oid& id : from_.trees())
      here_.insert(id);
  }
  if (auto done = std::exchange(what->done, nullptr))
    done(std::move(outcome));
}

void model_world::end_load(std::size_t which) {
  const blob_load what = loads_.at(which);
  loads_.erase(loads_.begin() + static_cast<std::ptrdiff_t>(which));
  loaded_.insert(what.blob);
  caf::anon_send(what.directory, blob_loaded{what.want, 0, {}, {}});
}

} // namespace gitfs
