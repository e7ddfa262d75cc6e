#include "actors/catalog/mount_tree.hpp"

#include <algorithm>
#include <utility>

namespace gitfs {

bool mount_node::is_of_forge() const {
  if (const forge_folder* const of = as_forge())
    return of->entry == nullptr;
  return as_repository() != nullptr && as_repository()->from.entry == nullptr;
}

void mount_node::see(const relinked& directory) {
  constexpr std::size_t most = 4; // one, but for who is still in one that was removed and came back
  if (!directory.link)
    return;
  std::erase_if(seen, [&](const relinked& each) { return each.slot == directory.slot; });
  if (seen.size() == most) {
    seen.erase(seen.begin());
    crowded = true;
  }
  seen.push_back(directory);
}

mount_node_answer mount_node::names() const {
  mount_node_answer out;
  for (const auto& [child, node] : children) {
    out.names.push_back(child);
    if (node->is_assumed())
      out.assumed.push_back(child);
  }
  out.complete = is_folder();
  return out;
}

mount_node& mount_tree::fresh() {
  auto node = std::make_unique<mount_node>();
  node->number = next_number_++;
  return *nodes_.emplace(node->number, std::move(node)).first->second;
}

mount_node& mount_tree::child(mount_node& of, std::string_view name) {
  const auto known = of.children.find(name);
  if (known != of.children.end())
    return *known->second;
  mount_node& out = fresh();
  out.name = of.name.empty() ? std::string{name} : of.name + '/' + std::string{name};
  of.children.emplace(name, &out);
  return out;
}

mount_node& mount_tree::make(mount_node& root, std::string_view path) {
  mount_node* out = &root;
  while (!path.empty())
    out = &child(*out, take_name(path));
  return *out;
}

mount_node& mount_tree::build(const deployment& of, const forges& with) {
  mount_node& root = fresh();
  for (const shown_repository& each : of.repositories)
    make(root, each.path).what = mount_node::repository{
        .from = {.entry = std::make_shared<const shown_repository>(each)}, .ref = each.ref, .follow = each.follow};
  for (std::size_t i = 0; i < of.forges.size(); ++i)
    make(root, of.forges[i].path).what = mount_node::forge_folder{
        .of = with.at(i), .entry = std::make_shared<const shown_forge>(of.forges[i]), .follow = of.forges[i].follow};
  return root;
}

mount_node* mount_tree::at(std::string_view path) {
  mount_node* out = root_;
  while (!path.empty()) {
    const auto next = out->children.find(take_name(path));
    if (next == out->children.end())
      return nullptr;
    out = next->second;
  }
  return out;
}

mount_node* mount_tree::numbered(mount_node_number which) const {
  const auto found = nodes_.find(which);
  return found == nodes_.end() ? nullptr : found->second.get();
}

std::set<mount_node_number> mount_tree::reachable() const {
  std::set<mount_node_number> out;
  std::vector<const mount_node*> rest{root_};
  while (!rest.empty()) {
    const mount_node* const of = rest.back();
    rest.pop_back();
    out.insert(of->number);
    for (const auto& [name, each] : of->children)
      rest.push_back(each);
  }
  return out;
}

std::string_view take_name(std::string_view& path) {
  const std::string_view out = path.substr(0, path.find('/'));
  path.remove_prefix(std::min(out.size() + 1, path.size()));
  return out;
}

bool usable_name(std::string_view name) {
  return !name.empty() && name.size() <= 255 && name != "." && name != ".."
         && name.find_first_of(std::string_view{"/\0", 2}) == std::string_view::npos;
}

} // namespace gitfs
