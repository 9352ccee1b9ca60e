// Which rung the line and the buffer can afford.

import { store } from "../dom.js";

const key = "telecine.bandwidth";

export class Bandwidth {
  // Two averages: the fast one notices trouble, the slow one forgets a single lucky segment. The lower one counts.
  #fast = 0;
  #slow = 0;
  #weight = 0;

  constructor() { this.#start = Math.min(store.get(key) ?? 3_000_000, 20_000_000); }
  #start;

  /** Tiny answers measure latency, not the line. */
  sample(size, seconds) {
    if (size < 16_000) return;
    const time = Math.max(seconds, 0.004);
    const rate = (size * 8) / time;
    const blend = (old, halfLife) => {
      const keep = this.#weight === 0 ? 0 : 0.5 ** (Math.max(time, 0.25) / halfLife);
      return keep * old + (1 - keep) * rate;
    };
    this.#fast = blend(this.#fast, 2);
    this.#slow = blend(this.#slow, 6);
    this.#weight += 1;
    store.set(key, Math.round(this.estimate));
  }

  get estimate() { return this.#weight ? Math.min(this.#fast, this.#slow) : this.#start; }
}

/** A rung much larger than the picture on the screen costs bytes and shows nothing. */
function affordableSize(levels, pixels) {
  const enough = levels.findIndex((l) => !l.height || Math.min(l.width, l.height) >= pixels * 0.9);
  return enough < 0 ? levels.length - 1 : enough;
}

export function choose({ levels, current, ahead, estimate, pixels }) {
  const top = affordableSize(levels, pixels);
  const fits = (factor) => {
    let best = 0;
    for (let i = 0; i <= top; i += 1) if (levels[i].bandwidth <= estimate * factor) best = i;
    return best;
  };
  if (current < 0) return fits(0.7);
  const up = fits(0.75);
  if (up > current) return up;
  // Going down can wait while there is much in the buffer: a short dip need not be seen.
  const down = Math.min(fits(0.9), top);
  return down < current && ahead > 15 ? current : Math.min(down, top);
}
