#include "test/support/git_server.hpp"

#include "test/support/background.hpp"
#include "test/support/command.hpp"
#include "test/support/fixtures.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdint>

namespace gitfs::test {

namespace server {

namespace {

struct served {
  served() {
    must_run("git init -q --bare -b main r.git && cd r.git && git update-ref refs/heads/main "
             "$(git commit-tree -m x $(git mktree </dev/null))",
             root.path());
  }
  temp_dir root;
  git_server server{root.path()};

  command_result git(const std::string& modifiers, const std::string& more = "") {
    return run("git ls-remote " + more + " '" + server.url(modifiers, "r.git") + "' main");
  }
};

std::vector<std::string> commands(const std::vector<server_request>& requests) {
  std::vector<std::string> out;
  for (const auto& each : requests)
    out.push_back(each.command);
  return out;
}

} // namespace

} // namespace server

BOOST_FIXTURE_TEST_SUITE(server, server::served)

BOOST_AUTO_TEST_CASE(logs_every_request_once) {
  BOOST_TEST(git("").status == 0);
  const auto seen = server.requests();
  BOOST_TEST(commands(seen) == (std::vector<std::string>{"info/refs", "ls-refs"}));
  BOOST_TEST(seen.at(1).method == "POST");
  BOOST_TEST(seen.at(1).path == "/r.git/git-upload-pack");
  BOOST_TEST(seen.at(1).status == 200);
  BOOST_TEST(seen.at(1).bytes_sent > 40U);
  BOOST_TEST(server.count() == 2U);
  BOOST_TEST(server.count("ls-refs") == 1U);
  server.clear_requests();
  BOOST_TEST(server.count() == 0U);
  must_run("git clone -q --depth 1 --filter=tree:0 --no-checkout " + server.url("r.git") + " c", root.path());
  const auto fetch = server.requests().at(2);
  BOOST_TEST(fetch.command == "fetch");
  BOOST_TEST(fetch.wants > 0U);
  BOOST_TEST(fetch.filter == "tree:0");
}

BOOST_AUTO_TEST_CASE(sends_as_slowly_as_it_is_told) {
  BOOST_TEST(git("rate150").status == 0);
  BOOST_TEST(server.requests().front().seconds > 1);
}

BOOST_AUTO_TEST_CASE(refuses_long_requests) {
  const auto post = [&](const std::string& modifiers, int bytes) {
    return must_run("head -c " + std::to_string(bytes)
                    + " /dev/zero | curl -s -o /dev/null -w '%{http_code}' --data-binary @- "
                    + server.url(modifiers, "r.git") + "/git-upload-pack");
  };
  BOOST_TEST(post("short", 17'000) == "413");
  BOOST_TEST(post("short", 16'000) != "413");
  BOOST_TEST(post("", 17'000) != "413");
  BOOST_TEST(post("nofront413", 17'000) == "502");
  // git ends at the first byte of these, and nginx says 502 of that, too, if it has not sent all of them by then.
  BOOST_TEST(eventually([&] { return post("nofront413", 16'000) != "502"; }));
  BOOST_TEST(git("short").status == 0);
  BOOST_TEST(server.requests().front().status == 413);
}

BOOST_AUTO_TEST_CASE(modifiers_combine) {
  const auto offered = [&](const std::string& modifiers, const std::string& version = "2") {
    return run("GIT_TRACE_PACKET=1 git -c protocol.version=" + version + " ls-remote " + server.url(modifiers, "r.git"))
        .output;
  };
  const std::string all = offered("");
  BOOST_TEST(all.find("object-info") != std::string::npos);
  BOOST_TEST(all.find("filter") != std::string::npos);
  BOOST_TEST(offered("noobjinfo").find("object-info") == std::string::npos);
  BOOST_TEST(offered("noobjinfo").find("filter") != std::string::npos);
  BOOST_TEST(offered("nofilter").find(" filter") == std::string::npos);
  BOOST_TEST(offered("nofilter").find("object-info") != std::string::npos);
  BOOST_TEST(offered("nofilter/noobjinfo").find("version 2") != std::string::npos);
  BOOST_TEST(offered("nofilter/noobjinfo").find("object-info") == std::string::npos);
  BOOST_TEST(offered("v0").find("version 2") == std::string::npos);
  BOOST_TEST(git("redirect/v0").status == 0);
  server.clear_requests();
  BOOST_TEST(git("d60/noobjinfo").status == 0);
  for (const auto& each : server.requests())
    BOOST_TEST(each.seconds >= 0.06);
}

// What each takes is shown by what our own client makes of it (backend/server_ways_test.cpp); here, that git gets
// along.
BOOST_AUTO_TEST_CASE(other_kinds_of_servers_serve_git) {
  for (const char* modifiers : {"github", "gerrit", "gerrit/noobjinfo", "narrow", "narrow0", "silent"}) {
    const std::string url = server.url(modifiers, "r.git");
    BOOST_TEST(git(modifiers).status == 0, modifiers);
    BOOST_TEST(run("rm -rf c && git clone -q --depth 1 " + url + " c", root.path()).status == 0, modifiers);
  }
  const auto filtered = [&](const std::string& modifiers, const std::string& filter) {
    return run("rm -rf c && git clone -q --depth 1 --no-checkout --filter=" + filter + " "
                   + server.url(modifiers, "r.git") + " c",
               root.path())
        .status;
  };
  BOOST_TEST(filtered("github", "blob:none") == 0);
  BOOST_TEST(filtered("github", "tree:0") == 0);
  BOOST_TEST(filtered("github", "tree:1") != 0);
  BOOST_TEST(filtered("narrow", "blob:none") == 0);
  BOOST_TEST(filtered("narrow", "tree:0") != 0);
  BOOST_TEST(filtered("narrow0", "blob:none") != 0);
  BOOST_TEST(filtered("silent", "tree:1") != 0);
}

BOOST_AUTO_TEST_CASE(asks_for_a_password) {
  BOOST_TEST(git("auth").status != 0);
  BOOST_TEST(server.requests().back().status == 401);
  const std::string url = server.url("auth", "r.git");
  BOOST_TEST(run("git ls-remote http://user:pass@" + url.substr(7)).status == 0);
  BOOST_TEST(run("git ls-remote http://user:wrong@" + url.substr(7)).status != 0);
}

BOOST_AUTO_TEST_CASE(asks_for_a_digest) {
  git_server asking{root.path(), transport::plain, passwords::digest};
  const auto ls_remote = [&](const std::string& who, const std::string& modifiers) {
    return run("git ls-remote http://" + who + asking.url(modifiers, "r.git").substr(7) + " main");
  };
  BOOST_TEST(ls_remote("", "digest").status != 0);
  BOOST_TEST(asking.requests().back().status == 401);
  BOOST_TEST(ls_remote("user:wrong@", "digest").status != 0);
  for (const char* modifiers : {"digest", "d1/digest", "digest/d1"})
    BOOST_TEST(ls_remote("user:pass@", modifiers).status == 0, modifiers);
  BOOST_TEST(asking.requests().back().command == "ls-refs");
}

BOOST_AUTO_TEST_CASE(asks_for_a_client_certificate) {
  git_server secure{root.path(), transport::tls};
  const auto ls_remote = [&](const std::string& variables) {
    return run("GIT_SSL_CAINFO=" + secure.certificate().string() + " " + variables + " git ls-remote "
               + secure.url("clientcert", "r.git"))
        .status;
  };
  BOOST_TEST(ls_remote("") != 0);
  BOOST_TEST(
      ls_remote("GIT_SSL_CERT=" + secure.client_certificate().string() + " GIT_SSL_KEY=" + secure.client_key().string())
      == 0);
  const std::string other = secure.certificate().parent_path().string();
  BOOST_TEST(ls_remote("GIT_SSL_CERT=" + other + "/certificate.pem GIT_SSL_KEY=" + other + "/key.pem") != 0);
}

BOOST_AUTO_TEST_CASE(hands_out_files_alone) {
  must_run("git update-server-info", root / "r.git");
  BOOST_TEST(git("dumb").status == 0);
  BOOST_TEST(must_run("curl -s -o /dev/null -w '%{content_type}|%{http_code}' "
                      + server.url("dumb", "r.git/info/refs?service=git-upload-pack"))
             == "|200");
}

BOOST_AUTO_TEST_CASE(speaks_tls_and_comes_back_with_the_same_certificate) {
  git_server secure{root.path(), transport::tls};
  const auto ls_remote = [&](const std::string& modifiers) {
    return run("GIT_SSL_CAINFO=" + secure.certificate().string() + " git ls-remote " + secure.url(modifiers, "r.git"))
        .status;
  };
  BOOST_TEST(secure.url("r.git").starts_with("https://"));
  BOOST_TEST(ls_remote("") == 0);
  BOOST_TEST(run("GIT_SSL_CAINFO=/dev/null git ls-remote " + secure.url("r.git")).status != 0);
  secure.stop();
  secure.start();
  secure.clear_requests();
  BOOST_TEST(ls_remote("elsewhere") == 0);
  BOOST_TEST(secure.requests().back().protocol == "HTTP/2.0");
  BOOST_TEST(ls_remote("downgrade") == 0);
  BOOST_TEST(secure.requests().back().protocol == "HTTP/1.1"); // the port without TLS
}

BOOST_AUTO_TEST_CASE(breaks_and_refuses_when_told) {
  BOOST_TEST(git("cut100").status != 0);
  server.answer_all_with("429 2");
  BOOST_TEST(git("").output.find("429") != std::string::npos);
  BOOST_TEST(server.requests().back().status == 429);
  server.answer_all_with("");
  BOOST_TEST(git("").status == 0);
}

BOOST_AUTO_TEST_CASE(comes_back_under_the_same_url) {
  const std::string before = server.url("r.git");
  server.stop();
  BOOST_TEST(git("").status != 0);
  server.start();
  BOOST_TEST(server.url("r.git") == before);
  BOOST_TEST(git("").status == 0);
}

BOOST_AUTO_TEST_CASE(ends_with_its_owner) {
  const auto state = (root / "state").string();
  const auto start = [&](const std::string& owner) {
    return script("git-server") + " start --dir " + state + " --root " + root.path().string() + " --owner " + owner;
  };
  must_run("sleep 1000 >/dev/null 2>&1 & trap 'kill $!' EXIT; " + start("$!") + "; " + script("git-server")
           + " status --dir " + state);
  BOOST_TEST(run("for i in {1..500}; do " + script("git-server") + " status --dir " + state
                 + " || exit 0; sleep .02; done; exit 1")
                 .status
             == 0);
  BOOST_TEST(run("pgrep -f -- '--dir " + state + "'").output == "");
  BOOST_TEST(run("for p in /proc/[0-9]*; do [ \"$(readlink $p/cwd)\" != " + state + " ] || echo $p; done").output
             == "");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
