#include "serve/http_guard.h"

#include <gtest/gtest.h>

namespace seam::serve {
namespace {

Caller Local(const std::string& method = "GET", const std::string& path = "/api/v1/jobs") {
  Caller caller;
  caller.method = method;
  caller.path = path;
  caller.host = "127.0.0.1:8765";
  return caller;
}

int ReadStatus(const Caller& caller, const GuardOptions& options) {
  const auto refusal = Refuse(caller, options);
  return refusal ? refusal->status : 200;
}

TEST(HttpGuardTest, ANameThatIsPointedAtThisMachineIsRefused) {
  const GuardOptions options{8765, "", {"seam.example"}};
  Caller caller = Local();
  EXPECT_EQ(ReadStatus(caller, options), 200);
  for (const char* host : {"localhost:8765", "[::1]:8765", "SEAM.example", "seam.example:8765"}) {
    caller.host = host;
    EXPECT_EQ(ReadStatus(caller, options), 200) << host;
  }
  for (const char* host :
       {"", "evil.example", "evil.example:8765", "127.0.0.1:80", "127.0.0.1.evil.example:8765"}) {
    caller.host = host;
    EXPECT_EQ(ReadStatus(caller, options), 421) << host;
  }
}

TEST(HttpGuardTest, PagesOfOtherOriginsAreRefused) {
  const GuardOptions options{8765, "", {}};
  Caller caller = Local("POST");
  caller.origin = "http://127.0.0.1:8765";
  EXPECT_EQ(ReadStatus(caller, options), 200);
  for (const char* origin :
       {"http://evil.example", "null", "http://127.0.0.1:9999", "http://localhost:8765"}) {
    caller.origin = origin;
    EXPECT_EQ(ReadStatus(caller, options), 403) << origin;
  }
  caller.origin = "";
  caller.fetch_site = "cross-site";  // a form of another page, in a browser that sends no Origin
  EXPECT_EQ(ReadStatus(caller, options), 403);
  caller.method = "DELETE";
  EXPECT_EQ(ReadStatus(caller, options), 403);
}

TEST(HttpGuardTest, WithATokenOnlyThePageAndTheSessionAreOpen) {
  const GuardOptions options{8765, "0123456789abcdef", {}};
  EXPECT_EQ(ReadStatus(Local(), options), 401);
  EXPECT_EQ(ReadStatus(Local("GET", "/"), options), 200);
  EXPECT_EQ(ReadStatus(Local("POST", "/api/v1/session"), options), 200);
  EXPECT_EQ(ReadStatus(Local("POST", "/predict"), options), 401);
  Caller caller = Local();
  caller.authorization = "Bearer 0123456789abcdef";
  EXPECT_EQ(ReadStatus(caller, options), 200);
  caller.authorization = "Bearer 0123456789abcdee";
  EXPECT_EQ(ReadStatus(caller, options), 401);
  caller.authorization = "";
  caller.cookie = "other=1; seam_session=" + SessionFor(options.token);
  EXPECT_EQ(ReadStatus(caller, options), 200);
  caller.cookie = "seam_session=0123456789abcdef";  // the token itself is no session
  EXPECT_EQ(ReadStatus(caller, options), 401);
}

TEST(HttpGuardTest, CookiesAreFoundByTheirWholeName) {
  EXPECT_EQ(CookieValue("a=1; seam=2;b=3", "seam"), "2");
  EXPECT_EQ(CookieValue("xseam=1", "seam"), "");
  EXPECT_EQ(CookieValue("", "seam"), "");
}

}  // namespace
}  // namespace seam::serve
