#include "test/mount/served_hosts.hpp"

#include "test/support/command.hpp"

#include <map>

namespace gitfs::test {

const scratch_repository& hosted_repository() {
  static const scratch_repository made{
      "mkdir -p dir/sub other && echo one >one && ln -s one link && echo '#!/bin/sh' >program && chmod +x program"
      " && for i in $(seq 1 40); do seq 1 $i >dir/$i; done && echo deep >dir/sub/deep && echo other >other/file"};
  return made;
}

served_hosts::served_hosts() {
  std::filesystem::create_directory(root);
  git.emplace(root);
  forge.emplace(root);
}

void served_hosts::serve_mesa() {
  must_run("umask 077; echo secret-key >key", dir.path());
  mesa.emplace(hosted_repository().bare(), std::vector<std::string>{});
}

void served_hosts::add(const std::string& name) {
  const auto to = root / (name + ".git");
  std::filesystem::create_directories(to.parent_path());
  must_run("cp -r " + hosted_repository().bare().string() + " " + to.string());
  if (mesa)
    mesa->add(name);
}

std::string served_hosts::entry(const std::string& kind, const std::string& more, const std::string& modifiers) const {
  std::string base = git->url(modifiers, "");
  while (base.ends_with('/'))
    base.pop_back();
  std::map<std::string, std::string> keys{{"url", base}};
  if (kind == "github")
    keys["api"] = forge->github();
  else if (kind == "gitea")
    keys["api"] = forge->gitea();
  else if (kind == "gitlab")
    keys["api"] = forge->gitlab();
  else if (kind == "git")
    keys["url"] += "/{owner}/{repo}.git";
  else
    keys["url"] = mesa.value().url();
  std::string out = R"({"host": ")" + kind + '"';
  for (const auto& [key, value] : keys)
    out.append(", \"").append(key).append("\": \"").append(value).append("\"");
  if (kind == "mesa")
    out += R"(, "token": {"file": ")" + (dir / "key").string() + "\"}";
  return out + (more.empty() ? "" : ", " + more) + "}";
}

mount served_hosts::shows(const std::string& kind, const std::string& more, const std::string& modifiers,
                          const std::string& settings) const {
  return mount{mount_plan{.config = config_text({{"hub", entry(kind, more, modifiers)}}, settings)}};
}

} // namespace gitfs::test
