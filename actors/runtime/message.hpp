// What every message between actors has in common.
#pragma once

#include "actors/trace/record/stamp.hpp"

#include <caf/allowed_unsafe_message_type.hpp>

#include <concepts>
#include <type_traits>

namespace gitfs {

/// A struct whose member `stamp` says when the message was made and what has caused it. Each message has a row in
/// message_rows.cpp.
template <class T>
concept actor_message = requires(T m) {
  { m.stamp } -> std::same_as<trace::sent_by&>;
};

} // namespace gitfs

// CAF 0.17 calls a message type "unsafe" if it cannot be sent over a network. None of our messages leaves the process.
template <gitfs::actor_message T>
struct caf::allowed_unsafe_message_type<T> : std::true_type {};
