#include "actors/inode/directory_inode.hpp"

#include "actors/mount/mounted_ref.hpp"

#include <utility>

namespace gitfs {

namespace {

environment& environment_of(const mount_context& context, const directory_location& location) {
  return location.shown ? *location.shown->of->repository->outside : *context.outside;
}

} // namespace

directory_inode::directory_inode(mount_context& the_context, dir_slot slot, directory_location_ptr location,
                                 directory_port& the_port)
  : location_(std::move(location)),
    outside_(&environment_of(the_context, *location_)),
    context(the_context),
    port(the_port),
    self(slot),
    listing(context.memory, *outside_, [this] { port.over_budget(); }) {}

void directory_inode::stand_at(directory_location_ptr location) {
  location_ = std::move(location);
  outside_ = &environment_of(context, *location_);
  port.stands_at(location_);
}

file_time directory_inode::since() const {
  if (location_->since)
    return *location_->since;
  return location_->shown ? location_->shown->since() : context.began;
}

std::span<const shown_run> directory_inode::past() const {
  if (location_->past)
    return *location_->past;
  if (is_root(*location_) && location_->shown && location_->shown->runs)
    return std::span{*location_->shown->runs}.subspan(1);
  return {};
}

} // namespace gitfs
