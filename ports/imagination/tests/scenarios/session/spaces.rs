//! Operations on address spaces, and what they look like.

use drm_core::errno::Result;
use drm_core::{PAGE_SHIFT, PAGE_SIZE};
use port_imagination::hw::Requester;
use port_imagination::uapi::*;
use port_kit::mmu::{Leaf, runs_by};

use super::Session;

impl Session {
    /// An address space whose creation is not of interest.
    pub fn vm(&mut self) -> u32 {
        self.vm_of(0)
    }

    /// The same in another file.
    pub fn vm_of(&mut self, file: usize) -> u32 {
        let mut args = VmContextArg::default();
        self.raw(file, CREATE_VM_CONTEXT, &mut args)
            .expect("memory");
        args.handle
    }

    /// `VM_MAP`, recorded.
    pub fn vm_map(&mut self, args: VmMap) -> Result {
        let mut out = args;
        let result = self.raw(0, VM_MAP, &mut out);
        let VmMap {
            vm_context_handle: vm,
            flags,
            device_addr: addr,
            handle,
            offset,
            size,
            ..
        } = args;
        let extra = if flags == 0 {
            String::new()
        } else {
            format!(" flags={flags}")
        };
        let what = format!("vm_map vm={vm} {addr:#x}+{size:#x} bo={handle}+{offset:#x}{extra}");
        self.record(what, &result);
        result
    }

    /// Maps `pages` pages of an object, from page `first` on, at an address; recorded.
    pub fn map(&mut self, vm: u32, addr: u64, handle: u32, first: u64, pages: u64) -> Result {
        self.vm_map(VmMap {
            vm_context_handle: vm,
            device_addr: addr,
            handle,
            offset: first * PAGE_SIZE,
            size: pages * PAGE_SIZE,
            ..VmMap::default()
        })
    }

    /// `VM_UNMAP`, recorded.
    pub fn unmap(&mut self, vm: u32, addr: u64, size: u64) -> Result {
        let mut args = VmUnmap {
            vm_context_handle: vm,
            device_addr: addr,
            size,
            ..VmUnmap::default()
        };
        let result = self.raw(0, VM_UNMAP, &mut args);
        self.record(
            format_args!("vm_unmap vm={vm} {addr:#x}+{size:#x}"),
            &result,
        );
        result
    }

    /// `DESTROY_VM_CONTEXT`, recorded.
    pub fn destroy_vm(&mut self, vm: u32) {
        let mut args = HandleArg {
            handle: vm,
            ..HandleArg::default()
        };
        let result = self.raw(0, DESTROY_VM_CONTEXT, &mut args);
        self.record(format_args!("destroy_vm_context {vm}"), &result);
    }

    /// The page catalogue of an address space.
    pub fn root(&self, file: usize, vm: u32) -> u64 {
        self.pvr
            .control
            .root(&self.files[file], vm)
            .expect("an address space")
    }

    /// Records what is mapped: the driver's mappings, the tables, the entries.
    pub fn show_space(&mut self, vm: u32) {
        self.show_space_of(0, vm);
    }

    /// The same for another file.
    pub fn show_space_of(&mut self, file: usize, vm: u32) {
        let root = self.root(file, vm);
        let tables = self.pvr.control.tables(&self.files[file], vm);
        let mappings = self.pvr.control.mappings(&self.files[file], vm);
        self.trace
            .line(format_args!("space {vm}: tables {}", join(&tables)));
        for mapping in mappings {
            self.trace.line(format_args!(
                "  mapping {:#x}+{:#x} offset {:#x}",
                mapping.addr, mapping.size, mapping.offset
            ));
        }
        let leaves = self.pvr.gpu.leaves(root);
        let page = |leaf: &Leaf| self.frame_name(leaf.pa);
        let follows = |a: &Leaf, b: &Leaf| next_page(&page(a)) == Some(page(b));
        let lines: Vec<String> = runs_by(leaves, follows)
            .map(|run| {
                let index = run.first.va >> PAGE_SHIFT;
                format!(
                    "  {:#x} L2[{}] L1[{}] L0[{}] {} pages -> {} bits {:#x}",
                    run.first.va,
                    index >> 18,
                    index >> 9 & 511,
                    index & 511,
                    run.count,
                    page(&run.first),
                    run.first.attributes
                )
            })
            .collect();
        lines.into_iter().for_each(|line| self.trace.line(line));
    }

    /// Records what the GPU reads at an address: one byte, as a shader.
    pub fn gpu_reads(&mut self, vm: u32, addr: u64) {
        let root = self.root(0, vm);
        let mut byte = [0];
        let result = self.pvr.gpu.load(root, addr, Requester::Shader, &mut byte);
        self.pvr.gpu.take_faults();
        let answer = match result {
            Ok(()) => format!("{:#04x}", byte[0]),
            Err(_) => "fault".to_owned(),
        };
        self.trace
            .line(format_args!("gpu reads {addr:#x}: {answer}"));
    }
}

/// The name of the page after one.
fn next_page(name: &str) -> Option<String> {
    let (object, page) = name.rsplit_once('+')?;
    Some(format!("{object}+{}", page.parse::<u64>().ok()? + 1))
}

fn join(numbers: &[u64]) -> String {
    let numbers: Vec<String> = numbers.iter().map(u64::to_string).collect();
    numbers.join(" ")
}
