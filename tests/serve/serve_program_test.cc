// `seam serve` as a process, through its API.

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <regex>
#include <set>
#include <thread>

#include <gtest/gtest.h>
#include <httplib.h>
#include <nlohmann/json.hpp>

#include "base/files.h"
#include "base/lines.h"
#include "tests/support/clips.h"
#include "tests/support/support.h"

namespace seam::serve {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

// A server at work in a folder, at a port of its own choosing.
class RunningServer {
 public:
  RunningServer(const fs::path& folder, const std::vector<std::string>& more = {})
      : log_(folder / "serve.log") {
    std::vector<std::string> words = {
        "seam", "serve", "--port", "0", "--state", (folder / "state").string(), "--workers", "1"};
    words.insert(words.end(), more.begin(), more.end());
    // The programs of the build come first on the path that RunCommand() sets up.
    const std::string path = RunCommand("command -v seam").out;
    words[0] = path.substr(0, path.find('\n'));
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, log_.c_str(), O_WRONLY | O_CREAT | O_TRUNC,
                                     0600);
    EXPECT_EQ(posix_spawn(&process_, argv[0], &actions, nullptr, argv.data(), environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    const std::regex said("open http://127\\.0\\.0\\.1:([0-9]+)/");
    std::smatch found;
    for (int i = 0; i < 600 && port_ == 0; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      const std::string text = Log();
      if (std::regex_search(text, found, said)) port_ = std::stoi(found[1]);
    }
    EXPECT_NE(port_, 0) << Log();
  }
  ~RunningServer() { End(SIGTERM); }

  int End(int signal) {
    if (process_ == 0) return 0;
    kill(process_, signal);
    int status = 0;
    waitpid(process_, &status, 0);
    process_ = 0;
    return status;
  }

  std::string Log() const { return fs::exists(log_) ? ReadFile(log_) : ""; }
  int port() const { return port_; }
  httplib::Client Client() const {
    httplib::Client client("127.0.0.1", port_);
    client.set_read_timeout(60);
    return client;
  }

  json Get(const std::string& path, int status = 200) const {
    const auto response = Client().Get(path);
    if (!response) {
      ADD_FAILURE() << path << ": no answer";
      return {};
    }
    EXPECT_EQ(response->status, status) << path << ": " << response->body;
    return json::parse(response->body, nullptr, false);
  }

  // Sends a file; the job.
  json Send(const fs::path& file, const httplib::Headers& headers = {}) const {
    const auto response = Client().Post("/api/v1/jobs?name=" + file.filename().string(), headers,
                                        ReadFile(file), "application/octet-stream");
    if (!response || response->status > 201) {
      ADD_FAILURE() << (response ? response->body : "no answer");
      return {};
    }
    return json::parse(response->body);
  }

  json WaitForEnd(const std::string& id) const {
    for (int i = 0; i < 1200; ++i) {
      const json job = Get("/api/v1/jobs/" + id);
      if (job["state"] != "queued" && job["state"] != "running") return job;
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    ADD_FAILURE() << "no end: " << Log();
    return {};
  }

 private:
  fs::path log_;
  pid_t process_ = 0;
  int port_ = 0;
};

class ServeProgramTest : public ::testing::Test {
 protected:
  void SetUp() override { SEAM_NEEDS_DEMO_CLIP(); }
  TemporaryFolder folder_;
};

TEST_F(ServeProgramTest, AnUploadGetsTheVeryScoreOfSeamInfer) {
  const RunningServer server(folder_.path());
  const json job = server.WaitForEnd(server.Send(DemoClip())["id"]);
  ASSERT_EQ(job["state"], "done") << job;
  const fs::path lines = folder_ / "direct.jsonl";
  ASSERT_EQ(RunCommand("seam infer -q " + Quoted(DemoClip().string()) + " --jsonl " + Quoted(lines.string()))
                .status,
            0);
  json direct = json::parse(ReadFile(lines)),
       served = server.Get("/api/v1/jobs/" + job["id"].get<std::string>() + "/result");
  EXPECT_EQ(served["path"], "demo.mp4");
  EXPECT_FALSE(served["tracks"].empty());
  direct.erase("path");
  served.erase("path");
  EXPECT_EQ(served, direct);
  EXPECT_EQ(job["score"], direct["score"]);
  EXPECT_EQ(job["verdict"], direct["verdict"]);
  const auto report = server.Client().Get(job["links"]["report"].get<std::string>());
  ASSERT_TRUE(report);
  EXPECT_NE(report->body.find("Most suspicious faces"), std::string::npos);
  EXPECT_NE(report->get_header_value("Content-Security-Policy").find("sandbox"), std::string::npos);
}

TEST_F(ServeProgramTest, AFileThatIsNoVideoCostsItsOwnJobAlone) {
  const RunningServer server(folder_.path());
  WriteFile(folder_ / "text.mp4", "no video at all");
  const json bad = server.Send(folder_ / "text.mp4"), good = server.Send(DemoClip());
  EXPECT_EQ(server.WaitForEnd(bad["id"])["verdict"], "error");
  EXPECT_EQ(server.WaitForEnd(good["id"])["state"], "done");
}

TEST_F(ServeProgramTest, AKilledServerLosesNoResultAndGoesOnWithItsQueue) {
  std::set<std::string> ids;
  std::string done;
  {
    RunningServer server(folder_.path());
    done = server.Send(DemoClip())["id"];
    ids.insert(done);
    server.WaitForEnd(done);
    for (int i = 0; i < 3; ++i) ids.insert(server.Send(DemoClip())["id"].get<std::string>());
    server.End(SIGKILL);
  }
  const RunningServer server(folder_.path());
  EXPECT_EQ(server.Get("/api/v1/jobs/" + done)["state"], "done");
  for (const std::string& id : ids) EXPECT_EQ(server.WaitForEnd(id)["state"], "done");
  EXPECT_EQ(server.Get("/api/v1/jobs")["total"], ids.size());
}

TEST_F(ServeProgramTest, JobsAreCancelledDeletedAndListed) {
  const RunningServer server(folder_.path());
  const json first = server.Send(DemoClip()), second = server.Send(DemoClip());
  const std::string path = "/api/v1/jobs/" + second["id"].get<std::string>();
  auto response = server.Client().Post(path + "/cancel");
  ASSERT_TRUE(response);
  EXPECT_EQ(json::parse(response->body)["state"], "cancelled");
  response = server.Client().Post(path + "/cancel");
  EXPECT_EQ(response->status, 409);
  EXPECT_EQ(response->get_header_value("Content-Type"), "application/problem+json");
  EXPECT_EQ(server.Get(path + "/result", 409)["status"], 409);
  EXPECT_EQ(server.Client().Delete(path)->status, 204);
  server.Get(path, 404);
  EXPECT_FALSE(fs::exists(folder_ / "state/files" / second["id"].get<std::string>()));
  EXPECT_EQ(server.WaitForEnd(first["id"])["state"], "done");
  EXPECT_EQ(server.Get("/api/v1/jobs?state=done")["total"], 1);
  server.Get("/api/v1/jobs?state=what", 400);
  server.Get("/api/v1/jobs?limit=0", 400);
}

TEST_F(ServeProgramTest, TheSameKeySendsOnce) {
  const RunningServer server(folder_.path());
  const json first = server.Send(DemoClip(), {{"Idempotency-Key", "once"}});
  EXPECT_EQ(server.Send(DemoClip(), {{"Idempotency-Key", "once"}})["id"], first["id"]);
  EXPECT_EQ(server.Get("/api/v1/jobs")["total"], 1);
}

TEST_F(ServeProgramTest, OnlyFilesOfOpenFoldersAreScoredByPath) {
  fs::create_directories(folder_ / "open");
  fs::copy(DemoClip(), folder_ / "open/demo.mp4");
  const RunningServer server(folder_.path(), {"--allow", (folder_ / "open").string()});
  const auto post = [&](const std::string& path) {
    const auto response =
        server.Client().Post("/api/v1/jobs", json({{"path", path}}).dump(), "application/json");
    return response ? response->status : -1;
  };
  EXPECT_EQ(post((folder_ / "open/demo.mp4").string()), 201);
  EXPECT_EQ(post(DemoClip().string()), 404);
  EXPECT_EQ(post((folder_ / "open/../serve.log").string()), 404);
  EXPECT_EQ(post("/etc/passwd"), 404);
  EXPECT_EQ(server.Get("/api/v1/folders?path=" + (folder_ / "open").string())["files"].size(), 1U);
  server.Get("/api/v1/folders?path=/etc", 404);
}

TEST_F(ServeProgramTest, MediaComeInRangesAndTagsSaveTraffic) {
  const RunningServer server(folder_.path());
  const json job = server.Send(DemoClip());
  const std::string path = job["links"]["media"], whole = ReadFile(DemoClip());
  auto response = server.Client().Get(path, {httplib::make_range_header({{10, 19}})});
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 206);
  EXPECT_EQ(response->body, whole.substr(10, 10));
  EXPECT_EQ(server.Client().Get(path)->body, whole);
  response = server.Client().Get(path, {{"Range", "bytes=99999999-"}});
  EXPECT_EQ(response->status, 416);
  server.WaitForEnd(job["id"]);
  response = server.Client().Get("/api/v1/jobs");
  const std::string tag = response->get_header_value("ETag");
  EXPECT_EQ(server.Client().Get("/api/v1/jobs", {{"If-None-Match", tag}})->status, 304);
}

TEST_F(ServeProgramTest, LimitsAndStrangersGetProblemDocuments) {
  const RunningServer server(folder_.path(), {"--max-upload", "1000"});
  auto response =
      server.Client().Post("/api/v1/jobs?name=big", std::string(5000, 'x'), "application/octet-stream");
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 413);
  EXPECT_TRUE(fs::is_empty(folder_ / "state/files"));
  response = server.Client().Post("/api/v1/jobs?name=empty", "", "application/octet-stream");
  EXPECT_EQ(response->status, 400);
  EXPECT_EQ(server.Client().Get("/api/v1/jobs", {{"Host", "evil.example"}})->status, 421);
  response = server.Client().Post("/api/v1/jobs", {{"Origin", "http://evil.example"}}, "x", "text/plain");
  EXPECT_EQ(response->status, 403);
  EXPECT_EQ(json::parse(response->body)["status"], 403);
  EXPECT_EQ(server.Get("/api/v1/nothing", 404)["title"], "Not found");
  response = server.Client().Get("/");
  EXPECT_NE(response->body.find("<main"), std::string::npos);
  EXPECT_EQ(response->get_header_value("Content-Security-Policy").find("unsafe-inline"), std::string::npos);
}

// What the server answers has the keys that its own description requires.
TEST_F(ServeProgramTest, AnswersKeepTheDescription) {
  const RunningServer server(folder_.path());
  const json description = server.Get("/api/v1/openapi.json"),
             &schemas = description["components"]["schemas"];
  const auto check = [&](const json& answer, const char* schema) {
    std::set<std::string> keys, known;
    for (const auto& [key, value] : answer.items()) keys.insert(key);
    for (const auto& [key, value] : schemas[schema]["properties"].items()) known.insert(key);
    for (const json& key : schemas[schema]["required"])
      EXPECT_TRUE(keys.contains(key)) << schema << ": " << key;
    for (const std::string& key : keys)
      EXPECT_TRUE(known.contains(key)) << schema << " does not describe " << key;
  };
  const json job = server.Send(DemoClip());
  check(job, "Job");
  check(server.WaitForEnd(job["id"]), "Job");
  check(server.Get("/api/v1/health"), "Health");
  check(server.Get("/api/v1/models")["models"][0], "Model");
  check(server.Get("/api/v1/folders"), "Folder");
  check(server.Get("/api/v1/jobs/00000000000000000000000000000000", 404), "Problem");
  // Every path of the description is there.
  for (const auto& [path, methods] : description["paths"].items()) {
    if (!methods.contains("get") || path == "/api/v1/events") continue;
    const std::string real = std::regex_replace(path, std::regex("\\{id\\}"), job["id"].get<std::string>());
    EXPECT_LT(server.Client().Get(real)->status, 400) << real;
  }
}

TEST_F(ServeProgramTest, EventsTellOfJobsAndGoOnWhereTheListenerLeft) {
  const RunningServer server(folder_.path());
  std::string heard;
  std::thread listener([&] {
    server.Client().Get("/api/v1/events", [&](const char* data, std::size_t size) {
      heard.append(data, size);
      return heard.find("\"state\":\"done\"") == std::string::npos;
    });
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  const std::string id = server.Send(DemoClip())["id"];
  listener.join();
  for (const char* state : {"queued", "running", "done"}) {
    EXPECT_NE(heard.find("\"state\":\"" + std::string(state) + "\""), std::string::npos) << state;
  }
  std::string again;
  server.Client().Get("/api/v1/events", {{"Last-Event-ID", "1"}}, [&](const char* data, std::size_t size) {
    again.append(data, size);
    return again.find("\"done\"") == std::string::npos;
  });
  EXPECT_EQ(again.find("id: 1\n"), std::string::npos);
  EXPECT_NE(again.find("id: 2\n"), std::string::npos);
}

TEST_F(ServeProgramTest, RescueBoxClientsGetTheirTables) {
  fs::create_directories(folder_ / "pictures");
  ASSERT_EQ(RunCommand("ffmpeg -v error -i " + Quoted(DemoClip().string()) + " -frames:v 1 " +
                       Quoted((folder_ / "pictures/face.png").string()))
                .status,
            0);
  WriteFile(folder_ / "pictures/broken.jpg", "no picture");
  WriteFile(folder_ / "pictures/notes.txt", "no picture");
  const RunningServer server(folder_.path(), {"--allow", folder_.path().string()});
  EXPECT_EQ(server.Get("/api/routes")[0]["run_task"], "/predict");
  EXPECT_EQ(server.Get("/api/app_metadata")["name"], "Image DeepFake Detector");
  EXPECT_EQ(server.Get("/predict/task_schema")["inputs"][0]["input_type"], "directory");
  json payload = {{"inputs",
                   {{"input_dataset", {{"path", (folder_ / "pictures").string()}}},
                    {"output_file", {{"path", (folder_ / "out").string()}}}}},
                  {"parameters", {{"ckpt_path", "default"}, {"disable_facecrop", "False"}}}};
  const auto post = [&](const char* path) {
    return server.Client().Post(path, payload.dump(), "application/json");
  };
  auto response = post("/predict");
  ASSERT_TRUE(response);
  ASSERT_EQ(response->status, 200) << response->body;
  const json answer = json::parse(response->body);
  EXPECT_EQ(answer["output_type"], "file");
  EXPECT_EQ(answer["file_type"], "csv");
  const std::string table = ReadFile(answer["path"].get<std::string>());
  EXPECT_EQ(table.substr(0, table.find('\n')), "image_path,prediction,confidence");
  EXPECT_EQ(NumberedLines(table).size(), 3U);  // the text is no picture
  EXPECT_NE(table.find("broken.jpg,error,"), std::string::npos) << table;
  payload["parameters"]["ckpt_path"] = "/no/such/file";  // is used, not passed over
  EXPECT_EQ(json::parse(post("/predict")->body)["status"], "VALIDATION_ERROR");
  payload["parameters"].erase("ckpt_path");
  EXPECT_EQ(post("/predict")->status, 400);
  payload = {{"inputs",
              {{"video_paths", {{"files", {{{"path", (folder_ / "pictures/face.png").string()}}}}}},
               {"output_directory", {{"path", folder_.path().string()}}}}},
             {"parameters", {{"model", "default"}, {"real_threshold", 0.2}, {"fake_threshold", 0.8}}}};
  response = post("/detect_deepfake");
  ASSERT_EQ(response->status, 200) << response->body;
  EXPECT_NE(ReadFile(folder_ / "deepfake_results.csv").find("PROBABLY REAL"), std::string::npos);
  payload["parameters"]["real_threshold"] = 0.9;
  EXPECT_EQ(post("/detect_deepfake")->status, 400);
}

TEST_F(ServeProgramTest, TheClientPrintsALineForEachFileAndTellsWhichFailed) {
  fs::create_directories(folder_ / "pictures");
  WriteFile(folder_ / "letter.mp4", "Dear editor");
  const RunningServer server(folder_.path(), {"--allow", folder_.path().string()});
  const std::string at = " --server http://127.0.0.1:" + std::to_string(server.port());
  const CommandResult result = RunCommand("seam client " + Quoted(DemoClip().string()) + " " +
                                          Quoted((folder_ / "letter.mp4").string()) + " /no/such/file" + at);
  EXPECT_EQ(result.status, 3) << result.err;
  EXPECT_NE(result.out.find("real       " + DemoClip().string()), std::string::npos) << result.out;
  EXPECT_NE(result.out.find("error"), std::string::npos);
  EXPECT_NE(result.err.find("/no/such/file: cannot be read"), std::string::npos) << result.err;
  const CommandResult predict =
      RunCommand("seam client predict --input_dataset " + Quoted((folder_ / "pictures").string()) +
                 " --output_file " + Quoted((folder_ / "out").string()) + at);
  ASSERT_EQ(predict.status, 0) << predict.err;
  EXPECT_TRUE(fs::exists(predict.out.substr(0, predict.out.find('\n')))) << predict.out;
  EXPECT_EQ(RunCommand("seam client predict --input_dataset /etc --output_file /tmp" + at).status, 1);
  EXPECT_EQ(RunCommand("seam client x.mp4 --server http://127.0.0.1:1").status, 1);
}

TEST_F(ServeProgramTest, AnAddressThatOthersReachNeedsAToken) {
  const CommandResult result = RunCommand("seam serve --address 0.0.0.0 --port 0");
  EXPECT_EQ(result.status, 2);
  EXPECT_NE(result.err.find("--token-file"), std::string::npos);
  WriteFile(folder_ / "token", "0123456789abcdef0123\n");
  const RunningServer server(folder_.path(), {"--token-file", (folder_ / "token").string()});
  server.Get("/api/v1/jobs", 401);
  httplib::Client client = server.Client();
  EXPECT_EQ(client.Get("/api/v1/jobs", {{"Authorization", "Bearer 0123456789abcdef0123"}})->status, 200);
  const auto session =
      client.Post("/api/v1/session", R"({"token": "0123456789abcdef0123"})", "application/json");
  ASSERT_EQ(session->status, 204);
  const std::string cookie = session->get_header_value("Set-Cookie");
  EXPECT_NE(cookie.find("HttpOnly"), std::string::npos);
  EXPECT_EQ(client.Get("/api/v1/jobs", {{"Cookie", cookie.substr(0, cookie.find(';'))}})->status, 200);
}

TEST_F(ServeProgramTest, TwoServersDoNotShareAFolder) {
  const RunningServer server(folder_.path());
  const CommandResult result =
      RunCommand("seam serve --port 0 --state " + Quoted((folder_ / "state").string()));
  EXPECT_EQ(result.status, 1);
  EXPECT_NE(result.err.find("another seam serve"), std::string::npos);
}

}  // namespace
}  // namespace seam::serve
