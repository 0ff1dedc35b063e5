(function (global) {
  "use strict";

  const heatmap = (global.OrderPilotHeatmap = global.OrderPilotHeatmap || {});

  const REPORT_INTERVAL_MS = 100;
  const TIMING_INTERVAL_MS = 1000;
  /** Prices and sizes that differ by less than this part are the same view. */
  const SAME = 1e-9;

  /** Notices what the pane shows while it is drawn, and reports changes, not too often. */
  class ViewportWatcher {
    /**
     * @param {any} candles @param {any} axis TimeAxis
     * @param {(viewport: Object) => void} report called at most every 100 ms
     */
    constructor(candles, axis, report) {
      this._candles = candles;
      this._axis = axis;
      this._report = report;
      this._timer = 0;
      this.forget();
    }

    /** Report the next view whatever it is; one that waits to be reported is none any more. */
    forget() {
      clearTimeout(this._timer);
      this._timer = 0;
      this._seen = {
        priceLow: 0, priceHigh: 0, startMs: null, endMs: null, widthPx: 0, heightPx: 0,
      };
    }

    /** @param {{width: number, height: number}} size of the pane, CSS pixels */
    note(size) {
      const top = this._candles.coordinateToPrice(0);
      const bottom = this._candles.coordinateToPrice(size.height);
      if (top === null || bottom === null || !(size.width > 0) || !(size.height > 0)) {
        return;
      }
      const seen = this._seen;
      const low = Math.min(top, bottom);
      const high = Math.max(top, bottom);
      const startMs = this._axis.leftEdgeMs();
      const endMs = this._axis.rightEdgeMs(size.width);
      const tolerance = (high - low) * SAME;
      const same =
        Math.abs(seen.priceLow - low) <= tolerance &&
        Math.abs(seen.priceHigh - high) <= tolerance &&
        seen.startMs === startMs &&
        seen.endMs === endMs &&
        seen.widthPx === size.width &&
        seen.heightPx === size.height;
      if (same || !(high > low)) {
        return;
      }
      seen.priceLow = low;
      seen.priceHigh = high;
      seen.startMs = startMs;
      seen.endMs = endMs;
      seen.widthPx = size.width;
      seen.heightPx = size.height;
      if (this._timer === 0) {
        this._timer = setTimeout(() => {
          this._timer = 0;
          this._report(Object.assign({}, this._seen));
        }, REPORT_INTERVAL_MS);
      }
    }

    destroy() {
      clearTimeout(this._timer);
    }
  }

  /** Sums up how long painting takes, and reports it at most once a second. */
  class PaintTimer {
    /** @param {(timing: {paintMs: number, frames: number}) => void} report */
    constructor(report) {
      this._report = report;
      this._timer = 0;
      this._totalMs = 0;
      this._frames = 0;
      this._paintMs = 0;
    }

    /** @param {number} durationMs of one frame */
    add(durationMs) {
      this._totalMs += durationMs;
      this._frames += 1;
      if (this._timer === 0) {
        this._timer = setTimeout(() => this._tell(), TIMING_INTERVAL_MS);
      }
    }

    /** Report the last second; and once, after that, that nothing was painted any more. */
    _tell() {
      if (this._frames > 0) {
        this._paintMs = this._totalMs / this._frames;
        this._timer = setTimeout(() => this._tell(), TIMING_INTERVAL_MS);
      } else {
        this._timer = 0;
      }
      const timing = { paintMs: this._paintMs, frames: this._frames };
      this._totalMs = 0;
      this._frames = 0;
      this._report(timing);
    }

    destroy() {
      clearTimeout(this._timer);
    }
  }

  heatmap.viewport = { PaintTimer, ViewportWatcher };
})(this);
