#include "actors/model/kernel_operations.hpp"

#include "actors/trace/record/recorder.hpp"

#include <algorithm>
#include <string>
#include <variant>

namespace gitfs {

namespace {

using trace::request_kind;
using trace::request_record;

constexpr auto puts_nothing = [](const auto&, request_record&) {};
constexpr auto parses_nothing = [](const request_record&) {};

// `Put` takes the operation and what is to be recorded of it; `Parse` makes the operation of that again. Operations
// without arguments leave both out.
template <class Op, class Put = decltype(puts_nothing), class Parse = decltype(parses_nothing)>
consteval kernel_operation_row operation(request_kind number, std::string_view name, counter counts, Put = {},
                                         Parse = {}) {
  return {number, name, counts, [](const kernel_operation& from, request_record& to) { Put{}(std::get<Op>(from), to); },
          [](const request_record& from) -> kernel_operation {
            if constexpr (std::is_void_v<decltype(Parse{}(from))>)
              return Op{};
            else
              return Parse{}(from);
          }};
}

// The row of an operation is at its number: a test holds the table to that.
constexpr kernel_operation_row table[] = {
    operation<lookup_op>(
        request_kind::lookup, "lookup", counter::lookup, //
        [](const lookup_op& op, request_record& to) { to.name = op.name; },
        [](const request_record& from) { return lookup_op{std::string{from.name}}; }),
    operation<getattr_op>(request_kind::getattr, "getattr", counter::getattr),
    operation<readlink_op>(request_kind::readlink, "readlink", counter::readlink),
    operation<readdir_op>(
        request_kind::readdir, "readdir", counter::readdir,
        [](const readdir_op& op, request_record& to) { to.offset = op.offset; },
        [](const request_record& from) {
          return readdir_op{from.offset, false};
        }),
    operation<read_op>(
        request_kind::read, "read", counter::read,
        [](const read_op& op, request_record& to) {
          to.offset = op.offset;
          to.size = op.size;
        },
        [](const request_record& from) {
          return read_op{from.offset, from.size};
        }),
    operation<getxattr_op>(
        request_kind::getxattr, "getxattr", counter::xattr, //
        [](const getxattr_op& op, request_record& to) { to.name = op.name; },
        [](const request_record& from) { return getxattr_op{std::string{from.name}}; }),
    operation<listxattr_op>(request_kind::listxattr, "listxattr", counter::xattr),
    operation<readdir_op>(
        request_kind::readdirplus, "readdirplus", counter::readdirplus,
        [](const readdir_op& op, request_record& to) { to.offset = op.offset; },
        [](const request_record& from) {
          return readdir_op{from.offset, true};
        }),
};

constexpr bool is_in_place(const kernel_operation_row& row) {
  return &row - std::begin(table) == static_cast<std::ptrdiff_t>(row.number);
}
static_assert(std::ranges::all_of(table, is_in_place), "rows stand in the order of their numbers, without a gap");

} // namespace

std::span<const kernel_operation_row> kernel_operations() {
  return table;
}

const kernel_operation_row* row_of(trace::request_kind number) {
  const auto at = static_cast<std::size_t>(number);
  return at < std::size(table) ? &table[at] : nullptr;
}

const kernel_operation_row& row_of(const kernel_operation& what) {
  return *row_of(std::visit([](const auto& op) { return op.kind(); }, what));
}

} // namespace gitfs
