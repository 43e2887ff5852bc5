//! The allocator against a list of holes that is searched from end to end.

use std::ops::Range;

use proptest::prelude::*;

use super::{Mm, Mode, Neighbours, Node, Placement};
use crate::errno::Errno;

/// The rules of `drm_mm`, by brute force.
struct Model {
    /// Newest first.
    holes: Vec<Range<u64>>,
    nodes: Vec<(u64, u64, u64)>,
    colored: bool,
}

fn guard_unit(neighbours: Neighbours, color: u64, start: &mut u64, end: &mut u64) {
    if neighbours.before.is_some_and(|before| before != color) {
        *start += 1;
    }
    if neighbours.after.is_some_and(|after| after != color) {
        *end -= 1;
    }
}

impl Model {
    fn usable(&self, hole: &Range<u64>, color: u64) -> (u64, u64) {
        let (mut start, mut end) = (hole.start, hole.end);
        if self.colored {
            let before = self
                .nodes
                .iter()
                .find(|(at, size, _)| at + size == hole.start)
                .map(|node| node.2);
            let after = self
                .nodes
                .iter()
                .find(|(at, ..)| *at == hole.end)
                .map(|node| node.2);
            guard_unit(Neighbours { before, after }, color, &mut start, &mut end);
        }
        (start, end)
    }

    /// Every start in the hole, one after the other.
    fn place(&self, hole: &Range<u64>, size: u64, want: &Placement) -> Option<u64> {
        let (low, high) = self.usable(hole, want.color);
        let (low, high) = (low.max(want.range.start), high.min(want.range.end));
        let mut starts =
            (low..high).filter(|start| start % want.align.max(1) == 0 && start + size <= high);
        if want.mode == Mode::High {
            starts.next_back()
        } else {
            starts.next()
        }
    }

    fn insert(&mut self, size: u64, want: &Placement) -> Result<u64, Errno> {
        let mut order: Vec<usize> = (0..self.holes.len()).collect();
        match want.mode {
            // The sort is stable: newest first among equals.
            Mode::Best => order.sort_by_key(|i| self.holes[*i].end - self.holes[*i].start),
            Mode::Low => order.sort_by_key(|i| self.holes[*i].start),
            Mode::High => order.sort_by_key(|i| std::cmp::Reverse(self.holes[*i].start)),
        }
        for i in order {
            if let Some(start) = self.place(&self.holes[i], size, want) {
                self.take(i, start, size, want.color);
                return Ok(start);
            }
        }
        Err(Errno::ENOSPC)
    }

    fn reserve(&mut self, start: u64, size: u64, color: u64) -> Result<u64, Errno> {
        let at = self.holes.iter().position(|hole| {
            let (low, high) = self.usable(hole, color);
            low <= start && start + size <= high
        });
        self.take(at.ok_or(Errno::ENOSPC)?, start, size, color);
        Ok(start)
    }

    fn take(&mut self, hole: usize, start: u64, size: u64, color: u64) {
        let hole = self.holes.remove(hole);
        for rest in [hole.start..start, start + size..hole.end] {
            if !rest.is_empty() {
                self.holes.insert(0, rest);
            }
        }
        self.nodes.push((start, size, color));
    }

    fn remove(&mut self, start: u64) {
        let at = self
            .nodes
            .iter()
            .position(|node| node.0 == start)
            .expect("a node of the model");
        let (start, size, _) = self.nodes.remove(at);
        let mut merged = start..start + size;
        self.holes.retain(|hole| {
            let touches = hole.end == merged.start || hole.start == merged.end;
            if touches {
                merged = merged.start.min(hole.start)..merged.end.max(hole.end);
            }
            !touches
        });
        self.holes.insert(0, merged);
    }
}

#[derive(Clone, Debug)]
enum Step {
    Insert(u64, Placement),
    Reserve(u64, u64, u64),
    Remove(usize),
}

fn placement() -> impl Strategy<Value = Placement> {
    let mode = prop_oneof![3 => Just(Mode::Best), 1 => Just(Mode::Low), 1 => Just(Mode::High)];
    let align =
        prop_oneof![3 => Just(0u64), 2 => Just(1), 2 => Just(16), 1 => Just(64), 1 => 2u64..40];
    let range = prop_oneof![2 => Just(0..u64::MAX), 1 => (0u64..300, 0u64..300).prop_map(|(a, b)| a..a + b)];
    (align, 0u64..3, range, mode).prop_map(|(align, color, range, mode)| Placement {
        align,
        color,
        range,
        mode,
    })
}

fn step() -> impl Strategy<Value = Step> {
    // Few different sizes, so that equal holes are common.
    let size = prop_oneof![Just(4u64), Just(8), Just(16), 1u64..40];
    prop_oneof![
        5 => (size, placement()).prop_map(|(size, placement)| Step::Insert(size, placement)),
        1 => (0u64..320, 1u64..30, 0u64..3).prop_map(|(start, size, color)| Step::Reserve(start, size, color)),
        4 => any::<usize>().prop_map(Step::Remove),
    ]
}

/// What the allocator under test manages.
const ALL: Range<u64> = 10..310;

fn run(steps: Vec<Step>, colored: bool) {
    let mut mm = Mm::new(ALL.start, ALL.end - ALL.start);
    mm.set_color_adjust(colored.then_some(guard_unit as super::ColorAdjust));
    let mut model = Model {
        holes: vec![ALL],
        nodes: Vec::new(),
        colored,
    };
    let mut live: Vec<Node> = Vec::new();
    for step in steps {
        match step {
            Step::Insert(size, placement) => {
                let node = mm.insert_node(size, &placement);
                let expected = model.insert(size, &placement);
                assert_eq!(
                    node.as_ref().map(Node::start).map_err(|e| *e),
                    expected,
                    "{size} {placement:?}"
                );
                live.extend(node);
            }
            Step::Reserve(start, size, color) => {
                let node = mm.reserve_node(start, size, color);
                let expected = model.reserve(start, size, color);
                assert_eq!(
                    node.as_ref().map(Node::start).map_err(|e| *e),
                    expected,
                    "reserve {start}+{size}"
                );
                live.extend(node);
            }
            Step::Remove(which) if !live.is_empty() => {
                let node = live.swap_remove(which % live.len());
                model.remove(node.start());
                mm.remove_node(node);
            }
            Step::Remove(_) => {}
        }
        assert_eq!(mm.holes_newest_first().collect::<Vec<_>>(), model.holes);
        let mut by_address = model.holes.clone();
        by_address.sort_by_key(|hole| hole.start);
        assert_eq!(mm.holes().collect::<Vec<_>>(), by_address);
        model.nodes.sort_unstable();
        assert_eq!(
            mm.nodes()
                .map(|n| (n.start, n.size, n.color))
                .collect::<Vec<_>>(),
            model.nodes
        );
    }
    for node in live {
        mm.remove_node(node);
    }
    assert!(mm.is_clean());
    assert_eq!(mm.holes().collect::<Vec<_>>(), [ALL]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_address_and_hole_is_the_models(steps in prop::collection::vec(step(), 1..150)) {
        run(steps, false);
    }

    #[test]
    fn every_address_and_hole_is_the_models_with_colors(steps in prop::collection::vec(step(), 1..150)) {
        run(steps, true);
    }
}
