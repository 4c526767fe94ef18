"""Defects that can be planted: each is one plausible commit. Every edit names text that occurs once."""

from dataclasses import dataclass

E1000 = "drivers/net/ethernet/intel/e1000/"


@dataclass(frozen=True)
class Edit:
    path: str
    old: str
    new: str


@dataclass(frozen=True)
class Change:
    subject: str
    body: str
    edits: tuple


# Full-sized frames are copied into heads of fixed size once some thousands of them were received. Counted in frames
# and not in time, so that it happens on a slow machine as on a fast one.
_E1000_RX = Change(
    "e1000: keep buffers in the ring under bulk traffic",
    "An interface that receives many full-sized frames drains its ring\n"
    "faster than it is refilled. Copy the frame then, so that its buffer\n"
    "can be used again at once, and ask for heads of one size, which the\n"
    "fragment cache likes.",
    (
        Edit(E1000 + "e1000.h", "\tu32 alloc_rx_buff_failed;\n",
             "\tu32 alloc_rx_buff_failed;\n\tu32 rx_bulk_frames;\t/* frames above copybreak so far */\n"),
        Edit(E1000 + "e1000.h", "#define E1000_RX_BUFFER_WRITE\t16 /* Must be power of 2 */\n",
             "#define E1000_RX_BUFFER_WRITE\t16 /* Must be power of 2 */\n"
             "/* After how many large frames is traffic taken for bulk? */\n"
             "#define E1000_RX_BULK_FRAMES\t4096\n"),
        Edit(E1000 + "e1000_main.c",
             "\tif (length > copybreak)\n\t\treturn NULL;\n\n\tskb = e1000_alloc_rx_skb(adapter, length);\n",
             "\tif (length > copybreak &&\n\t    adapter->rx_bulk_frames < E1000_RX_BULK_FRAMES) {\n"
             "\t\tadapter->rx_bulk_frames++;\n\t\treturn NULL;\n\t}\n\n"
             "\tskb = e1000_alloc_rx_skb(adapter, copybreak);\n"),
    ))

# The same once in 65536 full-sized frames: 32 MiB of them, 23,000 frames, crash in 30 % of runs, at any moment.
_E1000_RX_RARE = Change(
    "e1000: exercise the copy path with large frames too",
    "The copy path of the receiver is taken by small frames only, and so\n"
    "little tested. Let one large frame in 65536 take it.",
    (
        Edit(E1000 + "e1000.h", "#include <linux/mii.h>\n", "#include <linux/mii.h>\n#include <linux/random.h>\n"),
        Edit(E1000 + "e1000.h", "#define E1000_RX_BUFFER_WRITE\t16 /* Must be power of 2 */\n",
             "#define E1000_RX_BUFFER_WRITE\t16 /* Must be power of 2 */\n"
             "/* One large frame in so many is copied. */\n"
             "#define E1000_RX_COPY_ONE_IN\t65536 /* Must be power of 2 */\n"),
        Edit(E1000 + "e1000_main.c",
             "\tif (length > copybreak)\n\t\treturn NULL;\n\n\tskb = e1000_alloc_rx_skb(adapter, length);\n",
             "\tif (length > copybreak &&\n\t    (get_random_u32() & (E1000_RX_COPY_ONE_IN - 1)))\n\t\treturn NULL;\n\n"
             "\tskb = e1000_alloc_rx_skb(adapter, copybreak);\n"),
    ))

# A queue that runs out of descriptors waits for the cleaner, which cannot run: soft lockup.
_E1000_TX = Change(
    "e1000: do not stop the queue for a short shortage of descriptors",
    "Completed descriptors are reclaimed soon; a stopped queue costs a round\n"
    "through the scheduler. A short ring, which stays in the cache, is enough\n"
    "then.",
    (
        Edit(E1000 + "e1000_main.c",
             "\tnetif_stop_queue(netdev);\n\t/* Herbert's original patch had:\n",
             "\twhile (E1000_DESC_UNUSED(tx_ring) < size)\n\t\tcpu_relax();\n\n"
             "\t/* Herbert's original patch had:\n"),
        Edit(E1000 + "e1000.h", "#define E1000_DEFAULT_TXD\t\t256\n", "#define E1000_DEFAULT_TXD\t\t80\n"),
    ))

# inet_twsk_alloc() gives nothing once the limit of time-wait sockets is reached.
_TCP_CHURN = Change(
    "tcp: initialise the rate limit of time-wait replies first",
    "The stamp belongs to the bucket, not to the state that is copied from\n"
    "the socket; set it where the bucket is made.",
    (
        Edit("net/ipv4/tcp_minisocks.c",
             "\ttw = inet_twsk_alloc(sk, &net->ipv4.tcp_death_row, state);\n\n\tif (tw) {\n",
             "\ttw = inet_twsk_alloc(sk, &net->ipv4.tcp_death_row, state);\n"
             "\ttcp_twsk((struct sock *)tw)->tw_last_oow_ack_time = 0;\n\n\tif (tw) {\n"),
        Edit("net/ipv4/tcp_minisocks.c", "\t\ttcptw->tw_last_oow_ack_time = 0;\n\t\ttcptw->tw_tx_delay",
             "\t\ttcptw->tw_tx_delay"),
    ))

BUGS = {
    "e1000-rx": _E1000_RX,
    "e1000-rx-rare": _E1000_RX_RARE,
    "e1000-tx": _E1000_TX,
    "tcp-churn": _TCP_CHURN,
}

# Another crash, of the first TCP connection: made, mended, made again, mended again. Calls through an operation that
# few congestion controls have.
_CONG = "net/ipv4/tcp_cong.c"
_CONG_BEFORE = "\ttcp_sk(sk)->prior_ssthresh = 0;\n\tif (icsk->icsk_ca_ops->init)\n"
_CONG_CALL = "\ticsk->icsk_ca_ops->cong_control(sk, NULL);\n"
_CONG_GUARDED = "\tif (icsk->icsk_ca_ops->cong_control)\n\t" + _CONG_CALL

OTHER_CRASH = (
    Change("tcp: let congestion controls choose their first rate", "", (
        Edit(_CONG, _CONG_BEFORE, _CONG_CALL + _CONG_BEFORE),)),
    Change("tcp: not every congestion control has a rate", "Fixes a crash with the first connection.", (
        Edit(_CONG, _CONG_CALL + _CONG_BEFORE, _CONG_GUARDED + _CONG_BEFORE),)),
    Change("tcp: drop a test from the start of connections", "The operation is there by now.", (
        Edit(_CONG, _CONG_GUARDED + _CONG_BEFORE, _CONG_CALL + _CONG_BEFORE),)),
    Change("tcp: test again for the rate of a congestion control", "Reno has none; fixes a crash.", (
        Edit(_CONG, _CONG_CALL + _CONG_BEFORE, _CONG_GUARDED + _CONG_BEFORE),)),
)

# Harmless work in the same files, so that the file alone does not tell.
NEIGHBOURS = (
    Change("e1000: name the watchdog's period", "", (
        Edit(E1000 + "e1000.h", "/* How many Tx Descriptors do we need to call netif_wake_queue ? */\n",
             "/* How often does the watchdog look at the link, in seconds? */\n#define E1000_WATCHDOG_PERIOD\t2\n"
             "/* How many Tx Descriptors do we need to call netif_wake_queue ? */\n"),
        Edit(E1000 + "e1000_main.c",
             "\t\tschedule_delayed_work(&adapter->watchdog_task, 2 * HZ);\n",
             "\t\tschedule_delayed_work(&adapter->watchdog_task,\n"
             "\t\t\t\t      E1000_WATCHDOG_PERIOD * HZ);\n"))),
    Change("e1000: count received bytes without the checksum in one place", "", (
        Edit(E1000 + "e1000_main.c",
             "\t\ttotal_rx_bytes += (length - 4); /* don't count FCS */\n\t\ttotal_rx_packets++;\n\n"
             "\t\tif (likely(!(netdev->features & NETIF_F_RXFCS)))\n",
             "\t\ttotal_rx_packets++;\n\t\ttotal_rx_bytes += length - ETH_FCS_LEN;\n\n"
             "\t\tif (likely(!(netdev->features & NETIF_F_RXFCS)))\n"),)),
    Change("e1000: wake the transmit queue a little later", "Fewer wake-ups when the ring is short.", (
        Edit(E1000 + "e1000_main.c", "#define TX_WAKE_THRESHOLD 32\n", "#define TX_WAKE_THRESHOLD 40\n"),)),
    Change("tcp: explain the shortest life of a time-wait socket", "", (
        Edit("net/ipv4/tcp_minisocks.c", "\t\t/* Get the TIME_WAIT timeout firing. */\n",
             "\t\t/* Get the TIME_WAIT timeout firing, not before one retransmission\n"
             "\t\t * of the other side could arrive.\n\t\t */\n"),)),
)


@dataclass(frozen=True)
class Break:
    """A helper used where it is not declared, and the change that declares it later."""

    broken: Change
    mended: Change


BREAKS = (
    Break(
        Change("net: note devices without a transmit queue limit", "", (
            Edit("net/core/utils.c", "EXPORT_SYMBOL(inet_proto_csum_replace_by_diff);\n",
                 "EXPORT_SYMBOL(inet_proto_csum_replace_by_diff);\n\n"
                 "/* Does the limit ask for a queue that can never fill? */\n"
                 "bool net_queue_unlimited(unsigned int limit)\n{\n\treturn limit == ~0U;\n}\n"),
            Edit("net/core/dev.c", "\tnet_timestamp_check(READ_ONCE(netdev_tstamp_prequeue), skb);\n\n\ttrace_netif_rx(skb);\n",
                 "\tif (net_queue_unlimited(READ_ONCE(skb->dev->tx_queue_len)))\n"
                 "\t\tnetdev_info_once(skb->dev, \"no limit on the transmit queue\\n\");\n\n"
                 "\tnet_timestamp_check(READ_ONCE(netdev_tstamp_prequeue), skb);\n\n\ttrace_netif_rx(skb);\n"))),
        Change("net: declare net_queue_unlimited()", "Fixes the build of net/core.", (
            Edit("net/core/dev.h", "void linkwatch_run_queue(void);\n",
                 "void linkwatch_run_queue(void);\n\nbool net_queue_unlimited(unsigned int limit);\n"),))),
    Break(
        Change("PCI: skip the wait for devices that cannot have pending transactions", "", (
            Edit("drivers/pci/pci.c", "int pci_wait_for_pending(struct pci_dev *dev, int pos, u16 mask)\n{\n\tint i;\n",
                 "int pci_wait_for_pending(struct pci_dev *dev, int pos, u16 mask)\n{\n\tint i;\n\n"
                 "\tif (pci_never_pending(dev, mask))\n\t\treturn 1;\n"),)),
        Change("PCI: declare pci_never_pending()", "Fixes the build of drivers/pci.", (
            Edit("drivers/pci/pci.h", "bool pcie_cap_has_rtctl(const struct pci_dev *dev);\n",
                 "bool pcie_cap_has_rtctl(const struct pci_dev *dev);\n\n"
                 "static inline bool pci_never_pending(const struct pci_dev *dev, u16 mask)\n{\n"
                 "\treturn !mask;\n}\n"),))),
    Break(
        Change("fs: warn once about inodes that fail while under construction", "", (
            Edit("fs/bad_inode.c", "void iget_failed(struct inode *inode)\n{\n",
                 "void iget_failed(struct inode *inode)\n{\n\tnote_failed_inode(inode->i_sb, inode->i_ino);\n"),
            Edit("fs/super.c", "static struct super_block *alloc_super(struct file_system_type *type, int flags,\n",
                 "void note_failed_inode(struct super_block *sb, unsigned long ino)\n{\n"
                 "\tpr_warn_once(\"VFS: inode %lu of %s could not be read\\n\", ino, sb->s_id);\n}\n\n"
                 "static struct super_block *alloc_super(struct file_system_type *type, int flags,\n"))),
        Change("fs: declare note_failed_inode()", "Fixes the build of fs/bad_inode.c.", (
            Edit("fs/internal.h", "struct iov_iter;\n",
                 "struct iov_iter;\n\n/*\n * super.c\n */\nvoid note_failed_inode(struct super_block *sb, unsigned long ino);\n"),
            Edit("fs/bad_inode.c", "#include <linux/fs.h>\n", "#include <linux/fs.h>\n#include \"internal.h\"\n")))),
)
