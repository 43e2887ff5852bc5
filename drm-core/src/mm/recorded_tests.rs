//! The allocator against what v3d was recorded to do on Linux 6.12.117: every address, and the order of the holes.

use std::collections::BTreeMap;

use super::{Mm, Node, Placement};

const RECORDED: &str = include_str!("../../tests/data/mm-v3d-6.12.117.txt");

fn hex(word: &str) -> u64 {
    u64::from_str_radix(word, 16).expect("a hexadecimal number")
}

fn hole(word: &str) -> (u64, u64) {
    let (start, size) = word.split_once('+').expect("a start and a size");
    (hex(start), hex(start) + hex(size))
}

#[test]
fn every_address_and_every_list_of_holes_is_what_linux_had() {
    let new = || (Mm::new(1, 0xf_ffff), BTreeMap::<String, Node>::new());
    let (mut mm, mut nodes) = new();
    let (mut inserted, mut lists) = (0, 0);
    for (i, line) in RECORDED.lines().enumerate() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            ["#", ..] => {}
            ["I", node, size, start] => {
                let placement = Placement {
                    align: 32,
                    ..Placement::default()
                };
                let placed = mm
                    .insert_node(hex(size), &placement)
                    .expect("there was room");
                assert_eq!(placed.start(), hex(start), "line {}", i + 1);
                nodes.insert(node.to_owned(), placed);
                inserted += 1;
            }
            ["F", node] => mm.remove_node(nodes.remove(node).expect("a node")),
            ["=", ref holes @ ..] => {
                let expected: Vec<_> = holes.iter().map(|word| hole(word)).collect();
                let listed: Vec<_> = mm.holes_newest_first().map(|h| (h.start, h.end)).collect();
                assert_eq!(listed, expected, "line {}", i + 1);
                lists += 1;
            }
            ["R"] => (mm, nodes) = new(),
            _ => panic!("line {}: {line}", i + 1),
        }
    }
    assert_eq!((inserted, lists), (2563, 233));
}
