#include "runners/libvirt/domain_xml.hpp"

#include <algorithm>
#include <cstdio>
#include <sstream>

#include "runners/error.hpp"
#include "runners/libvirt/netconsole_card.hpp"

namespace kverdict {

namespace {

constexpr unsigned k_first_nic_slot = 0x10;  // above what libvirt gives to its own devices
constexpr unsigned k_most_nics = 8;

// Also drops what XML 1.0 cannot carry at all.
std::string escaped(std::string_view text) {
  std::string result;
  for (char c : text) {
    if (c == '&')
      result += "&amp;";
    else if (c == '<')
      result += "&lt;";
    else if (c == '>')
      result += "&gt;";
    else if (c == '\'')
      result += "&apos;";
    else if (c == '"')
      result += "&quot;";
    else if (static_cast<unsigned char>(c) >= 0x20)
      result += c;
    else if (c == '\t' || c == '\n')
      result += ' ';
  }
  return result;
}

std::string hex(unsigned number) {
  char text[16];
  std::snprintf(text, sizeof text, "0x%02x", number);
  return text;
}

const char* qemu_model(NicModel model) {
  switch (model) {
    case NicModel::virtio:
      return "virtio-net-pci";
    case NicModel::e1000:
      return "e1000";
    case NicModel::e1000e:
      return "e1000e";
    case NicModel::rtl8139:
      return "rtl8139";
    case NicModel::vmxnet3:
      return "vmxnet3";
  }
  return "e1000";
}

// NICs bypass libvirt's own device model: it has no hub, and it would put some of them behind bridges. On
// the command line they all sit on the root bus, in the order given.
class NicArguments {
 public:
  explicit NicArguments(bool pcie) : bus_(pcie ? "pcie.0" : "pci.0") {}

  void add(const Nic& nic, std::size_t index, const char* options = "") {
    std::string id = "kvnet" + std::to_string(index);
    arguments_ += argument("-netdev") + argument(backend(nic.link, id) + options);
    std::string device = std::string(qemu_model(nic.model)) + ",netdev=" + id + ",mac=" + mac_of_card(index) +
                         ",bus=" + bus_ + ",addr=" + hex(k_first_nic_slot + static_cast<unsigned>(index)) +
                         ",romfile=" + quick_link(nic.model);
    arguments_ += argument("-device") + argument(device);
  }
  const std::string& text() const { return arguments_; }
  bool whole_wires() const { return ends_ % 2 == 0; }

 private:
  // QEMU's e1000 takes 2 s of guest time to negotiate a link that is always there.
  static std::string quick_link(NicModel model) {
    return model == NicModel::e1000 ? ",autonegotiation=off" : "";
  }
  static std::string argument(const std::string& value) {
    return "    <qemu:arg value='" + escaped(value) + "'/>\n";
  }
  std::string backend(NicLink link, const std::string& id) {
    if (link == NicLink::user) return "user,id=" + id;
    return "hubport,id=" + id + ",hubid=" + std::to_string(ends_++ / 2);
  }

  std::string bus_;
  std::string arguments_;
  unsigned ends_ = 0;
};

std::string nic_arguments(const MachineShape& shape, const DomainFacts& facts) {
  if (shape.nics.size() > k_most_nics)
    throw UsageError("a machine has at most " + std::to_string(k_most_nics) + " NICs, not " +
                     std::to_string(shape.nics.size()));
  const auto nics = facts.netconsole_port == 0 ? shape.nics : with_netconsole_card(shape).nics;
  NicArguments arguments(facts.machine.find("q35") != std::string::npos);
  // A card that the user did not ask for must not bring routes.
  for (std::size_t index = 0; index < nics.size(); ++index)
    arguments.add(nics[index], index, index < shape.nics.size() ? "" : ",ipv6=off");
  if (!arguments.whole_wires())
    throw UsageError("a wire has two ends: NICs with link \"wire\" come in pairs");
  return arguments.text();
}

// The capability is taken away because with it libvirt 9 asks QEMU for each CPU property by itself, some 330
// questions, 0.3 s a boot; without it two questions do.
std::string qemu_namespace(const BootSpec& spec, const DomainFacts& facts) {
  if (facts.type == "test") return "";
  std::string nics = nic_arguments(spec.shape, facts);
  std::string text;
  if (!nics.empty()) text += "  <qemu:commandline>\n" + nics + "  </qemu:commandline>\n";
  return text + "  <qemu:capabilities>\n    <qemu:del capability='cpu-unavailable-features'/>\n" +
         "  </qemu:capabilities>\n";
}

std::string console_xml(const DomainFacts& facts) {
  std::string path = escaped(facts.console.string());
  if (facts.console_kind == ConsoleKind::pipe)
    return "    <serial type='pipe'><source path='" + path + "'/><target port='0'/></serial>\n";
  return "    <serial type='file'><source path='" + path + "' append='off'/><target port='0'/></serial>\n";
}

std::string os_xml(const BootSpec& spec, const DomainFacts& facts) {
  std::ostringstream out;
  out << "  <os>\n    <type arch='x86_64' machine='" << escaped(facts.machine) << "'>hvm</type>\n";
  if (!facts.firmware.empty())
    out << "    <loader readonly='yes' type='rom'>" << escaped(facts.firmware.string()) << "</loader>\n";
  out << "    <kernel>" << escaped(spec.image.kernel.string()) << "</kernel>\n";
  if (!spec.initramfs.empty()) out << "    <initrd>" << escaped(spec.initramfs.string()) << "</initrd>\n";
  out << "    <cmdline>" << escaped(kernel_cmdline(spec, facts)) << "</cmdline>\n  </os>\n";
  return out.str();
}

const char* cpu_xml(const DomainFacts& facts) {
  if (facts.type == "test") return "";
  return facts.type == "kvm" ? "  <cpu mode='host-passthrough' check='none'/>\n"
                             : "  <cpu mode='maximum'/>\n";
}

std::string devices_xml(const DomainFacts& facts) {
  std::string text = "  <devices>\n";
  if (!facts.emulator.empty()) text += "    <emulator>" + escaped(facts.emulator) + "</emulator>\n";
  text += "    <controller type='usb' model='none'/>\n";
  text += console_xml(facts);
  return text + "    <memballoon model='none'/>\n  </devices>\n";
}

bool has_word(const std::string& cmdline, std::string_view prefix) {
  std::istringstream words(cmdline);
  std::string word;
  while (words >> word)
    if (word.starts_with(prefix)) return true;
  return false;
}

}  // namespace

std::string domain_name(const BootSpec& spec) {
  return std::string(k_domain_prefix) + spec.label;
}

std::string kernel_cmdline(const BootSpec& spec, const DomainFacts& facts) {
  std::string added;
  if (!has_word(spec.cmdline, "console=ttyS0")) added += "console=ttyS0 ";
  if (facts.tsc_khz != 0 && !has_word(spec.cmdline, "tsc_early_khz="))
    added += "tsc_early_khz=" + std::to_string(facts.tsc_khz) + " ";
  // An emulated guest on a busy host may see no timer tick while it looks for one, and would panic of it.
  if (facts.tsc_khz != 0 && !has_word(spec.cmdline, "no_timer_check")) added += "no_timer_check ";
  std::string all = added + spec.cmdline;
  if (facts.netconsole_port != 0 && !has_word(spec.cmdline, "netconsole="))
    all += " " + netconsole_words(spec, facts.netconsole_port);
  while (!all.empty() && all.back() == ' ') all.pop_back();
  return all;
}

std::string domain_xml(const BootSpec& spec, const DomainFacts& facts) {
  std::ostringstream out;
  out << "<domain type='" << escaped(facts.type)
      << "' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>\n"
      << "  <name>" << escaped(domain_name(spec)) << "</name>\n"
      << "  <metadata><kverdict:owner xmlns:kverdict='" << k_metadata_uri << "'>" << escaped(facts.owner)
      << "</kverdict:owner></metadata>\n"
      << "  <memory unit='MiB'>" << spec.shape.memory_mib << "</memory>\n"
      << "  <vcpu>" << spec.shape.vcpus << "</vcpu>\n"
      << os_xml(spec, facts) << "  <features><acpi/><apic/></features>\n"
      << cpu_xml(facts) << "  <clock offset='utc'/>\n"
      << "  <on_poweroff>destroy</on_poweroff>\n  <on_reboot>destroy</on_reboot>\n"
      << "  <on_crash>destroy</on_crash>\n"
      << devices_xml(facts) << qemu_namespace(spec, facts) << "</domain>\n";
  return out.str();
}

}  // namespace kverdict
