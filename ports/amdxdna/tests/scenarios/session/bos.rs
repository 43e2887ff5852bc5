//! Files and their BOs.

use drm_core::machine::Fail;
use port_amdxdna::uapi::{self, CreateBo, GetBoInfo, INVALID_ADDR, SyncBo, VaEntry, VaTable};
use port_kit::trace::{ioctl, outcome};

use port_kit::desk::Fd;

use super::{Bo, Session};

/// An address as it is shown.
pub(super) fn address(at: u64) -> String {
    if at == INVALID_ADDR {
        "none".to_owned()
    } else {
        format!("{at:#x}")
    }
}

fn kind(kind: u32) -> &'static str {
    match kind {
        uapi::SHARE => "SHARE",
        uapi::DEV_HEAP => "HEAP",
        uapi::DEV => "DEV",
        uapi::CMD => "CMD",
        _ => "unknown",
    }
}

impl Session {
    pub(crate) fn try_open(&mut self) -> Option<Fd> {
        let result = self.npu.device().open();
        self.record("open", outcome(&result));
        Some(self.add_file(result.ok()?))
    }

    pub(crate) fn open(&mut self) -> Fd {
        self.try_open().expect("it opens")
    }

    /// `CREATE_BO` with any argument.
    pub(crate) fn create_with(&mut self, fd: Fd, args: CreateBo) -> Option<Bo> {
        let mut args = args;
        let result = ioctl(&self.file(fd), uapi::CREATE_BO, &mut args);
        let bo = Bo {
            fd,
            handle: args.handle,
        };
        let mut what = format!("create {} of {:#x}", kind(args.kind), args.size);
        if args.flags != 0 {
            what += &format!(" flags {:#x}", args.flags);
        }
        if args.vaddr != 0 {
            what += " from a table";
        }
        let answer = match &result {
            Ok(()) => format!("ok {bo}"),
            Err(_) => outcome(&result),
        };
        self.record(what, answer);
        result.ok().map(|()| bo)
    }

    pub(crate) fn try_create(&mut self, fd: Fd, kind: u32, size: u64) -> Option<Bo> {
        self.create_with(
            fd,
            CreateBo {
                kind,
                size,
                ..CreateBo::default()
            },
        )
    }

    pub(crate) fn create(&mut self, fd: Fd, kind: u32, size: u64) -> Bo {
        self.try_create(fd, kind, size).expect("it can be made")
    }

    /// A table of user ranges in user memory; its address.
    pub(crate) fn table(&mut self, entries: &[(u64, u64)]) -> u64 {
        let head = VaTable {
            dmabuf_fd: -1,
            num_entries: entries.len() as u32,
        };
        let mut bytes = bytemuck::bytes_of(&head).to_vec();
        for &(vaddr, len) in entries {
            bytes.extend(bytemuck::bytes_of(&VaEntry { vaddr, len }));
        }
        self.machine.user().put(&bytes)
    }

    /// A table that names a descriptor.
    pub(crate) fn table_of(&mut self, dmabuf_fd: i32) -> u64 {
        let head = VaTable {
            dmabuf_fd,
            num_entries: 0,
        };
        self.machine.user().put(bytemuck::bytes_of(&head))
    }

    /// A SHARE BO of what a table names.
    pub(crate) fn create_from(&mut self, fd: Fd, table: u64) -> Option<Bo> {
        self.create_with(
            fd,
            CreateBo {
                vaddr: table,
                kind: uapi::SHARE,
                ..CreateBo::default()
            },
        )
    }

    /// `GET_BO_INFO`.
    pub(crate) fn info(&mut self, bo: Bo) -> GetBoInfo {
        let mut args = GetBoInfo {
            handle: bo.handle,
            ..GetBoInfo::default()
        };
        let result = ioctl(&self.file(bo.fd), uapi::GET_BO_INFO, &mut args);
        let answer = match &result {
            Ok(()) => format!(
                "vaddr={} xdna_addr={} map_offset={}",
                address(args.vaddr),
                address(args.xdna_addr),
                address(args.map_offset)
            ),
            Err(_) => outcome(&result),
        };
        self.record(format_args!("info {bo}"), answer);
        args
    }

    /// `GET_BO_INFO` with any argument.
    pub(crate) fn info_with(&mut self, fd: Fd, args: &mut GetBoInfo) {
        let what = format!(
            "info with ext={} ext_flags={} pad={}",
            args.ext, args.ext_flags, args.pad
        );
        let result = ioctl(&self.file(fd), uapi::GET_BO_INFO, args);
        self.record(what, outcome(&result));
    }

    /// `SYNC_BO`; the bytes that were flushed.
    pub(crate) fn sync(&mut self, bo: Bo, direction: u32, offset: u64, size: u64) {
        let mut args = SyncBo {
            handle: bo.handle,
            direction,
            offset,
            size,
        };
        let before = self.machine.counters().snapshot().cache_synced;
        let result = ioctl(&self.file(bo.fd), uapi::SYNC_BO, &mut args);
        let flushed = self.machine.counters().snapshot().cache_synced - before;
        self.record(
            format_args!("sync {bo} direction {direction} offset {offset:#x} size {size:#x}"),
            format_args!("{} flushed={flushed:#x}", outcome(&result)),
        );
    }

    pub(crate) fn close(&mut self, bo: Bo) {
        let result = self.file(bo.fd).handle_delete(bo.handle);
        self.record(format_args!("close {bo}"), outcome(&result));
    }

    /// The next handle cannot be mapped for the device: there is no page for the tables.
    pub(crate) fn no_tables(&mut self) {
        self.heading("the IOMMU has no page for its tables");
        self.fail(Fail::TableAlloc, 1);
    }
}
