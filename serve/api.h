#pragma once

#include <atomic>
#include <string>

#include <httplib.h>

#include "serve/allowed_folders.h"
#include "serve/http_server.h"

namespace seam::serve {

// What the routes work on.
struct ApiContext {
  const ServerOptions& options;
  JobQueue& queue;
  JobStore& store;
  EventHub& events;
  const AllowedFolders& folders;
  std::atomic<int> listeners{0}, uploads{0};
  std::atomic<bool> stopping{false};
};

// A problem document (RFC 9457) as the response.
void SetProblem(httplib::Response* response, int status, const std::string& title, const std::string& detail);

// The routes under /api/v1.
void AddApiRoutes(httplib::Server* server, ApiContext* context);
// The routes that RescueBox and Flask-ML clients speak.
void AddFlaskMlRoutes(httplib::Server* server, ApiContext* context);

}  // namespace seam::serve
