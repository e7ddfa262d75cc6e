// Asks the servers of a deployment whether they let us in, before anything is mounted.
#pragma once

#include "config/deployment.hpp"
#include "config/error.hpp"
#include "config/options.hpp"

#include <functional>
#include <string>
#include <vector>

namespace gitfs {

struct server_answer {
  std::string path;         ///< the path of the entry; empty: the mountpoint itself
  std::string about{};      ///< which of the entry's tokens it is about, for people; empty: there is one at most
  result<std::string> said; ///< a sentence for people; an error's message names the server and says what to do
};

/// Resolves the ref of each repository of `options.tree`, and asks forges for the user of each token. No object is
/// fetched, and nothing is stored. Several servers are asked at once. Each gets at most `options.timeout` or half a
/// minute, whichever is less. The answers are in the order of the tree. Any thread.
std::vector<server_answer> ask_servers(const mount_options& options,
                                       const std::function<result<std::string>(const secret_place&)>& read_secret);

} // namespace gitfs
