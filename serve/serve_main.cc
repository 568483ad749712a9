#include <spawn.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <thread>

#include <fmt/format.h>

#include "base/error.h"
#include "base/files.h"
#include "base/interrupt.h"
#include "base/options.h"
#include "base/program.h"
#include "base/progress.h"
#include "serve/event_hub.h"
#include "serve/http_server.h"
#include "serve/job_queue.h"
#include "serve/job_store.h"
#include "serve/token_file.h"

namespace seam::serve {
namespace {

struct ServeSettings {
  std::string state, token_file;
  std::vector<std::string> models, hosts;
  int workers = 0;
  bool open = false;
  QueueOptions queue;
  ServerOptions server;

  void Register(Options* options) {
    options->Add("address", &server.address,
                 "address to listen at; any but a loopback one needs --token-file");
    options->Add("port", &server.port, "port to listen at (0: any that is free)", Between(0, 65535));
    options->Add("open", &open, "open the page in the browser");
    options->Add("model", &models,
                 "checkpoint to score with; several may be given, the first is the default");
    options->Add("allow", &server.allow,
                 "folder of this machine whose files may be scored by path; several may be given");
    options->Add("state", &state,
                 "folder for jobs, uploads and results (default: seam/serve in the user's state folder)");
    options->Add("token-file", &token_file, "file with the token that callers must send");
    options->Add("host-name", &hosts, "another name that this server is reached by; several may be given");
    options->Add("workers", &workers, "files scored at once (0: one per core)", AtLeast(0));
    options->Add("max-seconds", &queue.limit_seconds, "scoring of one file is given up after this time",
                 AtLeast(1));
    options->Add("max-upload", &server.max_upload_bytes, "largest file that may be sent, in bytes");
    options->Add("max-stored", &server.max_stored_bytes, "bytes of uploads kept in all");
    options->Add("max-queued", &server.max_queued, "jobs that may wait");
    options->Add("max-connections", &server.connections, "connections served at once", AtLeast(8));
    options->Add("max-uploads", &server.uploads, "files sent at once");
    options->Add("max-rate", &server.requests_per_second, "requests a second (0: no limit)");
  }

  void Check() const {
    const bool loopback =
        server.address == "127.0.0.1" || server.address == "::1" || server.address == "localhost";
    if (!loopback && token_file.empty()) {
      throw UsageError(
          "--address",
          fmt::format("{} is open to other machines, and nothing asks them who they are", server.address),
          "--token-file FILE makes callers send the token in FILE");
    }
  }
};

std::filesystem::path DefaultState() {
  if (const char* home = std::getenv("XDG_STATE_HOME"); home != nullptr && *home != '\0') {
    return std::filesystem::path(home) / "seam" / "serve";
  }
  const char* home = std::getenv("HOME");
  if (home == nullptr || *home == '\0')
    throw UsageError("--state", "neither it nor $HOME says where to keep jobs");
  return std::filesystem::path(home) / ".local" / "state" / "seam" / "serve";
}

std::string ReadToken(const std::string& file) {
  std::string token = ReadTokenFile(file);
  if (token.size() < 16)
    throw Error(file, "a token must have at least 16 characters", "head -c 24 /dev/urandom | base64");
  return token;
}

// Shows the page in the user's browser. Where there is no desktop the address was printed.
void OpenBrowser(const std::string& url) {
  std::string program = "xdg-open", address = url;
  char* arguments[] = {program.data(), address.data(), nullptr};
  pid_t child = 0;
  if (posix_spawnp(&child, program.c_str(), nullptr, nullptr, arguments, environ) != 0)
    SayWarning("xdg-open is missing, so no browser was opened");
}

// One server a folder. Held until the program ends.
void LockState(const std::filesystem::path& state) {
  const std::filesystem::path file = state / "lock";
  const int descriptor = open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) throw Error(file.string(), std::strerror(errno));
  if (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    throw Error(state.string(), "another seam serve uses this folder", "--state names another one");
  }
}

std::vector<ServedModel> LoadModels(const std::vector<std::string>& files) {
  std::vector<ServedModel> models;
  if (files.empty()) {
    const std::filesystem::path file = FindShare("default.safetensors");
    if (file.empty())
      throw Error("default.safetensors", "Seam's own network is missing", "--model names another one");
    models.push_back({"default", file});
  }
  for (const std::string& file : files) {
    if (!std::filesystem::is_regular_file(file)) throw Error(file, "no such checkpoint");
    const std::filesystem::path path = std::filesystem::canonical(file);
    const std::string name = path.stem().string();
    if (std::any_of(models.begin(), models.end(),
                    [&](const ServedModel& model) { return model.name == name; })) {
      throw UsageError("--model", "two checkpoints are called " + name, "rename one");
    }
    models.push_back({name, path});
  }
  return models;
}

int Serve(const std::vector<std::string>& arguments) {
  Options options("seam serve", "[options]", "a web page and an HTTP API that score videos on this machine",
                  "seam serve --allow ~/Videos");
  ServeSettings settings;
  settings.Register(&options);
  if (!options.Parse(arguments)) return kExitGood;
  settings.Check();
  if (!settings.token_file.empty()) settings.server.guard.token = ReadToken(settings.token_file);
  settings.server.guard.hosts = settings.hosts;
  if (settings.server.address != "127.0.0.1" && settings.server.address != "0.0.0.0") {
    settings.server.guard.hosts.push_back(settings.server.address);
  }
  const std::filesystem::path state =
      settings.state.empty() ? DefaultState() : std::filesystem::path(settings.state);
  umask(0077);  // uploads are their owner's alone
  std::filesystem::create_directories(state);
  LockState(state);
  settings.queue.state = std::filesystem::canonical(state);
  settings.queue.models = LoadModels(settings.models);
  settings.queue.workers = settings.workers > 0
                               ? settings.workers
                               : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));

  JobStore store(settings.queue.state / "jobs.db");
  EventHub events;
  JobQueue queue(settings.queue, &store, &events);
  HttpServer server(settings.server, &queue, &store, &events);
  const int port = server.Bind();
  const std::string url = fmt::format(
      "http://{}:{}/", settings.server.address == "0.0.0.0" ? "127.0.0.1" : settings.server.address, port);
  Say(fmt::format("open {} in a browser on this machine; Ctrl-C ends the server", url));
  if (settings.open) OpenBrowser(url);
  std::thread stopper([&] {
    while (!Interrupted()) std::this_thread::sleep_for(std::chrono::milliseconds(100));
    server.Stop();
  });
  server.Run();
  stopper.join();
  Say("seam serve: ended; what was queued goes on when it starts again");
  return kExitGood;
}

}  // namespace
}  // namespace seam::serve

int main(int argc, char** argv) { return seam::RunProgram(argc, argv, seam::serve::Serve); }
