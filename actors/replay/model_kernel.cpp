#include "actors/replay/model_kernel.hpp"

#include "actors/replay/recorded_input.hpp"
#include "actors/runtime/route.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <set>
#include <utility>

namespace gitfs {

namespace {

constexpr std::size_t window = 8; // so many recorded requests may overtake each other

} // namespace

struct model_kernel::request {
  std::uint64_t number = 0;
  std::uint64_t inode = 0;     // the inode number of the node that this request keeps from being forgotten
  std::uint64_t directory = 0; // the inode number of the directory that answers
  std::string name;
  std::uint64_t size = 0;
  decltype(kernel_op::what) what;
  unsigned answers = 0;
  bool interrupted = false;
  std::function<void()> interrupter;
  std::uint64_t used = 0;
  std::vector<std::pair<std::string, std::optional<node_entry>>> listed;
};

// The sink of a request's reply. It passes the answer to the model at once.
class model_kernel::sink final : public reply_sink {
public:
  sink(model_kernel& to, std::shared_ptr<request> r) : to_(to), request_(std::move(r)) {}

  void error(int code) override {
    if (code == EINTR ? !request_->interrupted : !to_.errors_may_come_)
      to_.found_wrong(*request_, fmt::format("is answered with error {}", code));
    to_.answered(*request_);
  }
  void absent() override {
    const auto at = to_.places_.find(request_->directory);
    if (at != to_.places_.end() && at->second.is_known && at->second.children.contains(request_->name))
      to_.found_wrong(*request_, "is told that there is no such name");
    to_.answered(*request_);
  }
  bool entry(const node_entry& e) override {
    to_.check_entry(*request_, e);
    to_.refer(request_->directory, e);
    to_.answered(*request_);
    return true;
  }
  void attr(const node_attr&) override { to_.answered(*request_); }
  void link(std::string_view) override { to_.answered(*request_); }
  void data(const object&, std::uint64_t, std::size_t) override { to_.answered(*request_); }
  void file(const blob_file&, std::uint64_t, std::size_t) override { to_.answered(*request_); }
  void xattr(std::string_view) override { to_.answered(*request_); }
  bool dirent(std::string_view name, const node_attr&, const node_entry* node, std::uint64_t) override {
    const std::uint64_t needed = dirent_bytes(name, std::get<readdir_op>(request_->what).plus);
    if (needed > request_->size - request_->used)
      return false;
    request_->used += needed;
    request_->listed.emplace_back(name, node != nullptr ? std::optional{*node} : std::nullopt);
    return true;
  }
  bool dirents_end() override {
    for (const auto& [name, node] : request_->listed)
      if (node)
        to_.refer(request_->directory, *node);
    to_.check_listing(*request_);
    to_.answered(*request_);
    return true;
  }
  std::uint64_t request_id() const override { return request_->number; }
  void on_interrupt(std::function<void()> interrupted) override { request_->interrupter = std::move(interrupted); }

private:
  model_kernel& to_;
  const std::shared_ptr<request> request_;
};

model_kernel::model_kernel(const recording& from) {
  read_places(from);
  for (const trace::record* each : from.messages()) {
    const trace::record* recorded = each->what == trace::kind::kernel_op ? from.record_of(each->cause) : nullptr;
    if (recorded == nullptr || recorded->what != trace::kind::kernel_request)
      continue;
    input in{each->actor.inode, {}, trace::number_in(*recorded, "size"), operation_of(*recorded)};
    const auto at = places_.find(in.directory);
    const std::uint64_t child = trace::number_in(*each, "child");
    if (at == places_.end() || child > at->second.children.size())
      continue; // the name is unknown, because no record has the directory's listing
    if (child != self_child)
      in.name = std::next(at->second.children.begin(), static_cast<std::ptrdiff_t>(child - 1))->first;
    inputs_.push_back(std::move(in));
  }
  nodes_[root_key] = {nodeid_of(root_slot), 1, 0, 0, 0};
}

model_kernel::~model_kernel() = default;

void model_kernel::read_places(const recording& from) {
  for (const trace::record* each : from.spawned()) {
    trace::decoder in{each->fields};
    const std::uint64_t inode = in.fixed();
    place& at = places_[inode];
    at.parent = in.fixed();
    at.name = in.text();
    const std::string* tree = from.tree(in.id());
    const auto parsed = parse_tree(tree == nullptr ? std::string_view{} : *tree);
    if (!parsed)
      continue;
    at.is_known = tree != nullptr;
    for (const tree_entry& e : parsed.value().entries)
      at.children.emplace(e.name, e.kind);
  }
}

void model_kernel::mount(mount_context& context, caf::actor supervisor) {
  context_ = &context;
  supervisor_ = std::move(supervisor);
}

std::size_t model_kernel::unanswered() const {
  return static_cast<std::size_t>(std::ranges::count(open_, 0U, &request::answers));
}

// --- requests, references and interruptions -------------------------------------------------------------------------

bool model_kernel::send(std::mt19937_64& random) {
  const std::size_t most = std::min(window, inputs_.size());
  if (most == 0)
    return false;
  const std::size_t first = random() % most;
  for (std::size_t i = 0; i < most; ++i) {
    const auto at = std::next(inputs_.begin(), static_cast<std::ptrdiff_t>((first + i) % most));
    if (!send_input(*at))
      continue;
    inputs_.erase(at);
    return true;
  }
  // None of these requests can be sent. The kernel must first look up what the first one is about, unless that look-up
  // has been sent already.
  const input& in = inputs_.front();
  if (nodes_.contains(in.directory))
    return look_up(in.directory, in.name);
  std::uint64_t below = in.directory;
  const auto parent_of = [this](std::uint64_t inode) {
    const auto at = places_.find(inode);
    return at == places_.end() ? root_key : at->second.parent;
  };
  for (std::size_t depth = 0; depth <= places_.size() && below != root_key && !nodes_.contains(parent_of(below));
       ++depth)
    below = parent_of(below);
  const auto at = places_.find(below);
  if (at != places_.end() && nodes_.contains(at->second.parent))
    return look_up(at->second.parent, at->second.name);
  inputs_.pop_front(); // no record says where this directory is, so the request can never be sent
  return true;
}

bool model_kernel::send_input(const input& in) {
  const auto directory = nodes_.find(in.directory);
  if (directory == nodes_.end())
    return false;
  const std::uint64_t about = in.name.empty() ? in.directory : child_key(in.directory, in.name);
  if (!nodes_.contains(about))
    return false;
  const auto* lookup = std::get_if<lookup_op>(&in.what);
  ask(about, in.directory, lookup != nullptr ? lookup->name : in.name, in.size, in.what);
  return true;
}

bool model_kernel::look_up(std::uint64_t directory, const std::string& name) {
  const bool pending = std::ranges::any_of(open_, [&](const auto& r) {
    return r->answers == 0 && r->directory == directory && r->name == name
           && std::holds_alternative<lookup_op>(r->what);
  });
  if (pending)
    return false;
  ask(directory, directory, name, 0, lookup_op{name});
  return true;
}

void model_kernel::ask(std::uint64_t inode, std::uint64_t directory, std::string name, std::uint64_t size,
                       decltype(kernel_op::what) what) {
  auto r = std::make_shared<request>();
  r->number = ++sent_;
  r->inode = inode;
  r->directory = directory;
  r->name = std::move(name);
  r->size = size;
  r->what = what;
  node& about = nodes_.at(inode);
  const node_address at = context_->inodes.address_of(about.id);
  if (!context_->inodes.in_use(at.dir)) {
    found_wrong(*r, fmt::format("is about node {}, to which the kernel refers and which is not in use", about.id));
    return;
  }
  ++about.busy;
  open_.push_back(r);
  send_to_directory(*context_, supervisor_, at.dir,
                    kernel_op{reply{std::make_unique<sink>(*this, std::move(r))}, at.child, std::move(what)}, nullptr);
}

bool model_kernel::forget(std::mt19937_64* random) {
  std::vector<std::uint64_t> idle;
  for (const auto& [inode, n] : nodes_)
    if (inode != root_key && n.busy == 0 && n.below == 0)
      idle.push_back(inode);
  if (idle.empty())
    return false;
  const auto at = nodes_.find(idle[random != nullptr ? (*random)() % idle.size() : 0]);
  const node gone = at->second;
  nodes_.erase(at);
  if (const auto above = nodes_.find(gone.parent); above != nodes_.end())
    --above->second.below;
  const node_address address = context_->inodes.address_of(gone.id);
  // A real kernel gives references back in one message or in several, so the model draws at random whether it does it
  // in two.
  std::uint64_t first = random != nullptr && gone.lookups > 1 ? (*random)() % gone.lookups : 0;
  if (first != 0)
    forget_node(*context_, supervisor_, address, first, nullptr);
  forget_node(*context_, supervisor_, address, gone.lookups - first, nullptr);
  return true;
}

bool model_kernel::interrupt(std::mt19937_64& random) {
  std::vector<request*> parked;
  for (const auto& each : open_)
    if (each->answers == 0 && each->interrupter && !each->interrupted)
      parked.push_back(each.get());
  if (parked.empty())
    return false;
  request& one = *parked[random() % parked.size()];
  one.interrupted = true;
  one.interrupter();
  return true;
}

// --- answers --------------------------------------------------------------------------------------------------------

void model_kernel::refer(std::uint64_t directory, const node_entry& entry) {
  auto [at, fresh] = nodes_.try_emplace(entry.attr.key);
  node& n = at->second;
  if (fresh) {
    n.id = entry.nodeid;
    n.parent = directory;
    if (const auto above = nodes_.find(directory); above != nodes_.end())
      ++above->second.below;
  } else if (n.id != entry.nodeid && !wrong_) {
    wrong_ = fmt::format("inode {} is node {} and node {} at once", entry.attr.key, n.id, entry.nodeid);
  }
  ++n.lookups;
}

void model_kernel::answered(request& r) {
  if (++r.answers > 1)
    found_wrong(r, "is answered twice");
  r.interrupter = nullptr;
  if (const auto at = nodes_.find(r.inode); at != nodes_.end() && at->second.busy != 0)
    --at->second.busy;
  std::erase_if(open_, [](const auto& each) { return each->answers != 0; });
}

void model_kernel::check_entry(const request& r, const node_entry& entry) {
  if (entry.attr.key != child_key(r.directory, r.name))
    found_wrong(r, fmt::format("gets inode {}, which is another file's", entry.attr.key));
}

// A listing must have each name once. If the reply had room for all names, it must have all of them.
void model_kernel::check_listing(const request& r) {
  const auto at = places_.find(r.inode);
  if (at == places_.end() || !at->second.is_known || std::get<readdir_op>(r.what).offset != 0)
    return;
  std::set<std::string> seen;
  for (const auto& [name, revealed] : r.listed)
    if (!seen.insert(name).second)
      found_wrong(r, "lists '" + name + "' twice");
  std::uint64_t all =
      dirent_bytes(".", std::get<readdir_op>(r.what).plus) + dirent_bytes("..", std::get<readdir_op>(r.what).plus);
  for (const auto& [name, kind] : at->second.children)
    all += dirent_bytes(name, std::get<readdir_op>(r.what).plus);
  if (all <= r.size && seen.size() != at->second.children.size() + 2)
    found_wrong(r, fmt::format("lists {} names of {}", seen.size(), at->second.children.size() + 2));
}

void model_kernel::found_wrong(const request& r, const std::string& what) {
  if (!wrong_)
    wrong_ = fmt::format("request {} in inode {}{}: {}", r.number, r.directory,
                         r.name.empty() ? "" : " of '" + r.name + "'", what);
}

} // namespace gitfs
