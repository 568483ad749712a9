#include "models/weights/zip_file.h"

#include <zip.h>

#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "models/weights/safetensors_header.h"

namespace seam {
namespace {

constexpr zip_int64_t kMaxMembers = 100'000;

Error Damaged(const std::string& subject, const std::string& what) {
  return Error(subject, "damaged zip file: " + what, "fetch or write the file again");
}

struct CloseMember {
  void operator()(zip_file_t* file) const { zip_fclose(file); }
};

}  // namespace

struct ZipFile::Impl {
  zip_t* archive = nullptr;
  ~Impl() {
    if (archive != nullptr) zip_discard(archive);
  }
};

ZipFile::ZipFile(std::string_view bytes, std::string subject)
    : subject_(std::move(subject)), impl_(std::make_unique<Impl>()) {
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* source = zip_source_buffer_create(bytes.data(), bytes.size(), 0, &error);
  if (source != nullptr) impl_->archive = zip_open_from_source(source, ZIP_RDONLY, &error);
  if (impl_->archive == nullptr) {
    if (source != nullptr) zip_source_free(source);
    const std::string reason = Printable(zip_error_strerror(&error));
    zip_error_fini(&error);
    throw Damaged(subject_, reason);
  }
  zip_error_fini(&error);
  const zip_int64_t count = zip_get_num_entries(impl_->archive, 0);
  if (count > kMaxMembers) throw Damaged(subject_, fmt::format("{} members", count));
  std::uint64_t together = 0;
  for (zip_int64_t i = 0; i < count; ++i) {
    zip_stat_t member;
    if (zip_stat_index(impl_->archive, static_cast<zip_uint64_t>(i), 0, &member) != 0) {
      throw Damaged(subject_, fmt::format("member {} has no entry", i));
    }
    const std::string name = member.name;
    if (member.comp_size > bytes.size() - together) {
      throw Damaged(subject_, "its members are longer than the file, or overlap");
    }
    together += member.comp_size;
    if (!members_.emplace(name, member.size).second) {
      throw Damaged(subject_, fmt::format("{} stands twice", Shown(name)));
    }
    const bool stored = member.comp_method == ZIP_CM_STORE && member.encryption_method == ZIP_EM_NONE &&
                        member.size == member.comp_size;
    if (!stored) packed_.insert(name);
  }
}

ZipFile::~ZipFile() = default;

void ZipFile::Read(const std::string& name, char* to) const {
  CheckStored(name);
  const std::uint64_t size = members_.at(name);
  const std::unique_ptr<zip_file_t, CloseMember> file(zip_fopen(impl_->archive, name.c_str(), 0));
  // One byte more than there is makes the library compare the checksum at the end.
  char beyond = 0;
  const bool whole = file != nullptr && zip_fread(file.get(), to, size) == static_cast<zip_int64_t>(size) &&
                     zip_fread(file.get(), &beyond, 1) == 0;
  if (!whole) throw Damaged(subject_, fmt::format("{} cannot be read whole", Shown(name)));
}

void ZipFile::CheckStored(const std::string& name) const {
  if (packed_.count(name) == 0) return;
  throw Error(subject_, fmt::format("its member {} is compressed", Shown(name)),
              "torch.save() stores members as they are; write the file again with it");
}

std::string ZipFile::Read(const std::string& name) const {
  CheckStored(name);  // its size may be anything
  std::string bytes(members_.at(name), '\0');
  Read(name, bytes.data());
  return bytes;
}

}  // namespace seam
