// seam-decode as a hostile file would have it: a file that begins with "FAULT WHAT" makes it do WHAT before
// it reads on. For isolation_test.cc.

#include <fcntl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <new>
#include <string>
#include <thread>
#include <vector>

#include "extract/media/decoder_messages.h"
#include "extract/media/decoder_server.h"

namespace seam {
namespace {

void SendBytes(const void* bytes, std::size_t count) {
  iovec part = {const_cast<void*>(bytes), count};
  msghdr message = {};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  sendmsg(kFirstChannelDescriptor, &message, MSG_NOSIGNAL);
}

// Numbers that no file has.
void SendNonsense() {
  DecoderReply reply;
  reply.times = std::uint64_t{1} << 60U;
  SendBytes(&reply, sizeof(reply));
}

[[noreturn]] void TakeMemory() {
  constexpr std::size_t kPiece = 64 << 20;
  for (;;) std::memset(::operator new(kPiece), 1, kPiece);
}

[[noreturn]] void Burn() {
  for (std::atomic<unsigned> i = 0;; ++i) {
  }
}

void Do(const std::string& what) {
  static const std::map<std::string, std::function<void()>> faults = {
      {"crash", [] { raise(SIGSEGV); }},
      {"wild",
       [] {
         static std::atomic<std::uintptr_t> address = 8;
         *reinterpret_cast<volatile int*>(address.load()) = 1;
       }},
      {"abort", [] { std::abort(); }},
      {"exit", [] { _exit(7); }},
      {"hang", [] { std::this_thread::sleep_for(std::chrono::hours(1)); }},
      {"burn", [] { Burn(); }},
      {"memory", [] { TakeMemory(); }},
      {"nonsense", [] { SendNonsense(); }},
      {"garbage", [] { SendBytes("abc", 3); }},
      // What the sandbox forbids.
      {"open", [] { open("/etc/passwd", O_RDONLY); }},
      {"write", [] { open("/tmp/seam-was-here", O_WRONLY | O_CREAT, 0600); }},
      {"socket", [] { socket(AF_INET, SOCK_STREAM, 0); }},
      {"unix-socket", [] { socket(AF_UNIX, SOCK_STREAM, 0); }},
      {"execve",
       [] {
         char program[] = "/bin/true";
         char* arguments[] = {program, nullptr};
         execve(program, arguments, nullptr);
       }},
      {"ptrace", [] { ptrace(PTRACE_ATTACH, getppid(), nullptr, nullptr); }},
      {"kill", [] { kill(getppid(), SIGTERM); }},
      {"fork", [] { fork(); }},
      {"limit",
       [] {
         const rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};
         setrlimit(RLIMIT_AS, &limit);
       }},
      {"open-in-thread", [] { std::thread([] { open("/etc/passwd", O_RDONLY); }).join(); }},
  };
  faults.at(what)();
}

void Opened(int descriptor) {
  constexpr char kMark[] = "FAULT ";
  char head[64] = {};
  if (pread(descriptor, head, sizeof(head) - 1, 0) <= 0 || std::strncmp(head, kMark, std::strlen(kMark)) != 0)
    return;
  Do(std::string(head + std::strlen(kMark)));
}

}  // namespace
}  // namespace seam

int main(int argc, char** argv) { return seam::ServeDecoding({argv + 1, argv + argc}, seam::Opened); }
