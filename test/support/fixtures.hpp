// The repositories that scripts/ makes for tests, and the scripts themselves.
#pragma once

#include <filesystem>
#include <string>

namespace gitfs::test {

/// The shell command of a script of this project, by its name in scripts/.
std::string script(const std::string& name);

/// The folder that holds all of them as NAME.git: a root for git_server.
std::filesystem::path fixtures_folder();

/// The Linux 6.1 source as one commit, bare and packed. Made on first use (a minute); then only looked up.
std::filesystem::path linux_repository();
/// Everything that is awkward to show as a folder; scripts/awkward-repository says what is in it. With sanitizers it is
/// the small one: they see the same code run, and it takes minutes less.
std::filesystem::path awkward_repository();
/// The same with hundreds of files in the largest folder, not 50,000.
std::filesystem::path small_awkward_repository();
/// Its name in that folder.
std::string awkward_name();
/// Trees that git itself would not write; the same script says what a mount must show.
std::filesystem::path hostile_repository();

} // namespace gitfs::test
