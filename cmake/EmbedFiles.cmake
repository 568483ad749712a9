# cmake -D OUTPUT=<.cc> -D FOLDER=<dir> -D FILES=<name;name...> -P EmbedFiles.cmake: writes the files into a source file
# as byte arrays with the table that serve/web_files.h looks them up in.
cmake_policy(VERSION 3.25)
set(TYPE_html "text/html; charset=utf-8")
set(TYPE_css "text/css; charset=utf-8")
set(TYPE_js "text/javascript; charset=utf-8")
set(TYPE_json "application/json")
set(TYPE_svg "image/svg+xml")
set(code "#include \"serve/web_files.h\"\n\nnamespace seam::serve {\nnamespace {\n")
set(table "")
set(number 0)
foreach(name ${FILES})
  file(READ ${FOLDER}/${name} hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
  string(REGEX REPLACE "^.*\\.([a-z]+)$" "\\1" ending "${name}")
  string(APPEND code "constexpr unsigned char kBytes${number}[] = {${bytes}0};\n")
  string(APPEND table
    "    {\"${name}\", \"${TYPE_${ending}}\", {reinterpret_cast<const char*>(kBytes${number}), sizeof(kBytes${number}) - 1}},\n")
  math(EXPR number "${number} + 1")
endforeach()
string(APPEND code "}  // namespace\n\nconst WebFile* FindWebFile(const std::string& name) {\n  static const WebFile files[] = {\n${table}  };\n"
  "  for (const WebFile& file : files) {\n    if (name == file.name) return &file;\n  }\n  return nullptr;\n}\n\n}  // namespace seam::serve\n")
file(WRITE ${OUTPUT} "${code}")
