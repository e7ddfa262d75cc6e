// Kernel requests as a trace has them; their numbers, node and size are the bridge's to add.
#pragma once

#include "actors/kernel_op.hpp"
#include "actors/trace/recorder.hpp"

namespace gitfs {

inline trace::asked asked_of(const lookup_op& op) {
  return {.op = trace::request_kind::lookup, .name = op.name};
}
inline trace::asked asked_of(const getattr_op&) {
  return {.op = trace::request_kind::getattr};
}
inline trace::asked asked_of(const readlink_op&) {
  return {.op = trace::request_kind::readlink};
}
inline trace::asked asked_of(const readdir_op& op) {
  return {.op = op.plus ? trace::request_kind::readdirplus : trace::request_kind::readdir, .offset = op.offset};
}
inline trace::asked asked_of(const read_op& op) {
  return {.op = trace::request_kind::read, .offset = op.offset};
}
inline trace::asked asked_of(const getxattr_op& op) {
  return {.op = trace::request_kind::getxattr, .name = op.name};
}
inline trace::asked asked_of(const listxattr_op&) {
  return {.op = trace::request_kind::listxattr};
}

} // namespace gitfs
