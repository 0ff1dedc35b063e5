(function (global) {
  "use strict";

  const heatmap = (global.OrderPilotHeatmap = global.OrderPilotHeatmap || {});

  /** Radius of the largest bubble there can be, and of the smallest, CSS pixels. */
  const MOST_PX = 22;
  const LEAST_PX = 3.5;
  /** Radius of a liquidation that is just large for its symbol: the same whatever is in sight. */
  const LARGE_PX = 4.7;
  /** Radii are rounded to this, device pixels. */
  const STEP_PX = 0.5;
  const FILL_ALPHA = 0.55;
  const RING_ALPHA = 0.9;
  const RING_PX = 1.3;
  /** A rim of the chart's ground keeps a bubble apart from heat of its own colour, and others. */
  const RIM_ALPHA = 0.55;
  const RIM_PX = 1.2;
  /** Places in a side's colours: those of a bubble, and of its ring, which is further from the ground. */
  const FILL_PLACE = 0.75;
  const RING_PLACE = 1;
  /** The same of words, which are further from their ground than a bubble. */
  const WORDS_PLACE = 0.9;
  const SIDES = ["short", "long"];

  /** @param {number[]} rgb @param {number} alpha @returns {string} CSS */
  function css(rgb, alpha) {
    return "rgba(" + rgb.join(",") + "," + alpha + ")";
  }

  /** Bubbles of both sides and all sizes, drawn once: a frame only copies them. */
  class BubbleSprites {
    constructor() {
      /** @type {any} ImageBitmap of all of them, which costs less to copy from than a canvas */
      this._image = null;
      this._key = "";
      this._ratio = 1;
      /** Where each size begins in the canvas, and half of its width, device pixels. */
      this._lefts = new Uint32Array(0);
      this._halves = new Uint32Array(0);
      this._rowHeight = 0;
      /** What a side is painted in, and what words about it are written in. */
      this.inks = ["", ""];
      this.wordInks = ["", ""];
    }

    /**
     * Be right for a ground and a resolution.
     * @param {number} ratio device pixels per CSS pixel @param {string} ground #rrggbb
     * @returns {boolean} whether they look otherwise now
     */
    prepare(ratio, ground) {
      const key = ratio + ground;
      if (key === this._key) {
        return false;
      }
      this._key = key;
      this._ratio = ratio;
      const sizes = Math.ceil(((MOST_PX - LEAST_PX) * ratio) / STEP_PX) + 1;
      this._lefts = new Uint32Array(sizes);
      this._halves = new Uint32Array(sizes);
      let width = 0;
      for (let i = 0; i < sizes; i += 1) {
        this._lefts[i] = width;
        this._halves[i] = Math.ceil(this._radius(i) + RIM_PX * ratio) + 1;
        width += 2 * this._halves[i];
      }
      this._rowHeight = 2 * this._halves[sizes - 1];
      const canvas = new OffscreenCanvas(width, SIDES.length * this._rowHeight);
      const context = canvas.getContext("2d");
      SIDES.forEach((side, row) => {
        const { sideColourAt } = heatmap.palette;
        const fill = sideColourAt(ground, /** @type {any} */ (side), FILL_PLACE);
        const ring = sideColourAt(ground, /** @type {any} */ (side), RING_PLACE);
        this.inks[row] = css(fill, 1);
        this.wordInks[row] = css(sideColourAt(ground, /** @type {any} */ (side), WORDS_PLACE), 1);
        for (let i = 0; i < sizes; i += 1) {
          const x = this._lefts[i] + this._halves[i];
          const y = row * this._rowHeight + this._halves[i];
          const radius = this._radius(i);
          this._drawOne(context, x, y, radius, ground, css(fill, FILL_ALPHA), css(ring, RING_ALPHA));
        }
      });
      this._close();
      this._image = canvas.transferToImageBitmap();
      return true;
    }

    _drawOne(context, x, y, radius, ground, fill, ring) {
      const ratio = this._ratio;
      const circle = (/** @type {number} */ r) => {
        context.beginPath();
        context.arc(x, y, Math.max(0.5, r), 0, 2 * Math.PI);
      };
      context.globalAlpha = RIM_ALPHA;
      context.lineWidth = RIM_PX * ratio;
      context.strokeStyle = ground;
      circle(radius + (RIM_PX * ratio) / 2);
      context.stroke();
      context.globalAlpha = 1;
      context.fillStyle = fill;
      circle(radius);
      context.fill();
      context.lineWidth = RING_PX * ratio;
      context.strokeStyle = ring;
      circle(radius - (RING_PX * ratio) / 2);
      context.stroke();
    }

    /** @param {number} size @returns {number} its radius, device pixels */
    _radius(size) {
      return LEAST_PX * this._ratio + size * STEP_PX;
    }

    /**
     * @param {any} context in device pixels @param {number} isLong 1 or 0
     * @param {number} radius @param {number} x @param {number} y CSS pixels
     */
    draw(context, isLong, radius, x, y) {
      const last = this._halves.length - 1;
      const size = Math.round(((radius - LEAST_PX) * this._ratio) / STEP_PX);
      const i = Math.max(0, Math.min(last, size));
      const half = this._halves[i];
      context.drawImage(
        this._image, this._lefts[i], isLong * this._rowHeight, 2 * half, 2 * half,
        Math.round(x * this._ratio) - half, Math.round(y * this._ratio) - half, 2 * half, 2 * half,
      );
    }

    /** Give the image's memory back now; the collector may take long. */
    destroy() {
      this._close();
      this._key = "";
    }

    _close() {
      if (this._image !== null) {
        this._image.close();
        this._image = null;
      }
    }
  }

  /**
   * @param {number} usd @param {number} large from which amount on one is large for the symbol, USD
   * @returns {number} its radius, CSS pixels: its area is its USD, within the limits
   */
  function radiusOf(usd, large) {
    return Math.min(MOST_PX, Math.max(LEAST_PX, LARGE_PX * Math.sqrt(usd / large)));
  }

  heatmap.bubbleSprites = { BubbleSprites, MOST_PX, radiusOf };
})(this);
