#include "serve/api.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/files.h"
#include "base/numbers.h"
#include "base/sha256.h"
#include "base/version.h"
#include "serve/event_hub.h"
#include "serve/job_json.h"
#include "serve/job_queue.h"
#include "serve/job_store.h"
#include "serve/model_json.h"
#include "serve/upload.h"
#include "serve/web_files.h"

namespace seam::serve {
namespace {

using Json = nlohmann::ordered_json;
using httplib::Request;
using httplib::Response;

constexpr const char* kJobPattern = "/api/v1/jobs/([0-9a-f]{32})";

void SetJson(Response* response, const Json& json, int status = 200) {
  response->status = status;
  response->set_content(json.dump(-1, ' ', false, Json::error_handler_t::replace), "application/json");
}

// The response again as "not modified" where the caller has it already.
void SetEtag(const Request& request, Response* response) {
  const std::string tag = "\"" + Sha256Of(response->body).substr(0, 32) + "\"";
  response->set_header("ETag", tag);
  response->set_header("Cache-Control", "no-cache");
  if (request.get_header_value("If-None-Match") != tag) return;
  response->status = 304;
  response->body.clear();
}

std::optional<int> ParseInt(const std::string& text, int low, int high) {
  const auto value = ParseNumber<int>(text);
  return value && *value >= low && *value <= high ? value : std::nullopt;
}

// Takes one of a limited number of places while it lives.
class Place {
 public:
  Place(std::atomic<int>* taken, int most) : taken_(taken), has_(++*taken <= most) {}
  ~Place() { --*taken_; }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  explicit operator bool() const { return has_; }

 private:
  std::atomic<int>* taken_;
  bool has_;
};

class Api {
 public:
  explicit Api(ApiContext* context) : context_(*context) {}

  void AddTo(httplib::Server* server) {
    const std::string job = kJobPattern;
    Get(server, "/api/v1/health", &Api::Health);
    Get(server, "/api/v1/openapi.json", &Api::Description);
    Get(server, "/api/v1/models", &Api::Models);
    Get(server, "/api/v1/folders", &Api::Folders);
    Get(server, "/api/v1/metrics", &Api::Metrics);
    Get(server, "/api/v1/events", &Api::Events);
    Get(server, "/api/v1/jobs", &Api::ListJobs);
    Get(server, job, &Api::ShowJob);
    Get(server, job + "/result", &Api::Result);
    Get(server, job + "/scores.csv", &Api::Scores);
    Get(server, job + "/report.html", &Api::ReportPage);
    Get(server, job + "/media", &Api::Media);
    server->Post("/api/v1/jobs",
                 [this](const Request& request, Response& response, const httplib::ContentReader& reader) {
                   Create(request, &response, reader);
                 });
    server->Post(job + "/cancel",
                 [this](const Request& request, Response& response) { Cancel(request, &response); });
    server->Delete(job, [this](const Request& request, Response& response) { Delete(request, &response); });
    server->Post("/api/v1/session",
                 [this](const Request& request, Response& response) { MakeSession(request, &response); });
  }

 private:
  using Handler = void (Api::*)(const Request&, Response*);
  void Get(httplib::Server* server, const std::string& pattern, Handler handler) {
    server->Get(pattern, [this, handler](const Request& request, Response& response) {
      (this->*handler)(request, &response);
    });
  }

  void Health(const Request&, Response* response) {
    const std::vector<std::int64_t> counts = context_.store.CountByState();
    SetJson(response,
            {{"status", "ok"}, {"version", Version()}, {"queued", counts[0]}, {"running", counts[1]}});
    response->set_header("Cache-Control", "no-store");
  }

  void Description(const Request& request, Response* response) {
    const WebFile* file = FindWebFile("openapi.json");
    response->set_content(std::string(file->bytes), "application/json");
    SetEtag(request, response);
  }

  // The checkpoints do not change while the server runs, so that each is read once.
  void Models(const Request& request, Response* response) {
    const std::lock_guard lock(mutex_);
    if (models_.is_null()) {
      models_ = Json::array();
      for (const ServedModel& model : context_.queue.options().models) models_.push_back(ModelJson(model));
    }
    SetJson(response, {{"models", models_}});
    SetEtag(request, response);
  }

  void Folders(const Request& request, Response* response) {
    if (!request.has_param("path")) {
      Json roots = Json::array();
      for (const auto& folder : context_.folders.folders()) roots.push_back(folder.string());
      return SetJson(response, {{"path", nullptr}, {"folders", roots}, {"files", Json::array()}});
    }
    const auto folder = context_.folders.Resolve(request.get_param_value("path"));
    if (!folder || !std::filesystem::is_directory(*folder)) {
      return SetProblem(response, 404, "Not found", "No such folder is open to this server.");
    }
    constexpr std::size_t kMost = 10000;
    std::vector<std::string> folders, files;
    std::error_code problem;
    for (const auto& entry : std::filesystem::directory_iterator(*folder, problem)) {
      if (entry.path().filename().string().starts_with(".") || folders.size() + files.size() >= kMost)
        continue;
      if (!context_.folders.Resolve(entry.path().string())) continue;  // a link that leads out
      (entry.is_directory(problem) ? folders : files).push_back(entry.path().string());
    }
    std::sort(folders.begin(), folders.end());
    std::sort(files.begin(), files.end());
    SetJson(response, {{"path", folder->string()}, {"folders", folders}, {"files", files}});
  }

  void Metrics(const Request&, Response* response) {
    const std::vector<std::int64_t> counts = context_.store.CountByState();
    std::string text = "# HELP seam_jobs Jobs by state.\n# TYPE seam_jobs gauge\n";
    for (std::size_t i = 0; i < counts.size(); ++i) {
      text +=
          fmt::format("seam_jobs{{state=\"{}\"}} {}\n", JobStateName(static_cast<JobState>(i)), counts[i]);
    }
    text += fmt::format(
        "# HELP seam_uploaded_bytes Bytes of the uploads held.\n# TYPE seam_uploaded_bytes gauge\n"
        "seam_uploaded_bytes {}\n",
        context_.store.UploadedBytes());
    text += fmt::format(
        "# HELP seam_event_listeners Clients that wait for events.\n# TYPE seam_event_listeners gauge\n"
        "seam_event_listeners {}\n",
        context_.listeners.load());
    if (const auto seconds = context_.queue.TypicalSeconds()) {
      text += fmt::format(
          "# HELP seam_job_seconds_median Median of the last jobs' times.\n# TYPE "
          "seam_job_seconds_median gauge\nseam_job_seconds_median {:.3f}\n",
          *seconds);
    }
    response->set_content(text, "text/plain; version=0.0.4");
  }

  // Server-sent events. A listener that comes back names the last event it saw, and gets those since.
  void Events(const Request& request, Response* response) {
    auto place = std::make_shared<Place>(&context_.listeners, context_.options.listeners);
    if (!*place) {
      response->set_header("Retry-After", "5");
      return SetProblem(response, 503, "Too many listeners", "Ask for the jobs' states instead.");
    }
    std::int64_t last =
        ParseNumber<std::int64_t>(request.get_header_value("Last-Event-ID")).value_or(context_.events.last());
    response->set_header("Cache-Control", "no-store");
    response->set_chunked_content_provider(
        "text/event-stream", [this, place, last, first = true](std::size_t, httplib::DataSink& sink) mutable {
          bool missed = false;
          const auto events =
              context_.events.After(last, std::chrono::milliseconds(first ? 0 : 10000), &missed);
          std::string text = first ? "retry: 1000\n: welcome\n\n" : "";
          first = false;
          // What was missed is gone: the listener reads the list anew.
          if (missed) text += fmt::format("event: reload\nid: {}\ndata: {{}}\n\n", context_.events.last());
          for (const EventHub::Event& event : events) {
            text += fmt::format("event: job\nid: {}\ndata: {}\n\n", event.number, event.data);
            last = event.number;
          }
          if (missed && events.empty()) last = context_.events.last();
          if (text.empty()) text = ": still here\n\n";
          if (context_.events.closed()) {
            sink.done();
            return true;
          }
          return sink.write(text.data(), text.size());
        });
  }

  void ListJobs(const Request& request, Response* response) {
    JobQuery query;
    query.search = request.get_param_value("search");
    query.verdict = request.get_param_value("verdict");
    if (const std::string state = request.get_param_value("state"); !state.empty()) {
      query.state = ParseJobState(state);
      if (!query.state)
        return SetProblem(response, 400, "Bad parameter", "state: queued, running, done, failed, cancelled");
    }
    std::string sort = request.has_param("sort") ? request.get_param_value("sort") : "-created";
    query.descending = sort.starts_with("-");
    if (query.descending) sort.erase(0, 1);
    if (sort == "name") {
      query.order = JobQuery::Order::kName;
    } else if (sort == "score") {
      query.order = JobQuery::Order::kScore;
    } else if (sort != "created") {
      return SetProblem(response, 400, "Bad parameter",
                        "sort: created, name or score; with - before it the other way");
    }
    const auto limit = request.has_param("limit") ? ParseInt(request.get_param_value("limit"), 1, 1000) : 100;
    const auto offset =
        request.has_param("offset") ? ParseInt(request.get_param_value("offset"), 0, 1 << 30) : 0;
    if (!limit || !offset)
      return SetProblem(response, 400, "Bad parameter", "limit: 1 to 1000; offset: 0 and more");
    query.limit = *limit;
    query.offset = *offset;
    Json jobs = Json::array();
    for (const Job& job : context_.store.List(query))
      jobs.push_back(JobJson(job, context_.queue, context_.store));
    SetJson(response, {{"total", context_.store.Count(query)}, {"jobs", jobs}});
    SetEtag(request, response);
  }

  // The job that the path names, or a problem.
  std::optional<Job> MakeJob(const Request& request, Response* response, bool with_result = false) {
    std::optional<Job> job = context_.store.Find(request.matches[1], with_result);
    if (!job) SetProblem(response, 404, "Not found", "There is no such job.");
    return job;
  }

  void ShowJob(const Request& request, Response* response) {
    const std::optional<Job> job = MakeJob(request, response);
    if (!job) return;
    SetJson(response, JobJson(*job, context_.queue, context_.store));
    SetEtag(request, response);
  }

  // A job that is done, or a problem that says how it stands.
  std::optional<Job> DoneJob(const Request& request, Response* response) {
    std::optional<Job> job = MakeJob(request, response, true);
    if (!job || job->state == JobState::kDone) return job;
    SetProblem(response, 409, "No result",
               fmt::format("The job is {}. {}", JobStateName(job->state), job->problem));
    return std::nullopt;
  }

  void Result(const Request& request, Response* response) {
    const std::optional<Job> job = DoneJob(request, response);
    if (!job) return;
    response->set_content(job->result, "application/json");
    SetEtag(request, response);
  }

  void SendFile(const Request& request, Response* response, const char* file, const char* type,
                const std::string& download) {
    const std::optional<Job> job = DoneJob(request, response);
    if (!job) return;
    const std::filesystem::path path = context_.queue.ChooseFolder(job->id) / file;
    if (!std::filesystem::exists(path))
      return SetProblem(response, 410, "Gone", "The file is no longer there.");
    response->set_header("Content-Disposition", fmt::format("attachment; filename=\"{}\"", download));
    // A report carries its styles within it and may run nothing of this server's.
    response->headers.erase("Content-Security-Policy");
    response->set_header("Content-Security-Policy",
                         "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:");
    response->set_content(ReadFile(path), type);
    SetEtag(request, response);
  }

  void Scores(const Request& request, Response* response) {
    SendFile(request, response, "scores.csv", "text/csv; charset=utf-8", "scores.csv");
  }
  void ReportPage(const Request& request, Response* response) {
    SendFile(request, response, "report.html", "text/html; charset=utf-8", "report.html");
  }

  // With ranges, so that a player may jump.
  void Media(const Request& request, Response* response) {
    const std::optional<Job> job = MakeJob(request, response);
    if (!job) return;
    const auto stream = std::make_shared<std::ifstream>(job->path, std::ios::binary);
    std::error_code problem;
    const std::uintmax_t size = std::filesystem::file_size(job->path, problem);
    if (!*stream || problem || size == 0)
      return SetProblem(response, 410, "Gone", "The file is no longer there.");
    const std::string tag = fmt::format("\"{}-{}\"", job->id, size);
    for (const auto& [first, last] : request.ranges) {
      if (first >= static_cast<ssize_t>(size) || (first >= 0 && last >= 0 && last < first)) {
        response->set_header("Content-Range", fmt::format("bytes */{}", size));
        return SetProblem(response, 416, "Bad range", fmt::format("The file has {} bytes.", size));
      }
    }
    response->set_header("ETag", tag);
    response->set_header("Accept-Ranges", "bytes");
    response->set_header("Cache-Control", "private, max-age=3600");
    response->set_content_provider(
        static_cast<std::size_t>(size), FindMediaType(job->path),
        [stream](std::size_t offset, std::size_t length, httplib::DataSink& sink) {
          char buffer[1 << 16];
          stream->clear();
          stream->seekg(static_cast<std::streamoff>(offset));
          stream->read(buffer, static_cast<std::streamsize>(std::min(length, sizeof buffer)));
          const std::streamsize read = stream->gcount();
          return read > 0 && sink.write(buffer, static_cast<std::size_t>(read));
        });
  }

  // A new job: the body is the file (with ?name=), a form with a part "file", or JSON {"path": ..., "model":
  // ...}.
  void Create(const Request& request, Response* response, const httplib::ContentReader& reader) {
    const Place place(&context_.uploads, context_.options.uploads);
    // What is refused before its body was read ends the connection.
    const auto refuse = [&](int status, const char* title, const std::string& detail) {
      response->set_header("Connection", "close");
      if (status == 503 || status == 507) response->set_header("Retry-After", "10");
      SetProblem(response, status, title, detail);
    };
    if (!place) return refuse(503, "Too many uploads", "Try again in some seconds.");
    JobQuery waiting;
    waiting.state = JobState::kQueued;
    if (context_.store.Count(waiting) >= context_.options.max_queued) {
      return refuse(503, "Queue full", fmt::format("{} jobs wait already.", context_.options.max_queued));
    }
    const std::string key = request.get_header_value("Idempotency-Key");
    if (key.size() > 200) return refuse(400, "Bad header", "Idempotency-Key: at most 200 bytes");
    if (!key.empty()) {
      if (const auto earlier = context_.store.FindByKey(key)) {
        response->set_header("Connection", "close");
        response->set_header("Idempotent-Replayed", "true");
        return SetJson(response, JobJson(*earlier, context_.queue, context_.store), 200);
      }
    }
    Job job;
    job.id = NewId();
    job.model = request.get_param_value("model");
    if (request.get_header_value("Content-Type").starts_with("application/json")) {
      if (!ReadPath(response, reader, &job)) return;
    } else if (!Receive(request, response, reader, &job)) {
      return;
    }
    if (job.model.empty()) job.model = context_.queue.options().models.front().name;
    if (context_.queue.FindModel(job.model) == nullptr) {
      if (job.uploaded) std::filesystem::remove_all(context_.queue.ChooseFolder(job.id));
      return SetProblem(response, 400, "Unknown model", "GET /api/v1/models lists them.");
    }
    const Job added = context_.store.Add(job, key);
    if (added.id != job.id && job.uploaded) std::filesystem::remove_all(context_.queue.ChooseFolder(job.id));
    context_.queue.Announce(added.id);
    context_.queue.Wake();
    response->set_header("Location", "/api/v1/jobs/" + added.id);
    SetJson(response, JobJson(added, context_.queue, context_.store), 201);
  }

  bool ReadPath(Response* response, const httplib::ContentReader& reader, Job* job) {
    constexpr std::size_t kMost = 1 << 16;
    std::string body;
    reader([&](const char* data, std::size_t size) {
      body.append(data, size);
      return body.size() <= kMost;
    });
    const auto json = nlohmann::json::parse(body, nullptr, false);
    if (!json.is_object() || !json.contains("path") || !json["path"].is_string()) {
      SetProblem(response, 400, "Bad body", R"(Send {"path": "/folder/file.mp4"}.)");
      return false;
    }
    const auto path = context_.folders.Resolve(json["path"].get<std::string>());
    if (!path || !std::filesystem::is_regular_file(*path)) {
      SetProblem(response, 404, "Not found", "No such file is open to this server. --allow opens a folder.");
      return false;
    }
    if (json.contains("model") && json["model"].is_string()) job->model = json["model"].get<std::string>();
    job->path = path->string();
    job->name = ShownName(job->path);
    job->size = static_cast<std::int64_t>(std::filesystem::file_size(*path));
    return true;
  }

  bool Receive(const Request& request, Response* response, const httplib::ContentReader& reader, Job* job) {
    const std::int64_t stored = context_.store.UploadedBytes();
    Upload upload(context_.queue.ChooseFolder(job->id));
    bool too_large = false, full = false, in_file = !request.is_multipart_form_data();
    std::string problem;
    const auto receive = [&](const char* data, std::size_t size) {
      if (!in_file) return true;
      const std::int64_t now = upload.size() + static_cast<std::int64_t>(size);
      too_large = now > context_.options.max_upload_bytes;
      full = stored + now > context_.options.max_stored_bytes;
      if (too_large || full) return false;
      try {
        upload.Write(data, size);
      } catch (const Error& error) {
        problem = error.what();
        return false;
      }
      return true;
    };
    job->name = ShownName(request.get_param_value("name"));
    bool whole = false;
    if (request.is_multipart_form_data()) {
      whole = reader(
          [&](const httplib::MultipartFormData& part) {
            in_file = part.name == "file";
            if (in_file) job->name = ShownName(part.filename);
            return true;
          },
          receive);
    } else {
      whole = reader(receive);
    }
    if (!whole || upload.size() == 0) {
      response->set_header("Connection", "close");
      if (too_large || response->status == 413) {
        SetProblem(response, 413, "Too large",
                   fmt::format("A file may have at most {} bytes.", context_.options.max_upload_bytes));
      } else if (full || !problem.empty()) {
        SetProblem(response, 507, "No room", problem.empty() ? "Delete some results first." : problem);
      } else {
        SetProblem(response, 400, "Bad body", whole ? "The file is empty." : "The upload ended too early.");
      }
      return false;
    }
    job->size = upload.size();
    job->path = upload.Commit().string();
    job->uploaded = true;
    return true;
  }

  void Cancel(const Request& request, Response* response) {
    const std::optional<Job> job = MakeJob(request, response);
    if (!job) return;
    if (!context_.queue.Cancel(job->id)) {
      return SetProblem(response, 409, "Ended already",
                        fmt::format("The job is {}.", JobStateName(job->state)));
    }
    ShowJob(request, response);
  }

  void Delete(const Request& request, Response* response) {
    if (!MakeJob(request, response)) return;
    context_.queue.Delete(request.matches[1]);
    response->status = 204;
  }

  // A page sends the token once, and has a cookie from then on that no script can read.
  void MakeSession(const Request& request, Response* response) {
    const std::string& token = context_.options.guard.token;
    const auto json = nlohmann::json::parse(request.body, nullptr, false);
    const std::string given = json.is_object() && json.contains("token") && json["token"].is_string()
                                  ? json["token"].get<std::string>()
                                  : std::string();
    if (!token.empty() && !SameSecret(given, token)) {
      return SetProblem(response, 401, "Wrong token", "This is not the server's token.");
    }
    if (!token.empty()) {
      response->set_header("Set-Cookie", fmt::format("{}={}; Path=/; HttpOnly; SameSite=Strict",
                                                     kSessionCookie, SessionFor(token)));
    }
    response->status = 204;
  }

  ApiContext& context_;
  std::mutex mutex_;
  Json models_;
};

}  // namespace

void AddApiRoutes(httplib::Server* server, ApiContext* context) {
  const auto api = std::make_shared<Api>(context);
  api->AddTo(server);
  // The routes hold a plain pointer: this keeps what it points to as long as the server.
  server->set_logger([api](const Request&, const Response&) {});
}

}  // namespace seam::serve
