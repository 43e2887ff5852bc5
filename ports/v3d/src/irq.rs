//! Interrupts, and the work that gives the binner more memory (`v3d_irq.c`).

use drm_core::sync::Arc;

use crate::device::V3d;
use crate::job::{self, Kind, Queue};
use crate::regs::{self, core, hub};

/// Bytes that the binner gets when it runs out.
const OVERFLOW_BYTES: u64 = 256 * 1024;

/// AXI masters from V3D 4.1 on.
const AXI_IDS: [&str; 8] = ["L2T", "PTB", "PSE", "TLB", "CLE", "TFU", "MMU", "GMP"];

impl V3d {
    /// Clears what is pending, unmasks what the driver takes (`v3d_irq_enable`).
    pub(crate) fn irq_enable(&self) {
        let (core_irqs, hub_irqs) = (regs::core_irqs(self.ver()), regs::hub_irqs(self.ver()));
        self.hw().write_core(core::INT_MSK_SET, !core_irqs);
        self.hw().write_core(core::INT_MSK_CLR, core_irqs);
        self.hw().write_hub(hub::INT_MSK_SET, !hub_irqs);
        self.hw().write_hub(hub::INT_MSK_CLR, hub_irqs);
    }

    /// `v3d_irq_disable`
    pub(crate) fn irq_disable(&self) {
        self.hw().write_core(core::INT_MSK_SET, !0);
        self.hw().write_hub(hub::INT_MSK_SET, !0);
        self.hw()
            .write_core(core::INT_CLR, regs::core_irqs(self.ver()));
        self.hw()
            .write_hub(hub::INT_CLR, regs::hub_irqs(self.ver()));
    }

    /// Delivers what the hardware raised, when somebody next sleeps or waits.
    pub fn deliver_interrupts(self: &Arc<Self>) {
        let this = Arc::downgrade(self);
        let now = self.machine().clock().now();
        self.machine().at(now, move || {
            if let Some(this) = this.upgrade() {
                let (core_up, hub_up) = this.hw().asserted();
                if core_up {
                    this.core_irq();
                }
                if hub_up {
                    this.hub_irq();
                }
            }
        });
    }

    /// `v3d_irq`
    fn core_irq(self: &Arc<Self>) {
        let status = self.hw().read_core(core::INT_STS);
        self.hw().write_core(core::INT_CLR, status);
        if status & regs::INT_OUTOMEM != 0 {
            let this = Arc::downgrade(self);
            let now = self.machine().clock().now();
            self.machine().at(now, move || {
                if let Some(this) = this.upgrade() {
                    this.overflow_mem_work();
                }
            });
        }
        if status & regs::INT_FLDONE != 0 {
            self.signal_fence(Queue::Bin);
        }
        if status & regs::INT_FRDONE != 0 {
            self.signal_fence(Queue::Render);
        }
        if status & regs::int_csddone(self.ver()) != 0 {
            self.signal_fence(Queue::Csd);
        }
        if self.ver() < 71 && status & regs::INT_GMPV != 0 {
            self.log("v3d: GMP violation");
        }
    }

    /// `v3d_irq_signal_fence`: an interrupt without a job dereferences null.
    fn signal_fence(&self, queue: Queue) {
        let state = self.queue(queue);
        if state.active.lock().take().is_none() {
            self.machine()
                .oops("Kernel mode fault: job done without a job");
            return;
        }
        let fence = state.irq_fence.lock().take();
        if let Some(fence) = fence {
            fence.signal();
        }
    }

    /// `v3d_hub_irq`
    fn hub_irq(&self) {
        let status = self.hw().read_hub(hub::INT_STS);
        self.hw().write_hub(hub::INT_CLR, status);
        if status & regs::HUB_INT_TFUC != 0 {
            self.signal_fence(Queue::Tfu);
        }
        let violation = regs::HUB_INT_MMU_WRV | regs::HUB_INT_MMU_PTI | regs::HUB_INT_MMU_CAP;
        if status & violation != 0 {
            let id = self.hw().read_hub(hub::MMU_VIO_ID) >> 5;
            let address = u64::from(self.hw().read_hub(hub::MMU_VIO_ADDR)) << self.vio_shift();
            // Writing the register back acknowledges the violation.
            let control = self.hw().read_hub(hub::MMU_CTL);
            self.hw().write_hub(hub::MMU_CTL, control);
            let client = AXI_IDS.get(id as usize).copied().unwrap_or("?");
            let what = [
                (regs::HUB_INT_MMU_WRV, ", write violation"),
                (regs::HUB_INT_MMU_PTI, ", pte invalid"),
                (regs::HUB_INT_MMU_CAP, ", cap exceeded"),
            ];
            let what: String = what
                .iter()
                .filter(|(bit, _)| status & bit != 0)
                .map(|(_, text)| *text)
                .collect();
            self.log(format!(
                "v3d: MMU error from client {client} ({id}) at {address:#x}{what}"
            ));
        }
        if self.ver() >= 71 && status & regs::HUB_INT_GMPV != 0 {
            self.log("v3d: GMP Violation");
        }
    }

    /// Bits of a violation's address that the register leaves out.
    fn vio_shift(&self) -> u32 {
        let va_width = 30 + (self.hw().read_hub(hub::MMU_DEBUG_INFO) >> 4 & 0xf);
        va_width - 32
    }

    /// `v3d_overflow_mem_work`: makes an object for the binner, which the render job keeps. Without a binner job it is
    /// dropped again; without memory nothing happens, and the job will time out.
    fn overflow_mem_work(&self) {
        let Some(dev) = self.dev() else { return };
        let Ok(bo) = self.memory().create_bo(&dev, OVERFLOW_BYTES) else {
            self.log("[drm:v3d_overflow_mem_work] *ERROR* Couldn't allocate binner overflow mem");
            return;
        };
        let active = self.queue(Queue::Bin).active.lock().clone();
        let Some(render) = active.as_deref().and_then(job::render_of) else {
            return;
        };
        let Kind::Render(render) = &render.work.kind else {
            return;
        };
        render.overflow.lock().push(bo.clone());
        self.flush_all();
        let page = self
            .bo(&bo)
            .and_then(|bo| bo.node())
            .map_or(0, |(page, _)| page);
        let address = (page << drm_core::PAGE_SHIFT) as u32;
        self.hw().write_core(core::PTB_BPOA, address);
        self.hw().write_core(core::PTB_BPOS, bo.gem().size() as u32);
    }
}
