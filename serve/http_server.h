#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "serve/http_guard.h"

namespace seam::serve {

struct ServerOptions {
  std::string address = "127.0.0.1";
  int port = 8765;                 // 0: any that is free
  int connections = 320;           // that are served at once; each has a thread
  int listeners = 64;              // of them, those that wait for events
  int uploads = 32;                // of them, those that send a file
  int requests_per_second = 2000;  // of all together; 0: no limit
  std::int64_t max_upload_bytes = std::int64_t{4} << 30;
  std::int64_t max_stored_bytes = std::int64_t{64} << 30;
  int max_queued = 10000;  // jobs that wait
  GuardOptions guard;
  std::vector<std::string> allow;  // folders whose files may be scored by path
};

class JobQueue;
class JobStore;
class EventHub;

// The web page, the API under /api/v1 (web/openapi.json) and the RescueBox routes, over one queue.
// docs/server.md.
class HttpServer {
 public:
  HttpServer(ServerOptions options, JobQueue* queue, JobStore* store, EventHub* events);
  ~HttpServer();

  // Binds; the port it listens at. Throws Error where the address cannot be had.
  int Bind();
  // Serves requests until Stop(), which any thread may call.
  void Run();
  void Stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace seam::serve
