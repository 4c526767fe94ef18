#include "made_packages.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <memory>
#include <stdexcept>

#include "runners/host/files.hpp"
#include "tests/unit/images/elf_bytes.hpp"

namespace kverdict::test {
namespace {

namespace fs = std::filesystem;

struct FreeArchive {
  void operator()(archive* writer) const { archive_write_free(writer); }
};
using Writer = std::unique_ptr<archive, FreeArchive>;

void add(archive* writer, const std::string& path, const std::string& bytes) {
  const std::unique_ptr<archive_entry, void (*)(archive_entry*)> entry(archive_entry_new(),
                                                                       archive_entry_free);
  archive_entry_set_pathname(entry.get(), path.c_str());
  archive_entry_set_size(entry.get(), static_cast<la_int64_t>(bytes.size()));
  archive_entry_set_filetype(entry.get(), AE_IFREG);
  archive_entry_set_perm(entry.get(), 0644);
  if (archive_write_header(writer, entry.get()) != ARCHIVE_OK ||
      archive_write_data(writer, bytes.data(), bytes.size()) < 0)
    throw std::runtime_error(archive_error_string(writer));
}

void add_filter(archive* writer, const std::string& compression) {
  if (compression == "xz") archive_write_add_filter_xz(writer);
  if (compression == "zst") archive_write_add_filter_zstd(writer);
  if (compression == "gz") archive_write_add_filter_gzip(writer);
}

std::string tar_of(const PackagedFiles& files, const std::string& compression) {
  Writer writer(archive_write_new());
  add_filter(writer.get(), compression);
  archive_write_set_format_gnutar(writer.get());
  std::string bytes(64 << 20, '\0');
  std::size_t used = 0;
  archive_write_open_memory(writer.get(), bytes.data(), bytes.size(), &used);
  for (const auto& [path, content] : files) add(writer.get(), path, content);
  archive_write_close(writer.get());
  bytes.resize(used);
  return bytes;
}

}  // namespace

fs::path make_deb(const fs::path& directory, const DebSpec& spec) {
  const auto path = directory / (spec.name + "_" + spec.version + ".deb");
  const auto control = "Package: " + spec.name + "\nVersion: " + spec.version +
                       "\nArchitecture: " + spec.architecture +
                       "\nMaintainer: T <t@example.org>\nDescription: test\n";
  Writer writer(archive_write_new());
  archive_write_set_format_ar_bsd(writer.get());
  archive_write_open_filename(writer.get(), path.c_str());
  add(writer.get(), "debian-binary", "2.0\n");
  add(writer.get(), "control.tar." + spec.compression, tar_of({{"./control", control}}, spec.compression));
  add(writer.get(), "data.tar." + spec.compression, tar_of(spec.files, spec.compression));
  archive_write_close(writer.get());
  return path;
}

std::string bzimage(const std::string& release, const std::string& payload) {
  std::string bytes(0x1000, '\0');
  const auto put = [&](std::size_t at, const std::string& text) { bytes.replace(at, text.size(), text); };
  put(0x1f1, le(3, 1));
  put(0x1fe, le(0xaa55, 2));
  put(0x202, "HdrS");
  put(0x206, le(0x20f, 2));
  put(0x20e, le(0x300, 2));
  put(0x500, release + " (me@here) #1 SMP");
  put(0x248, le(0x800, 4));
  put(0x24c, le(payload.size(), 4));
  bytes.resize(0x1000);
  return bytes + payload;
}

std::string vmlinux(const std::string& release) {
  return elf_bytes(
      {{".rodata", SHT_PROGBITS, SHF_ALLOC, 0x2000000, "Linux version " + release + " (me@here)" + '\0'},
       {".notes", SHT_NOTE, SHF_ALLOC, 0x4000000,
        note("Xen", 18, le(0x1000000, 4)) + note("GNU", 3, "\x01\xab")}});
}

PackagedFiles kernel_files(const std::string& release, const std::string& kernel, const std::string& config) {
  const auto module = [](const std::string& name, const std::string& depends) {
    std::string text;
    for (const auto& entry : {"name=" + name, "depends=" + depends, std::string("vermagic=x")})
      text += entry + '\0';
    return elf_bytes({{".modinfo", SHT_PROGBITS, 0, 0, text}});
  };
  const auto modules = "./lib/modules/" + release + "/";
  return {{"./boot/vmlinuz-" + release, kernel},
          {"./boot/config-" + release, config},
          {modules + "modules.builtin", "kernel/drivers/base/built.ko\n"},
          {modules + "kernel/virtio_net.ko", module("virtio_net", "virtio_ring")},
          {modules + "kernel/virtio_pci.ko", module("virtio_pci", "virtio_ring")},
          {modules + "kernel/virtio_ring.ko", module("virtio_ring", "")}};
}

std::string good_config() {
  return "CONFIG_BLK_DEV_INITRD=y\nCONFIG_SERIAL_8250_CONSOLE=y\nCONFIG_PRINTK=y\nCONFIG_BINFMT_ELF="
         "y\nCONFIG_PCI=y\n"
         "CONFIG_MODULES=y\n# CONFIG_KASAN is not set\nCONFIG_DEBUG_LIST=y\n";
}

}  // namespace kverdict::test
