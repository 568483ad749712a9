#include "base/sandbox.h"

#include <fcntl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory>

#include <fmt/format.h>

#include "base/error.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SEAM_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SEAM_SANITIZED 1
#endif
#endif

namespace seam {
namespace {

constexpr bool kSanitized =
#ifdef SEAM_SANITIZED
    true;
#else
    false;
#endif

void Limit(__rlimit_resource resource, std::uint64_t value) {
  // Hard, where it may be: nothing lifts it again.
  const rlimit limit = {value, value};
  if (setrlimit(resource, &limit) != 0)
    throw Error("sandbox", fmt::format("a limit was refused: {}", std::strerror(errno)));
}

struct FilterDeleter {
  void operator()(void* filter) const { seccomp_release(filter); }
};

// The system calls of the filter.
class Filter {
 public:
  Filter() : filter_(seccomp_init(SCMP_ACT_KILL_PROCESS)) {
    if (!filter_) throw Error("sandbox", "no filter of system calls can be made");
  }

  void Allow(int call) { Check(seccomp_rule_add(filter_.get(), SCMP_ACT_ALLOW, call, 0)); }
  void Allow(int call, scmp_arg_cmp first) {
    Check(seccomp_rule_add_array(filter_.get(), SCMP_ACT_ALLOW, call, 1, &first));
  }
  void Allow(int call, scmp_arg_cmp first, scmp_arg_cmp second) {
    const scmp_arg_cmp both[] = {first, second};
    Check(seccomp_rule_add_array(filter_.get(), SCMP_ACT_ALLOW, call, 2, both));
  }
  // As if the kernel did not have it.
  void Lack(int call) { Check(seccomp_rule_add(filter_.get(), SCMP_ACT_ERRNO(ENOSYS), call, 0)); }

  void Load() {
    Check(seccomp_attr_set(filter_.get(), SCMP_FLTATR_CTL_TSYNC, 1));
    Check(seccomp_load(filter_.get()));
  }

 private:
  static void Check(int status) {
    if (status < 0)
      throw Error("sandbox",
                  fmt::format("the filter of system calls was refused: {}", std::strerror(-status)));
  }

  std::unique_ptr<void, FilterDeleter> filter_;
};

// No access to any path. Kernels know more kinds of access with each version of Landlock.
void CloseFileSystem() {
  constexpr unsigned kAskVersion = 1;
  const long version = syscall(SYS_landlock_create_ruleset, nullptr, std::size_t{0}, kAskVersion);
  if (version < 1) return;
  struct {
    std::uint64_t files, network;
  } handled = {0x1FFF, 0};
  if (version >= 2) handled.files |= 1U << 13U;  // linking into other folders
  if (version >= 3) handled.files |= 1U << 14U;  // truncation
  if (version >= 4) handled.network = 3;         // to bind and to connect
  if (version >= 5) handled.files |= 1U << 15U;  // device control
  const std::size_t size = version >= 4 ? sizeof(handled) : sizeof(handled.files);
  const long rules = syscall(SYS_landlock_create_ruleset, &handled, size, 0U);
  if (rules < 0) return;
  const long status = syscall(SYS_landlock_restrict_self, rules, 0U);
  close(static_cast<int>(rules));
  if (status != 0) throw Error("sandbox", fmt::format("Landlock was refused: {}", std::strerror(errno)));
}

}  // namespace

void LimitProcess(const ProcessLimits& limits) {
  Limit(RLIMIT_CORE, 0);
  Limit(RLIMIT_FSIZE, 0);
  if (limits.cpu_seconds > 0) Limit(RLIMIT_CPU, limits.cpu_seconds);
  if (limits.descriptors > 0) Limit(RLIMIT_NOFILE, limits.descriptors);
  if (limits.address_bytes > 0 && !kSanitized) Limit(RLIMIT_AS, limits.address_bytes);
}

std::string SandboxProblem() {
  if (kSanitized) return "this build's sanitizer needs what a sandbox forbids";
  std::uint32_t action = SECCOMP_RET_KILL_PROCESS;
  if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0U, &action) == 0) return "";
  return "this kernel has no filters of system calls (seccomp)";
}

void EnterSandbox() {
  // Libraries ask for local time. Its file, which can be opened no more, is not read anew where TZ names it.
  setenv("TZ", ":/etc/localtime", 0);
  tzset();
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    throw Error("sandbox", fmt::format("privileges cannot be given up: {}", std::strerror(errno)));
  CloseFileSystem();
  Filter filter;
  // What is open.
  for (const int call :
       {SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(pread64), SCMP_SYS(write), SCMP_SYS(writev),
        SCMP_SYS(lseek), SCMP_SYS(fstat), SCMP_SYS(close), SCMP_SYS(recvmsg), SCMP_SYS(sendmsg)})
    filter.Allow(call);
  for (const int what : {F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD, F_SETFD, F_GETFL})
    filter.Allow(SCMP_SYS(fcntl), SCMP_A1(SCMP_CMP_EQ, static_cast<scmp_datum_t>(what)));
  // Memory, none of it code.
  for (const int call : {SCMP_SYS(mmap), SCMP_SYS(mprotect)})
    filter.Allow(call, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
  for (const int call : {SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(brk)})
    filter.Allow(call);
  // Threads. clone3() hides its flags from a filter; the C library then does with clone().
  constexpr scmp_datum_t kThread = CLONE_VM | CLONE_THREAD;
  filter.Allow(SCMP_SYS(clone), SCMP_A0(SCMP_CMP_MASKED_EQ, kThread, kThread));
  filter.Lack(SCMP_SYS(clone3));
  for (const int call :
       {SCMP_SYS(futex), SCMP_SYS(sched_yield), SCMP_SYS(sched_getaffinity), SCMP_SYS(getcpu),
        SCMP_SYS(set_robust_list), SCMP_SYS(rseq), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigaction),
        SCMP_SYS(rt_sigreturn), SCMP_SYS(sigaltstack), SCMP_SYS(gettid), SCMP_SYS(getpid), SCMP_SYS(exit),
        SCMP_SYS(exit_group), SCMP_SYS(restart_syscall)})
    filter.Allow(call);
  filter.Allow(SCMP_SYS(prctl), SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME));
  filter.Allow(SCMP_SYS(tgkill), SCMP_A0(SCMP_CMP_EQ, static_cast<scmp_datum_t>(getpid())));  // abort()
  // Time, chance and the machine's size.
  for (const int call :
       {SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres), SCMP_SYS(gettimeofday), SCMP_SYS(time),
        SCMP_SYS(nanosleep), SCMP_SYS(clock_nanosleep), SCMP_SYS(getrandom), SCMP_SYS(sysinfo)})
    filter.Allow(call);
  filter.Allow(SCMP_SYS(prlimit64), SCMP_A0(SCMP_CMP_EQ, 0), SCMP_A2(SCMP_CMP_EQ, 0));  // to ask
  filter.Load();
}

}  // namespace seam
