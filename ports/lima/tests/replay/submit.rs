//! Submissions, as the script writes them.

use bytemuck::{Pod, Zeroable, bytes_of};
use port_kit::window::{Window, arg, word};
use port_lima::hw::Model;
use port_lima::uapi::{self, nr};

use super::whitebox::{Whitebox, ioctl};

impl Whitebox {
    fn submit<T: Pod>(
        &self,
        window: &Window,
        words: &[&str],
        pipe: u32,
        slots: usize,
        frame: &T,
        frame_size: usize,
    ) -> Option<String> {
        let file = window.file(arg(words, 1))?;
        let bos: Vec<uapi::SubmitBo> = words[slots..]
            .iter()
            .map(|word| uapi::SubmitBo {
                handle: window.handle(word),
                flags: uapi::SUBMIT_BO_READ | uapi::SUBMIT_BO_WRITE,
            })
            .collect();
        let user = window.machine().user();
        let args = uapi::GemSubmit {
            ctx: arg(words, 2) as u32,
            pipe,
            nr_bos: bos.len() as u32,
            frame_size: frame_size as u32,
            bos: user.put(bytemuck::cast_slice(&bos)),
            frame: user.put(bytes_of(frame)),
            ..Zeroable::zeroed()
        };
        Some(word(ioctl(file, nr::GEM_SUBMIT, args).0))
    }

    /// `gp F CTX VS0 VS1 PL0 PL1 AL0 AL1 SLOT..`; `gpx` gives another frame size.
    pub(super) fn gp(&self, window: &Window, words: &[&str]) -> Option<String> {
        let n = |at| arg(words, at) as u32;
        let frame = uapi::GpFrame {
            vs_start: n(3),
            vs_end: n(4),
            plbu_start: n(5),
            plbu_end: n(6),
            alloc_start: n(7),
            alloc_end: n(8),
        };
        let size = size_of_val(&frame) - usize::from(words[0] == "gpx");
        self.submit(window, words, uapi::PIPE_GP, 9, &frame, size)
    }

    /// `pp F CTX NUM SLOT..`
    pub(super) fn pp(&self, window: &Window, words: &[&str]) -> Option<String> {
        let num_pp = arg(words, 3) as u32;
        match self.lima.config().model {
            Model::Mali400 => {
                let frame = uapi::M400PpFrame {
                    num_pp,
                    ..Zeroable::zeroed()
                };
                let size = size_of_val(&frame);
                self.submit(window, words, uapi::PIPE_PP, 4, &frame, size)
            }
            Model::Mali450 => {
                let frame = uapi::M450PpFrame {
                    num_pp,
                    ..Zeroable::zeroed()
                };
                let size = size_of_val(&frame);
                self.submit(window, words, uapi::PIPE_PP, 4, &frame, size)
            }
        }
    }
}
