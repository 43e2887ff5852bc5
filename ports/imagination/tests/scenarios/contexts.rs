//! Contexts: what is refused, and what one costs.

use migrate_macros::scenario;
use port_imagination::stream::client;
use port_imagination::uapi::*;

use super::session::Session;

#[scenario]
fn bad_contexts_are_refused(s: &mut Session) {
    let vm = s.vm();
    let state = client::compute_state();
    let good = CreateContext {
        kind: ctx_type::COMPUTE,
        vm_context_handle: vm,
        static_context_state: s.machine.user().put(&state),
        static_context_state_len: state.len() as u32,
        ..CreateContext::default()
    };
    let transfer = CreateContext {
        kind: ctx_type::TRANSFER_FRAG,
        static_context_state_len: 0,
        ..good
    };
    let objects = s.pvr.control.fw_objects().len();
    let cases = [
        ("a flag", CreateContext { flags: 1, ..good }),
        ("an unknown kind", CreateContext { kind: 3, ..good }),
        (
            "high priority",
            CreateContext {
                priority: ctx_priority::HIGH,
                ..good
            },
        ),
        (
            "an unknown priority",
            CreateContext {
                priority: 1,
                ..good
            },
        ),
        (
            "an unknown space",
            CreateContext {
                vm_context_handle: 9,
                ..good
            },
        ),
        (
            "no state",
            CreateContext {
                static_context_state_len: 0,
                ..good
            },
        ),
        (
            "a state that is not there",
            CreateContext {
                static_context_state: 0x1000,
                ..good
            },
        ),
        (
            "a state that is too short",
            CreateContext {
                static_context_state_len: 16,
                ..good
            },
        ),
        (
            "a call stack for what is no render",
            CreateContext {
                callstack_addr: 1,
                ..good
            },
        ),
        (
            "a state for a transfer",
            CreateContext {
                static_context_state_len: 8,
                ..transfer
            },
        ),
    ];
    for (what, mut args) in cases {
        let result = s.raw(0, CREATE_CONTEXT, &mut args);
        s.answer(what, &result);
    }
    let left = s.pvr.control.fw_objects().len() - objects;
    s.trace.line(format_args!("firmware objects left: {left}"));
    for (what, mut args) in [
        ("compute", good),
        ("transfer", transfer),
        (
            "low priority",
            CreateContext {
                priority: ctx_priority::LOW,
                ..transfer
            },
        ),
    ] {
        let result = s.raw(0, CREATE_CONTEXT, &mut args);
        s.answer(what, &result);
        let made = s.pvr.control.fw_objects().len() - objects;
        s.trace.line(format_args!(
            "  handle {}, {made} firmware objects",
            args.handle
        ));
    }
}
