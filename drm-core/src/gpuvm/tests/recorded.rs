//! The requests that panthor was recorded with on Linux 6.12.117, about 2,300 of them: every list of mappings, with the
//! references of their pairs, is the kernel's.

use std::collections::BTreeMap;

use super::*;

const RECORDED: &str = include_str!("../../../tests/data/gpuvm-panthor-6.12.117.txt");

fn apply(ops: Vec<Op<'_, Types>>, mut vm_bo: Option<GpuVmBo<Types>>, flags: u32) {
    let guard = ops.first().map(|op| op.vm().resv().lock());
    for op in ops {
        match op {
            Op::Map(op) => drop(op.insert(flags, vm_bo.take())),
            Op::Remap(op) => {
                let (remapped, _applied) = op.remap(|old| *old.data());
                assert!(!remapped.old.put(guard.as_ref()), "its parts keep the pair");
            }
            Op::Unmap(op) => {
                let (removed, _applied) = op.remove();
                removed.put(guard.as_ref());
            }
        }
    }
}

fn list(vm: &Vm) -> String {
    let va = |va: &GpuVa<Types>| {
        let refs = va.vm_bo().map_or(0, |pair| pair.refs() - 1);
        format!(
            "{:x}+{:x}:{:x}:{}:{refs}",
            va.addr(),
            va.size(),
            va.offset(),
            va.data()
        )
    };
    vm.vas().iter().map(va).collect::<Vec<_>>().join(" ")
}

struct Replay {
    dev: Device,
    vms: BTreeMap<u64, Vm>,
    objects: BTreeMap<u64, Gem<Bo>>,
    compared: usize,
}

impl Replay {
    fn step(&mut self, kind: &str, words: &[u64]) {
        match *words {
            [vm] if kind == "N" => {
                let config = VmConfig {
                    range: 0..1 << 48,
                    resv_protected: true,
                    ..VmConfig::default()
                };
                self.vms.insert(vm, vm_of(&self.dev, config));
            }
            [vm] if kind == "D" => {
                let vm = self.vms.remove(&vm).expect("a space");
                apply(vm.sm_unmap_ops(0, 1 << 48).expect("all of it"), None, 0);
                // The replay drops its objects late, but a space with no mapping has no pair left.
                assert!(vm.leftovers().is_empty());
                assert_eq!(vm.refs(), 1);
            }
            [vm, object, offset, addr, size, flags] if kind == "M" => {
                let vm = &self.vms[&vm];
                let dev = &self.dev;
                let object = self
                    .objects
                    .entry(object)
                    .or_insert_with(|| external(dev, 1));
                let pair = vm.obtain_vm_bo(object);
                let request = MapRequest {
                    addr,
                    size,
                    object: Some(object.clone()),
                    offset,
                };
                let flags = u32::try_from(flags).expect("three bits");
                apply(vm.sm_map_ops(&request).expect("valid"), Some(pair), flags);
            }
            [vm, addr, size] if kind == "U" => {
                apply(
                    self.vms[&vm].sm_unmap_ops(addr, size).expect("valid"),
                    None,
                    0,
                );
            }
            [] if kind == "R" => {
                for (_, vm) in std::mem::take(&mut self.vms) {
                    apply(vm.sm_unmap_ops(0, 1 << 48).expect("all of it"), None, 0);
                }
                assert!(self.objects.values().all(|object| object.gem().refs() == 1));
                self.objects.clear();
            }
            _ => panic!("{kind} {words:?}"),
        }
    }

    fn line(&mut self, at: usize, line: &str) {
        let (kind, rest) = line.split_at(1);
        match kind {
            "=" => {
                let (vm, expected) = rest
                    .trim_start()
                    .split_once(' ')
                    .unwrap_or((rest.trim(), ""));
                let vm = &self.vms[&vm.parse().expect("a number")];
                assert_eq!(list(vm), expected, "line {at}");
                self.compared += 1;
            }
            "n" => {
                let (vm, count) = rest.trim().split_once(' ').expect("two numbers");
                let vm = &self.vms[&vm.parse().expect("a number")];
                assert_eq!(vm.leftovers().vas.to_string(), count, "line {at}");
                self.compared += 1;
            }
            _ => {
                let decimal = if kind == "M" { 2 } else { 1 };
                let words = rest.split_whitespace().enumerate().map(|(i, word)| {
                    u64::from_str_radix(word, if i < decimal { 10 } else { 16 }).expect("a number")
                });
                self.step(kind, &words.collect::<Vec<_>>());
            }
        }
    }
}

#[test]
fn every_list_of_mappings_is_what_linux_had() {
    let (vms, objects) = (BTreeMap::new(), BTreeMap::new());
    let mut replay = Replay {
        dev: device(),
        vms,
        objects,
        compared: 0,
    };
    for (i, line) in RECORDED
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.starts_with('#'))
    {
        replay.line(i + 1, line);
    }
    assert_eq!(replay.compared, 1447);
}
