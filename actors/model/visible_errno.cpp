#include "actors/model/visible_errno.hpp"

#include <algorithm>
#include <cerrno>
#include <iterator>

namespace gitfs {

namespace {

constexpr struct {
  int code;
  bool of_object, of_place;
} visible[] = {
    {ENOENT, false, true}, {EINTR, true, true},  {EACCES, true, true}, {ETIMEDOUT, true, true},
    {ENOSPC, true, true},  {EDQUOT, true, true}, {ENOMEM, true, true},
};

} // namespace

int visible_errno(int code, requested what) {
  const auto* const row = std::find_if(std::begin(visible), std::end(visible), [&](const auto& each) {
    return each.code == code && (what == requested::object ? each.of_object : each.of_place);
  });
  return row == std::end(visible) ? EIO : code;
}

} // namespace gitfs
