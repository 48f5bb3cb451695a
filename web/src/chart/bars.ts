/**
 * Bars that stand on each other, on whole pixels: each from the sum below it to its own. To draw the whole sums one over
 * the other is simpler, but leaves a fringe of the hidden colours at the edges.
 */
import type uPlot from "uplot";

const GAP = 0.18; // of a step
const WIDTH_MAX = 40; // CSS px

/** `count`: how many series are in the stack, the highest sum first; series 1 is the first. */
export function stack(count: number): uPlot.Series.PathBuilder {
  return (self, of, from, to) => {
    const times = self.data[0];
    const sums = self.data[of] ?? [];
    const below = of < count ? (self.data[of + 1] ?? []) : [];
    const x = (at: number): number => self.valToPos(times[at] ?? 0, "x", true);
    const y = (sum: number): number => Math.round(self.valToPos(sum, "y", true));
    const step = times.length > 1 ? x(1) - x(0) : WIDTH_MAX * devicePixelRatio;
    const wide = Math.min(step, WIDTH_MAX * devicePixelRatio);
    // Between narrow ones there is no gap: one of a whole pixel would be wider here than there.
    const gap = step < 5 ? 0 : Math.max(1, Math.round(wide * GAP));
    const fill = new Path2D();
    for (let at = from; at <= to; at += 1) {
      const [low, high] = [below[at] ?? 0, sums[at] ?? 0];
      if (high <= low) continue;
      const top = y(high);
      const left = Math.round(x(at) - wide / 2);
      fill.rect(left, top, Math.max(1, Math.round(x(at) + wide / 2) - left - gap), Math.max(1, y(low) - top));
    }
    return { stroke: null, fill, clip: null, band: null, gaps: [], flags: 3 };
  };
}
