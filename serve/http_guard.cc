#include "serve/http_guard.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "base/lower_case.h"
#include "base/sha256.h"

namespace seam::serve {
namespace {

bool IsOwnHost(const std::string& host, const GuardOptions& options) {
  std::vector<std::string> names = {"127.0.0.1", "localhost", "[::1]"};
  names.insert(names.end(), options.hosts.begin(), options.hosts.end());
  const std::string given = LowerCase(host);
  return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
    // A reverse proxy may serve the name at a port of its own: names that the user gave count with and
    // without it.
    return given == fmt::format("{}:{}", LowerCase(name), options.port) || given == LowerCase(name);
  });
}

bool IsOpenPath(const std::string& path) {
  return path == "/healthz" || path == "/api/v1/session" || path == "/" || path.starts_with("/page/");
}

bool KnowsToken(const Caller& caller, const GuardOptions& options) {
  constexpr const char* kBearer = "Bearer ";
  if (caller.authorization.starts_with(kBearer) &&
      SameSecret(caller.authorization.substr(std::string(kBearer).size()), options.token)) {
    return true;
  }
  return SameSecret(CookieValue(caller.cookie, kSessionCookie), SessionFor(options.token));
}

}  // namespace

bool SameSecret(const std::string& a, const std::string& b) {
  // Of digests, so that neither length nor content shows.
  const std::string x = Sha256Of(a), y = Sha256Of(b);
  unsigned difference = 0;
  for (std::size_t i = 0; i < x.size(); ++i) difference |= static_cast<unsigned char>(x[i] ^ y[i]);
  return difference == 0;
}

std::string CookieValue(const std::string& header, const std::string& name) {
  std::size_t begin = 0;
  while (begin < header.size()) {
    std::size_t end = header.find(';', begin);
    if (end == std::string::npos) end = header.size();
    const std::size_t start = header.find_first_not_of(' ', begin);
    if (start < end && header.compare(start, name.size() + 1, name + "=") == 0) {
      return header.substr(start + name.size() + 1, end - start - name.size() - 1);
    }
    begin = end + 1;
  }
  return "";
}

std::string SessionFor(const std::string& token) { return Sha256Of("seam session " + token); }

std::optional<Refusal> Refuse(const Caller& caller, const GuardOptions& options) {
  if (!IsOwnHost(caller.host, options)) {
    return Refusal{421, "Unknown host",
                   fmt::format("This server is not called '{}'. --host-name adds a name.", caller.host)};
  }
  if (!caller.origin.empty()) {
    const std::size_t scheme = caller.origin.find("://");
    const std::string origin_host = scheme == std::string::npos ? "" : caller.origin.substr(scheme + 3);
    if (LowerCase(origin_host) != LowerCase(caller.host)) {
      return Refusal{403, "Foreign origin", "Pages of other origins may not use this server."};
    }
  }
  if (caller.method != "GET" && caller.method != "HEAD" &&
      (caller.fetch_site == "cross-site" || caller.fetch_site == "same-site")) {
    return Refusal{403, "Foreign origin", "Pages of other origins may not use this server."};
  }
  if (!options.token.empty() && !IsOpenPath(caller.path) && !KnowsToken(caller, options)) {
    return Refusal{401, "Token needed", "Send the server's token: Authorization: Bearer TOKEN."};
  }
  return std::nullopt;
}

}  // namespace seam::serve
