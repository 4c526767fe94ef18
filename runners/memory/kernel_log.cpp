// The ring: an array of descriptors and, beside it, one of infos; descriptor and info of a record have the
// same index, id modulo their number. Ids run from tail_id to head_id. A descriptor's state variable holds
// the id and, in its two highest bits, the state. Texts lie in a ring of bytes, each behind its id; one that
// would wrap starts at the ring's beginning instead.
#include "runners/memory/kernel_log.hpp"

#include <cstring>
#include <optional>

#include "runners/memory/vmcoreinfo.hpp"

namespace kverdict {
namespace {

constexpr std::uint64_t k_image_base = 0xffffffff80000000;  // where x86_64 maps the kernel's image
constexpr std::uint64_t k_frame_bits = 0x000ffffffffff000;
constexpr std::uint64_t k_present = 1;
constexpr std::uint64_t k_large = 1 << 7;
constexpr std::uint64_t k_id_bits = ~std::uint64_t{0} >> 2;
constexpr std::uint64_t k_most_count_bits = 20;
constexpr std::uint64_t k_most_size_bits = 28;
constexpr std::uint64_t k_most_read = 256 << 20;
constexpr std::size_t k_most_bytes = 64 << 20;  // of lines

std::uint64_t number_at(std::string_view bytes, std::size_t at, std::size_t size) {
  std::uint64_t value = 0;
  if (at <= bytes.size() && bytes.size() - at >= size) std::memcpy(&value, bytes.data() + at, size);
  return value;
}

// Virtual memory, by the kernel's own page table.
class Space {
 public:
  static std::optional<Space> open(const CoreFile& core, const VmcoreInfo& info) {
    const auto table =
        info.symbol("init_top_pgt") ? info.symbol("init_top_pgt") : info.symbol("swapper_pg_dir");
    const auto base = info.number("phys_base");
    if (!table || !base || *table < k_image_base) return std::nullopt;
    const auto physical = *table - k_image_base + static_cast<std::uint64_t>(*base);
    return Space(core, physical, info.number("pgtable_l5_enabled").value_or(0) != 0 ? 5 : 4);
  }

  // So many bytes, page by page.
  std::optional<std::string> read(std::uint64_t address, std::uint64_t size) const {
    std::string bytes;
    if (size > k_most_read) return std::nullopt;
    while (size > 0) {
      const auto here = std::min<std::uint64_t>(size, 4096 - address % 4096);
      const auto physical = translate(address);
      const auto found = physical ? core_->read(*physical, here) : std::nullopt;
      if (!found) return std::nullopt;
      bytes += *found;
      address += here;
      size -= here;
    }
    return bytes;
  }

  std::optional<std::uint64_t> number(std::uint64_t address, std::size_t size) const {
    const auto bytes = read(address, size);
    return bytes ? std::optional(number_at(*bytes, 0, size)) : std::nullopt;
  }

 private:
  Space(const CoreFile& core, std::uint64_t table, int levels)
      : core_(&core), table_(table), levels_(levels) {}

  std::optional<std::uint64_t> translate(std::uint64_t address) const {
    auto table = table_;
    for (int level = levels_; level >= 1; --level) {
      const int shift = 12 + 9 * (level - 1);
      const auto entry_bytes = core_->read(table + ((address >> shift) & 511) * 8, 8);
      if (!entry_bytes) return std::nullopt;
      const auto entry = number_at(*entry_bytes, 0, 8);
      if ((entry & k_present) == 0) return std::nullopt;
      const auto mask = (std::uint64_t{1} << shift) - 1;
      if (level == 1 || (level <= 3 && (entry & k_large) != 0))
        return (entry & k_frame_bits & ~mask) + (address & mask);
      table = entry & k_frame_bits;
    }
    return std::nullopt;
  }

  const CoreFile* core_;
  std::uint64_t table_;
  int levels_;
};

// Where things are in the ring's structures; all of it told by the kernel.
struct Layout {
  std::uint64_t desc_ring, text_ring, count_bits, descs, infos, head_id,
      tail_id;                                         // printk_ringbuffer, prb_desc_ring
  std::uint64_t desc_size, state, block, begin, next;  // prb_desc
  std::uint64_t info_size, sequence, time, length;     // printk_info
  std::uint64_t size_bits, data;                       // prb_data_ring
};

std::optional<Layout> layout_of(const VmcoreInfo& info) {
  bool whole = true;
  const auto take = [&](std::optional<std::uint64_t> value, std::uint64_t most = 4096) {
    whole = whole && value && *value <= most;
    return value.value_or(0);
  };
  const auto offset = [&](const char* member) { return take(info.offset(member)); };
  Layout at{};
  at.desc_ring = offset("printk_ringbuffer.desc_ring");
  at.text_ring = offset("printk_ringbuffer.text_data_ring");
  at.count_bits = offset("prb_desc_ring.count_bits");
  at.descs = offset("prb_desc_ring.descs");
  at.infos = offset("prb_desc_ring.infos");
  at.head_id = offset("prb_desc_ring.head_id");
  at.tail_id = offset("prb_desc_ring.tail_id");
  at.desc_size = take(info.size("prb_desc"));
  at.state = offset("prb_desc.state_var") + offset("atomic_long_t.counter");
  at.block = offset("prb_desc.text_blk_lpos");
  at.begin = offset("prb_data_blk_lpos.begin");
  at.next = offset("prb_data_blk_lpos.next");
  at.info_size = take(info.size("printk_info"));
  at.sequence = offset("printk_info.seq");
  at.time = offset("printk_info.ts_nsec");
  at.length = offset("printk_info.text_len");
  at.size_bits = offset("prb_data_ring.size_bits");
  at.data = offset("prb_data_ring.data");
  if (!whole || at.desc_size == 0 || at.info_size == 0) return std::nullopt;
  return at;
}

void add_text(KernelLog& log, const std::string& header, std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  log.lines += header;
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      log.lines += '\n' + header;
    } else if (byte < 0x20 || byte >= 0x7f || c == '\\') {
      log.lines += {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
    } else {
      log.lines += c;
    }
  }
  log.lines += '\n';
}

// The ring, copied out of the guest.
struct Ring {
  Layout at{};
  std::uint64_t count = 0, head = 0, tail = 0;
  std::string descs, infos, texts;

  void add_record(KernelLog& log, std::uint64_t id) const {
    const auto index = id % count;
    const auto desc = std::string_view(descs).substr(index * at.desc_size, at.desc_size);
    const auto info = std::string_view(infos).substr(index * at.info_size, at.info_size);
    const auto state = number_at(desc, at.state, 8);
    const auto stage = state >> 62;
    if ((state & k_id_bits) != id || (stage != 1 && stage != 2)) return;  // neither committed nor finalized
    const auto text = text_of(desc, number_at(info, at.length, 2));
    if (!text) return;
    const auto level = (number_at(info, at.length + 3, 1) >> 5) & 7;  // behind the length and the facility
    const auto header = std::to_string(level) + "," + std::to_string(number_at(info, at.sequence, 8)) + "," +
                        std::to_string(number_at(info, at.time, 8) / 1000) + ",-;";
    add_text(log, header, *text);
    ++log.records;
  }

 private:
  std::optional<std::string_view> text_of(std::string_view desc, std::uint64_t length) const {
    const auto begin = number_at(desc, at.block + at.begin, 8), next = number_at(desc, at.block + at.next, 8);
    if ((begin & 1) != 0)
      return (next & 1) != 0 ? std::optional(std::string_view()) : std::nullopt;  // no data
    const auto size = texts.size();
    const bool wrapped = begin / size + 1 == next / size;
    if (!wrapped && (begin / size != next / size || begin >= next)) return std::nullopt;
    const auto from = wrapped ? 0 : begin % size;
    const auto room = wrapped ? next % size : next - begin;
    if (room < 8) return std::nullopt;
    return std::string_view(texts).substr(from + 8, std::min(length, room - 8));
  }
};

std::variant<Ring, std::string> copy_ring(const Space& space, const VmcoreInfo& info) {
  const auto layout = layout_of(info);
  const auto symbol = info.symbol("prb");
  if (!layout || !symbol) return "its kernel describes no printk ring that we know (before 5.10?)";
  Ring ring;
  ring.at = *layout;
  const auto prb = space.number(*symbol, 8);
  if (!prb) return "its page tables lead nowhere";
  const auto descs = *prb + layout->desc_ring, texts = *prb + layout->text_ring;
  const auto count_bits = space.number(descs + layout->count_bits, 4);
  const auto size_bits = space.number(texts + layout->size_bits, 4);
  const auto descs_at = space.number(descs + layout->descs, 8),
             infos_at = space.number(descs + layout->infos, 8);
  const auto data_at = space.number(texts + layout->data, 8);
  const auto head = space.number(descs + layout->head_id, 8), tail = space.number(descs + layout->tail_id, 8);
  if (!count_bits || !size_bits || !descs_at || !infos_at || !data_at || !head || !tail ||
      *count_bits > k_most_count_bits || *size_bits > k_most_size_bits)
    return "its printk ring is broken";
  ring.count = std::uint64_t{1} << *count_bits;
  ring.head = *head;
  ring.tail = *tail;
  auto descs_bytes = space.read(*descs_at, ring.count * layout->desc_size);
  auto infos_bytes = space.read(*infos_at, ring.count * layout->info_size);
  auto texts_bytes = space.read(*data_at, std::uint64_t{1} << *size_bits);
  if (!descs_bytes || !infos_bytes || !texts_bytes) return "its printk ring is not all there";
  ring.descs = std::move(*descs_bytes);
  ring.infos = std::move(*infos_bytes);
  ring.texts = std::move(*texts_bytes);
  return ring;
}

}  // namespace

std::variant<KernelLog, std::string> read_kernel_log(const CoreFile& core) {
  const auto info = VmcoreInfo::find(core);
  if (!info) return "its kernel does not describe itself (CONFIG_CRASH_CORE; CONFIG_PROC_KCORE selects it)";
  const auto space = Space::open(core, *info);
  if (!space) return "its kernel names no page table";
  auto copied = copy_ring(*space, *info);
  if (auto* why = std::get_if<std::string>(&copied)) return std::move(*why);
  const auto& ring = std::get<Ring>(copied);
  KernelLog log;
  log.release = info->text("OSRELEASE");
  const auto many = std::min((ring.head - ring.tail) & k_id_bits, ring.count - 1) + 1;
  for (std::uint64_t i = 0; i < many && log.lines.size() < k_most_bytes; ++i)
    ring.add_record(log, (ring.tail + i) & k_id_bits);
  if (log.records == 0) return "its printk ring holds no record";
  return log;
}

}  // namespace kverdict
