(function (global) {
  "use strict";

  const heatmap = (global.OrderPilotHeatmap = global.OrderPilotHeatmap || {});

  /** What was painted once, and is copied as a whole in the frames that only move it. */
  class KeptLayer {
    constructor() {
      /** @type {any} canvas, there while it is of use */
      this._canvas = null;
      /** Whether the canvas holds what is to be seen. */
      this.isPainted = false;
      /** Where the canvas begins in the pane in which it was painted, device pixels. */
      this._left = 0;
      this._top = 0;
    }

    /**
     * Paint it anew.
     * @param {number} left @param {number} top @param {number} right @param {number} bottom what
     *   has to be seen, device pixels of the pane
     * @param {(context: any) => void} paint in device pixels of the pane
     */
    build(left, top, right, bottom, paint) {
      const width = Math.max(1, right - left);
      const height = Math.max(1, bottom - top);
      if (this._canvas === null) {
        this._canvas = document.createElement("canvas");
      }
      // Also clears it.
      this._canvas.width = width;
      this._canvas.height = height;
      this._left = left;
      this._top = top;
      const context = this._canvas.getContext("2d");
      context.translate(-left, -top);
      paint(context);
      this.isPainted = true;
    }

    /** @param {any} context in device pixels @param {number} dx @param {number} dy moved by, whole */
    draw(context, dx, dy) {
      context.drawImage(this._canvas, this._left + dx, this._top + dy);
    }

    /** Be painted anew before it is drawn again. */
    forget() {
      this.isPainted = false;
    }

    /** Give the canvas's memory back now; the collector may take long. */
    destroy() {
      this.isPainted = false;
      if (this._canvas !== null) {
        this._canvas.width = 0;
        this._canvas = null;
      }
    }
  }

  heatmap.keptLayer = { KeptLayer };
})(this);
