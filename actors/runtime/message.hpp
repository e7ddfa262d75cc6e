// What every message between actors has in common.
#pragma once

#include "actors/trace/record/stamp.hpp"

#include <caf/allowed_unsafe_message_type.hpp>

#include <concepts>
#include <type_traits>

namespace gitfs {

/// A struct that says at its end when and because of what it was made. Each has a row in trace/message_rows.cpp.
template <class T>
concept actor_message = requires(T m) {
  { m.stamp } -> std::same_as<trace::sent_by&>;
};

} // namespace gitfs

// CAF 0.17 calls what it cannot send over a network "unsafe"; none of our messages leaves the process.
template <gitfs::actor_message T>
struct caf::allowed_unsafe_message_type<T> : std::true_type {};
