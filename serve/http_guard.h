#pragma once

#include <optional>
#include <string>
#include <vector>

namespace seam::serve {

// Who may talk to the server.
struct GuardOptions {
  int port = 0;
  std::string token;               // empty: none is needed
  std::vector<std::string> hosts;  // names besides the loopback ones that the server is reached by
};

// What of a request decides whether it is let in.
struct Caller {
  std::string method, path;
  std::string host;           // header Host
  std::string origin;         // header Origin, or ""
  std::string fetch_site;     // header Sec-Fetch-Site, or ""
  std::string authorization;  // header Authorization, or ""
  std::string cookie;         // header Cookie, or ""
};

struct Refusal {
  int status = 403;
  std::string title, detail;
};

constexpr const char* kSessionCookie = "seam_session";

// Lets in who reaches the server by its own name (a page elsewhere could point its own name at this machine:
// DNS rebinding), who is no page of another origin (cross-site request forgery), and who knows the token,
// where there is one. The page itself, /healthz and the making of a session need no token.
std::optional<Refusal> Refuse(const Caller& caller, const GuardOptions& options);

// Compares without telling by its time where two texts differ.
bool SameSecret(const std::string& a, const std::string& b);

// The value of a cookie in a Cookie header, or "".
std::string CookieValue(const std::string& header, const std::string& name);

// The session cookie's value for a token: what a page gets instead of the token.
std::string SessionFor(const std::string& token);

}  // namespace seam::serve
