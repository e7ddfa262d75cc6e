#include "cli/arguments/mount_helper.hpp"

#include "cli/arguments/read_arguments.hpp"
#include "config/mount_words.hpp"
#include "config/nearest.hpp"
#include "config/options.hpp"
#include "config/url.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdint>

namespace gitfs {

using std::string;
using std::string_view;

namespace {

// Options that OPTIONS cannot have. mount(8) must return, so nothing may stay in the foreground; the words of `-o` are
// themselves OPTIONS.
constexpr string_view not_as_words[] = {"-o", "--foreground", "--help"};

const option_row* find_option(string_view name) {
  const auto named = [name](const option_row& row) {
    const string_view full = long_name(row);
    return full.starts_with("--") && full.substr(2) == name
           && std::ranges::find(not_as_words, full) == std::end(not_as_words);
  };
  const auto rows = mount_option_table();
  const auto row = std::ranges::find_if(rows, named);
  return row == rows.end() ? nullptr : &*row;
}

auto unknown(const string& name) {
  std::vector<string_view> known;
  for (const mount_word& each : mount_word_table())
    known.push_back(each.name);
  for (const option_row& each : mount_option_table())
    if (find_option(long_name(each).substr(2)) != nullptr)
      known.push_back(long_name(each).substr(2));
  return fail(EINVAL,
              "unknown mount option '" + name + "'" + did_you_mean(name, known) + " (see gitfs-actor mount --help)");
}

// All options that mount(8) may give a helper.
enum class helper_option : std::uint8_t { sloppy, fake, no_mtab, read_only, verbose, options, type };
constexpr option_form helper_options[] = {
    {"-s", false}, {"-f", false}, {"-n", false}, {"-r", false}, {"-v", false}, {"-o", true}, {"-t", true},
};

class reader {
public:
  result<helper_call> read(std::span<const char* const> arguments) {
    GITFS_TRY(given, read_arguments({arguments.begin(), arguments.end()}, helper_options));
    if (!given.unknown.empty())
      return fail(EINVAL, "unknown option '" + given.unknown + "' for a helper of mount(8)");
    string options;
    for (const auto& [which, value] : given.options)
      take_option(static_cast<helper_option>(which), value, options);
    if (given.words.size() != 2)
      return fail(EINVAL, "mount(8) gives a helper SPEC and DIR, and here are " + std::to_string(given.words.size())
                              + " (to mount by hand: gitfs-actor mount)");
    const string& spec = given.words.front();
    // 'mount -a' looks for the name that stands in fstab in /proc/mounts. This comes first, so that a name that OPTIONS
    // ask for counts instead.
    out_.arguments = {"-o", "fsname=" + escaped_word(without_userinfo(spec))};
    for (const string& word : split_words(options)) {
      GITFS_TRYV(take(word));
    }
    out_.arguments.emplace_back("--");
    if (config_.empty() || (spec != "none" && spec != config_))
      out_.arguments.push_back(spec);
    out_.arguments.push_back(given.words.back());
    return std::move(out_);
  }

private:
  void take_option(helper_option which, const string& value, string& options) {
    switch (which) {
    case helper_option::sloppy:
      sloppy_ = true;
      break;
    case helper_option::fake:
      out_.fake = true;
      break;
    case helper_option::verbose:
      out_.verbose = true;
      break;
    case helper_option::options:
      (options += ',') += value;
      break;
    case helper_option::no_mtab: // we write no mtab, every mount is read-only, and there is one type
    case helper_option::read_only:
    case helper_option::type:
      break;
    }
  }

  result<void> take(const string& word) {
    // mount(8) adds 'rw' wherever there is no 'ro', so nobody need have asked for it.
    if (word == "rw")
      return success();
    const std::size_t equals = word.find('=');
    const string name = word.substr(0, equals);
    if (is_mount_word(name)) {
      out_.arguments.insert(out_.arguments.end(), {"-o", escaped_word(word)});
      return success();
    }
    const option_row* row = find_option(name);
    if (row == nullptr && sloppy_)
      return success();
    if (row == nullptr)
      return unknown(name);
    if (!row->value.empty() && equals == string::npos)
      return fail(EINVAL, "'" + name + "' needs a value: " + name + "=" + string{row->value});
    if (name == "config")
      config_ = word.substr(equals + 1);
    out_.arguments.push_back("--" + word);
    return success();
  }

  string config_; // a config file, if there is one: it says what is shown, and SPEC is only the first column of fstab
  bool sloppy_ = false;
  helper_call out_;
};

} // namespace

bool is_mount_helper(string_view program) {
  const string_view name = program.substr(program.rfind('/') + 1);
  return name == "mount.gitfs-actor" || name == "mount.fuse.gitfs-actor";
}

result<helper_call> read_helper_call(std::span<const char* const> arguments) {
  return reader{}.read(arguments);
}

} // namespace gitfs
