#include "actors/inode/reader_errors.hpp"

#include "actors/inode/directory_inode.hpp"
#include "backend/os/text.hpp"
#include "config/log.hpp"
#include "config/log_limit.hpp"

#include <system_error>

namespace gitfs {

void log_reader_error(const std::string& path, int code, const std::string& why) {
  static log_limit limit{20};
  const auto left_out = limit.admit(why);
  if (!left_out)
    return;
  log::error("'{}': a program was told \"{}\": {}{}", escaped(path), std::generic_category().message(code), why,
             *left_out == 0 ? "" : " (" + std::to_string(*left_out) + " such lines were left out before)");
}

void refuse(const directory_inode& of, kernel_op& op, int code, const std::string& why) {
  std::string path = path_of(*of.location());
  const auto add = [&path](const std::string& name) { path += (path.empty() ? "" : "/") + name; };
  if (const auto* looked_up = std::get_if<lookup_op>(&op.what))
    add(looked_up->name);
  else if (const dentry* child = op.at == self_child ? nullptr : of.listing.entries().at(op.at - 1))
    add(child->name);
  const std::string& reason = !why.empty() ? why : op.lacked;
  log_reader_error(path, code, !reason.empty() ? reason : "'" + path + "' cannot be had from where it comes from");
  op.answer.error(code);
}

} // namespace gitfs
