//! Address spaces: binds, heaps, what the GPU sees.

use port_kit::mmu::{Access, WalkFault};
use port_panthor::uapi::*;

use super::script::{Script, Slot, ioctl};
use super::words::{Words, errno, fnv, number};

/// What an out-field is set to before an ioctl that may leave it alone.
const UNTOUCHED: u32 = 77;

impl Script {
    /// An operation on an address space; `None` for an empty slot.
    pub(super) fn vm_op(&mut self, words: Words<'_>) -> Option<String> {
        let slot = || self.vms.get(&words.number(1)).copied();
        let raw = || Slot {
            file: words.number(1),
            id: words.short(2),
        };
        match words.word(0) {
            "vmc" => self.create_vm(words),
            "vmd" => self.destroy_vm(slot()?, words.short(2)),
            "vmdi" => self.destroy_vm(raw(), words.short(3)),
            "state" => self.vm_state(slot()?),
            "statei" => self.vm_state(raw()),
            "vm" => Some(self.vm_of(slot()?).map_or("novm".into(), |vm| vm.state())),
            "pt" => Some(self.vm_of(slot()?).map_or("novm".into(), |vm| vm.tables())),
            "gpuvm" => Some(self.gpuvm_text(slot()?)),
            "walk" => {
                let to = if words.word(3).is_empty() {
                    u64::MAX
                } else {
                    words.number(3)
                };
                let vm = self.vm_of(slot()?);
                Some(vm.map_or("novm".into(), |vm| vm.walk(words.number(2), to).text))
            }
            "gpu" => self.gpu_access(slot()?, words),
            "map" => self.map(slot()?, words),
            "unmap" => {
                let op = VmBindOp {
                    flags: VM_BIND_OP_TYPE_UNMAP,
                    va: words.number(2),
                    size: words.number(3),
                    ..VmBindOp::default()
                };
                self.bind_ops(slot()?, 0, size_of::<VmBindOp>() as u32, &[op], true)
            }
            "bind" => self.bind(words),
            "heap" => {
                let vm = *self.vms.get(&words.number(2))?;
                self.create_heap(words, vm, Some(words.number(1)))
            }
            "heapi" => self.create_heap(words, raw(), None),
            "heapd" => {
                let heap = *self.heaps.get(&words.number(1))?;
                self.destroy_heap(heap, words.short(2))
            }
            _ => self.destroy_heap(raw(), words.short(3)),
        }
    }

    fn create_vm(&mut self, words: Words<'_>) -> Option<String> {
        let file = words.number(2);
        let mut args = VmCreate {
            flags: words.short(4),
            id: 0,
            user_va_range: words.number(3),
        };
        let result = ioctl(self.files.get(&file)?, VM_CREATE, &mut args);
        let answer = format!(
            "{} id={} range={:#x}",
            errno(&result),
            args.id,
            args.user_va_range
        );
        if result.is_err() {
            return Some(answer);
        }
        let slot = Slot { file, id: args.id };
        self.vms.insert(words.number(1), slot);
        Some(format!("{answer} | {}", self.vm_of(slot)?.state()))
    }

    fn destroy_vm(&self, slot: Slot, pad: u32) -> Option<String> {
        let mut args = VmDestroy { id: slot.id, pad };
        Some(errno(&ioctl(
            self.files.get(&slot.file)?,
            VM_DESTROY,
            &mut args,
        )))
    }

    fn vm_state(&self, slot: Slot) -> Option<String> {
        let mut args = VmGetState {
            vm_id: slot.id,
            state: UNTOUCHED,
        };
        let result = ioctl(self.files.get(&slot.file)?, VM_GET_STATE, &mut args);
        Some(format!("{} {}", errno(&result), args.state))
    }

    fn gpuvm_text(&self, slot: Slot) -> String {
        let (vm, file) = (self.vm_of(slot), self.files.get(&slot.file));
        vm.zip(file)
            .map_or("novm".into(), |(vm, file)| vm.gpuvm(file))
    }

    /// The mappings and the leaves of a space, or their hashes.
    fn bound(&self, slot: Slot) -> String {
        let Some(vm) = self.vm_of(slot) else {
            return "| novm | novm".into();
        };
        let (gpuvm, walk) = (self.gpuvm_text(slot), vm.walk(0, u64::MAX));
        if self.hashes {
            let (vas, runs, leaves) = (vm.mappings(), walk.runs, walk.leaves);
            let (gpuvm, walk) = (fnv(&gpuvm), fnv(&walk.text));
            format!("| n={vas} g={gpuvm:08x} runs={runs} leaves={leaves} w={walk:08x}")
        } else {
            format!("| {gpuvm} | {}", walk.text)
        }
    }

    fn gpu_access(&self, slot: Slot, words: Words<'_>) -> Option<String> {
        let Some(vm) = self.vm_of(slot) else {
            return Some("novm".into());
        };
        let writes = words.word(3) == "w";
        let access = if writes { Access::Write } else { Access::Read };
        Some(match vm.translate(words.number(2), access) {
            Ok((pa, leaf)) => {
                let old = self.machine.ram().read_u32(pa);
                if writes {
                    self.machine.ram().write_u32(pa, words.short(4));
                }
                format!("ok leaf={:x} val={old:x}", leaf.size)
            }
            Err(WalkFault::Translation { depth }) => format!("fault lvl={depth}"),
            Err(WalkFault::Permission { .. }) => "readonly".into(),
            Err(WalkFault::AddressSize) => "fault lvl=0".into(),
        })
    }

    fn map(&self, vm: Slot, words: Words<'_>) -> Option<String> {
        let object = *self.objects.get(&words.number(2))?;
        if object.file != vm.file {
            return Some("otherfile".into());
        }
        let op = VmBindOp {
            flags: words.short(6),
            bo_handle: object.id,
            bo_offset: words.number(3),
            va: words.number(4),
            size: words.number(5),
            ..VmBindOp::default()
        };
        self.bind_ops(vm, 0, size_of::<VmBindOp>() as u32, &[op], true)
    }

    /// `bind V|F:ID BINDFLAGS STRIDE op...`.
    fn bind(&self, words: Words<'_>) -> Option<String> {
        let (slot, shown) = match words.word(1).split_once(':') {
            Some((file, id)) => {
                let (file, id) = (number(file)?, number(id)? as u32);
                (Slot { file, id }, false)
            }
            None => (*self.vms.get(&words.number(1))?, true),
        };
        let mut ops = Vec::new();
        for op in words.rest(4) {
            let mut fields = op.split(',');
            let mut next = || fields.next().unwrap_or("0");
            let flags = number(next())? as u32;
            let bo_handle = match next().strip_prefix('s') {
                Some(object) => self.objects.get(&number(object)?).map_or(0, |slot| slot.id),
                None => number(op.split(',').nth(1)?)? as u32,
            };
            let (bo_offset, va, size) = (number(next())?, number(next())?, number(next())?);
            let count = number(next())? as u32;
            // Handles that the file does not have.
            let syncs = vec![
                SyncOp {
                    handle: 999,
                    ..SyncOp::default()
                };
                count as usize
            ];
            ops.push(VmBindOp {
                flags,
                bo_handle,
                bo_offset,
                va,
                size,
                syncs: ObjArray {
                    stride: size_of::<SyncOp>() as u32,
                    count,
                    array: self.machine.user().put(bytemuck::cast_slice(&syncs)),
                },
            });
        }
        self.bind_ops(slot, words.short(2), words.short(3), &ops, shown)
    }

    fn bind_ops(
        &self,
        slot: Slot,
        flags: u32,
        stride: u32,
        ops: &[VmBindOp],
        shown: bool,
    ) -> Option<String> {
        let array = self.machine.user().put(bytemuck::cast_slice(ops));
        let mut args = VmBind {
            vm_id: slot.id,
            flags,
            ops: ObjArray {
                stride,
                count: ops.len() as u32,
                array,
            },
        };
        let result = ioctl(self.files.get(&slot.file)?, VM_BIND, &mut args);
        self.machine.user().take(array);
        for op in ops {
            self.machine.user().take(op.syncs.array);
        }
        let answer = format!("{} n={}", errno(&result), args.ops.count);
        Some(if shown {
            format!("{answer} {}", self.bound(slot))
        } else {
            answer
        })
    }

    fn create_heap(&mut self, words: Words<'_>, vm: Slot, heap: Option<u64>) -> Option<String> {
        let mut args = TilerHeapCreate {
            vm_id: vm.id,
            initial_chunk_count: words.short(3),
            chunk_size: words.short(4),
            max_chunks: words.short(5),
            target_in_flight: words.short(6),
            ..TilerHeapCreate::default()
        };
        let result = ioctl(self.files.get(&vm.file)?, TILER_HEAP_CREATE, &mut args);
        let answer = format!(
            "{} h={:#x} ctx={:#x} first={:#x}",
            errno(&result),
            args.handle,
            args.tiler_heap_ctx_gpu_va,
            args.first_heap_chunk_gpu_va
        );
        let Some(heap) = heap else {
            return Some(answer);
        };
        if result.is_ok() {
            let slot = Slot {
                file: vm.file,
                id: args.handle,
            };
            self.heaps.insert(heap, slot);
        }
        let state = self.vm_of(vm).map_or("novm".into(), |vm| vm.state());
        Some(format!("{answer} | {state} | {}", self.gpuvm_text(vm)))
    }

    fn destroy_heap(&self, slot: Slot, pad: u32) -> Option<String> {
        let mut args = TilerHeapDestroy {
            handle: slot.id,
            pad,
        };
        Some(errno(&ioctl(
            self.files.get(&slot.file)?,
            TILER_HEAP_DESTROY,
            &mut args,
        )))
    }
}
