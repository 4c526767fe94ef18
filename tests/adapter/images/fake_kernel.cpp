#include "fake_kernel.hpp"

#include <cstdio>
#include <memory>
#include <stdexcept>

#include "runners/host/files.hpp"

namespace kverdict::test {
namespace {

constexpr const char* k_makefile = R"make(
this-makefile := $(lastword $(MAKEFILE_LIST))
abs_srctree := $(realpath $(dir $(this-makefile)))
export sub_make_done := 1
ifneq ($(O),)
%:
	@mkdir -p $(O)
	@$(MAKE) --no-print-directory -C $(O) -f $(abs_srctree)/Makefile O= $@
else
objs := init/main.o drivers/a.o drivers/b.o
CC := gcc
CFLAGS := -O1 -ffreestanding -fno-pie -fno-stack-protector -fno-asynchronous-unwind-tables -I$(abs_srctree)/include \
          -Iinclude/generated -fmacro-prefix-map=$(abs_srctree)/= -DRELEASE='"6.1.0$(LOCALVERSION)"'
.PHONY: allnoconfig tinyconfig olddefconfig prepare . objects vmlinux FORCE
allnoconfig:
	@echo "  CONF    allnoconfig"
	@grep -v LOST $(KCONFIG_ALLCONFIG) > .config
tinyconfig:
	@echo CONFIG_TINY=y > .config
olddefconfig:
	@grep -v LOST .config > .config.new; mv .config.new .config
prepare:
	@mkdir -p include/generated init drivers; echo prepared >> prepare.count
	@test -f include/generated/gen.h || echo '#define GENERATED 1' > include/generated/gen.h
-include $(wildcard $(addsuffix .cmd,$(join $(dir $(objs)),$(addprefix .,$(notdir $(objs))))))
$(objs): %.o: $(abs_srctree)/%.c | prepare
	@echo "  CC      $@"
	@test ! -e "$(BLOCK)" || sleep 1000
	@$(CC) $(CFLAGS) -MMD -MF $@.d -c -o $@ $<
	@{ echo 'savedcmd_$@ := $(CC) -c -o $@ $<'; echo; echo 'source_$@ := $<'; echo; echo 'deps_$@ := \'; \
	   sed -e 's/^[^:]*://' -e 's/\\$$//' $@.d | tr -s ' ' '\n' | sed -e '/^$$/d' -e '/^$(subst /,\/,$<)$$/d' -e 's/$$/ \\/'; \
	   echo; echo '$@: $$(deps_$@)'; echo; echo '$$(deps_$@):'; } > $(dir $@).$(notdir $@).cmd
define archive
	@echo "  AR      $@"
	@rm -f $@; ar cDPrST $@ $(1)
	@echo 'savedcmd_$@ := rm -f $@; ar cDPrST $@ $(1)' > $(dir $@).$(notdir $@).cmd
endef
init/built-in.a: init/main.o ; $(call archive,init/main.o)
drivers/built-in.a: drivers/a.o drivers/b.o ; $(call archive,drivers/a.o drivers/b.o)
objects: init/built-in.a drivers/built-in.a
.: prepare
	@$(MAKE) --no-print-directory -f $(this-makefile) objects
built-in.a: . FORCE
	$(call archive,init/built-in.a drivers/built-in.a)
vmlinux: built-in.a
	@echo "  LD      vmlinux"
	@ld -e main --build-id=sha1 -z noexecstack -o vmlinux --whole-archive built-in.a --no-whole-archive
	@echo 'savedcmd_vmlinux := ld built-in.a' > .vmlinux.cmd
	@nm -n vmlinux > System.map
endif
)make";

constexpr const char* k_main = R"c(
#include "shared.h"
const char linux_banner[] = "Linux version " RELEASE " (kverdict@kverdict)";
asm(".pushsection .notes,\"a\",@note\n.long 4,4,18\n.asciz \"Xen\"\n.long 0x1000000\n.popsection");
int a(int), b(int);
int main(void) { return a(SHARED) + b(SHARED) + linux_banner[0]; }
)c";

}  // namespace

std::string shell(const std::string& command) {
  std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen((command + " 2>&1").c_str(), "r"), ::pclose);
  if (!pipe) throw std::runtime_error("popen");
  std::string output;
  char block[4096];
  while (const auto size = std::fread(block, 1, sizeof block, pipe.get())) output.append(block, size);
  if (::pclose(pipe.release()) != 0) throw std::runtime_error(command + ": " + output);
  while (!output.empty() && output.back() == '\n') output.pop_back();
  return output;
}

FakeKernel::FakeKernel() {
  make_dirs(root() / "clone");
  git("init -q -b main");
  first_ = commit({{"Makefile", k_makefile},
                   {"Kconfig", "config A\n"},
                   {"init/main.c", k_main},
                   {"include/shared.h", "#define SHARED 1\n"},
                   {"drivers/a.c", "#include \"gen.h\"\nint a(int x) { return x + GENERATED; }\n"},
                   {"drivers/b.c", "#include \"shared.h\"\nint b(int x) { return x + SHARED; }\n"}});
}

std::string FakeKernel::git(const std::string& arguments) const {
  return shell("cd " + (root() / "clone").string() +
               " && git -c user.name=t -c user.email=t@t -c gc.auto=0 " + arguments);
}

CandidateId FakeKernel::commit(const std::map<std::string, std::string>& files) {
  for (const auto& [name, content] : files) {
    const auto path = root() / "clone" / name;
    make_dirs(path.parent_path());
    if (content.empty())
      std::filesystem::remove(path);
    else
      write_file(path, content);
  }
  git("add -A");
  git("commit -q --allow-empty -m change");
  CandidateId id;
  id.value = git("rev-parse HEAD");
  return id;
}

BuildOptions FakeKernel::options() const {
  BuildOptions options;
  options.clone = root() / "clone";
  options.worktree = root() / "worktree";
  options.output = root() / "out";
  options.cache = root() / "cache";
  options.ccache = CompilerCache::off;
  options.jobs = 2;
  options.niceness = 0;
  options.make_variables = {{"BLOCK", block().string()}};
  options.fragments = {root() / "fragment"};
  write_file(root() / "fragment", "CONFIG_PVH=y\nCONFIG_A=y\n");
  return options;
}

}  // namespace kverdict::test
