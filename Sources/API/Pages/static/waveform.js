// The shape of a sound, drawn over the whole of its length: what was heard is lit, a click goes there.
// The range below it does the same for keys and screen readers, so that this is for eyes and pointers only.

export class Waveform {
  #canvas; #video; #bars = []; #pairs = []; #frame = 0;

  constructor(canvas, video) {
    this.#canvas = canvas;
    this.#video = video;
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.#seek(event);
    });
    canvas.addEventListener("pointermove", (event) => { if (event.buttons & 1) this.#seek(event); });
    for (const name of ["timeupdate", "seeking", "durationchange", "ended"]) video.addEventListener(name, () => this.#plan());
    new ResizeObserver(() => { this.#measure(); this.#plan(); }).observe(canvas);
  }

  /** peaks: audiowaveform's JSON, version 2: pairs of minimum and maximum. */
  draw({ data, bits, channels = 1 }) {
    const most = 2 ** (bits - 1);
    for (let i = 0; i + 1 < data.length; i += 2 * channels) {
      this.#pairs.push(Math.max(Math.abs(data[i]), Math.abs(data[i + 1])) / most);
    }
    this.#canvas.hidden = this.#pairs.length === 0;
    this.#measure();
    this.#plan();
  }

  #seek(event) {
    const { duration } = this.#video;
    if (!Number.isFinite(duration)) return;
    const box = this.#canvas.getBoundingClientRect();
    this.#video.currentTime = duration * Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
  }

  /** One bar for every four pixels, each as high as the loudest that it stands for. */
  #measure() {
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    if (!width || !height || !this.#pairs.length) return;
    this.#canvas.width = Math.round(width * devicePixelRatio);
    this.#canvas.height = Math.round(height * devicePixelRatio);
    const count = Math.max(1, Math.floor(width / 4));
    const loudest = Math.max(...this.#pairs, 0.01);
    this.#bars = Array.from({ length: count }, (_, i) => {
      const first = Math.floor((i * this.#pairs.length) / count);
      const last = Math.max(first + 1, Math.floor(((i + 1) * this.#pairs.length) / count));
      return Math.max(...this.#pairs.slice(first, last)) / loudest;
    });
  }

  #plan() {
    if (!this.#frame) this.#frame = requestAnimationFrame(() => { this.#frame = 0; this.#paint(); });
  }

  #paint() {
    const { width, height } = this.#canvas;
    const pen = this.#canvas.getContext("2d");
    pen.clearRect(0, 0, width, height);
    const { currentTime, duration } = this.#video;
    const played = Number.isFinite(duration) && duration > 0 ? currentTime / duration : 0;
    const step = width / this.#bars.length;
    this.#bars.forEach((part, i) => {
      const tall = Math.max(height * 0.03, height * part);
      pen.fillStyle = (i + 0.5) / this.#bars.length <= played ? "#f2a65a" : "rgb(255 255 255 / .42)";
      pen.fillRect(i * step, (height - tall) / 2, step * 0.62, tall);
    });
  }
}
