// The schema that RescueBox and Flask-ML clients speak: two tasks, "predict" for folders of pictures (as the
// "Image DeepFake Detector" of UMass Rescue answered) and "detect_deepfake" for videos. docs/server.md says
// where Seam differs.

#include <algorithm>
#include <cctype>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <set>
#include <utility>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/csv.h"
#include "base/error.h"
#include "base/files.h"
#include "base/lines.h"
#include "base/lower_case.h"
#include "base/version.h"
#include "serve/api.h"
#include "serve/job_queue.h"
#include "serve/job_store.h"
#include "serve/score_process.h"

namespace seam::serve {
namespace {

using Json = nlohmann::ordered_json;
using httplib::Request;
using httplib::Response;

// What the caller sent does not fit the task's schema.
class ValidationError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// A scored file, as far as the tables of these tasks show it.
struct Scored {
  std::string path;
  std::optional<double> fake;  // the calibrated probability, or the score where there is none
  bool failed = false;
};

std::string ModelNames(const ApiContext& context) {
  std::string names;
  for (const ServedModel& model : context.queue.options().models)
    names += (names.empty() ? "" : ", ") + model.name;
  return names;
}

Json EnumParameter(const std::vector<std::string>& values, const std::string& chosen) {
  Json list = Json::array();
  for (const std::string& value : values) list.push_back({{"key", value}, {"label", value}});
  return {
      {"parameter_type", "enum"}, {"enum_vals", list}, {"message_when_empty", nullptr}, {"default", chosen}};
}

Json PictureSchema(const ApiContext& context) {
  return {
      {"inputs",
       {{{"key", "input_dataset"},
         {"label", "Path to the directory containing all the images"},
         {"subtitle", ""},
         {"input_type", "directory"}},
        {{"key", "output_file"},
         {"label", "Path to the output file"},
         {"subtitle", ""},
         {"input_type", "directory"}}}},
      {"parameters",
       {{{"key", "ckpt_path"},
         {"label", "Path to the model checkpoint"},
         {"subtitle", "a model of this server: " + ModelNames(context)},
         {"value", {{"parameter_type", "text"}, {"default", context.queue.options().models.front().name}}}},
        {{"key", "disable_facecrop"},
         {"label", "Disable facecrop"},
         {"subtitle", ""},
         {"value", EnumParameter({"True", "False"}, "False")}}}}};
}

Json VideoSchema(const ApiContext& context) {
  const auto threshold = [](const char* key, const char* label, double value) {
    return Json{
        {"key", key},
        {"label", label},
        {"subtitle", ""},
        {"value",
         {{"parameter_type", "ranged_float"}, {"range", {{"min", 0}, {"max", 1}}}, {"default", value}}}};
  };
  std::vector<std::string> names;
  for (const ServedModel& model : context.queue.options().models) names.push_back(model.name);
  return {{"inputs",
           {{{"key", "video_paths"}, {"label", "Videos"}, {"subtitle", ""}, {"input_type", "batchfile"}},
            {{"key", "output_directory"},
             {"label", "Output directory"},
             {"subtitle", ""},
             {"input_type", "directory"}}}},
          {"parameters",
           {{{"key", "model"},
             {"label", "Model"},
             {"subtitle", ""},
             {"value", EnumParameter(names, names.front())}},
            threshold("real_threshold", "Probably real up to", 0.2),
            threshold("fake_threshold", "Probably fake from", 0.8)}}};
}

Json PictureSample() {
  return {{"inputs",
           {{"input_dataset", {{"path", "/Users/path/to/folder"}}},
            {"output_file", {{"path", "/Users/path/to/folder"}}}}},
          {"parameters", {{"ckpt_path", "default"}, {"disable_facecrop", "False"}}}};
}

Json VideoSample() {
  return {{"inputs",
           {{"video_paths", {{"files", {{{"path", "/Users/path/to/video.mp4"}}}}}},
            {"output_directory", {{"path", "/Users/path/to/folder"}}}}},
          {"parameters", {{"model", "default"}, {"real_threshold", 0.2}, {"fake_threshold", 0.8}}}};
}

// A JSON schema that a payload of the keys of `schema` keeps.
Json PayloadSchema(const Json& schema) {
  const auto object = [](const Json& list) {
    Json properties = Json::object(), required = Json::array();
    for (const Json& item : list) {
      properties[item.at("key").get<std::string>()] = Json::object();
      required.push_back(item.at("key"));
    }
    return Json{{"type", "object"},
                {"properties", properties},
                {"required", required},
                {"additionalProperties", false}};
  };
  return {{"type", "object"},
          {"properties",
           {{"inputs", object(schema.at("inputs"))}, {"parameters", object(schema.at("parameters"))}}},
          {"required", {"inputs", "parameters"}},
          {"additionalProperties", false}};
}

// The keys of both must be the same.
void CheckKeys(const Json& given, const std::set<std::string>& wanted, const std::string& what) {
  if (!given.is_object()) throw ValidationError(what + " must be an object");
  std::set<std::string> keys;
  for (const auto& [key, value] : given.items()) keys.insert(key);
  if (keys != wanted)
    throw ValidationError(
        fmt::format("Keys mismatch. {}: the keys must be: {}", what, fmt::join(wanted, ", ")));
}

void CheckPayload(const Json& payload, const Json& schema) {
  CheckKeys(payload, {"inputs", "parameters"}, "request body");
  for (const char* part : {"inputs", "parameters"}) {
    std::set<std::string> wanted;
    for (const Json& item : schema.at(part)) wanted.insert(item.at("key").get<std::string>());
    CheckKeys(payload.at(part), wanted, part);
  }
}

std::string TextAt(const Json& object, const std::string& key) {
  if (!object.contains(key) || !object.at(key).is_string()) throw ValidationError(key + " must be a text");
  return object.at(key).get<std::string>();
}

std::string PathAt(const Json& inputs, const std::string& key) {
  if (!inputs.at(key).is_object()) throw ValidationError(key + R"( must be {"path": ...})");
  return TextAt(inputs.at(key), "path");
}

class FlaskMl {
 public:
  explicit FlaskMl(ApiContext* context) : context_(*context) {}

  Json Routes() const {
    Json routes = Json::array();
    int order = 0;
    for (const char* task : {"/predict", "/detect_deepfake"}) {
      const std::string path = task;
      routes.push_back({{"task_schema", path + "/task_schema"},
                        {"run_task", path},
                        {"sample_payload", path + "/sample_payload"},
                        {"payload_schema", path + "/payload_schema"},
                        {"short_title", order == 0 ? "" : "Videos"},
                        {"order", order}});
      ++order;
    }
    return routes;
  }

  Json Metadata() const {
    return {{"info",
             "# Seam\n\nScores pictures and videos: how likely is each a deepfake? A score is a reason to "
             "look closer, and "
             "no proof.\n"},
            {"author", "Seam"},
            {"version", Version()},
            {"name", "Image DeepFake Detector"}};
  }

  Json Predict(const Json& payload) const {
    CheckPayload(payload, PictureSchema(context_));
    const Json &inputs = payload.at("inputs"), &parameters = payload.at("parameters");
    const std::string crop = TextAt(parameters, "disable_facecrop");
    if (crop != "True" && crop != "False") throw ValidationError("disable_facecrop must be True or False");
    if (crop == "True") {
      throw ValidationError(
          "disable_facecrop: the models of this server see cropped faces alone; send False");
    }
    const std::filesystem::path folder = Open(PathAt(inputs, "input_dataset"), "input_dataset");
    std::vector<std::string> pictures;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      const std::string ending = LowerCase(entry.path().extension().string());
      if (ending == ".jpg" || ending == ".jpeg" || ending == ".png")
        pictures.push_back(entry.path().string());
    }
    std::sort(pictures.begin(), pictures.end());
    std::string table = CsvLine({"image_path", "prediction", "confidence"});
    for (const Scored& scored : Score(pictures, FindServedModel(TextAt(parameters, "ckpt_path")))) {
      // As published: a prediction is likely where the greater of both probabilities is above 0.8.
      if (scored.failed) {
        table += CsvLine({scored.path, "error", ""});
      } else if (!scored.fake) {
        table += CsvLine({scored.path, "uncertain", ""});  // no face was found
      } else {
        const double confidence = std::max(*scored.fake, 1 - *scored.fake);
        const char* likely = *scored.fake < 0.5 ? "likely real" : "likely fake";
        table +=
            CsvLine({scored.path, confidence > 0.8 ? likely : "uncertain", fmt::format("{}", confidence)});
      }
    }
    const std::filesystem::path output = OpenForWriting(PathAt(inputs, "output_file"), "output_file");
    const std::filesystem::path file =
        output / fmt::format("predictions_{:%Y-%m-%d_%H-%M-%S}_{}.csv", fmt::gmtime(std::time(nullptr)),
                             NewId().substr(0, 6));
    WriteFile(file, table);
    return FileAnswer(file);
  }

  Json DetectDeepfake(const Json& payload) const {
    CheckPayload(payload, VideoSchema(context_));
    const Json &inputs = payload.at("inputs"), &parameters = payload.at("parameters");
    for (const char* key : {"real_threshold", "fake_threshold"}) {
      if (!parameters.at(key).is_number()) throw ValidationError(std::string(key) + " must be a number");
    }
    const double real = parameters.at("real_threshold").get<double>(),
                 fake = parameters.at("fake_threshold").get<double>();
    if (!(real >= 0 && fake <= 1 && real < fake)) {
      throw ValidationError("the thresholds must be from 0 to 1, real_threshold below fake_threshold");
    }
    const Json& list = inputs.at("video_paths");
    if (!list.is_object() || !list.contains("files") || !list.at("files").is_array()) {
      throw ValidationError(R"(video_paths must be {"files": [{"path": ...}]})");
    }
    std::vector<std::string> videos;
    for (const Json& file : list.at("files")) {
      const std::string named = TextAt(file, "path");
      const auto path = context_.folders.Resolve(named);
      videos.push_back(path ? path->string()
                            : throw ValidationError(named + ": no such file is open to this server"));
    }
    std::string table = CsvLine({"video_path", "deepfake_probability", "prediction"});
    for (const Scored& scored : Score(videos, FindServedModel(TextAt(parameters, "model")))) {
      if (scored.failed) {
        table += CsvLine({scored.path, "", "ERROR"});
      } else if (!scored.fake) {
        table += CsvLine({scored.path, "", "UNCERTAIN"});
      } else {
        const char* prediction = *scored.fake <= real   ? "PROBABLY REAL"
                                 : *scored.fake >= fake ? "PROBABLY FAKE"
                                                        : "UNCERTAIN";
        table += CsvLine({scored.path, fmt::format("{}", *scored.fake), prediction});
      }
    }
    const std::filesystem::path file =
        OpenForWriting(PathAt(inputs, "output_directory"), "output_directory") / "deepfake_results.csv";
    WriteFile(file, table);
    return FileAnswer(file);
  }

  // Runs a task and answers as Flask-ML does.
  void Answer(const Request& request, Response* response,
              const std::function<Json(const Json&)>& task) const {
    const auto answer = [&](int status, const Json& json) {
      response->status = status;
      response->set_content(json.dump(-1, ' ', false, Json::error_handler_t::replace), "application/json");
    };
    try {
      const Json payload = Json::parse(request.body, nullptr, false);
      if (payload.is_discarded()) throw ValidationError("the request body is no JSON");
      answer(200, task(payload));
    } catch (const ValidationError& error) {
      answer(400, {{"error", error.what()}, {"status", "VALIDATION_ERROR"}});
    } catch (const std::exception& error) {
      answer(500, {{"error", error.what()}, {"status", "SERVER_ERROR"}});
    }
  }

  const ApiContext& context() const { return context_; }

 private:
  static Json FileAnswer(const std::filesystem::path& file) {
    return {{"output_type", "file"},
            {"file_type", "csv"},
            {"path", file.string()},
            {"title", nullptr},
            {"subtitle", nullptr}};
  }

  std::filesystem::path Open(const std::string& named, const char* key) const {
    const auto folder = context_.folders.Resolve(named);
    if (!folder || !std::filesystem::is_directory(*folder)) {
      throw ValidationError(
          fmt::format("{}: {} is no folder that is open to this server (--allow)", key, named));
    }
    return *folder;
  }

  // Makes the folder where its parent is open.
  std::filesystem::path OpenForWriting(const std::string& named, const char* key) const {
    const std::filesystem::path path(named);
    if (!std::filesystem::exists(path) && !path.filename().empty() && path.filename() != "..") {
      const std::filesystem::path parent = Open(path.parent_path().string(), key);
      std::filesystem::create_directory(parent / path.filename());
    }
    return Open(named, key);
  }

  const ServedModel& FindServedModel(const std::string& name) const {
    for (const ServedModel& model : context_.queue.options().models) {
      if (name == model.name || name == model.file.string()) return model;
    }
    throw ValidationError(
        fmt::format("'{}' is no model of this server; it has {}", name, ModelNames(context_)));
  }

  std::vector<Scored> Score(const std::vector<std::string>& files, const ServedModel& model) const {
    if (files.empty()) return {};
    const std::filesystem::path work = context_.queue.options().state / "work" / NewId();
    std::filesystem::create_directories(work);
    const std::shared_ptr<void> clean(nullptr, [&](void*) {
      std::error_code ignored;
      std::filesystem::remove_all(work, ignored);
    });
    const std::filesystem::path lines = work / "result.jsonl";
    std::vector<std::string> arguments = {"--model", model.file.string(), "--jsonl", lines.string(), "--"};
    arguments.insert(arguments.end(), files.begin(), files.end());
    const ScoreOutcome outcome =
        RunScoreProcess(arguments, work / "log", context_.stopping, std::chrono::hours(24));
    if (!std::filesystem::exists(lines)) throw std::runtime_error("seam infer: " + outcome.problem);
    std::vector<Scored> all;
    const std::string text = ReadFile(lines);
    for (const NumberedLine& line : NumberedLines(text)) {
      const Json row = Json::parse(line.text);
      Scored scored;
      scored.path = row.at("path").get<std::string>();
      scored.failed = row.at("verdict") == "error";
      const Json& fake = row.at("probability").is_number() ? row.at("probability") : row.at("score");
      if (fake.is_number()) scored.fake = fake.get<double>();
      all.push_back(scored);
    }
    return all;
  }

  ApiContext& context_;
};

void SetSorted(Response* response, const Json& json) {
  // Flask sorts keys.
  response->set_content(nlohmann::json::parse(json.dump()).dump(), "application/json");
}

}  // namespace

void AddFlaskMlRoutes(httplib::Server* server, ApiContext* context) {
  const auto tasks = std::make_shared<FlaskMl>(context);
  server->Get("/api/routes",
              [tasks](const Request&, Response& response) { SetSorted(&response, tasks->Routes()); });
  server->Get("/api/app_metadata",
              [tasks](const Request&, Response& response) { SetSorted(&response, tasks->Metadata()); });
  server->Post("/predict", [tasks](const Request& request, Response& response) {
    tasks->Answer(request, &response, [&](const Json& payload) { return tasks->Predict(payload); });
  });
  server->Post("/detect_deepfake", [tasks](const Request& request, Response& response) {
    tasks->Answer(request, &response, [&](const Json& payload) { return tasks->DetectDeepfake(payload); });
  });
  const std::pair<const char*, std::pair<Json, Json>> described[] = {
      {"/predict", {PictureSchema(*context), PictureSample()}},
      {"/detect_deepfake", {VideoSchema(*context), VideoSample()}}};
  for (const auto& [path, both] : described) {
    const Json schema = both.first, sample = both.second, payload = PayloadSchema(schema);
    const auto get = [&](const char* end, const Json& json) {
      server->Get(std::string(path) + end,
                  [json](const Request&, Response& response) { SetSorted(&response, json); });
    };
    get("/task_schema", schema);
    get("/sample_payload", sample);
    get("/payload_schema", payload);
  }
}

}  // namespace seam::serve
