// Held to what the real git lists of the same files and variables.
#include "backend/git_config/git_settings.hpp"
#include "test/support/command.hpp"
#include "test/support/environment.hpp"
#include "test/support/outcome.hpp"
#include "test/support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <list>
#include <string>

namespace gitfs::test {

namespace git_settings {

namespace {

struct configured {
  temp_dir dir;
  scoped_env home{"HOME", dir.path().c_str()};
  scoped_env xdg{"XDG_CONFIG_HOME", nullptr};
  scoped_env global{"GIT_CONFIG_GLOBAL", nullptr};
  scoped_env system{"GIT_CONFIG_SYSTEM", (dir / "system").c_str()};
  scoped_env no_system{"GIT_CONFIG_NOSYSTEM", nullptr};
  scoped_env count{"GIT_CONFIG_COUNT", nullptr};
  std::list<scoped_env> more;

  void write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories((dir / name).parent_path());
    std::ofstream{dir / name} << text;
  }
  void set(const std::string& name, const std::string& value) { more.emplace_back(name, value.c_str()); }
  void setting(int number, const std::string& key, const std::string& value) {
    set("GIT_CONFIG_KEY_" + std::to_string(number), key);
    set("GIT_CONFIG_VALUE_" + std::to_string(number), value);
  }

  /// "key=value" or "key" in lines, each begun by ">".
  static std::string ours() {
    const auto read = gitfs::git_settings::read();
    if (!read)
      return "error";
    std::string out;
    for (const git_setting& each : read.value().all())
      out += ">" + each.key + (each.value ? "=" + *each.value : "") + "\n";
    return out;
  }
  /// The same by git, outside of a repository.
  std::string gits() const {
    const std::string script = "unset GIT_CONFIG_GLOBAL GIT_CONFIG_SYSTEM; " + exported("GIT_CONFIG_GLOBAL")
                               + exported("GIT_CONFIG_SYSTEM")
                               + "git config --list -z | sed -z 's/\\n/=/; s/^/>/' | tr '\\0' '\\n'; exit "
                                 "${PIPESTATUS[0]}";
    const auto done = run(script, dir.path());
    return done.status == 0 ? done.output : "error";
  }
  static std::string exported(const std::string& name) {
    const char* value = std::getenv(name.c_str());
    return value == nullptr ? "" : "export " + name + "='" + value + "'; ";
  }
  void same() const { BOOST_TEST(ours() == gits()); }
};

} // namespace

} // namespace git_settings

BOOST_FIXTURE_TEST_SUITE(git_settings, git_settings::configured)

BOOST_AUTO_TEST_CASE(files_are_read_in_gits_order) {
  write("system", "[http]\n\tproxy = system\n[Core]\n\tEditor = vi\n");
  write(".config/git/config", "[http]\n\tproxy = xdg\n");
  write(".gitconfig", "[http \"https://Example.org/A\"]\n\tProxy = home\n");
  BOOST_TEST(ours()
             == ">http.proxy=system\n>core.editor=vi\n>http.proxy=xdg\n>http.https://Example.org/A.proxy=home\n");
  same();
  set("XDG_CONFIG_HOME", (dir / "elsewhere").string());
  write("elsewhere/git/config", "[http]\n\tproxy = elsewhere\n");
  same();
  BOOST_TEST(ours().find("elsewhere") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(variables_name_other_files_or_none) {
  write("system", "[a]\n\tb = system\n");
  write(".gitconfig", "[a]\n\tb = home\n");
  write("other", "[a]\n\tb = other\n");
  set("GIT_CONFIG_GLOBAL", (dir / "other").string());
  BOOST_TEST(ours() == ">a.b=system\n>a.b=other\n");
  same();
  set("GIT_CONFIG_NOSYSTEM", "yes");
  BOOST_TEST(ours() == ">a.b=other\n");
  same();
  set("GIT_CONFIG_NOSYSTEM", "0");
  same();
  set("GIT_CONFIG_GLOBAL", "");
  BOOST_TEST(ours() == ">a.b=system\n");
  same();
  set("GIT_CONFIG_NOSYSTEM", "perhaps");
  BOOST_TEST(ours() == "error");
  same();
}

BOOST_AUTO_TEST_CASE(settings_in_variables_come_last) {
  write(".gitconfig", "[http]\n\tproxy = home\n");
  set("GIT_CONFIG_COUNT", "3");
  setting(0, "HTTP.Proxy", "variable");
  setting(1, "http.https://Example.org/a.b/.ExtraHeader", "X: y = z");
  setting(2, "safe.directory", "");
  BOOST_TEST(ours().ends_with(">http.proxy=variable\n>http.https://Example.org/a.b/.extraheader=X: y = z\n"
                              ">safe.directory=\n"));
  same();
  for (const char* count : {"0", "", "1"}) {
    set("GIT_CONFIG_COUNT", count);
    same();
  }
  for (const char* count : {"4", "x", "1x", "-1", "99999999999"}) {
    set("GIT_CONFIG_COUNT", count);
    BOOST_TEST(ours() == "error", count);
    same();
  }
  set("GIT_CONFIG_COUNT", "1");
  for (const char* key :
       {"http", ".proxy", "http.", "http.a b", "ht tp.x", "http.1x", "http.-x", "http.x-1", "h-1.x"}) {
    BOOST_TEST_CONTEXT(key) {
      set("GIT_CONFIG_KEY_0", key);
      same();
    }
  }
}

BOOST_AUTO_TEST_CASE(files_are_included_where_they_are_named) {
  write(".gitconfig", "[a]\n\tb = 1\n[include]\n\tpath = sub/more\n\tpath = /nothing/there\n[includeIf "
                      "\"gitdir:/nowhere/\"]\n\tpath = never\n[a]\n\tb = 3\n");
  write("sub/more", "[a]\n\tb = 2\n[include]\n\tpath = deep\n");
  write("sub/deep", "[a]\n\tc = deep\n");
  write("never", "[a]\n\tb = never\n");
  same();
  BOOST_TEST(ours().find(">a.b=1\n>include.path=sub/more\n>a.b=2\n") != std::string::npos, ours());
  const auto read = gitfs::git_settings::read();
  BOOST_REQUIRE(read);
  for (const git_setting& each : read.value().all())
    if (each.key == "a.c")
      BOOST_TEST(each.origin == "a file that " + (dir / ".gitconfig").string() + " includes");
}

BOOST_AUTO_TEST_CASE(variables_include_files_too) {
  write("more", "[a]\n\tb = more\n");
  set("GIT_CONFIG_COUNT", "3");
  setting(0, "a.b", "before");
  setting(1, "include.path", (dir / "more").string());
  setting(2, "a.b", "behind");
  BOOST_TEST(ours().find(">a.b=more\n>a.b=behind\n") != std::string::npos, ours());
  same();
  set("GIT_CONFIG_VALUE_1", "~/more");
  same();
  set("GIT_CONFIG_VALUE_1", "/nothing/there");
  same();
  set("GIT_CONFIG_VALUE_1", "more");
  BOOST_TEST(ours() == "error");
  same();
}

BOOST_AUTO_TEST_CASE(values_are_read_as_git_reads_them) {
  write(
      ".gitconfig",
      "# comment\n[http]\n\tbare\n\tempty =\n\tquoted = \" a ; b \\\" \\\\ \\t# \" c\n\tplain =   a  b  ; comment\n"
      "\thash = a#b\n\tcontinued = a \\\n  b\n[http \"x \\\" y\"] inline = 1\n[sec.Sub]\n\told = 2\n"
      "[credential]\n\thelper = \"!f() { test \\\"$1\\\" = get && echo password=x; }; f\"\n\thelper = !echo 'a'\n"
      "[alias]\n\tlg = log --format='%h \\\"%s\\\"'\n[empty]\n[url \"https://a:b@c/\"]\n\tinsteadOf = x:\n\tinsteadOf ="
      " y:\n");
  same();
}

BOOST_AUTO_TEST_CASE(what_is_malformed_is_named) {
  write(".gitconfig", "[http\n\tproxy = x\n");
  const auto out = gitfs::git_settings::read();
  BOOST_REQUIRE(!out);
  BOOST_TEST(out.error().code == EINVAL);
  BOOST_TEST(out.error().message.find((dir / ".gitconfig").string()) != std::string::npos, out.error().message);
  same();
}

BOOST_AUTO_TEST_CASE(booleans_are_gits) {
  for (const char* value : {"true", "YES", "on", "1", "-1", "2k", "false", "No", "off", "0", "", "0x0", "maybe", "1x",
                            "t", "08", "99999999999999999999"}) {
    write("bool", std::string{"[a]\n\tb = \""} + value + "\"\n");
    const auto git = run("git config --file bool --bool a.b", dir.path());
    const auto ours = git_boolean(std::string{value});
    BOOST_TEST((ours ? (*ours ? "true\n" : "false\n") : "none") == (git.status == 0 ? git.output : "none"), value);
  }
  BOOST_TEST(git_boolean(std::nullopt).value());
}

BOOST_AUTO_TEST_CASE(paths_begin_at_home) {
  BOOST_TEST(git_path("~/ca.pem") == (dir / "ca.pem").string());
  BOOST_TEST(git_path("~root/x") == "/root/x");
  BOOST_TEST(git_path("/a/~/b") == "/a/~/b");
  BOOST_TEST(git_path("") == "");
  BOOST_TEST(git_path("a") == (std::filesystem::current_path() / "a").string());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
