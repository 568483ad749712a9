#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <thread>

#include <fmt/format.h>
#include <httplib.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/files.h"
#include "base/interrupt.h"
#include "base/options.h"
#include "base/program.h"
#include "base/progress.h"
#include "serve/token_file.h"

namespace seam::serve {
namespace {

using nlohmann::json;

struct ClientSettings {
  std::string server = "http://127.0.0.1:8765", token_file, model;
  std::vector<std::string> arguments;
  // Of `predict`, named as the published client names them.
  std::string input_dataset, output_file, ckpt_path = "default", disable_facecrop = "False";

  void Register(Options* options) {
    options->Add("server", &server, "address of the server");
    options->Add("token-file", &token_file, "file with the server's token");
    options->Add("model", &model, "the server's model to score with (default: its first)");
    options->Add("input_dataset", &input_dataset, "predict: folder of pictures, on the server's machine");
    options->Add("output_file", &output_file, "predict: folder for the table, on the server's machine");
    options->Add("ckpt_path", &ckpt_path, "predict: the server's model");
    options->Add("disable_facecrop", &disable_facecrop, "predict: whether pictures are taken whole",
                 {"True", "False"});
    options->AddPositional("argument", &arguments);
  }
};

std::string UrlEncode(const std::string& text) {
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
                       (byte >= 'A' && byte <= 'Z') || c == '-' || c == '.' || c == '_' || c == '~';
    encoded += plain ? std::string(1, c) : fmt::format("%{:02X}", byte);
  }
  return encoded;
}

class ServerClient {
 public:
  explicit ServerClient(const ClientSettings& settings) : server_(settings.server), client_(settings.server) {
    if (!client_.is_valid())
      throw UsageError("--server", settings.server + " is no address", "http://127.0.0.1:8765");
    client_.set_read_timeout(std::chrono::hours(24));
    client_.set_keep_alive(true);
    if (settings.token_file.empty()) return;
    client_.set_bearer_token_auth(ReadTokenFile(settings.token_file));
  }

  json Get(const std::string& path) { return Answer(client_.Get(path)); }
  json PostJson(const std::string& path, const json& body) {
    return Answer(client_.Post(path, body.dump(), "application/json"));
  }
  // Sends a file piece by piece, whatever its size.
  json PostFile(const std::string& path, const std::filesystem::path& file) {
    std::ifstream stream(file, std::ios::binary);
    std::error_code problem;
    const std::uintmax_t size = std::filesystem::file_size(file, problem);
    if (!stream || problem) throw Error(file.string(), "cannot be read");
    return Answer(client_.Post(
        path, static_cast<std::size_t>(size),
        [&](std::size_t offset, std::size_t length, httplib::DataSink& sink) {
          char buffer[1 << 16];
          stream.clear();
          stream.seekg(static_cast<std::streamoff>(offset));
          stream.read(buffer, static_cast<std::streamsize>(std::min(length, sizeof buffer)));
          return stream.gcount() > 0 && sink.write(buffer, static_cast<std::size_t>(stream.gcount()));
        },
        "application/octet-stream"));
  }

 private:
  json Answer(const httplib::Result& result) const {
    if (!result) {
      throw Error(server_, "does not answer: " + httplib::to_string(result.error()),
                  "seam serve starts a server");
    }
    json body = json::parse(result->body, nullptr, false);
    if (result->status >= 200 && result->status < 300) return body;
    std::string reason = fmt::format("status {}", result->status);
    if (body.is_object()) reason = body.value("detail", body.value("error", reason));
    throw Error(server_, reason);
  }

  std::string server_;
  httplib::Client client_;
};

// Sends files, waits for all, prints a line each; the exit status says whether some failed.
int ScoreFiles(const ClientSettings& settings, ServerClient* client) {
  std::vector<std::pair<std::string, std::string>> jobs;  // file, id
  std::size_t failed = 0;
  for (const std::string& file : settings.arguments) {
    try {
      std::string path = "/api/v1/jobs?name=" + UrlEncode(std::filesystem::path(file).filename().string());
      if (!settings.model.empty()) path += "&model=" + UrlEncode(settings.model);
      jobs.emplace_back(file, client->PostFile(path, file).at("id").get<std::string>());
    } catch (const Error& error) {
      SayError(error);
      ++failed;
    }
  }
  fmt::print("{:>6}  {:<9}  {}\n", "score", "verdict", "file");
  for (const auto& [file, id] : jobs) {
    json job;
    do {
      if (Interrupted()) throw Error("seam client", "stopped; the server goes on with what it has");
      job = client->Get("/api/v1/jobs/" + id);
      if (job.at("state") != "queued" && job.at("state") != "running") break;
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
    } while (true);
    if (job.at("state") != "done") {
      ++failed;
      SayError(Error(file, job.at("problem").is_string() ? job.at("problem").get<std::string>()
                                                         : "is " + job.at("state").get<std::string>()));
      continue;
    }
    const std::string score =
        job.at("score").is_number() ? fmt::format("{:.4f}", job.at("score").get<double>()) : "";
    const std::string verdict = job.at("verdict").get<std::string>();
    failed += verdict == "error" ? 1 : 0;
    fmt::print("{:>6}  {:<9}  {}\n", score, verdict, Printable(file));
  }
  if (failed == 0) return kExitGood;
  return failed == settings.arguments.size() ? kExitFailed : kExitSomeFailed;
}

int Client(const std::vector<std::string>& arguments) {
  Options options("seam client", "FILE... | predict [options]",
                  "have a server score files, or a folder of pictures by the RescueBox schema",
                  "seam client clip.mp4 --server http://127.0.0.1:8765");
  ClientSettings settings;
  settings.Register(&options);
  if (!options.Parse(arguments)) return kExitGood;
  if (settings.arguments.empty()) throw UsageError("seam client", "names no file", "seam client clip.mp4");
  ServerClient client(settings);
  if (settings.arguments.front() != "predict") return ScoreFiles(settings, &client);
  if (settings.input_dataset.empty() || settings.output_file.empty()) {
    throw UsageError("seam client predict", "needs --input_dataset and --output_file");
  }
  const json answer = client.PostJson(
      "/predict",
      {{"inputs",
        {{"input_dataset", {{"path", settings.input_dataset}}},
         {"output_file", {{"path", settings.output_file}}}}},
       {"parameters", {{"ckpt_path", settings.ckpt_path}, {"disable_facecrop", settings.disable_facecrop}}}});
  fmt::print("{}\n", answer.at("path").get<std::string>());
  return kExitGood;
}

}  // namespace
}  // namespace seam::serve

int main(int argc, char** argv) { return seam::RunProgram(argc, argv, seam::serve::Client); }
