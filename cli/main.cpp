// gitfs-actor: a git repository as a directory, without cloning it.
#include "cli/commands/commands.hpp"

#include "cli/arguments/command_line.hpp"
#include "config/overloaded.hpp"

#include <csignal>
#include <cstdio>
#include <malloc.h>

int main(int argc, char** argv) {
  // Blobs of every size are allocated and freed on every thread. By default glibc would keep an arena for each thread,
  // and with each larger blob that is freed it would raise the size up to which it keeps freed memory. Both together
  // kept hundreds of megabytes after a large tree was read.
  mallopt(M_ARENA_MAX, 2);
  mallopt(M_MMAP_THRESHOLD, 256 * 1024);
  mallopt(M_TRIM_THRESHOLD, 1024 * 1024);
  std::signal(SIGXFSZ, SIG_IGN); // a write beyond the limit of file sizes must fail, and not end the mount
  auto said = gitfs::parse_command_line({const_cast<const char**>(argv), static_cast<std::size_t>(argc)});
  gitfs::scrub_arguments(argc, argv);
  if (!said) {
    std::fprintf(stderr, "gitfs-actor: %s\n", said.error().message.c_str());
    return 2;
  }
  for (const std::string& each : said.value().warnings)
    std::fprintf(stderr, "gitfs-actor: warning: %s\n", each.c_str());
  return std::visit(gitfs::overloaded{
                        [](gitfs::mount_options& options) { return gitfs::run_mount(std::move(options)); },
                        [](const gitfs::unmount_options& options) { return gitfs::run_unmount(options); },
                        [](const gitfs::refresh_options& options) { return gitfs::run_refresh(options); },
                        [](const gitfs::stats_options& options) { return gitfs::run_stats(options); },
                        [](const gitfs::status_options& options) { return gitfs::run_status(options); },
                        [](const gitfs::top_options& options) { return gitfs::run_top(options); },
                        [](const gitfs::cache_options& options) { return gitfs::run_cache(options); },
                        [](const gitfs::config_options& options) { return gitfs::run_config(options); },
                        [](const gitfs::trace_options& options) { return gitfs::run_trace(options); },
                        [](const gitfs::replay_options& options) { return gitfs::run_replay(options); },
                        [](const gitfs::why_options& options) { return gitfs::run_why(options); },
                        [](const gitfs::prefetch_options& options) { return gitfs::run_prefetch(options); },
                        [](const gitfs::profile_options& options) { return gitfs::run_profile(options); },
                        [](const gitfs::print& p) {
                          std::fputs(p.text.c_str(), stdout);
                          return 0;
                        },
                    },
                    said.value().action);
}
