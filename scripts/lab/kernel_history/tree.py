"""Which files of a kernel source package the tiny x86_64 configuration needs, and reading just those."""

import re
import stat
import subprocess
import tarfile

# Whole folders.
_FOLDERS = """
arch/x86 block/partitions certs drivers/base drivers/clocksource drivers/misc/lkdtm drivers/misc/pvpanic
drivers/net/ethernet/intel/e1000 drivers/net/ethernet/intel/e1000e drivers/net/ethernet/realtek
drivers/net/vmxnet3 drivers/pci/msi drivers/pci/pcie drivers/tty/serial/8250 drivers/virtio
fs/configfs fs/debugfs fs/devpts fs/iomap fs/kernfs fs/notify fs/proc fs/ramfs fs/sysfs fs/tracefs
include init ipc kernel lib mm
net/802 net/core net/ethernet net/ethtool net/ipv4 net/ipv6 net/netlink net/packet net/sched net/unix
scripts security/keys tools/arch/x86 tools/build tools/include tools/lib tools/objtool tools/scripts usr virt/lib
""".split()

# Only the sources that lie directly in these.
_FLAT = set("""
block drivers/char drivers/clk drivers/net drivers/pci drivers/tty drivers/tty/serial fs io_uring net security
""".split())

# Inside the whole folders, but not needed.
_DROPPED = """
arch/x86/crypto arch/x86/hyperv arch/x86/kvm arch/x86/um
include/dt-bindings include/media include/rdma include/sound include/target
kernel/bpf/preload scripts/coccinelle scripts/dtc/include-prefixes scripts/gdb scripts/kconfig/tests
scripts/selinux tools/build/feature tools/lib/perf tools/lib/traceevent
""".split()

_SINGLE = set("drivers/rtc/lib.c drivers/rtc/rtc-mc146818-lib.c".split())

# kbuild reads these everywhere, also where no source is compiled.
_KBUILD = re.compile(r"(Kconfig|Makefile|Kbuild)[^/]*$")
_NO_KBUILD = re.compile(r"(arch/(?!x86/)[^/]+/(?!crypto/Kconfig)|tools/(testing|perf|power)/|Documentation/.*/)")

_SOURCE = re.compile(r"\.[chS]$")


def _inside(path, folders):
    return any(path.startswith(f + "/") for f in folders)


def wanted(path):
    """Is this file, named from the root of the tree, part of the pruned tree?"""
    if _KBUILD.search(path):
        return not _NO_KBUILD.match(path)
    if path in _SINGLE or "/" not in path:
        return True
    folder = path.rpartition("/")[0]
    if folder in _FLAT:
        return bool(_SOURCE.search(path))
    return _inside(path, _FOLDERS) and not _inside(path, _DROPPED)


def _mode(member):
    if member.issym():
        return "120000"
    return "100755" if member.mode & stat.S_IXUSR else "100644"


def read_pruned(archive):
    """Yields (path, git mode, bytes) for each file of the pruned tree, in the order of the archive."""
    with subprocess.Popen(["xz", "-dc", "-T0", "--", archive], stdout=subprocess.PIPE) as unpack:
        with tarfile.open(fileobj=unpack.stdout, mode="r|", bufsize=1 << 20) as tar:
            for member in tar:
                path = member.name.partition("/")[2]
                if path and wanted(path) and member.issym():
                    yield path, _mode(member), member.linkname.encode()
                elif path and member.isfile() and wanted(path):
                    yield path, _mode(member), tar.extractfile(member).read()
                tar.members.clear()  # or it remembers every header
        if unpack.wait() != 0:
            raise OSError(f"{archive}: xz cannot unpack it")
