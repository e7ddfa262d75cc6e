// Through real forward proxies, as the environment names them.
#include "backend/http/http_client.hpp"
#include "backend/http/http_exchange.hpp"
#include "test/support/fault_server.hpp"
#include "test/support/forward_proxy.hpp"
#include "test/support/git_server.hpp"
#include "test/support/scratch_repository.hpp"

#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <string>
#include <vector>

namespace gitfs::test {

namespace proxies {

namespace {

using namespace std::chrono_literals;

struct servers {
  scratch_repository repository{"echo x >file"};
  git_server plain{repository.root()};
  git_server tls{repository.root(), transport::tls};
};

struct behind_proxies {
  static servers& shared() {
    static servers made;
    return made;
  }

  static http_end get(const std::string& url) {
    gitfs::http_client client;
    http_request request;
    request.url = url + "/info/refs?service=git-upload-pack";
    request.deadline = std::chrono::steady_clock::now() + 60s;
    http_exchange exchange{client, request, {}};
    exchange.read_all(1 << 20);
    return exchange.end();
  }
  static bool is_served(const std::string& url) {
    const http_end end = get(url);
    return end.failure == 0 && end.head.status == 200;
  }
  // "CONNECT 127.0.0.1:443 HTTP/1.1"
  std::string connect_to_tls() const {
    const std::string url = shared().tls.url("");
    const std::string host = url.substr(8, url.find('/', 8) - 8);
    return "CONNECT " + host + " HTTP/1.1";
  }

  const std::string plain = shared().plain.url("scratch.git");
  const std::string tls = shared().tls.url("scratch.git");
  temp_dir dir;
  scoped_env home{"HOME", dir.path().c_str()};
  scoped_env trust{"GIT_SSL_CAINFO", shared().tls.certificate().c_str()};
  scoped_env http{"http_proxy", nullptr}, https{"https_proxy", nullptr}, all{"all_proxy", nullptr};
  scoped_env upper_https{"HTTPS_PROXY", nullptr}, upper_all{"ALL_PROXY", nullptr};
  scoped_env none{"no_proxy", nullptr}, upper_none{"NO_PROXY", nullptr};
  forward_proxy proxy;
};

using lines = std::vector<std::string>;

} // namespace

} // namespace proxies

BOOST_FIXTURE_TEST_SUITE(proxies, proxies::behind_proxies)

BOOST_AUTO_TEST_CASE(without_variables_there_is_none) {
  BOOST_TEST(is_served(plain));
  BOOST_TEST(is_served(tls));
  BOOST_TEST(proxy.requests() == lines{});
}

BOOST_AUTO_TEST_CASE(http_proxy_is_for_http_alone) {
  const scoped_env set{"http_proxy", proxy.url().c_str()};
  BOOST_TEST(is_served(plain));
  BOOST_TEST(is_served(tls));
  BOOST_TEST(proxy.requests() == (lines{"GET " + plain + "/info/refs?service=git-upload-pack HTTP/1.1"}));
}

BOOST_AUTO_TEST_CASE(https_proxy_tunnels_and_does_not_end_tls) {
  const scoped_env set{"https_proxy", proxy.url().c_str()};
  shared().tls.clear_requests();
  BOOST_TEST(is_served(plain));
  BOOST_TEST(is_served(tls));
  BOOST_TEST(proxy.requests() == (lines{connect_to_tls()}));
  BOOST_TEST(shared().tls.requests().at(0).protocol == "HTTP/2.0");
  const scoped_env nobody{"GIT_SSL_CAINFO", nullptr};
  BOOST_TEST(get(tls).message.find("not trusted") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(all_proxy_is_for_both) {
  const scoped_env set{"all_proxy", proxy.url().c_str()};
  BOOST_TEST(is_served(plain));
  BOOST_TEST(is_served(tls));
  BOOST_TEST(proxy.requests().size() == 2U);
}

BOOST_AUTO_TEST_CASE(no_proxy_names_hosts_that_are_reached_directly) {
  const scoped_env set{"all_proxy", proxy.url().c_str()};
  for (const char* except : {"127.0.0.1", "example.org,127.0.0.1", "*"}) {
    const scoped_env names{"no_proxy", except};
    BOOST_TEST(is_served(plain), except);
    BOOST_TEST(is_served(tls), except);
  }
  BOOST_TEST(proxy.requests() == lines{});
  const scoped_env names{"no_proxy", "example.org"};
  BOOST_TEST(is_served(plain));
  BOOST_TEST(proxy.requests().size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_password_for_the_proxy_is_in_its_url) {
  const forward_proxy guarded{"BasicAuth joe hunter2"};
  const scoped_env set{"all_proxy", ("http://joe:hunter2@" + guarded.host()).c_str()};
  BOOST_TEST(is_served(plain));
  BOOST_TEST(is_served(tls));
}

BOOST_AUTO_TEST_CASE(a_proxy_that_refuses_is_blamed_itself) {
  const forward_proxy guarded{"BasicAuth joe hunter2"};
  const scoped_env set{"all_proxy", ("http://joe:hunter3@" + guarded.host()).c_str()};
  const http_end refused = get(tls);
  BOOST_TEST(refused.failure == EIO);
  BOOST_TEST(!refused.transient);
  BOOST_TEST(refused.message.find("proxy refuses") != std::string::npos, refused.message);
  BOOST_TEST(refused.message.find("40") != std::string::npos, refused.message); // 401 by this one, 407 by others
  BOOST_TEST(refused.message.find("hunter3") == std::string::npos, refused.message);
}

BOOST_AUTO_TEST_CASE(a_proxy_that_is_not_there_is_named) {
  const scoped_env set{"all_proxy", "http://joe:hunter2@127.0.0.1:1"};
  for (const std::string& url : {plain, tls}) {
    const http_end end = get(url);
    BOOST_TEST(end.failure == EIO);
    BOOST_TEST(end.transient);
    BOOST_TEST(end.message.find("port 1: ") != std::string::npos, end.message);
    BOOST_TEST(end.message.find("hunter2") == std::string::npos, end.message);
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
