#include "config/mount_words.hpp"

#include "config/nearest.hpp"
#include "config/option_values.hpp"
#include "config/url.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <unistd.h>
#include <vector>

namespace gitfs {

using std::string;
using std::string_view;

namespace {

result<void> ignore(mount_options&, const string&) {
  return success();
}

result<void> refuse_unless_root(const char* word) {
  if (::geteuid() == 0)
    return success();
  return fail(EINVAL, string{"only root may mount with '"} + word + "'");
}

constexpr std::array mount_words{
    mount_word{"ro", "", "read-only: always on", ignore},
    mount_word{"rw", "", "refused: a repository is shown read-only",
               [](mount_options&, const string&) -> result<void> {
                 return fail(EINVAL, "'rw' is refused: the file system is read-only");
               }},
    mount_word{"nosuid", "", "set-user-id bits have no effect (default)",
               [](mount_options& o, const string&) -> result<void> { return o.kernel.nosuid = true, success(); }},
    mount_word{"suid", "", "they have an effect; only for root",
               [](mount_options& o, const string&) -> result<void> {
                 return o.kernel.nosuid = false, refuse_unless_root("suid");
               }},
    mount_word{"nodev", "", "device files have no effect (default)",
               [](mount_options& o, const string&) -> result<void> { return o.kernel.nodev = true, success(); }},
    mount_word{"dev", "", "they have an effect; only for root",
               [](mount_options& o, const string&) -> result<void> {
                 return o.kernel.nodev = false, refuse_unless_root("dev");
               }},
    mount_word{"exec", "", "programs can be run (default)",
               [](mount_options& o, const string&) -> result<void> { return o.kernel.noexec = false, success(); }},
    mount_word{"noexec", "", "programs cannot be run",
               [](mount_options& o, const string&) -> result<void> { return o.kernel.noexec = true, success(); }},
    mount_word{"relatime", "", "the kernel's default for access times (default)",
               [](mount_options& o, const string&) -> result<void> {
                 return o.kernel.atime = atime_mode::relatime, success();
               }},
    mount_word{"noatime", "", "no access times",
               [](mount_options& o, const string&) -> result<void> {
                 return o.kernel.atime = atime_mode::noatime, success();
               }},
    mount_word{"allow_other", "", "other users may enter the mount",
               [](mount_options& o, const string&) -> result<void> { return o.kernel.allow_other = true, success(); }},
    mount_word{"allow_root", "", "root may enter the mount",
               [](mount_options& o, const string&) -> result<void> { return o.kernel.allow_root = true, success(); }},
    mount_word{
        "default_permissions", "", "the kernel checks the mode bits (default)",
        [](mount_options& o, const string&) -> result<void> { return o.kernel.default_permissions = true, success(); }},
    mount_word{"auto_unmount", "", "unmount when the process ends, however it ends",
               [](mount_options& o, const string&) -> result<void> { return o.kernel.auto_unmount = true, success(); }},
    mount_word{"fsname", "NAME", "first column of /proc/mounts (default: SOURCE without credentials)",
               [](mount_options& o, const string& v) { return put_name(o.kernel.fsname.emplace(), v); }},
    mount_word{"subtype", "NAME", "the type is shown as fuse.NAME (default: gitfs)",
               [](mount_options& o, const string& v) { return put_name(o.kernel.subtype, v); }},
    mount_word{"max_read", "SIZE", "largest read request, as 128K; up to 1G (default: the kernel's limit)",
               [](mount_options& o, const string& v) { return put(o.kernel.max_read, read_max_read(v)); }},
    mount_word{"prefetch", "on|off", "fetch ahead of the reader (default: on)",
               [](mount_options& o, const string& v) -> result<void> {
                 if (v != "on" && v != "off")
                   return fail(EINVAL, "'" + v + "' is not one of on, off");
                 return o.prefetch = v == "on", success();
               }},
    mount_word{"profiles", "on|off", "record what is read, and look into what was recorded before (default: on)",
               [](mount_options& o, const string& v) -> result<void> {
                 if (v != "on" && v != "off")
                   return fail(EINVAL, "'" + v + "' is not one of on, off");
                 return o.profiles = v == "on", success();
               }},
    mount_word{"xattr", "", "answer the extended attributes user.gitfs.* (default: off)",
               [](mount_options& o, const string&) -> result<void> { return o.xattr = true, success(); }},
    // What mount(8) and fstab hand to every mount helper.
    mount_word{"defaults", "", "", ignore},
    mount_word{"auto", "", "", ignore},
    mount_word{"noauto", "", "", ignore},
    mount_word{"user", "", "", ignore},
    mount_word{"nouser", "", "", ignore},
    mount_word{"users", "", "", ignore},
    mount_word{"nofail", "", "", ignore},
    mount_word{"owner", "", "", ignore},
    mount_word{"group", "", "", ignore},
    mount_word{"_netdev", "", "", ignore},
};

bool is_for_others(string_view word) {
  return word.starts_with("x-") || word.starts_with("X-") || word == "comment" || word.starts_with("comment=");
}

} // namespace

std::vector<string> split_words(string_view text) {
  std::vector<string> out(1);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size())
      out.back() += text[++i];
    else if (text[i] == ',')
      out.emplace_back();
    else
      out.back() += text[i];
  }
  std::erase(out, "");
  return out;
}

string escaped_word(string_view word) {
  string out;
  for (const char c : word) {
    if (c == ',' || c == '\\')
      out += '\\';
    out += c;
  }
  return out;
}

bool is_mount_word(string_view name) {
  return is_for_others(name) || std::ranges::find(mount_words, name, &mount_word::name) != mount_words.end();
}

std::span<const mount_word> mount_word_table() {
  return mount_words;
}

result<void> set_word(mount_options& out, const string& word) {
  if (is_for_others(word))
    return success();
  const std::size_t equals = word.find('=');
  const string name = word.substr(0, equals);
  const auto row = std::ranges::find(mount_words, name, &mount_word::name);
  if (row == mount_words.end()) {
    std::vector<string_view> known;
    for (const mount_word& each : mount_words)
      if (!each.help.empty())
        known.push_back(each.name);
    return fail(EINVAL, "unknown mount option '" + name + "'" + did_you_mean(name, known));
  }
  if (row->value.empty() && !row->help.empty() && equals != string::npos)
    return fail(EINVAL, "'" + name + "' takes no value");
  if (!row->value.empty() && equals == string::npos)
    return fail(EINVAL, "'" + name + "' needs a value: " + name + "=" + string{row->value});
  auto done = row->set(out, equals == string::npos ? "" : word.substr(equals + 1));
  if (!done && !row->value.empty())
    return fail(done.error().code, name + ": " + done.error().message);
  return done;
}

result<void> set_words(mount_options& out, const string& text) {
  for (const string& word : split_words(text)) {
    GITFS_TRYV(set_word(out, word));
  }
  return success();
}

string fuse_option_text(const mount_options& options) {
  const kernel_options& kernel = options.kernel;
  string out = "ro";
  const auto add = [&](string_view word) { (out += ',') += word; };
  const auto add_value = [&](string_view name, string_view value) {
    add(name);
    out += '=';
    out += escaped_word(value);
  };
  add(kernel.nosuid ? "nosuid" : "suid");
  add(kernel.nodev ? "nodev" : "dev");
  if (kernel.noexec)
    add("noexec");
  if (kernel.atime == atime_mode::noatime)
    add("noatime"); // libfuse has no word for relatime: it is what the kernel does anyway
  if (kernel.allow_other)
    add("allow_other");
  if (kernel.allow_root)
    add("allow_root");
  if (kernel.default_permissions)
    add("default_permissions");
  if (kernel.auto_unmount)
    add("auto_unmount");
  add_value("fsname", kernel.fsname.value_or(without_userinfo(options.source)));
  add_value("subtype", kernel.subtype);
  if (kernel.max_read != 0)
    add_value("max_read", std::to_string(kernel.max_read));
  return out;
}

} // namespace gitfs
