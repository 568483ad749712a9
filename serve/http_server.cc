#include "serve/http_server.h"

#include <algorithm>
#include <chrono>
#include <mutex>
#include <utility>

#include <fmt/format.h>
#include <httplib.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/progress.h"
#include "serve/api.h"
#include "serve/event_hub.h"
#include "serve/job_queue.h"
#include "serve/job_store.h"
#include "serve/web_files.h"

namespace seam::serve {
namespace {

// Nothing is loaded from elsewhere, nothing inline runs.
constexpr const char* kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self'; "
    "connect-src "
    "'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

// So many requests a second of all callers together.
class RateLimit {
 public:
  explicit RateLimit(int per_second) : per_second_(per_second), left_(per_second) {}

  bool Take() {
    if (per_second_ == 0) return true;
    const std::lock_guard lock(mutex_);
    const auto now = std::chrono::steady_clock::now();
    const std::chrono::duration<double> passed = now - last_;
    last_ = now;
    left_ = std::min<double>(per_second_, left_ + passed.count() * per_second_);
    if (left_ < 1) return false;
    left_ -= 1;
    return true;
  }

 private:
  std::mutex mutex_;
  int per_second_;
  double left_;
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

}  // namespace

void SetProblem(httplib::Response* response, int status, const std::string& title,
                const std::string& detail) {
  const nlohmann::ordered_json problem = {
      {"type", "about:blank"}, {"title", title}, {"status", status}, {"detail", detail}};
  response->status = status;
  response->set_content(problem.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace),
                        "application/problem+json");
}

struct HttpServer::Impl {
  Impl(ServerOptions given, JobQueue* queue, JobStore* store, EventHub* events)
      : options(std::move(given)),
        folders(options.allow),
        rate(options.requests_per_second),
        context{options, *queue, *store, *events, folders} {
    server.new_task_queue = [this] {
      return new httplib::ThreadPool(static_cast<std::size_t>(options.connections));
    };
    server.set_payload_max_length(static_cast<std::size_t>(options.max_upload_bytes));
    // A client that sends nothing for so long is let go.
    server.set_read_timeout(std::chrono::seconds(20));
    server.set_write_timeout(std::chrono::seconds(20));
    server.set_keep_alive_timeout(5);
    server.set_tcp_nodelay(true);
    server.set_default_headers({{"X-Content-Type-Options", "nosniff"},
                                {"Referrer-Policy", "no-referrer"},
                                {"Cross-Origin-Opener-Policy", "same-origin"},
                                {"Cross-Origin-Resource-Policy", "same-origin"},
                                {"Content-Security-Policy", kPolicy}});
    server.set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
      return LetIn(request, &response);
    });
    server.set_exception_handler(
        [](const httplib::Request&, httplib::Response& response, std::exception_ptr thrown) {
          try {
            std::rethrow_exception(thrown);
          } catch (const Error& error) {
            SayError(error);
          } catch (const std::exception& error) {
            SayError(Error("", error.what()));
          }
          SetProblem(&response, 500, "Internal error", "The server could not do this. Its log says why.");
        });
    server.set_error_handler([](const httplib::Request& request, httplib::Response& response) {
      if (!response.body.empty()) return;
      const int status = response.status;
      const char* title = status == 404 ? "Not found" : status == 413 ? "Too large" : "Bad request";
      SetProblem(&response, status, title, fmt::format("{} {}", request.method, Printable(request.path)));
    });
    AddPage();
    AddApiRoutes(&server, &context);
    AddFlaskMlRoutes(&server, &context);
  }

  httplib::Server::HandlerResponse LetIn(const httplib::Request& request, httplib::Response* response) {
    const Caller caller = {request.method,
                           request.path,
                           request.get_header_value("Host"),
                           request.get_header_value("Origin"),
                           request.get_header_value("Sec-Fetch-Site"),
                           request.get_header_value("Authorization"),
                           request.get_header_value("Cookie")};
    std::optional<Refusal> refusal = Refuse(caller, options.guard);
    if (!refusal && !rate.Take()) {
      response->set_header("Retry-After", "1");
      refusal = Refusal{429, "Too many requests", "Try again in a second."};
    }
    if (!refusal) return httplib::Server::HandlerResponse::Unhandled;
    if (refusal->status == 401) response->set_header("WWW-Authenticate", "Bearer");
    if (request.method != "GET") response->set_header("Connection", "close");  // its body was not read
    SetProblem(response, refusal->status, refusal->title, refusal->detail);
    return httplib::Server::HandlerResponse::Handled;
  }

  void AddPage() {
    const auto send = [](const std::string& name, httplib::Response* response) {
      const WebFile* file = FindWebFile(name);
      if (file == nullptr) return SetProblem(response, 404, "Not found", "There is no such file.");
      response->set_header("Cache-Control", "no-cache");
      response->set_content(file->bytes.data(), file->bytes.size(), file->type);
    };
    server.Get(
        "/", [send](const httplib::Request&, httplib::Response& response) { send("index.html", &response); });
    server.Get(R"(/page/([a-z_]+\.[a-z]+))",
               [send](const httplib::Request& request, httplib::Response& response) {
                 send(request.matches[1], &response);
               });
    server.Get("/healthz", [](const httplib::Request&, httplib::Response& response) {
      response.set_content("ok\n", "text/plain");
    });
  }

  ServerOptions options;
  AllowedFolders folders;
  RateLimit rate;
  ApiContext context;
  httplib::Server server;
};

HttpServer::HttpServer(ServerOptions options, JobQueue* queue, JobStore* store, EventHub* events)
    : impl_(std::make_unique<Impl>(std::move(options), queue, store, events)) {}

HttpServer::~HttpServer() = default;

int HttpServer::Bind() {
  ServerOptions& options = impl_->options;
  if (options.port == 0) {
    options.port = impl_->server.bind_to_any_port(options.address);
  } else if (!impl_->server.bind_to_port(options.address, options.port)) {
    options.port = -1;
  }
  if (options.port <= 0) {
    throw Error(options.address, "this address and port cannot be listened at",
                "another program may use the port; --port takes another one");
  }
  options.guard.port = options.port;
  return options.port;
}

void HttpServer::Run() { impl_->server.listen_after_bind(); }

void HttpServer::Stop() {
  impl_->context.stopping = true;
  impl_->context.events.Close();
  impl_->server.stop();
}

}  // namespace seam::serve
