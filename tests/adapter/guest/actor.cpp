// A program for kv-init to run in tests: behaves as its first argument says.
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

int number(char** words) {
  return words[2] ? atoi(words[2]) : 0;
}

int flood(int lines) {
  for (int i = 0; i < lines; ++i) printf("line %d of a program that talks far too much\n", i);
  return 0;
}

// Daemons that leave their parent, their session and ignore polite signals, and hold the output open.
int orphans(int count) {
  for (int i = 0; i < count; ++i) {
    if (fork() != 0) continue;
    setsid();
    signal(SIGTERM, SIG_IGN);
    for (;;) pause();
  }
  return 0;
}

int zombies(int count) {
  for (int i = 0; i < count; ++i) {
    if (fork() != 0) continue;
    if (fork() == 0) _exit(0);
    _exit(0);
  }
  return 0;
}

int hang() {
  signal(SIGTERM, SIG_IGN);
  signal(SIGINT, SIG_IGN);
  for (;;) pause();
}

// Listens, but only after it was seen not to.
int late_server(int port) {
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<unsigned short>(port));
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return 1;
  usleep(200'000);
  if (listen(fd, 1) != 0) return 1;
  return hang();
}

int connect_to(int port) {
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<unsigned short>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 ? 0 : 1;
}

int say_all(char** words) {
  for (int i = 2; words[i]; ++i) puts(words[i]);
  return 0;
}

int show_environment() {
  char folder[256] = "";
  printf("folder %s\n", getcwd(folder, sizeof folder) ? folder : "?");
  printf("LEVEL %s\n", getenv("LEVEL") ? getenv("LEVEL") : "unset");
  fprintf(stderr, "to stderr\n");
  printf("no line end");
  return 0;
}

int dump(const char* path) {
  FILE* file = fopen(path, "r");
  if (!file) return 1;
  for (int c; (c = getc(file)) != EOF;) putchar(c);
  fclose(file);
  return 0;
}

int write_to(const char* path, const char* text) {
  FILE* file = fopen(path, "w");
  if (!file) return 1;
  fputs(text, file);
  return fclose(file) == 0 ? 0 : 1;
}

int long_line(int size) {
  for (int i = 0; i < size; ++i) putchar('x');
  putchar('\n');
  puts("after");
  return 0;
}

}  // namespace

int main(int count, char** words) {
  if (count < 2) return 2;
  auto is = [&](const char* verb) { return strcmp(words[1], verb) == 0; };
  if (is("exit")) return number(words);
  if (is("kill")) return raise(number(words));
  if (is("kill-other") && count == 4) return kill(atoi(words[3]), number(words)) == 0 ? hang() : 1;
  if (is("say")) return say_all(words);
  if (is("flood")) return flood(number(words));
  if (is("orphans")) return orphans(number(words));
  if (is("zombies")) return zombies(number(words));
  if (is("hang")) return hang();
  if (is("late-server")) return late_server(number(words));
  if (is("connect")) return connect_to(number(words));
  if (is("dump") && count == 3) return dump(words[2]);
  if (is("write") && count == 4) return write_to(words[2], words[3]);
  if (is("environment")) return show_environment();
  if (is("long-line")) return long_line(number(words));
  return 2;
}
