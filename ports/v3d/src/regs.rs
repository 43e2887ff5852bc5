//! Registers, by their byte offset in the hub or the core, and their bits (`v3d_regs.h`).

/// The hub: identification, its interrupts, the MMU.
pub mod hub {
    /// Host interface configuration: a parameter.
    pub const UIFCFG: u32 = 0x04;
    /// Technology version, revision, cores.
    pub const IDENT1: u32 = 0x0c;
    /// Whether there is an MMU.
    pub const IDENT2: u32 = 0x10;
    /// Revision of the core.
    pub const IDENT3: u32 = 0x14;
    /// Pending interrupts.
    pub const INT_STS: u32 = 0x50;
    /// Write to acknowledge.
    pub const INT_CLR: u32 = 0x58;
    /// Masked interrupts.
    pub const INT_MSK_STS: u32 = 0x5c;
    /// Write to mask.
    pub const INT_MSK_SET: u32 = 0x60;
    /// Write to unmask.
    pub const INT_MSK_CLR: u32 = 0x64;
    /// MMU cache.
    pub const MMUC_CONTROL: u32 = 0x1000;
    /// MMU.
    pub const MMU_CTL: u32 = 0x1200;
    /// Page table, as `pa >> 12`.
    pub const MMU_PT_PA_BASE: u32 = 0x1204;
    /// Who caused a violation.
    pub const MMU_VIO_ID: u32 = 0x122c;
    /// Where accesses go that have no valid entry: `pa >> 12`, bit 31 to enable.
    pub const MMU_ILLEGAL_ADDR: u32 = 0x1230;
    /// Address of a violation, without its low bits.
    pub const MMU_VIO_ADDR: u32 = 0x1234;
    /// Widths of addresses.
    pub const MMU_DEBUG_INFO: u32 = 0x1238;
}

/// The core: its interrupts, the command lists, the binner's memory.
pub mod core {
    /// Version.
    pub const IDENT0: u32 = 0x00;
    /// Units.
    pub const IDENT1: u32 = 0x04;
    /// More of them.
    pub const IDENT2: u32 = 0x08;
    /// Pending interrupts.
    pub const INT_STS: u32 = 0x50;
    /// Write to acknowledge.
    pub const INT_CLR: u32 = 0x58;
    /// Masked interrupts.
    pub const INT_MSK_STS: u32 = 0x5c;
    /// Write to mask.
    pub const INT_MSK_SET: u32 = 0x60;
    /// Write to unmask.
    pub const INT_MSK_CLR: u32 = 0x64;
    /// Binner list: current address.
    pub const CT0CA: u32 = 0x110;
    /// Render list: current address.
    pub const CT1CA: u32 = 0x114;
    /// Binner list: return address.
    pub const CT0RA: u32 = 0x118;
    /// Render list: return address.
    pub const CT1RA: u32 = 0x11c;
    /// Tile state data.
    pub const CT0QTS: u32 = 0x15c;
    /// Binner list: first byte.
    pub const CT0QBA: u32 = 0x160;
    /// Render list: first byte.
    pub const CT1QBA: u32 = 0x164;
    /// Binner list: end; the write starts it.
    pub const CT0QEA: u32 = 0x168;
    /// Render list: end; the write starts it.
    pub const CT1QEA: u32 = 0x16c;
    /// Tile allocation memory.
    pub const CT0QMA: u32 = 0x170;
    /// Its size.
    pub const CT0QMS: u32 = 0x174;
    /// More memory for the binner: address.
    pub const PTB_BPOA: u32 = 0x308;
    /// More memory for the binner: size.
    pub const PTB_BPOS: u32 = 0x30c;
    /// Error status.
    pub const ERR_STAT: u32 = 0xf20;
}

/// `MMUC_CONTROL`: drop what is cached.
pub const MMUC_FLUSH: u32 = 1 << 1;
/// `MMUC_CONTROL`: use the cache.
pub const MMUC_ENABLE: u32 = 1;
/// `MMU_CTL`: drop translations; reads as 0.
pub const MMU_TLB_CLEAR: u32 = 1 << 2;
/// `MMU_CTL` as the driver sets it: enabled; invalid entries, write violations and addresses beyond the cap abort and
/// interrupt.
pub const MMU_CTL_ON: u32 = 0x060d_0c01;
/// `MMU_ILLEGAL_ADDR`: redirect.
pub const ILLEGAL_ADDR_ENABLE: u32 = 1 << 31;

/// Core interrupt: a render list is done.
pub const INT_FRDONE: u32 = 1;
/// Core interrupt: a binner list is done.
pub const INT_FLDONE: u32 = 1 << 1;
/// Core interrupt: the binner is out of memory.
pub const INT_OUTOMEM: u32 = 1 << 2;
/// Core interrupt: access that the GMP forbids.
pub const INT_GMPV: u32 = 1 << 5;

/// Core interrupt: a compute job is done.
#[must_use]
pub fn int_csddone(ver: u32) -> u32 {
    if ver >= 71 { 1 << 6 } else { 1 << 7 }
}

/// Hub interrupt: the texture formatting unit is done.
pub const HUB_INT_TFUC: u32 = 1 << 1;
/// Hub interrupt: an address beyond the cap.
pub const HUB_INT_MMU_CAP: u32 = 1 << 3;
/// Hub interrupt: an invalid entry.
pub const HUB_INT_MMU_PTI: u32 = 1 << 4;
/// Hub interrupt: a write that the entry forbids.
pub const HUB_INT_MMU_WRV: u32 = 1 << 5;
/// Hub interrupt: access that the GMP forbids, from 7.1 on.
pub const HUB_INT_GMPV: u32 = 1 << 6;

/// Core register: the first of the compute dispatcher; the write starts it.
#[must_use]
pub fn csd_queued_cfg0(ver: u32) -> u32 {
    if ver >= 71 { 0x930 } else { 0x904 }
}

/// Core register: what is left of the compute job that runs.
#[must_use]
pub fn csd_current_cfg4(ver: u32) -> u32 {
    if ver >= 71 { 0x968 } else { 0x930 }
}

/// Hub register: the configuration of the texture formatting unit; the write starts it. The other registers follow.
#[must_use]
pub fn tfu_icfg(ver: u32) -> u32 {
    if ver >= 71 { 0x708 } else { 0x408 }
}

/// `TFU_ICFG`: interrupt when done.
pub const TFU_ICFG_IOC: u32 = 1;
/// `CT0QTS`: use it.
pub const CT0QTS_ENABLE: u32 = 1 << 1;

/// Core interrupts that the driver takes.
#[must_use]
pub fn core_irqs(ver: u32) -> u32 {
    let gmp = if ver < 71 { INT_GMPV } else { 0 };
    INT_OUTOMEM | INT_FLDONE | INT_FRDONE | int_csddone(ver) | gmp
}

/// Hub interrupts that the driver takes.
#[must_use]
pub fn hub_irqs(ver: u32) -> u32 {
    let gmp = if ver >= 71 { HUB_INT_GMPV } else { 0 };
    HUB_INT_MMU_WRV | HUB_INT_MMU_PTI | HUB_INT_MMU_CAP | HUB_INT_TFUC | gmp
}
