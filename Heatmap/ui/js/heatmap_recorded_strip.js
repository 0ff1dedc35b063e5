(function (global) {
  "use strict";

  const heatmap = (global.OrderPilotHeatmap = global.OrderPilotHeatmap || {});

  /** Along the pane's lower edge, CSS pixels. */
  const HEIGHT_PX = 6;
  const SPACING_PX = 4;
  /** A piece that is narrower needs no words, CSS pixels. */
  const LEAST_SEEN_PX = 3;
  /** The heat shines through the strip, and the strip's lines through nothing. */
  const GROUND_ALPHA = 0.8;
  const ALPHA = { gap: 0.55, unproven: 0.25 };

  /**
   * What is known of the recording that bubbles come from.
   * @typedef {Object} Recorded
   * @property {Array<[number | null, number | null, "gap" | "unproven"]>} gaps from and to, UTC; null:
   *   the window's own edge
   * @property {number | null} sinceMs when the recording began, UTC; null: nothing was recorded
   * @property {string} sinceText the same in UTC, for a chart without a format of its own
   */

  /**
   * A thin hatched strip below the time that was not recorded: no bubbles there does not mean that
   * nothing happened. The pane's own hatch is for what the heat lacks.
   */
  class RecordedStrip {
    /** @param {Surface} surface */
    constructor(surface) {
      this._surface = surface;
      this._patterns = new heatmap.hatching.Patterns(ALPHA, SPACING_PX);
      /** @type {Recorded | null} */
      this.recorded = null;
      /** Whether so much of it is seen in this frame that it needs words. */
      this.isSeen = false;
    }

    /** @param {any} scope bitmap coordinates scope */
    paint(scope) {
      const { grid } = this._surface.picture;
      this.isSeen = false;
      if (this.recorded === null || grid === null) {
        return;
      }
      const { axis } = this._surface;
      const { context, bitmapSize, mediaSize, horizontalPixelRatio: ratio } = scope;
      const height = Math.max(1, Math.round(HEIGHT_PX * scope.verticalPixelRatio));
      const top = bitmapSize.height - height;
      const place = this._surface.ground.at(mediaSize.height - HEIGHT_PX / 2, mediaSize.height);
      for (const [gapFrom, gapTo, kind] of this.recorded.gaps) {
        const from = Math.max(edgeOf(gapFrom, grid.windowStartMs), grid.windowStartMs);
        const to = Math.min(edgeOf(gapTo, grid.endMs), grid.endMs);
        axis.place(from, to, mediaSize.width);
        for (let i = 0; i < axis.segments; i += 1) {
          const left = Math.max(0, Math.round(axis.fromX[i] * ratio));
          const right = Math.min(bitmapSize.width, Math.round(axis.toX[i] * ratio));
          const width = Math.max(1, right - left);
          this.isSeen = this.isSeen || width >= LEAST_SEEN_PX * ratio;
          context.globalAlpha = GROUND_ALPHA;
          context.fillStyle = place.colour;
          context.fillRect(left, top, width, height);
          context.globalAlpha = 1;
          context.fillStyle = this._patterns.find(context, ratio, place.ink, kind, place.ink);
          context.fillRect(left, top, width, height);
        }
      }
    }

    destroy() {
      this.recorded = null;
      this._patterns.clear();
    }
  }

  /** @param {number | null} ms @param {number} end @returns {number} */
  function edgeOf(ms, end) {
    return ms === null ? end : ms;
  }

  heatmap.recordedStrip = { RecordedStrip, HEIGHT_PX };
})(this);
