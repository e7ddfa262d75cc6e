#include "test/support/scratch_repository.hpp"

#include "test/support/command.hpp"

#include <utility>

namespace gitfs::test {

scratch_repository::scratch_repository(const std::string& script, std::string name) : name_{std::move(name)} {
  std::filesystem::create_directories(work());
  must_run("git init -q --bare -b main " + bare().string() + " && git init -q -b main . && git remote add origin "
               + bare().string(),
           work());
  commit(script);
}

void scratch_repository::commit(const std::string& script) {
  must_run("umask 022; { " + script + "\n} && git add -A && git commit -q --allow-empty -m change", work());
  push();
}

std::string scratch_repository::in_work(const std::string& script) const {
  return must_run(script, work());
}

void scratch_repository::push() const {
  must_run("git push -q --force origin 'refs/*:refs/*' && git -C " + bare().string() + " gc -q --prune=now", work());
}

} // namespace gitfs::test
