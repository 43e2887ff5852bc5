//! Rectangles, in whole pixels or in 16.16 fixed point (`drm_rect.c`).

use std::fmt;

/// A rectangle; `x2` and `y2` are the first pixels outside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rect {
    /// Left edge.
    pub x1: i32,
    /// Upper edge.
    pub y1: i32,
    /// Right edge, outside.
    pub x2: i32,
    /// Lower edge, outside.
    pub y2: i32,
}

impl fmt::Display for Rect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({},{})-({},{})", self.x1, self.y1, self.x2, self.y2)
    }
}

impl Rect {
    /// From its edges.
    #[must_use]
    pub const fn new(x1: i32, y1: i32, x2: i32, y2: i32) -> Self {
        Self { x1, y1, x2, y2 }
    }

    /// Pixels in a line; negative for an inverted one.
    #[must_use]
    pub const fn width(&self) -> i32 {
        self.x2.wrapping_sub(self.x1)
    }

    /// Lines.
    #[must_use]
    pub const fn height(&self) -> i32 {
        self.y2.wrapping_sub(self.y1)
    }

    /// Whether it has any pixel (`drm_rect_visible`).
    #[must_use]
    pub const fn is_visible(&self) -> bool {
        self.width() > 0 && self.height() > 0
    }

    /// What both have in common; `None` when that is nothing (`drm_rect_intersect`).
    #[must_use]
    pub fn intersect(&self, other: &Rect) -> Option<Rect> {
        let both = Rect::new(
            self.x1.max(other.x1),
            self.y1.max(other.y1),
            self.x2.min(other.x2),
            self.y2.min(other.y2),
        );
        both.is_visible().then_some(both)
    }

    /// The smallest rectangle around both.
    #[must_use]
    pub fn merge(&self, other: &Rect) -> Rect {
        Rect::new(
            self.x1.min(other.x1),
            self.y1.min(other.y1),
            self.x2.max(other.x2),
            self.y2.max(other.y2),
        )
    }

    /// The whole pixels that a 16.16 rectangle touches.
    #[must_use]
    pub const fn outward_from_fixed(&self) -> Rect {
        const FRACTION: i32 = 0xffff;
        Rect::new(
            self.x1 >> 16,
            self.y1 >> 16,
            (self.x2 >> 16) + (self.x2 & FRACTION != 0) as i32,
            (self.y2 >> 16) + (self.y2 & FRACTION != 0) as i32,
        )
    }

    /// Clips `dst` (whole pixels) to `clip` and takes the same part off `src` (16.16); without scaling, so that a pixel of one
    /// is a pixel of the other (`drm_rect_clip_scaled`). Whether anything is left.
    pub fn clip_unscaled(src: &mut Rect, dst: &mut Rect, clip: &Rect) -> bool {
        let cut = |over: i32, size: i32| over.clamp(0, size.max(0));
        let left = cut(clip.x1.saturating_sub(dst.x1), dst.width());
        let top = cut(clip.y1.saturating_sub(dst.y1), dst.height());
        dst.x1 += left;
        src.x1 += left << 16;
        dst.y1 += top;
        src.y1 += top << 16;
        let right = cut(dst.x2.saturating_sub(clip.x2), dst.width());
        let bottom = cut(dst.y2.saturating_sub(clip.y2), dst.height());
        dst.x2 -= right;
        src.x2 -= right << 16;
        dst.y2 -= bottom;
        src.y2 -= bottom << 16;
        dst.is_visible()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_of_a_plane_that_hangs_over_the_edge() {
        let mut src = Rect::new(0, 0, 20 << 16, 10 << 16);
        let mut dst = Rect::new(-5, 95, 15, 105);
        assert!(Rect::clip_unscaled(
            &mut src,
            &mut dst,
            &Rect::new(0, 0, 100, 100)
        ));
        assert_eq!(dst, Rect::new(0, 95, 15, 100));
        assert_eq!(src, Rect::new(5 << 16, 0, 20 << 16, 5 << 16));
    }

    #[test]
    fn nothing_is_left_outside() {
        let mut src = Rect::new(0, 0, 20 << 16, 10 << 16);
        let mut dst = Rect::new(100, 0, 120, 10);
        assert!(!Rect::clip_unscaled(
            &mut src,
            &mut dst,
            &Rect::new(0, 0, 100, 100)
        ));
    }

    #[test]
    fn a_fixed_point_rectangle_is_rounded_outward() {
        let half = Rect::new(0x8000, 0x1_8000, 0x2_8000, 0x3_0000);
        assert_eq!(half.outward_from_fixed(), Rect::new(0, 1, 3, 3));
    }

    #[test]
    fn touching_rectangles_have_nothing_in_common() {
        let left = Rect::new(0, 0, 10, 10);
        assert_eq!(left.intersect(&Rect::new(10, 0, 20, 10)), None);
        assert_eq!(
            left.intersect(&Rect::new(9, 9, 20, 20)),
            Some(Rect::new(9, 9, 10, 10))
        );
    }
}
